//! Requests, responses and problem codes of the photos API.
