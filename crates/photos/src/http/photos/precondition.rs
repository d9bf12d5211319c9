//! `If-Match`: a change only of the version that the caller knows.

use actix_web::HttpRequest;
use actix_web::http::header::{EntityTag, IF_MATCH};
use photos_api::PhotoId;

use crate::app::App;
use crate::error::Error;

/// No photo has it: for tags that are no version of ours.
const NO_VERSION: i64 = -1;

/// What a call says of the versions that it may change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Any version: no header, or `*`.
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Precondition {
    /// Reads `If-Match`: `*`, or a list of tags. A weak tag matches nothing, as RFC 9110 has it.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is neither.
    pub(super) fn read(request: &HttpRequest) -> Result<Self, Error> {
        let wrong = || Error::Malformed("`If-Match` must be `*` or a list of entity tags like \"3\"".into());
        let mut versions = Vec::new();
        let mut values = request.headers().get_all(IF_MATCH).peekable();
        if values.peek().is_none() {
            return Ok(Self::Any);
        }
        for value in values {
            let value = value.to_str().map_err(|_| wrong())?.trim();
            if value == "*" {
                return Ok(Self::Any);
            }
            // Versions are digits: no tag of ours has a comma, and a foreign one that has matches nothing either way.
            for tag in value.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                let tag: EntityTag = tag.parse().map_err(|_| wrong())?;
                versions.push(version(&tag));
            }
        }
        if versions.is_empty() {
            Err(wrong())
        } else {
            Ok(Self::OneOf(versions))
        }
    }

    /// The version that a photo must have to be changed; none for any. Of several, it is the one that the photo has now: the
    /// change checks it again.
    ///
    /// # Errors
    /// Faults of the database.
    pub(super) async fn version_of(&self, app: &App, id: PhotoId) -> Result<Option<i64>, Error> {
        match self {
            Self::Any => Ok(None),
            Self::OneOf(versions) => match versions.as_slice() {
                [only] => Ok(Some(*only)),
                several => {
                    let now = app.db.get_photo_even_deleted(id).await?.map(|row| row.version);
                    Ok(Some(
                        now.filter(|version| several.contains(version))
                            .unwrap_or(NO_VERSION),
                    ))
                }
            },
        }
    }
}

fn version(tag: &EntityTag) -> i64 {
    let text = tag.tag();
    let number = text
        .parse()
        .ok()
        .filter(|number: &i64| *number > 0 && number.to_string() == text);
    number.filter(|_| !tag.weak).unwrap_or(NO_VERSION)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    fn read(values: &[&str]) -> Result<Precondition, Error> {
        let mut request = TestRequest::patch();
        for value in values {
            request = request.append_header((IF_MATCH, *value));
        }
        Precondition::read(&request.to_http_request())
    }

    #[test]
    fn lists_stars_and_weak_tags() {
        assert_eq!(read(&[]).unwrap(), Precondition::Any);
        assert_eq!(read(&["*"]).unwrap(), Precondition::Any);
        assert_eq!(read(&["\"3\""]).unwrap(), Precondition::OneOf(vec![3]));
        assert_eq!(
            read(&["\"3\" , \"4\"", "\"5\""]).unwrap(),
            Precondition::OneOf(vec![3, 4, 5])
        );
        assert_eq!(read(&["W/\"3\""]).unwrap(), Precondition::OneOf(vec![NO_VERSION]));
        for foreign in ["\"abc\"", "\"03\"", "\"\"", "\"-1\"", "\"+3\""] {
            assert_eq!(
                read(&[foreign]).unwrap(),
                Precondition::OneOf(vec![NO_VERSION]),
                "{foreign}"
            );
        }
        for wrong in ["3", "\"3", "", ","] {
            assert!(matches!(read(&[wrong]), Err(Error::Malformed(_))), "{wrong}");
        }
    }
}
