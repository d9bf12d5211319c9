//! Users: making them, finding them, passwords and flags.

use diesel::prelude::*;
use serde_json::json;
use thiserror::Error;

use super::audit::{self, Subject};
use super::connection::AnyConnection;
use super::error::is_unique_violation;
use super::flags::{lock_user, superusers};
use super::records::{UserRecord, read};
use super::run::{Abort, Step};
use super::schema::users;
use super::sessions::end_sessions;
use super::{Db, DbError};
use crate::domain::time::from_micros;
use crate::domain::{Actor, SessionId, Timestamp, UserId, Via, policy};

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

impl User {
    /// The user as the one who acts.
    #[must_use]
    pub fn acting(&self, via: Via, session_id: Option<SessionId>, request_id: Option<String>) -> Actor {
        Actor {
            user_id: self.id,
            username: self.username.clone(),
            is_staff: self.is_staff,
            is_superuser: self.is_superuser,
            via,
            request_id,
            session_id,
        }
    }
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
    /// The actor may not grant these flags.
    #[error("only a superuser may do this")]
    Forbidden,
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
    /// Staff change users that are not superusers; only superusers make superusers and change other superusers.
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
    /// Makes a user, and an audit row by `actor`, or by the user itself if there is none (a registration, which grants no flags).
    pub async fn create_user(
        &self,
        new: NewUser,
        actor: Option<Actor>,
        now: Timestamp,
    ) -> Result<User, CreateUserError> {
        let granted = match &actor {
            Some(actor) => policy::may_administer(actor, new.is_superuser),
            None => !new.is_staff && !new.is_superuser,
        };
        if !granted {
            return Err(CreateUserError::Forbidden);
        }
        self.write_or(move |connection| {
            let by = actor.as_ref().map_or(By::Oneself, By::Actor);
            insert_user(connection, &new, by, now)
        })
        .await?
    }

    /// The user of a name.
    pub async fn user_by_username(&self, username: &str) -> Result<Option<User>, DbError> {
        Ok(self.credentials(username).await?.map(|found| found.user))
    }

    /// The user of an id.
    pub async fn user_by_id(&self, id: UserId) -> Result<Option<User>, DbError> {
        Ok(self.credentials_by_id(id).await?.map(|found| found.user))
    }

    /// The user of a name with the password's hash, for a login.
    pub async fn credentials(&self, username: &str) -> Result<Option<Credentials>, DbError> {
        let username = username.to_owned();
        self.read(move |connection| {
            let found: Option<UserRecord> = users::table
                .filter(users::username.eq(&username))
                .first(connection)
                .optional()?;
            Ok(found.map(Credentials::try_from).transpose()?)
        })
        .await
    }

    /// The user of an id with the password's hash, for a change of the password.
    pub async fn credentials_by_id(&self, id: UserId) -> Result<Option<Credentials>, DbError> {
        self.read(move |connection| {
            let found: Option<UserRecord> = users::table.find(id.to_string()).first(connection).optional()?;
            Ok(found.map(Credentials::try_from).transpose()?)
        })
        .await
    }

    /// Users by name: up to `limit` of those whose name is greater than `after`.
    pub async fn list_users(&self, after: Option<String>, limit: u32) -> Result<Vec<User>, DbError> {
        self.read(move |connection| {
            let after = after.clone().unwrap_or_default();
            let records: Vec<UserRecord> = users::table
                .filter(users::username.gt(after))
                .order(users::username)
                .limit(i64::from(limit))
                .load(connection)?;
            Ok(records
                .into_iter()
                .map(User::try_from)
                .collect::<Result<_, _>>()?)
        })
        .await
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
        let actor = actor.clone();
        self.write_or(move |connection| {
            let found = lock_user(connection, user)?;
            if actor.user_id != user && !policy::may_administer(&actor, found.is_superuser) {
                return Err(Abort::Undo(ChangeUserError::Forbidden));
            }
            diesel::update(users::table.find(user.to_string()))
                .set(users::password_hash.eq(&password_hash))
                .execute(connection)?;
            end_sessions(connection, user, keep, now)?;
            audit::record(
                connection,
                Some(&actor),
                "password",
                Subject::User(user),
                &json!({}),
                now,
            )?;
            Ok(())
        })
        .await?
    }

    /// Whether there is an active superuser.
    pub async fn has_superuser(&self) -> Result<bool, DbError> {
        self.read(|connection| Ok(!superusers(connection, "")?.is_empty()))
            .await
    }

