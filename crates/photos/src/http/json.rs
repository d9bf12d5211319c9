//! JSON bodies, read strictly: what cannot be parsed is 400, what can but does not fit is 422 and names the fields.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::{BytesMut, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use photos_api::{FieldError, JSON_MAX_BYTES};
use serde::de::{DeserializeOwned, DeserializeSeed as _};
use serde_json::Value;

use super::strict::{Node, Once, push_key};
use super::wording::plain;
use crate::app::App;
use crate::error::Error;
use crate::media::body::{Body, announces_more};

/// The JSON body of a call: at most 1 MiB of `application/json`, no key twice, nothing unknown.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = body(request, payload);
        Box::pin(async move { parse(&body.await?).map(Self) })
    }
}

/// The bytes of a JSON body.
fn body(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<BytesMut, Error>> + use<> {
    let checked = check_headers(request);
    let idle = request
        .app_data::<Data<App>>()
        .map(|app| app.options.stalled_after);
    let payload = payload.take();
    async move {
        checked?;
        let idle = idle.ok_or_else(|| Error::internal("the app is not registered"))?;
        read(payload, idle).await
    }
}

/// The body of a call that takes no fields: nothing, or a JSON object without any.
#[derive(Debug)]
pub struct NoFields;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl FromRequest for NoFields {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        // A body of another kind is no JSON that could ask for anything.
        if !request.content_type().eq_ignore_ascii_case("application/json") {
            return Box::pin(std::future::ready(Ok(Self)));
        }
        let body = body(request, payload);
        Box::pin(async move {
            match body.await? {
                empty if empty.is_empty() => Ok(Self),
                bytes => parse::<Nothing>(&bytes).map(|_| Self),
            }
        })
    }
}

fn check_headers(request: &HttpRequest) -> Result<(), Error> {
    let expected = Error::UnsupportedMediaType {
        expected: "application/json",
    };
    let encoded = request.headers().get(header::CONTENT_ENCODING);
    if !request.content_type().eq_ignore_ascii_case("application/json")
        || encoded.is_some_and(|value| value != "identity")
    {
        return Err(expected);
    }
    if announces_more(request.headers(), JSON_MAX_BYTES as u64) {
        return Err(too_large());
    }
    Ok(())
}

async fn read(payload: Payload, idle: Duration) -> Result<BytesMut, Error> {
    let mut source = Body::new(payload, idle, JSON_MAX_BYTES as u64);
    let mut body = BytesMut::new();
    while let Some(chunk) = source.next().await {
        body.extend_from_slice(&chunk.map_err(|error| unreadable(error, idle))?);
    }
    Ok(body)
}

fn unreadable(error: PayloadError, idle: Duration) -> Error {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Error::RequestTimeout(idle),
        PayloadError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => too_large(),
        error => Error::Malformed(format!("the body cannot be read: {error}")),
    }
}

fn too_large() -> Error {
    Error::BodyTooLarge {
        limit: JSON_MAX_BYTES as u64,
    }
}

/// Reads `bytes` as a `T`.
///
/// # Errors
/// [`Error::Malformed`] for bad UTF-8 or JSON; [`Error::Invalid`] with the fields for anything that does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    parse_at("", bytes)
}

/// The same for a document inside a request: its fields are named below `root`, as in `items[2].name`.
///
/// # Errors
/// As [`parse`].
pub fn parse_at<T: DeserializeOwned>(root: &str, bytes: &[u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Malformed("the body is not UTF-8".into()))?;
    let repeated = RefCell::new(Vec::new());
    let mut source = serde_json::Deserializer::from_str(text);
    let value = Once {
        path: root.to_owned(),
        repeated: &repeated,
    }
    .deserialize(&mut source)
    .and_then(|value| source.end().map(|()| value))
    .map_err(|error| unparsed(root, &error))?;
    let repeated = repeated.into_inner();
    if !repeated.is_empty() {
        return Err(Error::Invalid(repeated));
    }
    fit(root, value)
}

/// JSON has numbers of any size; one that nothing here can hold is a value that does not fit.
fn unparsed(root: &str, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    if text.starts_with("number out of range") {
        Error::Invalid(vec![FieldError::new(locate(root, ".", ""), text)])
    } else {
        Error::Malformed(format!("the body is not JSON: {text}"))
    }
}

fn fit<T: DeserializeOwned>(root: &str, value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(Node(value)).map_err(|error| {
        let path = error.path().to_string();
        let detail = error.into_inner().to_string();
        Error::Invalid(vec![FieldError::new(
            locate(root, &path, &detail),
            plain(&detail),
        )])
    })
}

/// Where the fault is: the path of the innermost value that was read, and the field that it lacks.
pub(super) fn locate(root: &str, path: &str, detail: &str) -> String {
    let mut place = root.to_owned();
    if path != "." {
        push_key(&mut place, path);
    }
    if let Some(name) = detail
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        push_key(&mut place, name);
    }
    if place.is_empty() {
        "body".to_owned()
    } else {
        place
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test fails by panicking")]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Item {
        name: String,
        #[serde(default)]
        more: Vec<Item>,
    }

    fn fields(text: &str) -> Vec<(String, String)> {
        match parse::<Item>(text.as_bytes()) {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.detail)).collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_document_that_fits_is_read() {
        let item = parse::<Item>(br#"{"name":"a","more":[{"name":"b"}]}"#);
        let inner = Item {
            name: "b".into(),
            more: vec![],
        };
        assert_eq!(
            item.ok(),
            Some(Item {
                name: "a".into(),
                more: vec![inner]
            })
        );
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for bytes in [
            &b""[..],
            b"{",
            b"{} {}",
            b"{\"name\":\"\xff\"}",
            b"nonsense",
            b"{\"name\":\"\\ud800\"}",
        ] {
            let read = parse::<Item>(bytes);
            assert!(matches!(read, Err(Error::Malformed(_))), "{bytes:?}: {read:?}");
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(parse::<Item>(deep.as_bytes()), Err(Error::Malformed(_))));
    }

    #[test]
    fn every_repeated_key_is_named_with_its_place() {
        let text = r#"{"name":"a","name":"b","more":[{"name":"c"},{"name":"d","name":"e"}]}"#;
        let named: Vec<String> = fields(text).into_iter().map(|(field, _)| field).collect();
        assert_eq!(named, ["name", "more[1].name"]);
    }

    #[test]
    fn the_wrong_field_is_named_with_its_place() {
        for (text, field) in [
            ("{}", "name"),
            (r#"{"name":7}"#, "name"),
            (r#"{"name":"a","colour":1}"#, "colour"),
            (r#"{"name":"a","more":[{"name":"b"},{"nam":"c"}]}"#, "more[1].nam"),
            (r#"{"name":"a","more":[{}]}"#, "more[0].name"),
            (r#"{"name":"a","more":[["b"]]}"#, "more[0]"),
            (r#"["a"]"#, "body"),
            ("[7]", "body"),
        ] {
            assert_eq!(fields(text)[0].0, field, "{text}");
        }
        let Err(Error::Invalid(errors)) = parse_at::<Vec<Item>>("items", br#"[{"name":null}]"#) else {
            panic!("a null name is accepted");
        };
        assert_eq!(errors[0].field, "items[0].name");
    }
}
