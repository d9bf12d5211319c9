//! Who does something, and by which way: what the audit says.

use std::fmt;
use std::str::FromStr;

use super::{SessionId, UserId};

/// Somebody who acts. Policy looks at the flags, the audit keeps the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user_id: UserId,
    /// The user's name, kept in the audit even if the user is gone one day.
    pub username: String,
    /// May see, change, delete and restore everybody's photos.
    pub is_staff: bool,
    /// May also grant and take flags.
    pub is_superuser: bool,
    /// The way by which the call came.
    pub via: Via,
    /// Id of the request, as in its log line.
    pub request_id: Option<String>,
    /// The session of the call, if it has one.
    pub session_id: Option<SessionId>,
}

/// By which way a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// A call about one resource.
    Api,
    /// A batch call.
    Batch,
    /// The admin pages.
    Admin,
    /// The command line.
    Cli,
    /// The service itself, such as the sweeper.
    System,
}

impl Via {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::Api, Self::Batch, Self::Admin, Self::Cli, Self::System];

    /// The word in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Batch => "batch",
            Self::Admin => "admin",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Via {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|via| via.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no way of an actor"))
    }
}
