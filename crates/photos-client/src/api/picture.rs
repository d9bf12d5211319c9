//! Pictures as streams, for programs that hand them on.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use photos_api::PhotoId;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, IF_NONE_MATCH};
use serde::Serialize;

use super::photos::Photos;
use crate::error::ClientError;
use crate::send::Call;

/// What is asked of a picture beside its preset.
#[derive(Debug, Clone, Default)]
pub struct ImageRequest {
    /// `v` of the photo's link: with it, the answer may be cached for ever.
    pub version: Option<String>,
    /// `Accept`: WebP is for those who name it.
    pub accept: Option<String>,
    /// `If-None-Match`: what the asker has.
    pub if_none_match: Option<String>,
}

/// A picture on its way.
pub struct ImageStream {
    response: reqwest::Response,
}

impl ImageStream {
    /// Whether the asker has the picture: then there are no bytes.
    pub fn is_not_modified(&self) -> bool {
        self.response.status() == StatusCode::NOT_MODIFIED
    }

    /// All headers of the answer, those for caches among them.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// How many bytes there are, if the service says so.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The encoded picture, chunk by chunk.
    pub fn bytes(self) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
        self.response.bytes_stream().map_err(std::io::Error::other)
    }
}

#[derive(Serialize)]
struct Version<'a> {
    v: &'a str,
}

impl Photos {
    /// A picture of a photo, streamed. Is not repeated.
    ///
    /// # Errors
    /// `not-found` for a preset, a version or a photo that is not there to see.
    pub async fn open_image(
        &self,
        id: PhotoId,
        preset: &str,
        asked: &ImageRequest,
    ) -> Result<ImageStream, ClientError> {
        let mut call = Call::get("photos")
            .segment(&id)
            .segment(&"images")
            .segment(&preset);
        if let Some(v) = &asked.version {
            call = call.query(&Version { v })?;
        }
        for (name, value) in [(ACCEPT, &asked.accept), (IF_NONE_MATCH, &asked.if_none_match)] {
            call = with(call, name, value.as_deref())?;
        }
        let response = self.client.open(&call).await?;
        Ok(ImageStream { response })
    }
}

fn with(call: Call, name: HeaderName, value: Option<&str>) -> Result<Call, ClientError> {
    match value {
        Some(value) => call.header(name, value),
        None => Ok(call),
    }
}
