//! Accounts: registration, oneself, the password.

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, Responder, get, post};
use config::Registration as Policy;
use photos_api::{FieldError, PASSWORD_CHARS, PasswordChange, Registration, USERNAME_CHARS, User};
use utoipa_actix_web::service_config::ServiceConfig;

use super::auth::pass;
use super::call::Call;
use super::caller::Caller;
use super::json::Json;
use super::query::NoQuery;
use crate::app::App;
use crate::auth::throttle::Attempt;
use crate::db::users::{ChangeUserError, CreateUserError, NewUser};
use crate::domain::now_micros;
use crate::error::Error;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_user)
        .service(get_me)
        .service(change_password);
}

/// Register
#[utoipa::path(
    tag = "users",
    security(()),
    request_body(content = Registration, example = json!({"username": "ann", "password": "correct horse"})),
    responses(
        (status = 201, description = "The new user", body = User),
        (status = 403, description = "`registration-closed`"),
        (status = 409, description = "`username-taken`"),
    )
)]
#[post("/users")]
async fn create_user(
    app: Data<App>,
    _: Call,
    _: NoQuery,
    Json(body): Json<Registration>,
) -> Result<impl Responder, Error> {
    if app.env.registration == Policy::Closed {
        return Err(Error::RegistrationClosed);
    }
    let username = username_fault(&body.username).map(|fault| FieldError::new("username", fault));
    let password = password_fault(&body.password).map(|fault| FieldError::new("password", fault));
    let faults: Vec<_> = username.into_iter().chain(password).collect();
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    if app.db.user_by_username(&body.username).await?.is_some() {
        // Hashing costs more than asking; who registers at the same moment meets the same answer below.
        return Err(Error::UsernameTaken);
    }
    let new = NewUser {
        username: body.username,
        password_hash: app.passwords.hash(body.password).await?,
        is_staff: false,
        is_superuser: false,
    };
    match app.db.create_user(new, None, now_micros()).await {
        Ok(user) => Ok(HttpResponse::Created().json(show(user))),
        Err(CreateUserError::UsernameTaken) => Err(Error::UsernameTaken),
        Err(CreateUserError::Db(error)) => Err(error.into()),
        Err(error @ CreateUserError::Forbidden) => Err(Error::Forbidden(error.to_string())),
    }
}

/// Who am I
#[utoipa::path(
    tag = "users",
    security(("bearer" = [])),
    responses((status = 200, description = "The user of the token", body = User))
)]
#[get("/users/me")]
async fn get_me(caller: Caller, _: NoQuery) -> impl Responder {
    web::Json(show(caller.user))
}

/// Change the password
///
/// The user's other sessions end; this one goes on.
#[utoipa::path(
    tag = "users",
    security(("bearer" = [])),
    request_body(content = PasswordChange,
        example = json!({"current_password": "correct horse", "new_password": "battery staple"})),
    responses(
        (status = 204, description = "Changed"),
        (status = 429, description = "`rate-limited`: too many failures, logins included"),
    )
)]
#[post("/users/me/password")]
async fn change_password(
    app: Data<App>,
    caller: Caller,
    _: NoQuery,
    Json(body): Json<PasswordChange>,
) -> Result<impl Responder, Error> {
    if let Some(fault) = password_fault(&body.new_password) {
        return Err(Error::field("new_password", fault));
    }
    check_password(&app, &caller.user, body.current_password, &caller.call).await?;
    let hash = app.passwords.hash(body.new_password).await?;
    let keep = Some(caller.session_id);
    match app
        .db
        .set_password(&caller.actor(), caller.user.id, hash, keep, now_micros())
        .await
    {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(ChangeUserError::NotFound) => Err(Error::InvalidToken),
        Err(ChangeUserError::Db(error)) => Err(error.into()),
        Err(error @ (ChangeUserError::Forbidden | ChangeUserError::LastSuperuser)) => {
            Err(Error::internal(error))
        }
    }
}

/// Whether it is the user's password, unless too many logins failed.
///
/// # Errors
/// [`Error::Invalid`] on `current_password` if it is not.
pub(crate) async fn check_password(
    app: &App,
    user: &crate::db::users::User,
    password: String,
    call: &Call,
) -> Result<(), Error> {
    let attempt = Attempt::new(Some(&user.username), call.address);
    pass(app.throttle.check(&attempt).await)?;
    let stored = app
        .db
        .credentials_by_id(user.id)
        .await?
        .map(|known| known.password_hash);
    if !app.passwords.verify(password, stored).await? {
        pass(app.throttle.failed(&attempt).await)?;
        return Err(Error::field("current_password", "is not the current password"));
    }
    pass(app.throttle.check(&attempt).await)
}

fn show(user: crate::db::users::User) -> User {
    User {
        id: user.id,
        username: user.username,
        is_staff: user.is_staff,
        created_at: user.created_at,
    }
}

/// Whether the name can be anybody's.
pub(crate) fn is_username(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    USERNAME_CHARS.contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with(|c: char| "_.-".contains(c))
}

/// What is wrong with a username, for a person.
pub(crate) fn username_fault(name: &str) -> Option<&'static str> {
    (!is_username(name))
        .then_some("must be 3–32 of a–z, 0–9, “_”, “.” and “-”, and begin with a letter or a digit")
}

/// What is wrong with a password, for a person. Characters are counted, not bytes.
pub(crate) fn password_fault(password: &str) -> Option<&'static str> {
    (!PASSWORD_CHARS.contains(&password.chars().count())).then_some("must have 10–128 characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        for good in ["ann", "0ab", "a_.-b", &"x".repeat(32)] {
            assert!(is_username(good), "{good}");
        }
        for bad in [
            "",
            "an",
            "Ann",
            ".ann",
            "ann ",
            "ann\0",
            "änn",
            "an/n",
            &"x".repeat(33),
        ] {
            assert!(!is_username(bad), "{bad}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert_eq!(password_fault(&"ü".repeat(128)), None);
        assert_eq!(password_fault("1234567890"), None);
        assert!(password_fault("123456789").is_some());
        assert!(password_fault(&"x".repeat(129)).is_some());
    }
}
