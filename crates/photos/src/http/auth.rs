//! Logging in, refreshing and logging out.

use actix_web::post;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, Responder};
use photos_api::{LogoutRequest, RefreshRequest, SessionId, TokenRequest, TokenResponse, TokenType, UserId};
use utoipa_actix_web::service_config::ServiceConfig;

use super::call::Call;
use super::caller::Viewer;
use super::json::Json;
use super::query::NoQuery;
use crate::app::App;
use crate::auth::refresh;
use crate::auth::throttle::{Attempt, Verdict};
use crate::db::sessions::{NewSession, Refresh, Rotation};
use crate::db::users::User;
use crate::domain::time::after;
use crate::domain::{Timestamp, now_micros};
use crate::error::Error;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_token)
        .service(exchange_token)
        .service(end_session);
}

/// Log in
///
/// Ten failures within 15 minutes for a username, or fifty from an address, and nothing but waiting helps.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body(content = TokenRequest, example = json!({"username": "ann", "password": "correct horse"})),
    responses(
        (status = 200, description = "A new session", body = TokenResponse),
        (status = 401, description = "`invalid-credentials`"),
        (status = 429, description = "`rate-limited`: too many failures"),
    )
)]
#[post("/auth/token")]
async fn create_token(
    app: Data<App>,
    call: Call,
    _: NoQuery,
    Json(body): Json<TokenRequest>,
) -> Result<impl Responder, Error> {
    let user = right_user(&app, &body.username, body.password, &call).await?;
    let (token, now) = (refresh::generate().map_err(Error::internal)?, now_micros());
    let new = NewSession {
        user_id: user.id,
        address: call.address.to_string(),
        user_agent: call.user_agent,
        refresh_hash: refresh::hash(&token),
        expires_at: after(now, app.env.refresh_ttl),
    };
    let session = app
        .db
        .open_session(new, now)
        .await?
        .ok_or(Error::InvalidCredentials)?;
    answer(&app, user.id, session.id, token, now)
}

/// Exchange a refresh token
///
/// Each is good for one call. A second use means that somebody has a copy: the session ends.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body(content = RefreshRequest, example = json!({"refresh_token": "…"})),
    responses(
        (status = 200, description = "The session goes on", body = TokenResponse),
        (status = 401, description = "`invalid-token`, `expired-token` or `refresh-reused`"),
    )
)]
#[post("/auth/refresh")]
async fn exchange_token(
    app: Data<App>,
    call: Call,
    _: NoQuery,
    Json(body): Json<RefreshRequest>,
) -> Result<impl Responder, Error> {
    let (token, now) = (refresh::generate().map_err(Error::internal)?, now_micros());
    let exchange = Refresh {
        old_hash: refresh::hash(&body.refresh_token),
        new_hash: refresh::hash(&token),
        expires_at: after(now, app.env.refresh_ttl),
        address: call.address.to_string(),
        user_agent: call.user_agent,
    };
    match app.db.rotate_refresh(exchange, now).await? {
        Rotation::Rotated(session, user) => answer(&app, user.id, session.id, token, now),
        Rotation::Reused => {
            tracing::warn!(client = %call.address, "a refresh token was used twice: its session is ended");
            Err(Error::RefreshReused)
        }
        Rotation::Unknown => Err(Error::InvalidToken),
        Rotation::Expired => Err(Error::ExpiredToken),
    }
}

/// Log out
///
/// With a `refresh_token`: ends its session, also if it has ended before. With `everywhere` and a bearer token: ends
/// every session of the user. Access tokens of ended sessions are refused at once.
#[utoipa::path(
    tag = "auth",
    security((), ("bearer" = [])),
    request_body(content = LogoutRequest, examples(
        ("session" = (value = json!({"refresh_token": "…"}))),
        ("everywhere" = (value = json!({"everywhere": true}))),
    )),
    responses((status = 204, description = "Logged out"))
)]
#[post("/auth/logout")]
async fn end_session(
    app: Data<App>,
    viewer: Viewer,
    call: Call,
    _: NoQuery,
    Json(body): Json<LogoutRequest>,
) -> Result<impl Responder, Error> {
    match body {
        LogoutRequest {
            refresh_token: Some(token),
            everywhere: None,
        } => {
            app.db
                .end_session_by_refresh(&refresh::hash(&token), &call.request_id, now_micros())
                .await?;
        }
        LogoutRequest {
            refresh_token: None,
            everywhere: Some(true),
        } => {
            let caller = viewer.0.ok_or(Error::Unauthenticated)?;
            app.db.end_all_sessions(&caller.actor(), now_micros()).await?;
        }
        _ => {
            return Err(Error::field(
                "body",
                "give either `refresh_token` or `everywhere: true`",
            ));
        }
    }
    Ok(HttpResponse::NoContent().finish())
}

/// The active user of a name and a password, unless too many logins failed.
pub(crate) async fn right_user(
    app: &App,
    username: &str,
    password: String,
    call: &Call,
) -> Result<User, Error> {
    let name = Some(username).filter(|name| super::users::is_username(name));
    let attempt = Attempt::new(name, call.address);
    pass(app.throttle.check(&attempt).await)?;
    let known = match name {
        Some(name) => app.db.credentials(name).await?,
        None => None,
    };
    let (user, hash) = known.map(|known| (known.user, known.password_hash)).unzip();
    let is_right = app.passwords.verify(password, hash).await?;
    let Some(user) = user.filter(|user| is_right && user.active) else {
        pass(app.throttle.failed(&attempt).await)?;
        tracing::info!(username = name, "a login failed");
        return Err(Error::InvalidCredentials);
    };
    pass(app.throttle.check(&attempt).await)?;
    Ok(user)
}

/// Refuses while there were too many failures.
pub(crate) fn pass(verdict: Verdict) -> Result<(), Error> {
    match verdict {
        Verdict::Free => Ok(()),
        Verdict::Wait(wait) => Err(Error::RateLimited(wait)),
    }
}

fn answer(
    app: &App,
    user: UserId,
    session: SessionId,
    refresh_token: String,
    now: Timestamp,
) -> Result<web::Json<TokenResponse>, Error> {
    Ok(web::Json(TokenResponse {
        access_token: app.tokens.sign(user, session, now)?,
        token_type: TokenType::Bearer,
        expires_in: app.tokens.ttl().as_secs(),
        refresh_token,
        refresh_expires_in: app.env.refresh_ttl.as_secs(),
    }))
}
