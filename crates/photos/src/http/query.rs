//! Query parameters, read strictly: each known, none twice, all of them UTF-8 without control
//! characters but newline and tab.

use std::collections::BTreeSet;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use photos_api::FieldError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::json::locate;
use super::wording::plain;
use crate::domain::validate::printable;
use crate::error::Error;

/// The query parameters of a call.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// For calls that take no query parameters: any is refused.
pub type NoQuery = Query<Nothing>;

/// No parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Reads a query string, without its `?`, as a `T`.
///
/// # Errors
/// [`Error::Malformed`] for bad UTF-8; [`Error::Invalid`] for unknown, repeated or wrong parameters.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    if !is_utf8_when_decoded(query) {
        return Err(Error::Malformed("the query is not UTF-8".into()));
    }
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if printable(&name, &value).is_err() {
            faults.push(FieldError::new(name.clone(), "has control characters"));
        }
        if !seen.insert(name.clone()) {
            faults.push(FieldError::new(name, "given twice"));
        }
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let detail = error.into_inner().to_string();
        Error::field(locate("", &path, &detail), plain(&detail))
    })
}

/// Whether percent-encoded text decodes to UTF-8.
pub(super) fn is_utf8_when_decoded(text: &str) -> bool {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits
            .filter(|_| *first == b'%')
            .and_then(|two| u8::from_str_radix(two, 16).ok())
        {
            Some(byte) => {
                decoded.push(byte);
                bytes = rest.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                bytes = rest;
            }
        }
    }
    std::str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        word: Option<String>,
        size: Option<u32>,
    }

    #[test]
    fn known_parameters_are_read() {
        let filter = parse::<Filter>("word=na%C3%AFve+art&size=30").ok();
        assert_eq!(
            filter,
            Some(Filter {
                word: Some("naïve art".into()),
                size: Some(30)
            })
        );
        let spaced = parse::<Filter>("word=a%09b%0Ac").ok();
        assert_eq!(spaced.and_then(|filter| filter.word).as_deref(), Some("a\tb\nc"));
        assert_eq!(
            parse::<Filter>("").ok(),
            Some(Filter {
                word: None,
                size: None
            })
        );
    }

    #[test]
    fn unknown_repeated_and_wrong_parameters_are_named() {
        for (query, field) in [
            ("colour=red", "colour"),
            ("word=a&word=b", "word"),
            ("w%6Frd=a&word=b", "word"),
            ("size=many", "size"),
            ("size=-1", "size"),
            ("word=a%00b", "word"),
        ] {
            match parse::<Filter>(query) {
                Err(Error::Invalid(errors)) => assert_eq!(errors[0].field, field, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
        assert!(parse::<Nothing>("").is_ok());
        assert!(parse::<Nothing>("a=b").is_err());
    }

    #[test]
    fn what_is_no_utf8_is_malformed() {
        for query in ["word=%FF", "%C3%28=a"] {
            assert!(
                matches!(parse::<Filter>(query), Err(Error::Malformed(_))),
                "{query}"
            );
        }
    }
}
