//! Flags of users: who may grant and take them, and that there is always a superuser.

use diesel::prelude::*;
use serde_json::json;

use super::Db;
use super::audit::{self, Subject};
use super::connection::AnyConnection;
use super::records::UserRecord;
use super::run::{Abort, Step};
use super::schema::users;
use super::sessions::end_sessions;
use super::sql::{Sql, locking};
use super::users::{ChangeUserError, User, UserFlags};
use crate::domain::{Actor, Timestamp, UserId, policy};

impl Db {
    /// Sets flags. Staff may, but for superusers and the flag of superusers, which are a superuser's; nobody takes the last
    /// active superuser, or the flag of staff from it. Taking `active` ends the user's sessions. Setting what is set changes nothing.
    pub async fn set_user_flags(
        &self,
        actor: &Actor,
        user: UserId,
        flags: UserFlags,
        now: Timestamp,
    ) -> Result<User, ChangeUserError> {
        let actor = actor.clone();
        self.write_or(move |connection| change_flags(connection, &actor, user, flags, now))
            .await?
    }
}

fn change_flags(
    connection: &mut AnyConnection,
    actor: &Actor,
    id: UserId,
    flags: UserFlags,
    now: Timestamp,
) -> Step<User, ChangeUserError> {
    // All of them, so that two replicas cannot take the last two at once.
    let superusers = superusers(connection, locking(connection, " FOR NO KEY UPDATE"))?;
    let before = lock_user(connection, id)?;
    let mut after = before.clone();
    after.is_staff = flags.is_staff.unwrap_or(before.is_staff);
    after.is_superuser = flags.is_superuser.unwrap_or(before.is_superuser);
    after.active = flags.active.unwrap_or(before.active);
    if !policy::may_administer(actor, before.is_superuser || after.is_superuser) {
        return Err(Abort::Undo(ChangeUserError::Forbidden));
    }
    if after == before {
        return Ok(after);
    }
    // Without the flag of staff there is no way into the admin, which is where flags are set.
    let keeps_power = after.is_superuser && after.is_staff && after.active;
    if !keeps_power && superusers.as_slice() == [id.to_string()] {
        return Err(Abort::Undo(ChangeUserError::LastSuperuser));
    }
    diesel::update(users::table.find(id.to_string()))
        .set((
            users::is_staff.eq(after.is_staff),
            users::is_superuser.eq(after.is_superuser),
            users::active.eq(after.active),
        ))
        .execute(connection)?;
    if !after.active {
        end_sessions(connection, id, None, now)?;
    }
    let mut changes = serde_json::Map::new();
    for (field, old, new) in [
        ("is_staff", before.is_staff, after.is_staff),
        ("is_superuser", before.is_superuser, after.is_superuser),
        ("active", before.active, after.active),
    ] {
        if old != new {
            changes.insert(field.to_owned(), json!([old, new]));
        }
    }
    audit::record(
        connection,
        Some(actor),
        "flags",
        Subject::User(id),
        &changes.into(),
        now,
    )?;
    Ok(after)
}

/// Ids of the active superusers who are staff.
pub(super) fn superusers(connection: &mut AnyConnection, locking: &'static str) -> QueryResult<Vec<String>> {
    Sql::<(diesel::sql_types::Text,)>::new("SELECT id FROM users WHERE is_superuser = ")
        .bind(true)
        .sql(" AND is_staff = ")
        .bind(true)
        .sql(" AND active = ")
        .bind(true)
        .sql(" ORDER BY id")
        .sql(locking)
        .load::<(String,)>(connection)
        .map(|ids| ids.into_iter().map(|(id,)| id).collect())
}

/// A user, whom nobody else changes until the transaction ends.
pub(super) fn lock_user(connection: &mut AnyConnection, id: UserId) -> Step<User, ChangeUserError> {
    let locking = locking(connection, " FOR NO KEY UPDATE");
    Sql::<()>::new("SELECT 1 FROM users WHERE id = ")
        .bind(id)
        .sql(locking)
        .execute(connection)?;
    let record: Option<UserRecord> = users::table.find(id.to_string()).first(connection).optional()?;
    match record {
        Some(record) => Ok(record.try_into()?),
        None => Err(Abort::Undo(ChangeUserError::NotFound)),
    }
}
