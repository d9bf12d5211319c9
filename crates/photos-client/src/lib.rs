//! The typed client of the photos API.
//!
//! A [`Client`] logs in, refreshes its tokens silently, repeats what may be repeated and gives refusals as typed
//! [problems](photos_api::Problem). It is cheap to clone; clones share connections and the login.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use photos_client::{Client, NewPhoto, PhotosQuery};
//!
//! # async fn example() -> Result<(), photos_client::ClientError> {
//! let client = Client::new("http://127.0.0.1:8080")?;
//! client.auth().login("ann", "correct horse battery").await?;
//!
//! let photo = client.photos().create(NewPhoto::from_path("pier.jpg").caption("at #dawn").draft(true)).await?;
//! client.photos().publish(photo.id).await?;
//!
//! let mine = PhotosQuery { owner: Some("me".into()), ..PhotosQuery::default() };
//! let mut pages = std::pin::pin!(client.photos().list(mine));
//! while let Some(page) = pages.try_next().await? {
//!     for photo in page.results {
//!         println!("{} {}", photo.id, photo.name);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod api;
mod client;
#[cfg(feature = "e2e")]
pub mod e2e;
mod error;
mod form;
mod resolve;
mod retry;
mod send;
mod session;
mod store;
mod watch;

pub use api::{Auth, Image, ImageRequest, ImageStream, NewPhoto, Photos, Progress, Users};
pub use client::{Client, ClientBuilder};
pub use error::ClientError;
pub use photos_api as types;
pub use photos_api::{
    BatchEdit, BatchMode, BatchResponse, BatchResult, Ordering, Photo, PhotoEdit, PhotoId, PhotoPage,
    PhotosQuery, Problem, ProblemCode, Session, SessionId, TagCount, User, UserId,
};
pub use retry::RetryPolicy;
pub use store::{FileStore, MemoryStore, StoreGuard, TokenStore, TokenStoreError, Tokens};

/// The examples of `doc/client.md`, so that they are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../doc/client.md")]
pub struct ClientPage;