    /// Makes the first superuser (staff too) if there is none; of N replicas that try at once, one does. Says whether it was made.
    /// Somebody may have registered that name: the account becomes the superuser's, with this password, and whoever had it is out.
    pub async fn ensure_superuser(
        &self,
        username: String,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let made = self
            .write_or(move |connection| {
                if !superusers(connection, "")?.is_empty() {
                    return Ok(false);
                }
                let taken: Option<String> = users::table
                    .filter(users::username.eq(&username))
                    .select(users::id)
                    .first(connection)
                    .optional()?;
                match taken {
                    Some(id) => take_over(connection, &id, &password_hash, now),
                    None => {
                        let new = NewUser {
                            username: username.clone(),
                            password_hash: password_hash.clone(),
                            is_staff: true,
                            is_superuser: true,
                        };
                        insert_user(connection, &new, By::Service, now)?;
                        Ok(true)
                    }
                }
            })
            .await?;
        match made {
            Ok(made) => Ok(made),
            Err(CreateUserError::Db(error)) => Err(error),
            // Another replica made it just now.
            Err(CreateUserError::UsernameTaken | CreateUserError::Forbidden) => Ok(false),
        }
    }
}

/// Makes an account the superuser's: flags and password are set, its sessions end. False when another replica was first.
fn take_over(
    connection: &mut AnyConnection,
    id: &str,
    password_hash: &str,
    now: Timestamp,
) -> Step<bool, CreateUserError> {
    // Of several replicas the database lets one through: the others wait for the row and then find it changed.
    let still_theirs = users::table.find(id).filter(diesel::dsl::not(
        users::is_superuser.eq(true).and(users::active.eq(true)),
    ));
    let taken = diesel::update(still_theirs)
        .set((
            users::is_superuser.eq(true),
            users::is_staff.eq(true),
            users::active.eq(true),
            users::password_hash.eq(password_hash),
        ))
        .execute(connection)?;
    if taken == 0 {
        return Ok(false);
    }
    let user: UserId = id
        .parse()
        .map_err(|_| DbError::Fault(format!("the user's id {id} is no UUID")))?;
    end_sessions(connection, user, None, now)?;
    audit::record(
        connection,
        None,
        "flags",
        Subject::User(user),
        &json!({"is_superuser": [false, true], "password": "set"}),
        now,
    )?;
    Ok(true)
}

/// Who makes a user.
#[derive(Clone, Copy)]
enum By<'a> {
    Actor(&'a Actor),
    /// A registration, through the API.
    Oneself,
    /// The service, from its environment.
    Service,
}

fn insert_user(
    connection: &mut AnyConnection,
    new: &NewUser,
    by: By<'_>,
    now: Timestamp,
) -> Step<User, CreateUserError> {
    let user = User {
        id: UserId::now(),
        username: new.username.clone(),
        is_staff: new.is_staff,
        is_superuser: new.is_superuser,
        active: true,
        created_at: now,
    };
    let record = UserRecord {
        id: user.id.to_string(),
        username: user.username.clone(),
        password_hash: new.password_hash.clone(),
        is_staff: user.is_staff,
        is_superuser: user.is_superuser,
        active: true,
        created_at: now.as_microsecond(),
    };
    match diesel::insert_into(users::table)
        .values(&record)
        .execute(connection)
    {
        Err(error) if is_unique_violation(&error) => return Err(Abort::Undo(CreateUserError::UsernameTaken)),
        done => done?,
    };
    let changes = json!({
        "username": [null, user.username],
        "is_staff": [null, user.is_staff],
        "is_superuser": [null, user.is_superuser],
    });
    let oneself = user.acting(Via::Api, None, None);
    let actor = match by {
        By::Actor(actor) => Some(actor),
        By::Oneself => Some(&oneself),
        By::Service => None,
    };
    audit::record(
        connection,
        actor,
        "create-user",
        Subject::User(user.id),
        &changes,
        now,
    )?;
    Ok(user)
}

impl TryFrom<UserRecord> for User {
    type Error = DbError;

    fn try_from(record: UserRecord) -> Result<Self, DbError> {
        Ok(Self {
            id: read("user id", &record.id)?,
            username: record.username,
            is_staff: record.is_staff,
            is_superuser: record.is_superuser,
            active: record.active,
            created_at: from_micros(record.created_at),
        })
    }
}

impl TryFrom<UserRecord> for Credentials {
    type Error = DbError;

    fn try_from(record: UserRecord) -> Result<Self, DbError> {
        let password_hash = record.password_hash.clone();
        Ok(Self {
            user: record.try_into()?,
            password_hash,
        })
    }
}
