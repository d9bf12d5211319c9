//! Logging in and out.

use jiff::Timestamp;
use photos_api::{LogoutRequest, TokenRequest, TokenResponse};

use crate::client::Client;
use crate::error::ClientError;
use crate::send::Call;
use crate::store::Tokens;

/// Logging in and out; from [`Client::auth`].
pub struct Auth {
    client: Client,
}

impl Auth {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Logs in; every later call of this client and its clones is made as this user.
    ///
    /// # Errors
    /// `invalid-credentials`; `rate-limited` after too many wrong ones.
    pub async fn login(&self, username: &str, password: &str) -> Result<(), ClientError> {
        let body = TokenRequest {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        let reply = self
            .client
            .call_as_guest(&Call::post("auth/token").json(&body)?)
            .await?;
        let response: TokenResponse = reply.json()?;
        let tokens = Tokens::new(username.to_owned(), response, Timestamp::now());
        self.client.login.replace(Some(tokens)).await
    }

    /// Exchanges the refresh token now, however long the access token is still good.
    ///
    /// # Errors
    /// [`ClientError::NotLoggedIn`]; [`ClientError::SessionEnded`] if the service takes the token no longer.
    pub async fn refresh(&self) -> Result<(), ClientError> {
        let tokens = self.client.login.tokens().await?;
        let stale = tokens.ok_or(ClientError::NotLoggedIn)?.access_token;
        self.client
            .login
            .renew(&self.client.transport, stale)
            .await
            .map(drop)
    }

    /// Ends this session, here and at the service; without a login it does nothing.
    ///
    /// # Errors
    /// If the service cannot be reached; the tokens are then forgotten here all the same.
    pub async fn logout(&self) -> Result<(), ClientError> {
        let tokens = self.client.login.tokens().await?;
        self.client.login.replace(None).await?;
        let Some(refresh_token) = tokens.and_then(|tokens| tokens.refresh_token) else {
            return Ok(());
        };
        let call = Call::post("auth/logout").json(&LogoutRequest::session(refresh_token))?;
        match self.client.call_as_guest(&call).await {
            // The session had ended before.
            Err(error) if error.problem().is_some_and(|problem| problem.status == 401) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Ends all of the user's sessions, on all devices.
    ///
    /// # Errors
    /// If the service refuses or cannot be reached; the tokens are then kept.
    pub async fn logout_everywhere(&self) -> Result<(), ClientError> {
        self.client
            .call(&Call::post("auth/logout").json(&LogoutRequest::everywhere())?)
            .await?;
        self.client.login.replace(None).await
    }

    /// Who is logged in, as far as this client knows.
    ///
    /// # Errors
    /// If the token store cannot be read.
    pub async fn username(&self) -> Result<Option<String>, ClientError> {
        Ok(self.client.login.tokens().await?.map(|tokens| tokens.username))
    }
}
