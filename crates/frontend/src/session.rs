//! The session of a browser: its tokens of the photos service, sealed in a cookie. Nothing is kept here, so that any
//! replica serves any browser.

use jiff::Timestamp;
use photos_client::Tokens;
use serde::{Deserialize, Serialize};

use crate::seal::{SealError, Seals};

const PURPOSE: &str = "session";
/// An access token that is good for less is exchanged first, so that it does not expire on the way.
const SPARE_SECONDS: i64 = 30;

/// A login, as a browser keeps it for us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Random, the same from login to logout: forms are bound to it.
    pub(crate) id: String,
    /// Whether everybody's photos may be changed.
    pub(crate) staff: bool,
    /// What the photos service knows the user by.
    pub(crate) tokens: Tokens,
}

impl Session {
    pub(crate) fn seal(&self, seals: &Seals) -> Result<String, SealError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError)?;
        seals.seal(PURPOSE, &plain)
    }

    pub(crate) fn open(seals: &Seals, sealed: &str) -> Option<Self> {
        serde_json::from_slice(&seals.open(PURPOSE, sealed)?).ok()
    }

    pub(crate) fn username(&self) -> &str {
        &self.tokens.username
    }

    /// Whether the access token is still good for a call.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.tokens.access_expires_at.duration_since(now).as_secs() > SPARE_SECONDS
    }

    /// Seconds until nothing can be done with it any more.
    pub(crate) fn seconds_left(&self, now: Timestamp) -> i64 {
        self.tokens
            .refresh_expires_at
            .duration_since(now)
            .as_secs()
            .max(0)
    }

    /// Whether the access token is good for nothing any more.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.tokens.access_expires_at <= now
    }

    /// The tokens without the one that may be used only once, for a client that is not to exchange them by itself:
    /// that is for [`crate::renewal`] alone. Whether the access token is good is for the photos service to say.
    pub(crate) fn access_only(&self) -> Tokens {
        Tokens {
            refresh_token: None,
            access_expires_at: Timestamp::MAX,
            ..self.tokens.clone()
        }
    }
}
