//! Pictures: the only way to pixels. What is served is a variant, whatever is asked for; the original has no route.

use actix_web::body::SizedStream;
use actix_web::http::header::{
    self, Accept, CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, IfNoneMatch, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, Responder, get};
use photos_api::PhotoId;
use serde::Deserialize;

use super::read::visible;
use crate::app::App;
use crate::domain::PhotoRow;
use crate::error::Error;
use crate::http::caller::Viewer;
use crate::http::query::Query;
use crate::media::presets::PresetRef;
use crate::store::{Encoding, StoreError};

/// Parameters of a picture.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImageQuery {
    /// From the photo's `images`: with it, the answer may be cached for ever.
    v: Option<String>,
}

/// A picture
///
/// JPEG, or WebP for those who accept it; with the extension `.jpg` or `.webp` just that.
#[utoipa::path(
    tag = "images",
    security((), ("bearer" = [])),
    params(
        ("id" = PhotoId, Path, description = "The photo"),
        ("preset" = String, Path, description = "A preset, such as `thumb`, with or without an extension"),
        ImageQuery,
    ),
    responses(
        (status = 200, description = "The picture", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"),
        )),
        (status = 304, description = "The caller has it"),
        (status = 404, description = "`not-found`: no such photo, preset or `v`"),
        (status = 503, description = "`overloaded`, `store-unavailable`, `database-unavailable`"),
    )
)]
#[get("/photos/{id}/images/{preset}")]
pub(super) async fn get_image(
    app: Data<App>,
    viewer: Viewer,
    path: Path<(PhotoId, String)>,
    Query(query): Query<ImageQuery>,
    request: HttpRequest,
) -> Result<impl Responder, Error> {
    let (id, name) = path.into_inner();
    let (preset, extension) = find_preset(&app, &name).ok_or(Error::NotFound)?;
    let row = visible(&app, &viewer, id).await?;
    if query
        .v
        .as_ref()
        .is_some_and(|v| *v != preset.version(&row).to_string())
    {
        return Err(Error::NotFound);
    }
    let caching = caching(row.draft, query.v.is_some());
    send(&app, &row, (preset, extension), &request, caching).await
}

/// Sends a picture of a photo, in the encoding that is asked for or that the caller likes best, with this `Cache-Control`.
pub(crate) async fn send(
    app: &App,
    row: &PhotoRow,
    (preset, extension): (PresetRef<'_>, Option<Encoding>),
    request: &HttpRequest,
    caching: &'static str,
) -> Result<HttpResponse, Error> {
    let encoding = extension.unwrap_or_else(|| preferred(request));
    let mut picture = app
        .media
        .variant(row, preset, encoding)
        .await?
        .ok_or(Error::NotFound)?;
    let opened = match app.store.open_stream(&picture.key).await {
        Ok(opened) if opened.0 == picture.bytes => opened,
        Ok(_) | Err(StoreError::NotFound { .. }) => {
            picture = app
                .media
                .lost_variant(row, preset, encoding, picture)
                .await?
                .ok_or(Error::NotFound)?;
            app.store.open_stream(&picture.key).await?
        }
        Err(error) => return Err(error.into()),
    };
    let tag = EntityTag::new_strong(picture.sha256);
    let is_known = knows(request, &tag);
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer.insert_header((ETAG, tag));
    answer.insert_header((CACHE_CONTROL, caching));
    if extension.is_none() {
        answer.insert_header((VARY, "Accept"));
    }
    if is_known {
        return Ok(answer.finish());
    }
    let (length, stream) = opened;
    answer.insert_header((CONTENT_TYPE, encoding.content_type()));
    Ok(answer.body(SizedStream::new(length, stream)))
}

/// The preset of a name, and the encoding if the name has an extension.
pub(crate) fn find_preset<'a>(app: &'a App, name: &str) -> Option<(PresetRef<'a>, Option<Encoding>)> {
    let presets = app.media.presets();
    match name.split_once('.') {
        None => Some((presets.get(name)?, None)),
        Some((name, extension)) => Some((presets.get(name)?, Some(Encoding::from_extension(extension)?))),
    }
}

/// Nobody else may keep a draft; what has a version in its URL never changes.
fn caching(draft: bool, has_version: bool) -> &'static str {
    match (draft, has_version) {
        (true, _) => "private, no-store",
        (false, true) => "public, max-age=31536000, immutable",
        (false, false) => "no-cache",
    }
}

/// WebP for who names it and likes JPEG no better; JPEG, which everybody can show, for all others.
fn preferred(request: &HttpRequest) -> Encoding {
    let Ok(Accept(accepted)) = Accept::parse(request) else {
        return Encoding::Jpeg;
    };
    let named = |kind: &str| {
        let same = accepted.iter().find(|item| item.item.essence_str() == kind);
        same.map(|item| item.quality)
    };
    match (named("image/webp"), named("image/jpeg")) {
        (Some(webp), jpeg) if webp > header::Quality::ZERO && jpeg.is_none_or(|jpeg| webp >= jpeg) => {
            Encoding::WebP
        }
        _ => Encoding::Jpeg,
    }
}

fn knows(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        // Whatever it is, the caller does not have our picture.
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn webp_is_for_those_who_name_it() {
        let chosen = |accept: &str| {
            preferred(
                &TestRequest::get()
                    .insert_header(("accept", accept))
                    .to_http_request(),
            )
        };
        for browser in [
            "image/avif,image/webp,image/apng,image/*,*/*;q=0.8",
            "image/webp",
            "image/jpeg, image/webp",
        ] {
            assert_eq!(chosen(browser), Encoding::WebP, "{browser}");
        }
        for other in [
            "*/*",
            "image/*",
            "image/jpeg",
            "image/webp;q=0",
            "image/webp;q=0.5,image/jpeg",
            "text/html",
            "nonsense",
            "",
        ] {
            assert_eq!(chosen(other), Encoding::Jpeg, "{other}");
        }
        assert_eq!(preferred(&TestRequest::get().to_http_request()), Encoding::Jpeg);
    }
}
