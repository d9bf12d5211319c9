//! Reading a `multipart/form-data` body part by part: short texts into strings, files into the spool.

use std::io;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use futures_util::StreamExt;

use super::MediaError;
use super::body::{Body, announces_more};
use super::spool::{SpoolWriter, Spooled};

/// The parts of a body, in their order.
pub struct Form {
    multipart: Multipart,
    is_form: bool,
    is_too_long: bool,
    idle: Duration,
    limit: u64,
}

/// One part; it must be read, or its form dropped.
pub struct Part {
    field: Field,
    idle: Duration,
    limit: u64,
    /// The part's name.
    pub name: String,
}

impl Form {
    /// The form of `body`; `idle` and `limit` are those of the body, for the texts of its errors.
    pub fn new(headers: &HeaderMap, body: Body, idle: Duration, limit: u64) -> Self {
        Self {
            multipart: Multipart::new(headers, body),
            is_form: is_form(headers),
            is_too_long: announces_more(headers, limit),
            idle,
            limit,
        }
    }

    /// The next part, none at the closing boundary.
    ///
    /// # Errors
    /// [`MediaError::NotMultipart`], [`MediaError::Malformed`], [`MediaError::Stalled`] or [`MediaError::BodyTooLarge`].
    pub async fn next(&mut self) -> Result<Option<Part>, MediaError> {
        if !self.is_form {
            return Err(MediaError::NotMultipart);
        }
        // It says so itself: nobody need wait for its bytes.
        if self.is_too_long {
            return Err(MediaError::BodyTooLarge { limit: self.limit });
        }
        match self.multipart.next().await {
            None => Ok(None),
            Some(Ok(field)) => {
                let name = field.name().unwrap_or_default().to_owned();
                Ok(Some(Part {
                    field,
                    idle: self.idle,
                    limit: self.limit,
                    name,
                }))
            }
            Some(Err(error)) => Err(refusal(error, self.idle, self.limit)),
        }
    }
}

impl Part {
    /// The part as text of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Form::next`]; [`MediaError::Malformed`] if it is no UTF-8, [`MediaError::Fields`] if it is too long.
    pub async fn text(mut self, limit: usize) -> Result<String, MediaError> {
        let mut text = Vec::new();
        while let Some(chunk) = self.field.next().await {
            let chunk = chunk.map_err(|error| refusal(error, self.idle, self.limit))?;
            if text.len() + chunk.len() > limit {
                return Err(MediaError::field(self.name, "too long"));
            }
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text)
            .map_err(|_| MediaError::Malformed(format!("the part `{}` is not UTF-8 text", self.name)))
    }

    /// Writes the part into the spool.
    ///
    /// # Errors
    /// As [`Form::next`] and [`SpoolWriter::write`].
    pub async fn spool(mut self, mut writer: SpoolWriter) -> Result<Spooled, MediaError> {
        while let Some(chunk) = self.field.next().await {
            let chunk = chunk.map_err(|error| refusal(error, self.idle, self.limit))?;
            writer.write(&chunk).await?;
        }
        writer.finish().await
    }

    /// Reads and forgets the part.
    ///
    /// # Errors
    /// As [`Form::next`].
    pub async fn skip(mut self) -> Result<(), MediaError> {
        while let Some(chunk) = self.field.next().await {
            chunk.map_err(|error| refusal(error, self.idle, self.limit))?;
        }
        Ok(())
    }
}

/// Whether the body is a form, and not another kind of multipart.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("multipart/form-data")
}

fn refusal(error: MultipartError, idle: Duration, limit: u64) -> MediaError {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => MediaError::NotMultipart,
        MultipartError::Payload(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
            MediaError::Stalled(idle)
        }
        MultipartError::Payload(PayloadError::Io(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
            MediaError::BodyTooLarge { limit }
        }
        MultipartError::Payload(PayloadError::Incomplete(_)) | MultipartError::Incomplete => {
            MediaError::Malformed("it ends before its closing boundary".to_owned())
        }
        other => MediaError::Malformed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::pin::Pin;

    use actix_web::dev::Payload;
    use actix_web::http::header::HeaderValue;
    use bytes::Bytes;
    use futures_util::{Stream, stream};

    use super::super::spool::Spool;
    use super::*;

    type BoxedPayloadStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

    const IDLE: Duration = Duration::from_secs(30);

    /// The form of `text` (with `\n` for line ends), sent in pieces of `size` bytes.
    fn form(text: &str, size: usize) -> Form {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        let chunks: Vec<_> = bytes
            .chunks(size)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        form_of(chunks)
    }

    fn form_of(chunks: Vec<Result<Bytes, PayloadError>>) -> Form {
        let stream: BoxedPayloadStream = Box::pin(stream::iter(chunks));
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("multipart/form-data; boundary=x1"),
        );
        Form::new(
            &headers,
            Body::new(Payload::Stream { payload: stream }, IDLE, 4096),
            IDLE,
            4096,
        )
    }

    const TWO: &str = "--x1\nContent-Disposition: form-data; name=\"name\"\n\nPier\n--x1\n\
        Content-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\n\nby\n--x\ntes\n--x1--\n";

    #[tokio::test]
    async fn texts_and_files_are_read_whatever_the_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        for size in [1, 7, 4096] {
            let mut form = form(TWO, size);
            let name = form.next().await.unwrap().unwrap();
            assert_eq!(
                (name.name.clone().as_str(), name.text(10).await.unwrap().as_str()),
                ("name", "Pier")
            );
            let image = form.next().await.unwrap().unwrap();
            assert_eq!(image.name, "image");
            let spooled = image.spool(spool.create(100)).await.unwrap();
            assert_eq!(spooled.map().await.unwrap(), "by\r\n--x\r\ntes");
            assert!(form.next().await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn a_body_cut_short_or_empty_is_malformed() {
        assert!(matches!(form("", 9).next().await, Err(MediaError::Malformed(_))));
        let mut cut = form(&TWO[..TWO.len() - 12], 9);
        cut.next().await.unwrap().unwrap().skip().await.unwrap();
        let image = cut.next().await.unwrap().unwrap();
        assert!(matches!(image.skip().await, Err(MediaError::Malformed(_))));
    }

    #[tokio::test]
    async fn long_text_and_bad_utf8_are_told_apart() {
        let mut long_form = form(TWO, 9);
        let long = long_form.next().await.unwrap().unwrap();
        assert!(matches!(long.text(3).await, Err(MediaError::Fields(faults)) if faults[0].field == "name"));
        let bytes = b"--x1\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n\xff\xfe\r\n--x1--\r\n";
        let part = form_of(vec![Ok(Bytes::from_static(bytes))])
            .next()
            .await
            .unwrap()
            .unwrap();
        assert!(matches!(part.text(100).await, Err(MediaError::Malformed(_))));
    }

    #[tokio::test]
    async fn other_content_types_are_no_multipart() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut form = Form::new(&headers, Body::new(Payload::None, IDLE, 1), IDLE, 1);
        assert!(matches!(form.next().await, Err(MediaError::NotMultipart)));
    }
}
