//! Forms: nothing is read of one that is not of this browser's own page.

use actix_web::dev::Payload;
use actix_web::http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Position, Url};

use crate::error::PageError;
use crate::visit::Visit;

/// Name of the field, and of the header for scripts.
pub(crate) const FIELD: &str = "csrf";
pub(crate) const HEADER: &str = "x-csrf-token";
/// Largest form without files in bytes: a caption of 2,200 characters, or the ids of 1,000 photos.
const MAX_BYTES: usize = 64 * 1024;

/// A form without files, of this browser's own page.
pub(crate) struct Checked<T>(pub(crate) T);

/// A form that says nothing but that it was sent.
#[derive(Deserialize)]
pub(crate) struct Sent {}

impl<T: DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = PageError;
    type Future = LocalBoxFuture<'static, Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let visit = Visit::extract(&request).await?;
            refuse_other_sites(request.headers(), &visit.app().public_url)?;
            let body = read(&mut payload).await?;
            let pairs: Vec<(String, String)> = parse(&body)?;
            let token = pairs.iter().find(|(name, _)| name == FIELD);
            if !token.is_some_and(|(_, token)| visit.is_own_form(token)) {
                return Err(PageError::Forged);
            }
            Ok(Self(parse(&body)?))
        })
    }
}

/// Browsers say where a request comes from. Older ones tell the origin at most, and are else held by the token alone.
pub(crate) fn refuse_other_sites(headers: &HeaderMap, own: &Url) -> Result<(), PageError> {
    let is_own = match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
        Some(site) => matches!(site, b"same-origin" | b"none"),
        None => headers
            .get(ORIGIN)
            .is_none_or(|origin| is_own(origin, headers, own)),
    };
    if is_own { Ok(()) } else { Err(PageError::Forged) }
}

/// Whether an origin is the public address, or the one that was called. Schemes are not compared: TLS may end before us.
fn is_own(origin: &HeaderValue, headers: &HeaderMap, own: &Url) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
    let Some(origin) = origin
        .as_ref()
        .map(|origin| &origin[Position::BeforeHost..Position::AfterPort])
    else {
        return false;
    };
    let called = headers
        .get(HOST)
        .is_some_and(|host| host.as_bytes() == origin.as_bytes());
    !origin.is_empty() && (called || origin == &own[Position::BeforeHost..Position::AfterPort])
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, PageError> {
    serde_urlencoded::from_bytes(body)
        .map_err(|error| PageError::Unreadable(format!("The form is not whole: {error}.")))
}

async fn read(payload: &mut Payload) -> Result<Bytes, PageError> {
    let mut body = actix_web::web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| PageError::Unreadable(format!("The form cannot be read: {error}.")))?;
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(PageError::TooLarge(
                "The form is too long. Select fewer photos at once.".to_owned(),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
