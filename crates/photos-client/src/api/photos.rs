//! Photos: lists, uploads, changes, batches, pictures.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use photos_api::{
    BatchCreateItem, BatchEdit, BatchEditRequest, BatchIds, BatchMode, BatchQuery, BatchResponse, Photo,
    PhotoEdit, PhotoId, PhotoPage, PhotosQuery,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use url::Url;

use super::upload::{NewPhoto, key};
use crate::client::Client;
use crate::error::ClientError;
use crate::form::Form;
use crate::send::Call;

/// Photos; from [`Client::photos`]. Every call fails with a [problem](ClientError::Problem) if the service refuses it.
#[derive(Clone)]
pub struct Photos {
    pub(super) client: Client,
    version: Option<i64>,
}

/// A picture of a photo.
#[derive(Debug, Clone)]
pub struct Image {
    /// `image/jpeg` or `image/webp`.
    pub content_type: String,
    /// The encoded picture.
    pub bytes: Bytes,
    /// All headers of the answer, those for caches among them.
    pub headers: HeaderMap,
}

impl Photos {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            version: None,
        }
    }

    /// Makes the following changes only if the photo still has this version; else they fail with
    /// `precondition-failed`.
    #[must_use]
    pub fn if_version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// The pages of a list, each fetched when asked for. Of a page's `next` only the query is used, with this client's
    /// own base URL: wherever it points, no token goes there.
    pub fn list(
        &self,
        query: PhotosQuery,
    ) -> impl Stream<Item = Result<PhotoPage, ClientError>> + Send + use<> {
        let begin = serde_urlencoded::to_string(query)
            .map_err(|error| ClientError::Invalid(format!("the query cannot be sent: {error}")));
        let client = self.client.clone();
        stream::once(async { begin })
            .map_ok(move |begin| pages(client.clone(), begin))
            .try_flatten()
    }

    /// The photos of a list, page after page.
    pub fn list_photos(
        &self,
        query: PhotosQuery,
    ) -> impl Stream<Item = Result<Photo, ClientError>> + Send + use<> {
        self.list(query)
            .map_ok(|page| stream::iter(page.results).map(Ok))
            .try_flatten()
    }

    /// One page of a list.
    ///
    /// # Errors
    /// `unauthenticated` and `forbidden` for what is not the caller's to see; `invalid-cursor`.
    pub async fn page(&self, query: &PhotosQuery) -> Result<PhotoPage, ClientError> {
        self.client.call(&Call::get("photos").query(query)?).await?.json()
    }

    /// Uploads a photo. Repetitions after a broken connection make no second one.
    ///
    /// # Errors
    /// A refusal, even while the file is still being sent; [`ClientError::File`] if it cannot be read.
    pub async fn create(&self, photo: NewPhoto) -> Result<Photo, ClientError> {
        let key = key(photo.idempotency_key.as_deref())?;
        let form = photo.form(&key).await?;
        self.client
            .call(&Call::post("photos").form(&key, form)?)
            .await?
            .json()
    }

    /// A photo.
    ///
    /// # Errors
    /// `not-found` also for another's draft.
    pub async fn get(&self, id: PhotoId) -> Result<Photo, ClientError> {
        self.client.call(&Call::get("photos").segment(&id)).await?.json()
    }

    /// Changes what `edit` has.
    ///
    /// # Errors
    /// `forbidden`, `not-found`, `validation-failed`, `precondition-failed`.
    pub async fn update(&self, id: PhotoId, edit: &PhotoEdit) -> Result<Photo, ClientError> {
        self.client
            .call(
                &Call::patch("photos")
                    .segment(&id)
                    .json(edit)?
                    .if_match(self.version)?,
            )
            .await?
            .json()
    }

    /// Shows a draft to everybody; a photo that is published stays as it is.
    ///
    /// # Errors
    /// `forbidden`, `not-found`, `precondition-failed`.
    pub async fn publish(&self, id: PhotoId) -> Result<Photo, ClientError> {
        self.client.call(&self.action(id, "publish")?).await?.json()
    }

    /// Makes a photo a draft again.
    ///
    /// # Errors
    /// `forbidden`, `not-found`, `precondition-failed`.
    pub async fn unpublish(&self, id: PhotoId) -> Result<Photo, ClientError> {
        self.client.call(&self.action(id, "unpublish")?).await?.json()
    }

    /// Puts a photo in the trash, from where it can be [restored](Self::restore) for a while.
    ///
    /// # Errors
    /// `forbidden`, `not-found`, `precondition-failed`.
    pub async fn delete(&self, id: PhotoId) -> Result<(), ClientError> {
        let call = Call::delete("photos").segment(&id).if_match(self.version)?;
        self.client.call(&call).await.map(drop)
    }

    /// Takes a photo out of the trash.
    ///
    /// # Errors
    /// `not-found` if it is not there, or no longer.
    pub async fn restore(&self, id: PhotoId) -> Result<Photo, ClientError> {
        let call = Call::post("photos")
            .segment(&id)
            .segment(&"restore")
            .if_match(self.version)?;
        self.client.call(&call).await?.json()
    }

    fn action(&self, id: PhotoId, verb: &str) -> Result<Call, ClientError> {
        Call::post("photos")
            .segment(&id)
            .segment(&verb)
            .repeatable()
            .if_match(self.version)
    }

    /// Uploads 1–50 photos in one call. `idempotency_key` is as in [`NewPhoto::idempotency_key`], for all of them.
    ///
    /// # Errors
    /// `batch-rejected` with the problem's `results` if `mode` is atomic and one cannot be created.
    pub async fn create_batch(
        &self,
        photos: &[NewPhoto],
        mode: BatchMode,
        idempotency_key: Option<&str>,
    ) -> Result<BatchResponse, ClientError> {
        let key = key(idempotency_key)?;
        let mut form = Form::new(&key, photos.first().and_then(|photo| photo.progress.clone()));
        let part = |index: usize| format!("file{index}");
        let items: Vec<_> = photos
            .iter()
            .enumerate()
            .map(|(index, photo)| BatchCreateItem {
                image: part(index),
                name: photo.name.clone(),
                caption: photo.caption.clone(),
                draft: Some(photo.draft),
            })
            .collect();
        let items = serde_json::to_string(&items)
            .map_err(|error| ClientError::Invalid(format!("the batch cannot be sent: {error}")))?;
        form.json("items", &items);
        for (index, photo) in photos.iter().enumerate() {
            form.file(&part(index), &photo.source).await?;
        }
        let call = Call::post("photos/batch")
            .query(&BatchQuery { mode })?
            .form(&key, form.finish())?;
        self.client.call(&call).await?.json()
    }

    /// Changes 1–50 photos.
    ///
    /// # Errors
    /// `batch-rejected` with the problem's `results` if `mode` is atomic and one cannot be changed.
    pub async fn update_batch(
        &self,
        items: Vec<BatchEdit>,
        mode: BatchMode,
    ) -> Result<BatchResponse, ClientError> {
        let call = Call::patch("photos/batch")
            .query(&BatchQuery { mode })?
            .json(&BatchEditRequest { items })?;
        self.client.call(&call).await?.json()
    }

    /// Puts 1–50 photos in the trash.
    ///
    /// # Errors
    /// As [`update_batch`](Self::update_batch).
    pub async fn delete_batch(&self, ids: &[PhotoId], mode: BatchMode) -> Result<BatchResponse, ClientError> {
        self.batch("delete", ids, mode, false).await
    }

    /// Takes 1–50 photos out of the trash.
    ///
    /// # Errors
    /// As [`update_batch`](Self::update_batch).
    pub async fn restore_batch(
        &self,
        ids: &[PhotoId],
        mode: BatchMode,
    ) -> Result<BatchResponse, ClientError> {
        self.batch("restore", ids, mode, false).await
    }

    /// Publishes 1–50 photos.
    ///
    /// # Errors
    /// As [`update_batch`](Self::update_batch).
    pub async fn publish_batch(
        &self,
        ids: &[PhotoId],
        mode: BatchMode,
    ) -> Result<BatchResponse, ClientError> {
        self.batch("publish", ids, mode, true).await
    }

    /// Makes 1–50 photos drafts again.
    ///
    /// # Errors
    /// As [`update_batch`](Self::update_batch).
    pub async fn unpublish_batch(
        &self,
        ids: &[PhotoId],
        mode: BatchMode,
    ) -> Result<BatchResponse, ClientError> {
        self.batch("unpublish", ids, mode, true).await
    }

    async fn batch(
        &self,
        verb: &str,
        ids: &[PhotoId],
        mode: BatchMode,
        repeatable: bool,
    ) -> Result<BatchResponse, ClientError> {
        let call = Call::post("photos/batch")
            .segment(&verb)
            .query(&BatchQuery { mode })?;
        let call = call.json(&BatchIds { ids: ids.to_vec() })?;
        let call = if repeatable { call.repeatable() } else { call };
        self.client.call(&call).await?.json()
    }

    /// A picture of a photo. `preset` may have an extension, `.jpg` or `.webp`, that decides the format.
    ///
    /// # Errors
    /// `not-found` for a preset or a photo that is not there to see.
    pub async fn image(&self, id: PhotoId, preset: &str) -> Result<Image, ClientError> {
        let call = Call::get("photos")
            .segment(&id)
            .segment(&"images")
            .segment(&preset);
        let reply = self.client.call(&call).await?;
        let content_type = reply
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        Ok(Image {
            content_type: content_type.unwrap_or_default().to_owned(),
            bytes: reply.body,
            headers: reply.headers,
        })
    }
}

/// Pages from the one that the query `begin` gives, to the last.
fn pages(client: Client, begin: String) -> impl Stream<Item = Result<PhotoPage, ClientError>> + Send {
    stream::try_unfold(Some(begin), move |query| {
        let client = client.clone();
        async move {
            let Some(query) = query else { return Ok(None) };
            let page: PhotoPage = client
                .call(&Call::get("photos").raw_query(Some(query.clone())))
                .await?
                .json()?;
            let next = match &page.next {
                None => None,
                Some(next) => Some(query_of(&client, next).filter(|next| *next != query).ok_or_else(
                    || {
                        ClientError::Invalid(format!(
                            "the service's link to the next page leads nowhere: {next}"
                        ))
                    },
                )?),
            };
            Ok(Some((page, next)))
        }
    })
}

fn query_of(client: &Client, link: &str) -> Option<String> {
    let link: Url = client.base_url().join(link).ok()?;
    link.query().map(str::to_owned)
}
