//! A photo to be uploaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use photos_api::{IDEMPOTENCY_KEY_CHARS, NAME_CHARS};
use uuid::Uuid;

use crate::error::ClientError;
use crate::form::Form;

/// Told the bytes sent and the bytes in all, while an upload is under way. A repeated attempt begins at the start.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(u64, u64) + Send + Sync>);

impl Progress {
    /// Calls `report` after each chunk of up to 64 KiB; it must not block.
    pub fn new(report: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    pub(crate) fn report(&self, sent: u64, total: u64) {
        (self.0)(sent, total);
    }
}

#[derive(Clone)]
pub(crate) enum ImageSource {
    Path(PathBuf),
    Bytes(Bytes),
}

/// A photo to be uploaded, published at once unless [`draft`](Self::draft) says otherwise.
#[derive(Clone)]
pub struct NewPhoto {
    pub(crate) source: ImageSource,
    pub(crate) name: String,
    pub(crate) caption: Option<String>,
    pub(crate) draft: bool,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) progress: Option<Progress>,
}

impl NewPhoto {
    /// A file, which is streamed from disk. The photo is called like it, less its extension.
    pub fn from_path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy())
            .unwrap_or_default();
        let name: String = stem
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let name = name.trim().chars().take(*NAME_CHARS.end()).collect();
        Self::new(ImageSource::Path(path.to_owned()), name)
    }

    /// A file that is in memory already.
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::new(ImageSource::Bytes(bytes.into()), name.into())
    }

    fn new(source: ImageSource, name: String) -> Self {
        Self {
            source,
            name,
            caption: None,
            draft: false,
            idempotency_key: None,
            progress: None,
        }
    }

    /// Names it; 1–100 characters.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Gives it a caption; up to 2,200 characters, `#tags` among them.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = Some(caption.into());
        self
    }

    /// Whether only its owner is to see it.
    #[must_use]
    pub fn draft(mut self, draft: bool) -> Self {
        self.draft = draft;
        self
    }

    /// The same key within 24 hours makes no second photo, even from another process: 1–64 visible ASCII characters.
    /// Without one, a call has a key of its own, for its own repetitions. In a batch, the batch's key counts.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Whom to tell how far the upload is. In a batch, only the first photo's counts, for all of it.
    #[must_use]
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// The form of `POST /photos`: texts first, so that a refusal of them needs no file.
    pub(crate) async fn form(&self, key: &str) -> Result<Form, ClientError> {
        let mut form = Form::new(key, self.progress.clone());
        form.text("name", &self.name);
        if let Some(caption) = &self.caption {
            form.text("caption", caption);
        }
        form.text("draft", if self.draft { "true" } else { "false" });
        form.file("image", &self.source).await?;
        Ok(form.finish())
    }
}

/// The caller's key if it can be sent, or a new one.
pub(crate) fn key(given: Option<&str>) -> Result<String, ClientError> {
    let Some(key) = given else {
        return Ok(Uuid::now_v7().to_string());
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && IDEMPOTENCY_KEY_CHARS.contains(&key.len()) {
        return Ok(key.to_owned());
    }
    Err(ClientError::Invalid(
        "an idempotency key has 1–64 visible ASCII characters".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_its_name() {
        for (path, name) in [
            ("a/Pier at dawn.JPG", "Pier at dawn"),
            ("a/.jpg", ".jpg"),
            ("a/b\nc.png", "b c"),
        ] {
            assert_eq!(NewPhoto::from_path(path).name, name);
        }
        assert_eq!(NewPhoto::from_path("x".repeat(200)).name.len(), 100);
    }

    #[test]
    fn keys_are_visible_ascii() {
        assert!(key(None).is_ok_and(|key| key.len() == 36));
        assert!(key(Some("a")).is_ok() && key(Some(&"k".repeat(64))).is_ok());
        for wrong in ["", "a b", "ä", "a\n", &"k".repeat(65)] {
            assert!(key(Some(wrong)).is_err(), "{wrong:?}");
        }
    }
}
