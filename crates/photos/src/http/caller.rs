//! Who makes a call: the bearer of an access token whose session goes on.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use photos_api::SessionId;

use super::call::Call;
use crate::app::App;
use crate::auth::tokens::TokenError;
use crate::db::users::User;
use crate::domain::{Actor, Via};
use crate::error::Error;

/// A user who is logged in. Without a valid access token the call is refused.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user as it is now, not as it was when the token was made.
    pub user: User,
    /// The session of the token.
    pub session_id: SessionId,
    /// The call.
    pub call: Call,
}

impl Caller {
    /// The user as the one who acts, by a call about one resource.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.acting(Via::Api)
    }

    /// The user as the one who acts.
    #[must_use]
    pub fn acting(&self, via: Via) -> Actor {
        let request_id = Some(self.call.request_id.clone());
        self.user.acting(via, Some(self.session_id), request_id)
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = identify(request);
        Box::pin(async move { known.await?.ok_or(Error::Unauthenticated) })
    }
}

/// A user who is logged in, or a guest. A token that is sent must be valid all the same.
#[derive(Clone, Debug)]
pub struct Viewer(pub Option<Caller>);

impl Viewer {
    /// The user as the one who looks; none for a guest.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        self.0.as_ref().map(Caller::actor)
    }
}

impl FromRequest for Viewer {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = identify(request);
        Box::pin(async move { known.await.map(Self) })
    }
}

fn identify(request: &HttpRequest) -> impl Future<Output = Result<Option<Caller>, Error>> + use<> {
    let app = request.app_data::<Data<App>>().cloned();
    let call = request.extensions().get::<Call>().cloned();
    let token = bearer(request);
    async move {
        let Some(token) = token? else { return Ok(None) };
        let (Some(app), Some(call)) = (app, call) else {
            return Err(Error::internal("a call went around the shell"));
        };
        let claims = app.tokens.check(&token).map_err(|error| match error {
            TokenError::Expired => Error::ExpiredToken,
            TokenError::Invalid => Error::InvalidToken,
        })?;
        match app.db.authenticate(claims.sid).await? {
            Some(principal) if principal.user.id == claims.sub => Ok(Some(Caller {
                user: principal.user,
                session_id: principal.session_id,
                call,
            })),
            _ => Err(Error::InvalidToken),
        }
    }
}

/// The token of `Authorization: Bearer`; none without that header.
fn bearer(request: &HttpRequest) -> Result<Option<String>, Error> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Error::Malformed("`Authorization` is given twice".into()));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::Unauthenticated);
    }
    Ok(Some(token.trim().to_owned()))
}
