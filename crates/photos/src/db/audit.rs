//! The history: a row for every change, written in the transaction of the change.

use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::connection::AnyConnection;
use super::records::{AuditRecord, read};
use super::schema::audit;
use super::{Db, DbError};
use crate::domain::time::from_micros;
use crate::domain::{Actor, PhotoId, Timestamp, UserId, Via};

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
    pub changes: Value,
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
        self.read(move |connection| {
            let mut query = audit::table
                .order(audit::id.desc())
                .limit(i64::from(limit))
                .into_boxed();
            match of {
                AuditOf::All => {}
                AuditOf::Photo(id) => query = query.filter(audit::photo_id.eq(id.to_string())),
                AuditOf::User(id) => query = query.filter(audit::user_id.eq(id.to_string())),
            }
            if let Some(before) = &before {
                query = query.filter(audit::id.lt(before.clone()));
            }
            let records: Vec<AuditRecord> = query.load(connection)?;
            Ok(records
                .into_iter()
                .map(AuditEntry::try_from)
                .collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl TryFrom<AuditRecord> for AuditEntry {
    type Error = DbError;

    fn try_from(record: AuditRecord) -> Result<Self, DbError> {
        Ok(Self {
            at: from_micros(record.at),
            actor_id: record.actor_id.map(|id| read("user id", &id)).transpose()?,
            actor: record.actor,
            via: read("way", &record.via)?,
            request_id: record.request_id,
            action: record.action,
            photo_id: record.photo_id.map(|id| read("photo id", &id)).transpose()?,
            user_id: record.user_id.map(|id| read("user id", &id)).transpose()?,
            changes: serde_json::from_str(&record.changes)
                .map_err(|_| DbError::Fault(format!("the audit entry {} is damaged", record.id)))?,
            id: record.id,
        })
    }
}

/// What an entry is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    Photo(PhotoId),
    User(UserId),
}

/// Writes an entry; no actor is the service itself.
pub(super) fn record(
    connection: &mut AnyConnection,
    actor: Option<&Actor>,
    action: &str,
    subject: Subject,
    changes: &Value,
    at: Timestamp,
) -> QueryResult<()> {
    let (photo_id, user_id) = match subject {
        Subject::Photo(id) => (Some(id.to_string()), None),
        Subject::User(id) => (None, Some(id.to_string())),
    };
    let entry = AuditRecord {
        id: Uuid::now_v7().to_string(),
        at: at.as_microsecond(),
        actor_id: actor.map(|actor| actor.user_id.to_string()),
        actor: actor.map_or_else(|| "system".to_owned(), |actor| actor.username.clone()),
        via: actor.map_or(Via::System, |actor| actor.via).to_string(),
        request_id: actor.and_then(|actor| actor.request_id.clone()),
        action: action.to_owned(),
        photo_id,
        user_id,
        changes: changes.to_string(),
    };
    diesel::insert_into(audit::table)
        .values(&entry)
        .execute(connection)
        .map(drop)
}
