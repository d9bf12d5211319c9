//! Sessions and their refresh tokens. A session is a family of tokens: one login on one device.

use diesel::prelude::*;
use serde_json::json;

use super::audit::{self, Subject};
use super::connection::AnyConnection;
use super::records::{SessionRecord, TokenRecord, UserRecord, read};
use super::run::Step;
use super::schema::{refresh_tokens, sessions, users};
use super::sql::{Sql, locking};
use super::users::User;
use super::{Db, DbError};
use crate::domain::time::from_micros;
use crate::domain::{Actor, SessionId, Timestamp, UserId, Via};

/// A session that was not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Id; access tokens carry it.
    pub id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// When the login was.
    pub created_at: Timestamp,
    /// When its refresh token was last used, or the login.
    pub last_used_at: Timestamp,
    /// When its newest refresh token expires, and with it the session.
    pub expires_at: Timestamp,
    /// Address of the last use.
    pub address: String,
    /// User agent of the last use.
    pub user_agent: String,
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose session it is.
    pub user_id: UserId,
    /// Address of the login.
    pub address: String,
    /// User agent of the login.
    pub user_agent: String,
    /// SHA-256 of the first refresh token, in hexadecimal.
    pub refresh_hash: String,
    /// When that token expires.
    pub expires_at: Timestamp,
}

/// A refresh token that is presented, and the one to give instead.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// SHA-256 of the presented token, in hexadecimal.
    pub old_hash: String,
    /// SHA-256 of the next token, in hexadecimal.
    pub new_hash: String,
    /// When the next token expires.
    pub expires_at: Timestamp,
    /// Address of the caller.
    pub address: String,
    /// User agent of the caller.
    pub user_agent: String,
}

/// What became of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The next token is valid now, the presented one never again.
    Rotated(Session, User),
    /// It was used before: its session is ended now, with every token of it.
    Reused,
    /// There is no such token, or its session was ended, or its user is not active.
    Unknown,
    /// It was not used in time.
    Expired,
}

/// Who makes a call: an active user in a session that was not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user, as it is now.
    pub user: User,
    /// The session.
    pub session_id: SessionId,
}

impl Db {
    /// Opens a session. None if the user is gone or was deactivated meanwhile.
    pub async fn open_session(&self, new: NewSession, now: Timestamp) -> Result<Option<Session>, DbError> {
        self.write(move |connection| open(connection, &new, now)).await
    }

    /// Exchanges a refresh token. Of any number of calls with one token, on any number of replicas, one gets the next token;
    /// every later one ends the session.
    pub async fn rotate_refresh(&self, refresh: Refresh, now: Timestamp) -> Result<Rotation, DbError> {
        self.write(move |connection| rotate(connection, &refresh, now))
            .await
    }

    /// The user of a session, if the session goes on and the user is active: one indexed query.
    pub async fn authenticate(&self, session: SessionId) -> Result<Option<Principal>, DbError> {
        self.read(move |connection| {
            let user: Option<UserRecord> = sessions::table
                .inner_join(users::table)
                .filter(sessions::id.eq(session.to_string()))
                .filter(sessions::ended_at.is_null())
                .filter(users::active.eq(true))
                .select(users::all_columns)
                .first(connection)
                .optional()?;
            let Some(user) = user else { return Ok(None) };
            Ok(Some(Principal {
                user: user.try_into()?,
                session_id: session,
            }))
        })
        .await
    }

