//! Registration, the logged-in user and their sessions.

use photos_api::{PasswordChange, Registration, Session, SessionId, SessionList, User};

use crate::client::Client;
use crate::error::ClientError;
use crate::send::Call;

/// Users; from [`Client::users`]. Every call fails with a [problem](ClientError::Problem) if the service refuses it.
pub struct Users {
    client: Client,
}

impl Users {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Registers a user, who is not logged in by that.
    ///
    /// # Errors
    /// `username-taken`, `registration-closed`, `validation-failed`.
    pub async fn register(&self, username: &str, password: &str) -> Result<User, ClientError> {
        let body = Registration {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        self.client
            .call_as_guest(&Call::post("users").json(&body)?)
            .await?
            .json()
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// `unauthenticated` if nobody is.
    pub async fn me(&self) -> Result<User, ClientError> {
        self.client.call(&Call::get("users/me")).await?.json()
    }

    /// Changes the password; the user's other sessions end.
    ///
    /// # Errors
    /// `validation-failed` if the current password is wrong or the new one is not acceptable.
    pub async fn change_password(&self, current: &str, new: &str) -> Result<(), ClientError> {
        let body = PasswordChange {
            current_password: current.to_owned(),
            new_password: new.to_owned(),
        };
        self.client
            .call(&Call::post("users/me/password").json(&body)?)
            .await
            .map(drop)
    }

    /// The user's sessions.
    ///
    /// # Errors
    /// `unauthenticated` if nobody is logged in.
    pub async fn sessions(&self) -> Result<Vec<Session>, ClientError> {
        let list: SessionList = self.client.call(&Call::get("users/me/sessions")).await?.json()?;
        Ok(list.results)
    }

    /// Ends a session; its access token is refused at once.
    ///
    /// # Errors
    /// `not-found` if it is not one of the user's.
    pub async fn end_session(&self, id: SessionId) -> Result<(), ClientError> {
        self.client
            .call(&Call::delete("users/me/sessions").segment(&id))
            .await
            .map(drop)
    }
}
