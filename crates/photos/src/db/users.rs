//! Users: making them, finding them, passwords and flags.

use thiserror::Error;

use super::{Db, DbError};
use crate::domain::{Actor, SessionId, Timestamp, UserId};

/// A user, without the password's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Unique name, `[a-z0-9][a-z0-9_.-]{2,31}`.
    pub username: String,
    /// May see and change everybody's photos.
    pub is_staff: bool,
    /// May also grant and take flags. There is always one, once there was one.
    pub is_superuser: bool,
    /// A user that is not active cannot log in and has no session.
    pub active: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A user and what a login compares with.
#[derive(Clone)]
pub struct Credentials {
    /// The user, active or not.
    pub user: User,
    /// Argon2 hash in PHC form.
    pub password_hash: String,
}

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    /// Unique name, already checked.
    pub username: String,
    /// Argon2 hash in PHC form.
    pub password_hash: String,
    /// Staff flag.
    pub is_staff: bool,
    /// Superuser flag.
    pub is_superuser: bool,
}

/// Flags to be set; none leaves a flag as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserFlags {
    /// Staff flag.
    pub is_staff: Option<bool>,
    /// Superuser flag.
    pub is_superuser: Option<bool>,
    /// Whether the user can log in. Taking it ends the user's sessions.
    pub active: Option<bool>,
}

/// Why a user was not made.
#[derive(Debug, Error)]
pub enum CreateUserError {
    /// The name belongs to another user.
    #[error("the username is taken")]
    UsernameTaken,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why a user was not changed.
#[derive(Debug, Error)]
pub enum ChangeUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// Only superusers grant and take flags and change other superusers; staff change other users' passwords.
    #[error("only a superuser may do this")]
    Forbidden,
    /// Without a superuser nobody could ever make one again.
    #[error("this is the last active superuser; make another one first")]
    LastSuperuser,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Db {
    /// Makes a user, and an audit row by `actor`, or by the user itself if there is none (a registration).
    pub async fn create_user(
        &self,
        new: NewUser,
        actor: Option<Actor>,
        now: Timestamp,
    ) -> Result<User, CreateUserError> {
        let _ = (new, actor, now);
        Err(self.not_yet().into())
    }

    /// The user of a name.
    pub async fn user_by_username(&self, username: &str) -> Result<Option<User>, DbError> {
        let _ = username;
        Err(self.not_yet())
    }

    /// The user of an id.
    pub async fn user_by_id(&self, id: UserId) -> Result<Option<User>, DbError> {
        let _ = id;
        Err(self.not_yet())
    }

    /// The user of a name with the password's hash, for a login.
    pub async fn credentials(&self, username: &str) -> Result<Option<Credentials>, DbError> {
        let _ = username;
        Err(self.not_yet())
    }

    /// The user of an id with the password's hash, for a change of the password.
    pub async fn credentials_by_id(&self, id: UserId) -> Result<Option<Credentials>, DbError> {
        let _ = id;
        Err(self.not_yet())
    }

    /// Users by name: up to `limit` of those whose name is greater than `after`.
    pub async fn list_users(&self, after: Option<String>, limit: u32) -> Result<Vec<User>, DbError> {
        let _ = (after, limit);
        Err(self.not_yet())
    }

    /// Sets a password and ends the user's sessions but `keep`. Audited, without the hash.
    pub async fn set_password(
        &self,
        actor: &Actor,
        user: UserId,
        password_hash: String,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(), ChangeUserError> {
        let _ = (actor, user, password_hash, keep, now);
        Err(self.not_yet().into())
    }

    /// Sets flags. Only superusers may, and never take the last active superuser. Taking `active` ends the sessions.
    pub async fn set_user_flags(
        &self,
        actor: &Actor,
        user: UserId,
        flags: UserFlags,
        now: Timestamp,
    ) -> Result<User, ChangeUserError> {
        let _ = (actor, user, flags, now);
        Err(self.not_yet().into())
    }

    /// Whether there is an active superuser.
    pub async fn has_superuser(&self) -> Result<bool, DbError> {
        Err(self.not_yet())
    }

    /// Makes the first superuser (staff too) if there is none; of N replicas that try at once, one does. Says whether it was made.
    /// A user of that name without the flag gets it, and keeps its password.
    pub async fn ensure_superuser(
        &self,
        username: String,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let _ = (username, password_hash, now);
        Err(self.not_yet())
    }
}
