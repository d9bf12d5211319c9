//! The history: a row for every change, written in the transaction of the change.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::connection::AnyConnection;
use super::records::{AuditRecord, read};
use super::run::Step;
use super::schema::audit;
use super::{Db, DbError};
use crate::domain::time::from_micros;
use crate::domain::{Actor, PhotoId, Timestamp, UserId, Via};

/// What is done: first to photos, then to users, then to the service.
pub const ACTIONS: [&str; 14] = [
    "create",
    "edit",
    "publish",
    "unpublish",
    "delete",
    "restore",
    "expire",
    "create-user",
    "password",
    "flags",
    "login",
    "logout",
    "end-sessions",
    "fsck",
];

/// Entries that are looked at in one go, and for one page.
const PART: u32 = 500;
const MOST: u32 = 20_000;

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
    /// What: one of [`ACTIONS`].
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

/// A part of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// What this actor did.
    pub actor: Option<String>,
    /// What came by this way.
    pub via: Option<Via>,
    /// What was of this kind.
    pub action: Option<String>,
    /// Only entries older than this one.
    pub before: Option<String>,
}

/// A page of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// The entry before which older ones are, if there may be some.
    pub next: Option<String>,
    /// Entries that were looked through without filling the page, which therefore ends early.
    pub looked_through: Option<u32>,
}

impl AuditQuery {
    fn has(&self, entry: &AuditEntry) -> bool {
        self.via.is_none_or(|via| via == entry.via)
            && self.action.as_ref().is_none_or(|action| *action == entry.action)
    }
}

impl Db {
    /// The history of everything, filtered, newest first: a page of up to `limit` entries, which ends early where few are found
    /// among many.
    pub async fn browse_audit(&self, query: &AuditQuery, limit: u32) -> Result<AuditPage, DbError> {
        let query = query.clone();
        self.read(move |connection| {
            let want = usize::try_from(limit).unwrap_or(usize::MAX);
            let (mut entries, mut before, mut looked) = (Vec::new(), query.before.clone(), 0);
            loop {
                let part = PART.max(limit + 1);
                let found = entries_of(
                    connection,
                    AuditOf::All,
                    query.actor.as_ref(),
                    before.as_ref(),
                    part,
                )?;
                let has_ended = u32::try_from(found.len()).unwrap_or(u32::MAX) < part;
                for entry in found {
                    looked += 1;
                    if query.has(&entry) {
                        if entries.len() == want {
                            return Ok(AuditPage {
                                entries,
                                next: before,
                                looked_through: None,
                            });
                        }
                        entries.push(entry.clone());
                    }
                    before = Some(entry.id);
                }
                if has_ended || looked >= MOST {
                    let stopped = !has_ended;
                    return Ok(AuditPage {
                        entries,
                        next: before.filter(|_| stopped),
                        looked_through: stopped.then_some(looked),
                    });
                }
            }
        })
        .await
    }

    /// The history, newest first: up to `limit` entries older than the entry `before`.
    pub async fn list_audit(
        &self,
        of: AuditOf,
        before: Option<String>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, DbError> {
        self.read(move |connection| entries_of(connection, of, None, before.as_ref(), limit))
            .await
    }
}

/// Entries that are read to find the names of photos that are gone.
const NAMING: i64 = 5_000;

impl Db {
    /// The last names of photos, as their histories have them: also of those that are gone.
    pub async fn last_names(&self, photos: &[PhotoId]) -> Result<BTreeMap<PhotoId, String>, DbError> {
        let ids: Vec<String> = photos.iter().map(PhotoId::to_string).collect();
        self.read(move |connection| {
            let mut names = BTreeMap::new();
            for part in ids.chunks(500) {
                let records: Vec<AuditRecord> = audit::table
                    .filter(audit::photo_id.eq_any(part))
                    .filter(audit::action.eq_any(["create", "edit", "expire"]))
                    .order(audit::id.desc())
                    .limit(NAMING)
                    .load(connection)?;
                for record in records {
                    let entry = AuditEntry::try_from(record)?;
                    if let (Some(id), Some(name)) = (entry.photo_id, entry.name()) {
                        names.entry(id).or_insert_with(|| name.to_owned());
                    }
                }
            }
            Ok(names)
        })
        .await
    }
}

impl AuditEntry {
    /// The name that a photo had after the change; of a photo that was removed, the one that it had until then.
    fn name(&self) -> Option<&str> {
        let values = self.changes.get("name")?.as_array()?;
        values.iter().rev().find_map(Value::as_str)
    }
}

fn entries_of(
    connection: &mut AnyConnection,
    of: AuditOf,
    actor: Option<&String>,
    before: Option<&String>,
    limit: u32,
) -> Step<Vec<AuditEntry>> {
    let mut query = audit::table
        .order(audit::id.desc())
        .limit(i64::from(limit))
        .into_boxed();
    match of {
        AuditOf::All => {}
        AuditOf::Photo(id) => query = query.filter(audit::photo_id.eq(id.to_string())),
        AuditOf::User(id) => query = query.filter(audit::user_id.eq(id.to_string())),
    }
    if let Some(actor) = actor {
        query = query.filter(audit::actor.eq(actor.clone()));
    }
    if let Some(before) = before {
        query = query.filter(audit::id.lt(before.clone()));
    }
    let records: Vec<AuditRecord> = query.load(connection)?;
    Ok(records
        .into_iter()
        .map(AuditEntry::try_from)
        .collect::<Result<_, _>>()?)
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
    Service,
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
        Subject::Service => (None, None),
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