    /// The sessions of a user that go on at `now`, last used first.
    pub async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, DbError> {
        self.read(move |connection| {
            let records: Vec<SessionRecord> = sessions::table
                .filter(sessions::user_id.eq(user.to_string()))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(now.as_microsecond()))
                .order((sessions::last_used_at.desc(), sessions::id.desc()))
                .load(connection)?;
            Ok(records
                .into_iter()
                .map(Session::try_from)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Ends a session of a user, audited as `end-sessions`; without an actor the service itself does it. Says whether there was
    /// one.
    pub async fn end_session(
        &self,
        actor: Option<&Actor>,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let actor = actor.cloned();
        self.write(move |connection| {
            let ended = diesel::update(
                sessions::table
                    .find(session.to_string())
                    .filter(sessions::user_id.eq(user.to_string()))
                    .filter(sessions::ended_at.is_null())
                    .filter(sessions::expires_at.gt(now.as_microsecond())),
            )
            .set(sessions::ended_at.eq(now.as_microsecond()))
            .execute(connection)?;
            note_end(connection, actor.as_ref(), user, ended, now)?;
            Ok(ended > 0)
        })
        .await
    }

    /// Ends every session of the actor, audited as `end-sessions`. Says how many.
    pub async fn end_all_sessions(&self, actor: &Actor, now: Timestamp) -> Result<u64, DbError> {
        let actor = actor.clone();
        self.write(move |connection| {
            let user = actor.user_id;
            let ended = end_sessions(connection, user, None, now)?;
            note_end(connection, Some(&actor), user, ended, now)?;
            Ok(ended as u64)
        })
        .await
    }

    /// Ends the session that a refresh token belongs to, used or not: who has the token is its user, and is so audited, as
    /// `end-sessions`. Says whether there was one that went on.
    pub async fn end_session_by_refresh(
        &self,
        hash: &str,
        request_id: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let (hash, request_id) = (hash.to_owned(), request_id.to_owned());
        self.write(move |connection| {
            let token: Option<TokenRecord> =
                refresh_tokens::table.find(&hash).first(connection).optional()?;
            let Some(token) = token else { return Ok(false) };
            let session: SessionRecord = sessions::table.find(&token.session_id).first(connection)?;
            let session = Session::try_from(session)?;
            let user: UserRecord = users::table.find(session.user_id.to_string()).first(connection)?;
            let actor = User::try_from(user)?.acting(Via::Api, Some(session.id), Some(request_id.clone()));
            let ended = end(connection, &token.session_id, now)?;
            note_end(connection, Some(&actor), session.user_id, ended, now)?;
            Ok(ended > 0)
        })
        .await
    }

    /// Deletes sessions that expired at or before `before`, with their tokens, at most `limit`. Says how many.
    pub async fn sweep_sessions(&self, before: Timestamp, limit: u32) -> Result<u64, DbError> {
        self.write(move |connection| {
            let locking = locking(connection, " FOR UPDATE SKIP LOCKED");
            let deleted = Sql::<()>::new(
                "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ",
            )
            .bind(before)
            .sql(" ORDER BY expires_at LIMIT ")
            .bind(i64::from(limit))
            .sql(locking)
            .sql(")")
            .execute(connection)?;
            Ok(deleted as u64)
        })
        .await
    }
}

/// Opens a session, if the user is active.
pub(super) fn open(
    connection: &mut AnyConnection,
    new: &NewSession,
    now: Timestamp,
) -> Step<Option<Session>> {
    // Locked, so that a deactivation either comes first or ends this session too.
    let locking = locking(connection, " FOR SHARE");
    let active = Sql::<(diesel::sql_types::Bool,)>::new("SELECT active FROM users WHERE id = ")
        .bind(new.user_id)
        .sql(locking)
        .load::<(bool,)>(connection)?;
    if active != [(true,)] {
        return Ok(None);
    }
    let record = SessionRecord {
        id: SessionId::now().to_string(),
        user_id: new.user_id.to_string(),
        created_at: now.as_microsecond(),
        last_used_at: now.as_microsecond(),
        expires_at: new.expires_at.as_microsecond(),
        ended_at: None,
        address: new.address.clone(),
        user_agent: new.user_agent.clone(),
    };
    diesel::insert_into(sessions::table)
        .values(&record)
        .execute(connection)?;
    insert_token(connection, &new.refresh_hash, &record.id, new.expires_at, now)?;
    Ok(Some(record.try_into()?))
}

fn rotate(connection: &mut AnyConnection, refresh: &Refresh, now: Timestamp) -> Step<Rotation> {
    // The condition decides: of many callers, one finds the token unused.
    let taken = diesel::update(
        refresh_tokens::table
            .find(&refresh.old_hash)
            .filter(refresh_tokens::used_at.is_null())
            .filter(refresh_tokens::expires_at.gt(now.as_microsecond())),
    )
    .set(refresh_tokens::used_at.eq(now.as_microsecond()))
    .execute(connection)?;
    let token: Option<TokenRecord> = refresh_tokens::table
        .find(&refresh.old_hash)
        .first(connection)
        .optional()?;
    let Some(token) = token else {
        return Ok(Rotation::Unknown);
    };
    if taken == 0 {
        if token.used_at.is_none() {
            return Ok(Rotation::Expired);
        }
        give_up(connection, &token.session_id, now)?;
        return Ok(Rotation::Reused);
    }
    let goes_on = diesel::update(
        sessions::table
            .find(&token.session_id)
            .filter(sessions::ended_at.is_null()),
    )
    .set((
        sessions::last_used_at.eq(now.as_microsecond()),
        sessions::expires_at.eq(refresh.expires_at.as_microsecond()),
        sessions::address.eq(&refresh.address),
        sessions::user_agent.eq(&refresh.user_agent),
    ))
    .execute(connection)?;
    if goes_on == 0 {
        return Ok(Rotation::Unknown);
    }
    let session: SessionRecord = sessions::table.find(&token.session_id).first(connection)?;
    let user: UserRecord = users::table.find(&session.user_id).first(connection)?;
    if !user.active {
        give_up(connection, &token.session_id, now)?;
        return Ok(Rotation::Unknown);
    }
    insert_token(
        connection,
        &refresh.new_hash,
        &token.session_id,
        refresh.expires_at,
        now,
    )?;
    Ok(Rotation::Rotated(session.try_into()?, user.try_into()?))
}

fn insert_token(
    connection: &mut AnyConnection,
    hash: &str,
    session: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> QueryResult<usize> {
    let token = TokenRecord {
        hash: hash.to_owned(),
        session_id: session.to_owned(),
        created_at: now.as_microsecond(),
        expires_at: expires_at.as_microsecond(),
        used_at: None,
    };
    diesel::insert_into(refresh_tokens::table)
        .values(&token)
        .execute(connection)
}

pub(super) fn end(connection: &mut AnyConnection, session: &str, now: Timestamp) -> QueryResult<usize> {
    diesel::update(sessions::table.find(session).filter(sessions::ended_at.is_null()))
        .set(sessions::ended_at.eq(now.as_microsecond()))
        .execute(connection)
}

/// Ends the sessions of a user that go on, but for one.
pub(super) fn end_sessions(
    connection: &mut AnyConnection,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> QueryResult<usize> {
    let keep = keep.map(|keep| keep.to_string()).unwrap_or_default();
    diesel::update(
        sessions::table
            .filter(sessions::user_id.eq(user.to_string()))
            .filter(sessions::ended_at.is_null())
            .filter(sessions::id.ne(keep)),
    )
    .set(sessions::ended_at.eq(now.as_microsecond()))
    .execute(connection)
}

/// Ends a session for the service's own reasons.
fn give_up(connection: &mut AnyConnection, session: &str, now: Timestamp) -> Step<()> {
    let ended = end(connection, session, now)?;
    let user: String = sessions::table
        .find(session)
        .select(sessions::user_id)
        .first(connection)?;
    note_end(connection, None, read("user id", &user)?, ended, now)?;
    Ok(())
}

/// Notes the end of some sessions in the history of their user.
pub(super) fn note_end(
    connection: &mut AnyConnection,
    actor: Option<&Actor>,
    user: UserId,
    ended: usize,
    now: Timestamp,
) -> QueryResult<()> {
    if ended == 0 {
        return Ok(());
    }
    let changes = json!({ "sessions": [ended, 0] });
    audit::record(
        connection,
        actor,
        "end-sessions",
        Subject::User(user),
        &changes,
        now,
    )
}

impl TryFrom<SessionRecord> for Session {
    type Error = DbError;

    fn try_from(record: SessionRecord) -> Result<Self, DbError> {
        Ok(Self {
            id: read("session id", &record.id)?,
            user_id: read("user id", &record.user_id)?,
            created_at: from_micros(record.created_at),
            last_used_at: from_micros(record.last_used_at),
            expires_at: from_micros(record.expires_at),
            address: record.address,
            user_agent: record.user_agent,
        })
    }
}
