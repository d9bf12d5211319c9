//! The admin's style sheet and script: embedded, under names that change with their bytes, so that browsers may keep them for
//! ever.

use std::collections::BTreeMap;
use std::io::Write as _;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::error::PageError;
use crate::app::App;

const PREFIX: &str = "/admin/assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Name, media type, bytes.
const FILES: &[(&str, &str, &str)] = &[
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../../assets/admin/icon.svg"),
    ),
    (
        "admin.css",
        "text/css; charset=utf-8",
        include_str!("../../assets/admin/admin.css"),
    ),
    (
        "admin.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/admin/admin.js"),
    ),
];

struct Asset {
    content_type: &'static str,
    etag: String,
    plain: Bytes,
    packed: Bytes,
}

/// All files, by the last part of their paths.
pub(super) struct Assets {
    files: BTreeMap<String, Asset>,
    paths: BTreeMap<&'static str, String>,
}

/// Whether a path is one of these files'.
pub(super) fn is_asset(path: &str) -> bool {
    path.starts_with(PREFIX)
}

impl Assets {
    pub(super) fn embedded() -> std::io::Result<Self> {
        let (mut files, mut paths) = (BTreeMap::new(), BTreeMap::new());
        for (name, content_type, text) in FILES {
            let hash = hex::encode(&Sha256::digest(text.as_bytes())[..8]);
            let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
            let file = format!("{stem}.{hash}.{extension}");
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            packer.write_all(text.as_bytes())?;
            paths.insert(*name, format!("{PREFIX}{file}"));
            let asset = Asset {
                content_type,
                // Weak: one for the plain and the packed form.
                etag: format!("W/\"{hash}\""),
                plain: Bytes::from_static(text.as_bytes()),
                packed: packer.finish()?.into(),
            };
            files.insert(file, asset);
        }
        Ok(Self { files, paths })
    }

    /// The path of a file.
    pub(super) fn path(&self, name: &str) -> &str {
        self.paths.get(name).map_or("", String::as_str)
    }
}

pub(super) async fn get_asset(
    app: Data<App>,
    file: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let asset = app
        .admin
        .assets
        .files
        .get(file.as_str())
        .ok_or(PageError::NotFound)?;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_known = header(IF_NONE_MATCH).is_some_and(|known| known.contains(&asset.etag));
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((CACHE_CONTROL, FOR_EVER))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((ETAG, asset.etag.clone()));
    if is_known {
        return Ok(answer.finish());
    }
    answer.insert_header((CONTENT_TYPE, asset.content_type));
    let packs = header(ACCEPT_ENCODING).is_some_and(|accepted| {
        accepted
            .split(',')
            .any(|coding| matches!(coding.trim().split(';').next(), Some("gzip")) && !coding.contains("q=0"))
    });
    if packs {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(answer.body(asset.packed.clone()));
    }
    Ok(answer.body(asset.plain.clone()))
}
