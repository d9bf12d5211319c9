//! Pictures, streamed from the photos service with its own words for caches. Published ones are fetched as nobody, so
//! that no cookie has a say in what a cache keeps; drafts have paths of their own.

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use photos_client::{Client, ClientError, ImageRequest, PhotoId, ProblemCode};
use serde::Deserialize;

use crate::app::App;
use crate::error::PageError;
use crate::visit::Visit;

/// What is handed on of the service's answer.
const HEADERS: &[&str] = &["content-type", "cache-control", "etag", "vary", "last-modified"];

#[derive(Deserialize)]
pub(crate) struct Version {
    v: Option<String>,
}

/// Whether a path is a published picture's.
pub(crate) fn is_public(path: &str) -> bool {
    path.strip_prefix("/photos/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, rest)| rest.starts_with("images/"))
}

pub(crate) async fn get_published(
    app: Data<App>,
    path: Path<(PhotoId, String)>,
    version: Query<Version>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    stream(&app.client, path.into_inner(), version.into_inner(), &request).await
}

pub(crate) async fn get_draft(
    visit: Visit,
    path: Path<(PhotoId, String)>,
    version: Query<Version>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    visit.member()?;
    let answer = stream(visit.client(), path.into_inner(), version.into_inner(), &request).await;
    let mut answer = answer?;
    // Published meanwhile it may be, but this path has cookies.
    answer.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("private, no-store"),
    );
    Ok(answer)
}

async fn stream(
    client: &Client,
    (id, preset): (PhotoId, String),
    Version { v }: Version,
    request: &HttpRequest,
) -> Result<HttpResponse, PageError> {
    let header = |name| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let asked = ImageRequest {
        version: v,
        accept: header(header::ACCEPT),
        if_none_match: header(header::IF_NONE_MATCH),
    };
    let picture = match client.photos().open_image(id, &preset, &asked).await {
        Ok(picture) => picture,
        // A guest's look at a draft, or a link of yesterday.
        Err(ClientError::Problem(problem)) if problem.code == ProblemCode::NotFound => {
            return Err(PageError::NotFound);
        }
        Err(error) => return Err(error.into()),
    };
    let mut answer = if picture.is_not_modified() {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    for name in HEADERS {
        if let Some(value) = picture.headers().get(*name) {
            answer.insert_header((HeaderName::from_static(name), value.as_bytes()));
        }
    }
    if picture.is_not_modified() {
        return Ok(answer.finish());
    }
    match picture.length() {
        Some(length) => Ok(answer.body(SizedStream::new(length, picture.bytes()))),
        None => Ok(answer.streaming(picture.bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn only_published_pictures_go_without_cookies() {
        assert!(is_public("/photos/0199/images/small"));
        for path in [
            "/photos/0199/drafts/small",
            "/photos/0199",
            "/photos/selection",
            "/images/x",
            "/",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }
}
