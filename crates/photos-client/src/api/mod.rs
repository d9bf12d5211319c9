//! What a client can do, by resource.

mod auth;
mod photos;
mod picture;
mod upload;
mod users;

pub use auth::Auth;
pub use photos::{Image, Photos};
pub use picture::{ImageRequest, ImageStream};
pub(crate) use upload::ImageSource;
pub use upload::{NewPhoto, Progress};
pub use users::Users;
