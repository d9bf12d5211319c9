//! Sessions and their refresh tokens. A session is a family of tokens: one login on one device.

use super::users::User;
use super::{Db, DbError};
use crate::domain::{SessionId, Timestamp, UserId};

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
        let _ = (new, now);
        Err(self.not_yet())
    }

    /// Exchanges a refresh token. Of any number of calls with one token, on any number of replicas, one gets the next token;
    /// every later one ends the session.
    pub async fn rotate_refresh(&self, refresh: Refresh, now: Timestamp) -> Result<Rotation, DbError> {
        let _ = (refresh, now);
        Err(self.not_yet())
    }

    /// The user of a session, if the session goes on and the user is active: one indexed query.
    pub async fn authenticate(&self, session: SessionId) -> Result<Option<Principal>, DbError> {
        let _ = session;
        Err(self.not_yet())
    }

    /// The sessions of a user that go on at `now`, last used first.
    pub async fn list_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, DbError> {
        let _ = (user, now);
        Err(self.not_yet())
    }

    /// Ends a session of a user. Says whether there was one.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let _ = (user, session, now);
        Err(self.not_yet())
    }

    /// Ends every session of a user, and says how many.
    pub async fn end_all_sessions(&self, user: UserId, now: Timestamp) -> Result<u64, DbError> {
        let _ = (user, now);
        Err(self.not_yet())
    }

    /// Ends the session that a refresh token belongs to, used or not. Says whether there was one.
    pub async fn end_session_by_refresh(&self, hash: &str, now: Timestamp) -> Result<bool, DbError> {
        let _ = (hash, now);
        Err(self.not_yet())
    }

    /// Deletes sessions that expired or ended before `before`, with their tokens, at most `limit`. Says how many.
    pub async fn sweep_sessions(&self, before: Timestamp, limit: u32) -> Result<u64, DbError> {
        let _ = (before, limit);
        Err(self.not_yet())
    }
}
