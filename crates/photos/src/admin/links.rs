//! Links: where the admin is, how values stand in a query, and where redirects may lead: to a page of the admin and nowhere else.

use url::Url;

/// Path of the first page.
pub(super) const ROOT: &str = "/admin";

/// The path, if a browser takes it for one of the admin.
pub(super) fn local(path: &str) -> Option<&str> {
    let is_plain = !path
        .chars()
        .any(|c| c.is_control() || c == '\\' || c.is_whitespace());
    if !path.starts_with(ROOT) || !is_plain || path.len() > 4_000 {
        return None;
    }
    let base = Url::parse("http://here.invalid").ok()?;
    let url = base.join(path).ok()?;
    let is_ours = url.path() == ROOT || url.path().starts_with("/admin/");
    (url.origin() == base.origin() && url.username().is_empty() && is_ours).then_some(path)
}

/// The same, or the first page.
pub(super) fn local_or_home(path: Option<&str>) -> &str {
    path.and_then(local).unwrap_or(ROOT)
}

/// A value for a query.
pub(super) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A path with parameters; those without a value are left out.
pub(super) fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    let mut link = path.to_owned();
    let mut mark = '?';
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        link.push(mark);
        link.push_str(name);
        link.push('=');
        link.push_str(&encode(value));
        mark = '&';
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_nowhere_else() {
        for path in [
            "/admin",
            "/admin?x=1",
            "/admin/photos?q=a+b&x=//c",
            "/admin/users/1",
        ] {
            assert_eq!(local(path), Some(path));
        }
        for elsewhere in [
            "",
            "/",
            "/docs",
            "/administrator",
            "/admin/../docs",
            "/admin/%2e%2e/docs",
            "admin",
            "//evil.example/admin",
            "/\\evil.example/admin",
            "https://evil.example/admin",
            "javascript:alert(1)",
            "/admin\n",
            " /admin",
        ] {
            assert_eq!(local(elsewhere), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn queries_have_only_what_has_a_value() {
        let pairs = [
            ("q", "a&b".to_owned()),
            ("owner", String::new()),
            ("sort", "-name".to_owned()),
        ];
        assert_eq!(
            with_query("/admin/photos", &pairs),
            "/admin/photos?q=a%26b&sort=-name"
        );
        assert_eq!(with_query("/admin", &[]), "/admin");
    }
}
