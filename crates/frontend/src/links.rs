//! Where redirects may lead: to a path of this site and nowhere else.

use url::Url;

/// The path, if a browser takes it for one of this site.
pub(crate) fn local(path: &str) -> Option<&str> {
    let is_plain = !path
        .chars()
        .any(|c| c.is_control() || c == '\\' || c.is_whitespace());
    if !path.starts_with('/') || !is_plain || path.len() > 2_000 {
        return None;
    }
    let base = Url::parse("http://here.invalid").ok()?;
    let url = base.join(path).ok()?;
    (url.origin() == base.origin() && url.username().is_empty()).then_some(path)
}

/// The same, or the first page.
pub(crate) fn local_or_home(path: Option<&str>) -> &str {
    path.and_then(local).unwrap_or("/")
}

/// A value for a query.
pub(crate) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A segment of a path.
pub(crate) fn segment(text: &str) -> String {
    encode(text).replace('+', "%20")
}

/// The value of a parameter in the query of a link.
pub(crate) fn parameter(link: &str, name: &str) -> Option<String> {
    let query = link.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_nowhere_else() {
        for path in [
            "/",
            "/drafts",
            "/search?q=a+b&x=//c",
            "/@ann",
            "/tags/d%C3%A4mmerung",
        ] {
            assert_eq!(local(path), Some(path));
        }
        for elsewhere in [
            "",
            "drafts",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\nLocation: x",
            " /",
            "/%0d\r",
        ] {
            assert_eq!(local(elsewhere), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn takes_a_parameter_out_of_a_link() {
        let link = "http://h/api/v1/photos?page_size=3&cursor=a%2Fb%3D#x";
        assert_eq!(parameter(link, "cursor").as_deref(), Some("a/b="));
        assert_eq!(parameter(link, "other"), None);
        assert_eq!(segment("a b/c"), "a%20b%2Fc");
    }
}
