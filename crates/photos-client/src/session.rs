//! The login of a client: its access token, renewed once for all calls that need it, each refresh token used once.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use photos_api::{RefreshRequest, TokenResponse};

use crate::error::ClientError;
use crate::send::{Call, Transport};
use crate::store::{StoreGuard, TokenStore, TokenStoreError, Tokens};

pub(crate) struct Login {
    store: Arc<dyn TokenStore>,
    /// What the store had when last asked; `None` before that.
    seen: Mutex<Option<Option<Tokens>>>,
    /// Callers queue here rather than each in a blocking thread.
    gate: tokio::sync::Mutex<()>,
}

impl Login {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self {
            store,
            seen: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
        }
    }

    /// The tokens as last seen, read from the store at first.
    pub(crate) async fn tokens(&self) -> Result<Option<Tokens>, ClientError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match seen {
            Some(tokens) => Ok(tokens),
            None => self.load().await,
        }
    }

    /// Keeps the tokens of a new login, or forgets them.
    pub(crate) async fn replace(&self, tokens: Option<Tokens>) -> Result<(), ClientError> {
        let _gate = self.gate.lock().await;
        let _lock = self.lock().await?;
        self.save(tokens).await
    }

    /// An access token that is good for now; none for a guest.
    pub(crate) async fn bearer(
        self: &Arc<Self>,
        transport: &Arc<Transport>,
    ) -> Result<Option<String>, ClientError> {
        match self.tokens().await? {
            None => Ok(None),
            Some(tokens) if tokens.is_fresh(Timestamp::now()) => Ok(Some(tokens.access_token)),
            Some(tokens) => self.renew(transport, tokens.access_token).await.map(Some),
        }
    }

    /// A new access token in place of `stale`. However many calls ask at once, one refresh is made. It runs in a task
    /// of its own: a caller that goes away must not leave a refresh token half used.
    pub(crate) async fn renew(
        self: &Arc<Self>,
        transport: &Arc<Transport>,
        stale: String,
    ) -> Result<String, ClientError> {
        let (login, transport) = (Arc::clone(self), Arc::clone(transport));
        tokio::spawn(async move { login.renew_in_turn(&transport, &stale).await })
            .await
            .unwrap_or(Err(ClientError::SessionEnded))
    }

    async fn renew_in_turn(&self, transport: &Transport, stale: &str) -> Result<String, ClientError> {
        let _gate = self.gate.lock().await;
        let _lock = self.lock().await?;
        let now = Timestamp::now();
        let Some(mut tokens) = self.load().await? else {
            return Err(ClientError::SessionEnded);
        };
        if tokens.access_token != stale && tokens.is_fresh(now) {
            return Ok(tokens.access_token);
        }
        let Some(refresh_token) = tokens
            .refresh_token
            .take()
            .filter(|_| tokens.refresh_expires_at > now)
        else {
            self.save(None).await?;
            return Err(ClientError::SessionEnded);
        };
        // From here on it counts as used, even if this process is killed before the answer.
        self.save(Some(tokens.clone())).await?;
        match refresh(transport, &refresh_token).await {
            Ok(response) => {
                let tokens = Tokens::new(tokens.username, response, Timestamp::now());
                let access_token = tokens.access_token.clone();
                self.save(Some(tokens)).await?;
                Ok(access_token)
            }
            Err(error) if error.was_not_done() => {
                tokens.refresh_token = Some(refresh_token);
                self.save(Some(tokens)).await?;
                Err(error)
            }
            Err(error) if error.problem().is_some_and(|problem| problem.status == 401) => {
                self.save(None).await?;
                Err(ClientError::SessionEnded)
            }
            Err(error) => Err(error),
        }
    }

    async fn load(&self) -> Result<Option<Tokens>, ClientError> {
        let tokens = self.blocking(|store| store.load()).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens.clone());
        Ok(tokens)
    }

    async fn save(&self, tokens: Option<Tokens>) -> Result<(), ClientError> {
        let kept = tokens.clone();
        self.blocking(move |store| store.save(kept.as_ref())).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens);
        Ok(())
    }

    async fn lock(&self) -> Result<StoreGuard, ClientError> {
        self.blocking(|store| store.lock()).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore) -> Result<T, TokenStoreError> + Send + 'static,
    ) -> Result<T, ClientError> {
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || work(&*store)).await {
            Ok(result) => Ok(result?),
            Err(error) => Err(ClientError::Invalid(format!("the token store failed: {error}"))),
        }
    }
}

async fn refresh(transport: &Transport, refresh_token: &str) -> Result<TokenResponse, ClientError> {
    let body = RefreshRequest {
        refresh_token: refresh_token.to_owned(),
    };
    transport
        .send(&Call::post("auth/refresh").json(&body)?, None)
        .await?
        .json()
}
