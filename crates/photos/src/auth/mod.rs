//! Who is calling: passwords, access tokens, refresh tokens and the login throttle. Knows nothing of photos or routes.

mod hs256;
pub mod passwords;
pub mod refresh;
pub mod throttle;
pub mod tokens;
