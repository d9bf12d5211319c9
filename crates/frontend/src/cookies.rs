//! Cookies: how their names and attributes are chosen, in one place. None can be read by scripts.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

/// The cookies that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The sealed session.
    Session,
    /// A random number by which forms know their browser.
    Visitor,
    /// A sealed message for the next page.
    Flash,
    /// Light or dark.
    Theme,
}

impl Kind {
    const fn name(self, secure: bool) -> &'static str {
        // `__Host-`: no other host, not even a subdomain, can have set it.
        match (self, secure) {
            (Self::Session, true) => "__Host-session",
            (Self::Session, false) => "session",
            (Self::Visitor, true) => "__Host-visitor",
            (Self::Visitor, false) => "visitor",
            (Self::Flash, true) => "__Host-flash",
            (Self::Flash, false) => "flash",
            (Self::Theme, true) => "__Host-theme",
            (Self::Theme, false) => "theme",
        }
    }

    /// The value that the browser sent; the first, if there are several.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let name = self.name(secure);
        headers
            .get_all(COOKIE)
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| Cookie::split_parse(line.to_owned()).flatten())
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// `Set-Cookie`; none for a value removes it. `seconds` none: until the browser is closed.
    pub(crate) fn set(self, secure: bool, value: Option<&str>, seconds: Option<i64>) -> Option<HeaderValue> {
        let mut cookie = Cookie::build((self.name(secure), value.unwrap_or_default()))
            .path("/")
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
    fn scripts_and_other_sites_get_none() {
        let set = |secure| Kind::Session.set(secure, Some("x"), Some(60)).unwrap();
        assert_eq!(
            set(true).to_str().unwrap(),
            "__Host-session=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
        assert_eq!(
            set(false).to_str().unwrap(),
            "session=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=60"
        );
        let removed = Kind::Flash.set(false, None, None).unwrap();
        assert!(removed.to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn finds_its_own_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; theme=dark"));
        headers.append(COOKIE, HeaderValue::from_static("session=s"));
        assert_eq!(Kind::Theme.read(&headers, false).as_deref(), Some("dark"));
        assert_eq!(Kind::Session.read(&headers, false).as_deref(), Some("s"));
        assert_eq!(Kind::Session.read(&headers, true), None);
    }
}
