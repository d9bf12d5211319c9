//! The typed client of the photos API.
