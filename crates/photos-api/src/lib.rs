//! Requests, responses and problem codes of the photos API: what the service and its clients share, and nothing that
//! either of them does.
//!
//! Requests refuse unknown fields; responses accept them, so that an older client reads a newer service. Times are
//! RFC 3339 in UTC with six digits of fraction ([`micros`]). The feature `openapi` derives the schemas.

mod auth;
mod batch;
mod ids;
mod limits;
pub mod micros;
#[cfg(feature = "openapi")]
mod openapi;
mod patch;
mod photo;
mod problem;
mod query;
mod user;

pub use auth::{LogoutRequest, RefreshRequest, TokenRequest, TokenResponse, TokenType};
pub use batch::{
    BatchCreateItem, BatchEdit, BatchEditRequest, BatchIds, BatchMode, BatchQuery, BatchResponse, BatchResult,
};
pub use ids::{InvalidId, PhotoId, SessionId, UserId};
pub use limits::*;
#[cfg(feature = "openapi")]
pub use openapi::{BatchForm, PhotoForm};
pub use photo::{ImageFormat, ImageLink, Owner, Photo, PhotoEdit, PhotoPage, TagCount, TagList};
pub use problem::{FieldError, Problem, ProblemCode};
pub use query::{InvalidOrdering, OWNER_ME, Ordering, PhotosQuery, TagsQuery};
pub use user::{PasswordChange, Registration, Session, SessionList, User};
