//! Cookies of the admin: how their names and attributes are chosen, in one place. No script reads one, and no other path of the
//! service gets one.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use super::links::ROOT;

/// The cookies that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The session's token, until the browser is closed.
    Session,
    /// A random number by which forms know their browser.
    Visitor,
    /// A signed message for the next page.
    Flash,
    /// Light or dark.
    Theme,
}

impl Kind {
    const fn name(self, secure: bool) -> &'static str {
        // `__Secure-`: nobody without TLS can have set it.
        match (self, secure) {
            (Self::Session, true) => "__Secure-admin-session",
            (Self::Session, false) => "admin-session",
            (Self::Visitor, true) => "__Secure-admin-visitor",
            (Self::Visitor, false) => "admin-visitor",
            (Self::Flash, true) => "__Secure-admin-flash",
            (Self::Flash, false) => "admin-flash",
            (Self::Theme, true) => "__Secure-admin-theme",
            (Self::Theme, false) => "admin-theme",
        }
    }

    /// The value that the browser sent; the first, if there are several.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let name = self.name(secure);
        headers
            .get_all(COOKIE)
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| Cookie::split_parse(line.to_owned()).flatten())
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// `Set-Cookie`; none for a value removes it. `seconds` none: until the browser is closed.
    pub(super) fn set(self, secure: bool, value: Option<&str>, seconds: Option<i64>) -> Option<HeaderValue> {
        let mut cookie = Cookie::build((self.name(secure), value.unwrap_or_default()))
            .path(ROOT)
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax);
        if value.is_none() {
            cookie = cookie.max_age(Duration::ZERO);
        } else if let Some(seconds) = seconds {
            cookie = cookie.max_age(Duration::seconds(seconds));
        }
        HeaderValue::from_str(&cookie.build().to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn scripts_other_sites_and_other_paths_get_none() {
        let set = |secure| Kind::Session.set(secure, Some("x"), None).unwrap();
        assert_eq!(
            set(true).to_str().unwrap(),
            "__Secure-admin-session=x; HttpOnly; SameSite=Lax; Secure; Path=/admin"
        );
        assert_eq!(
            set(false).to_str().unwrap(),
            "admin-session=x; HttpOnly; SameSite=Lax; Path=/admin"
        );
        let removed = Kind::Flash.set(false, None, None).unwrap();
        assert!(removed.to_str().unwrap().contains("Max-Age=0"));
    }
}
