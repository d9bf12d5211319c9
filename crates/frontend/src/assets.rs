//! Style sheets, scripts and icons: embedded, under names that change with their bytes, so that browsers may keep them
//! for ever.

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::Compression;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::error::PageError;
use crate::{packing, tile};

const PREFIX: &str = "/assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Name, media type, bytes. A script stands after those that it imports, whose names it then has.
const FILES: &[(&str, &str, &str)] = &[
    ("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
    (
        "style.css",
        "text/css; charset=utf-8",
        // Later parts stand over earlier ones; the last says what narrow, forced and printed pages change.
        concat!(
            include_str!("../assets/style/base.css"),
            include_str!("../assets/style/photos.css"),
            include_str!("../assets/style/forms.css"),
            include_str!("../assets/style/lightbox.css"),
            include_str!("../assets/style/media.css"),
        ),
    ),
    ("tags.js", SCRIPT, include_str!("../assets/tags.js")),
    ("selection.js", SCRIPT, include_str!("../assets/selection.js")),
    ("pictures.js", SCRIPT, include_str!("../assets/pictures.js")),
    ("keep.js", SCRIPT, include_str!("../assets/keep.js")),
    ("place.js", SCRIPT, include_str!("../assets/place.js")),
    ("endless.js", SCRIPT, include_str!("../assets/endless.js")),
    ("lightbox.js", SCRIPT, include_str!("../assets/lightbox.js")),
    ("files.js", SCRIPT, include_str!("../assets/files.js")),
    ("queue.js", SCRIPT, include_str!("../assets/queue.js")),
    ("upload.js", SCRIPT, include_str!("../assets/upload.js")),
    ("main.js", SCRIPT, include_str!("../assets/main.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

struct Asset {
    content_type: &'static str,
    etag: String,
    plain: Bytes,
    packed: Bytes,
}

/// All files, by the last part of their paths.
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
    paths: BTreeMap<&'static str, String>,
}

/// Whether a path is one of these files'.
pub(crate) fn is_asset(path: &str) -> bool {
    path.starts_with(PREFIX)
}

impl Assets {
    pub(crate) fn embedded() -> std::io::Result<Self> {
        let mut assets = Self {
            files: BTreeMap::new(),
            paths: BTreeMap::new(),
        };
        for (name, content_type, text) in FILES {
            let mut text = (*text).to_owned();
            if *name == "style.css" {
                text.push_str(&tile::rules());
            }
            for (imported, path) in &assets.paths {
                text = text.replace(&format!("\"./{imported}\""), &format!("\"{path}\""));
            }
            assets.add(name, content_type, text)?;
        }
        Ok(assets)
    }

    fn add(&mut self, name: &'static str, content_type: &'static str, text: String) -> std::io::Result<()> {
        let hash = hex::encode(&Sha256::digest(text.as_bytes())[..8]);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let file = format!("{stem}.{hash}.{extension}");
        let asset = Asset {
            content_type,
            etag: format!("\"{hash}\""),
            packed: packing::pack(text.as_bytes(), Compression::best())?.into(),
            plain: text.into(),
        };
        self.paths.insert(name, format!("{PREFIX}{file}"));
        self.files.insert(file, asset);
        Ok(())
    }

    /// The path of a file.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.paths.get(name).map_or("", String::as_str)
    }
}

pub(crate) async fn get_asset(
    app: Data<App>,
    file: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let asset = app.assets.files.get(file.as_str()).ok_or(PageError::NotFound)?;
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
        // Weak: one for the plain and the packed form.
        .insert_header((ETAG, format!("W/{}", asset.etag)));
    if is_known {
        return Ok(answer.finish());
    }
    answer.insert_header((CONTENT_TYPE, asset.content_type));
    if packing::is_taken(request.headers()) {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(answer.body(asset.packed.clone()));
    }
    Ok(answer.body(asset.plain.clone()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn scripts_import_files_that_exist() {
        let assets = Assets::embedded().unwrap();
        for (file, asset) in &assets.files {
            let text = String::from_utf8(asset.plain.to_vec()).unwrap();
            assert!(
                !text.contains("\"./"),
                "{file} imports a file that is not there, or not before it"
            );
            for (_, rest) in text.match_indices(PREFIX).map(|(at, _)| text.split_at(at)) {
                let name = rest[PREFIX.len()..].split('"').next().unwrap();
                assert!(assets.files.contains_key(name), "{file}: {name}");
            }
        }
    }

    #[test]
    fn no_style_or_script_comes_from_elsewhere() {
        for (name, _, text) in FILES {
            assert!(!text.contains("https://"), "{name}");
            assert!(!text.contains("@import"), "{name}");
        }
    }
}
