//! Pages are packed for who is not logged in. `doc/frontend.md` says why for nobody else.

use std::io::{self, Write as _};

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Whether the browser takes gzip.
pub(crate) fn is_taken(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING);
    accepted
        .and_then(|accepted| accepted.to_str().ok())
        .is_some_and(|accepted| {
            accepted.split(',').any(|coding| {
                matches!(coding.trim().split(';').next(), Some("gzip")) && !coding.contains("q=0")
            })
        })
}

/// The bytes, packed.
pub(crate) fn pack(bytes: &[u8], level: Compression) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), level);
    packer.write_all(bytes)?;
    packer.finish()
}

/// Whether an answer is a page.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Packs the answer if it is a page and `packs`; says in any case that it depends on the browser.
pub(crate) fn page(mut answer: ServiceResponse<BoxBody>, packs: bool) -> ServiceResponse<BoxBody> {
    if !is_page(answer.headers()) {
        return answer;
    }
    answer
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if !packs {
        return answer;
    }
    let mut is_packed = false;
    let mut answer = answer.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => match pack(&bytes, Compression::default()) {
            Ok(packed) => {
                is_packed = true;
                BoxBody::new(packed)
            }
            Err(_) => BoxBody::new(bytes),
        },
        Err(body) => body,
    });
    if is_packed {
        answer
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}
