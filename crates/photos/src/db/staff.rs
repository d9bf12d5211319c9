//! Sessions of the admin: one login of a member of staff in one browser. They are sessions like all others, so that whatever
//! ends those ends these; the browser's token is kept as its SHA-256 and is never exchanged.

use diesel::prelude::*;
use serde_json::json;

use super::audit::{self, Subject};
use super::connection::AnyConnection;
use super::flags::lock_user;
use super::records::{SessionRecord, UserRecord};
use super::run::{Abort, Step};
use super::schema::{refresh_tokens, sessions, users};
use super::sessions::{NewSession, Session, end, end_sessions, note_end, open};
use super::users::{ChangeUserError, User};
use super::{Db, DbError};
use crate::domain::{Actor, SessionId, Timestamp, UserId, policy};

/// Who comes with a token: an active user, staff or not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSession {
    /// The user, as it is now.
    pub user: User,
    /// The session.
    pub session: Session,
}

impl Db {
    /// Opens a session of the admin, audited as `login`. None if the user is gone or was deactivated meanwhile.
    pub async fn open_staff_session(
        &self,
        actor: &Actor,
        new: NewSession,
        now: Timestamp,
    ) -> Result<Option<Session>, DbError> {
        let actor = actor.clone();
        self.write(move |connection| {
            let session = open(connection, &new, now)?;
            if session.is_some() {
                let changes = json!({ "address": [null, new.address] });
                let subject = Subject::User(new.user_id);
                audit::record(connection, Some(&actor), "login", subject, &changes, now)?;
            }
            Ok(session)
        })
        .await
    }

    /// Who comes with a token of this hash, if the session goes on at `now` and the user is active: one indexed query.
    pub async fn staff_session(&self, hash: &str, now: Timestamp) -> Result<Option<StaffSession>, DbError> {
        let hash = hash.to_owned();
        self.read(move |connection| {
            let found: Option<(SessionRecord, UserRecord)> = refresh_tokens::table
                .inner_join(sessions::table.inner_join(users::table))
                .filter(refresh_tokens::hash.eq(&hash))
                .filter(refresh_tokens::used_at.is_null())
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(now.as_microsecond()))
                .filter(users::active.eq(true))
                .select((sessions::all_columns, users::all_columns))
                .first(connection)
                .optional()?;
            let Some((session, user)) = found else {
                return Ok(None);
            };
            Ok(Some(StaffSession {
                user: user.try_into()?,
                session: session.try_into()?,
            }))
        })
        .await
    }

    /// Notes that a session that goes on was used, and lets it go on until `expires_at`.
    pub async fn use_session(
        &self,
        session: SessionId,
        address: String,
        user_agent: String,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), DbError> {
        self.write(move |connection| {
            diesel::update(
                sessions::table
                    .find(session.to_string())
                    .filter(sessions::ended_at.is_null()),
            )
            .set((
                sessions::last_used_at.eq(now.as_microsecond()),
                sessions::expires_at.eq(expires_at.as_microsecond()),
                sessions::address.eq(&address),
                sessions::user_agent.eq(&user_agent),
            ))
            .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Ends the actor's own session, audited as `logout`.
    pub async fn close_staff_session(
        &self,
        actor: &Actor,
        session: SessionId,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let actor = actor.clone();
        self.write(move |connection| {
            if end(connection, &session.to_string(), now)? > 0 {
                let subject = Subject::User(actor.user_id);
                audit::record(connection, Some(&actor), "logout", subject, &json!({}), now)?;
            }
            Ok(())
        })
        .await
    }

    /// Ends one session of a user, or all, but never the one that the actor speaks from. Audited as `end-sessions`. Says how
    /// many went on.
    pub async fn end_sessions_of(
        &self,
        actor: &Actor,
        user: UserId,
        only: Option<SessionId>,
        now: Timestamp,
    ) -> Result<u64, ChangeUserError> {
        let actor = actor.clone();
        self.write_or(move |connection| end_of(connection, &actor, user, only, now))
            .await?
    }
}

fn end_of(
    connection: &mut AnyConnection,
    actor: &Actor,
    user: UserId,
    only: Option<SessionId>,
    now: Timestamp,
) -> Step<u64, ChangeUserError> {
    let found = lock_user(connection, user)?;
    if actor.user_id != user && !policy::may_administer(actor, found.is_superuser) {
        return Err(Abort::Undo(ChangeUserError::Forbidden));
    }
    let ended = match only {
        Some(session) if Some(session) == actor.session_id => 0,
        Some(session) => diesel::update(
            sessions::table
                .find(session.to_string())
                .filter(sessions::user_id.eq(user.to_string()))
                .filter(sessions::ended_at.is_null()),
        )
        .set(sessions::ended_at.eq(now.as_microsecond()))
        .execute(connection)?,
        None => end_sessions(connection, user, actor.session_id, now)?,
    };
    note_end(connection, Some(actor), user, ended, now)?;
    Ok(ended as u64)
}
