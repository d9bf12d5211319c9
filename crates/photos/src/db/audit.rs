//! The history: a row for every change, written in the transaction of the change.

use super::{Db, DbError};
use crate::domain::{PhotoId, Timestamp, UserId, Via};

/// One change: who, when, what.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Id, which ascends with time.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who; none for the service itself.
    pub actor_id: Option<UserId>,
    /// The actor's name at that time.
    pub actor: String,
    /// By which way.
    pub via: Via,
    /// Id of the request.
    pub request_id: Option<String>,
    /// What: `create`, `edit`, `publish`, `unpublish`, `delete`, `restore`, `expire`, `create-user`, `password`, `flags`.
    pub action: String,
    /// The photo that changed.
    pub photo_id: Option<PhotoId>,
    /// The user that changed.
    pub user_id: Option<UserId>,
    /// Field → `[before, after]`.
    pub changes: serde_json::Value,
}

/// Whose history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOf {
    /// Everything.
    All,
    /// One photo.
    Photo(PhotoId),
    /// One user's account.
    User(UserId),
}

impl Db {
    /// The history, newest first: up to `limit` entries older than the entry `before`.
    pub async fn list_audit(
        &self,
        of: AuditOf,
        before: Option<String>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, DbError> {
        let _ = (of, before, limit);
        Err(self.not_yet())
    }
}
