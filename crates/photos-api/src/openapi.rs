//! Multipart forms, which exist for the OpenAPI document alone: the service streams their parts.

use utoipa::ToSchema;

use crate::BatchCreateItem;

/// Form of `POST /photos`.
#[derive(Debug, ToSchema)]
pub struct PhotoForm {
    /// The file: JPEG, PNG, WebP or GIF.
    #[schema(value_type = String, format = Binary)]
    pub image: Vec<u8>,
    /// 1–100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Up to 2,200 characters.
    #[schema(max_length = 2200, nullable = false)]
    pub caption: Option<String>,
    /// By default published at once.
    #[schema(nullable = false)]
    pub draft: Option<bool>,
}

/// Form of `POST /photos/batch`: `items` first, then a file part for each, named as its `image` says.
#[derive(Debug, ToSchema)]
pub struct BatchForm {
    /// JSON.
    #[schema(min_items = 1, max_items = 50)]
    pub items: Vec<BatchCreateItem>,
}
