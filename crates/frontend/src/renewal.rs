//! Renewing sessions. A refresh token is good for one exchange, and its second use ends the session, but a browser sends
//! several requests at once, all with the same cookie. So each token is exchanged once: whoever comes with it meanwhile,
//! or shortly after, gets the same outcome, and every one of their answers carries the new cookie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use jiff::Timestamp;
use photos_client::{Client, ClientError, MemoryStore, TokenStore as _, Tokens};
use sha2::{Digest as _, Sha256};

use crate::metrics::Metrics;
use crate::session::Session;

/// How long an outcome is kept for requests that were sent before its cookie arrived.
const GRACE: Duration = Duration::from_secs(60);

/// Why a session is not renewed.
#[derive(Clone, Debug)]
pub(crate) enum Lost {
    /// It has ended: its user must log in again.
    Ended,
    /// The photos service could not be asked; the session may be good.
    Unavailable(Arc<ClientError>),
}

type Outcome = Result<Tokens, Lost>;

struct Exchange {
    since: Instant,
    outcome: Shared<BoxFuture<'static, Outcome>>,
}

/// The exchanges under way, and those of the last minute.
#[derive(Default)]
pub(crate) struct Renewals {
    exchanges: Mutex<HashMap<[u8; 32], Exchange>>,
}

impl Renewals {
    /// The session with an access token that is good. `client` is a guest's, with the browser's headers.
    pub(crate) async fn renew(
        &self,
        client: &Client,
        metrics: &Metrics,
        mut session: Session,
    ) -> Result<Session, Lost> {
        loop {
            let Some(refresh_token) = session.tokens.refresh_token.as_deref() else {
                return Err(Lost::Ended);
            };
            let key: [u8; 32] = Sha256::digest(refresh_token.as_bytes()).into();
            let (outcome, is_first) = self.exchange(key, client, &session);
            let outcome = outcome.await;
            let result = match &outcome {
                Ok(_) if is_first => "renewed",
                Ok(_) => "shared",
                Err(Lost::Ended) => "ended",
                Err(Lost::Unavailable(_)) => "failed",
            };
            metrics.renewals.with_label_values(&[result]).inc();
            if matches!(outcome, Err(Lost::Unavailable(_))) {
                self.lock().remove(&key);
            }
            session.tokens = outcome?;
            // A late request may get what has expired since, and whose own exchange is known too.
            if is_first || !session.is_expired(Timestamp::now()) {
                return Ok(session);
            }
        }
    }

    fn exchange(
        &self,
        key: [u8; 32],
        client: &Client,
        session: &Session,
    ) -> (Shared<BoxFuture<'static, Outcome>>, bool) {
        let mut exchanges = self.lock();
        exchanges.retain(|_, exchange| exchange.since.elapsed() < GRACE);
        if let Some(known) = exchanges.get(&key) {
            return (known.outcome.clone(), false);
        }
        let outcome = begin(client, session.tokens.clone());
        let since = Instant::now();
        exchanges.insert(
            key,
            Exchange {
                since,
                outcome: outcome.clone(),
            },
        );
        (outcome, true)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exchanges in a task of its own: a browser that goes away must not leave a token half used.
fn begin(client: &Client, tokens: Tokens) -> Shared<BoxFuture<'static, Outcome>> {
    let store = Arc::new(MemoryStore::with(tokens));
    let client = client.with_tokens(store.clone());
    let task = tokio::spawn(async move {
        match client.auth().refresh().await {
            Ok(()) => store.load().ok().flatten().ok_or(Lost::Ended),
            Err(ClientError::SessionEnded) => Err(Lost::Ended),
            Err(error) => Err(Lost::Unavailable(Arc::new(error))),
        }
    });
    async move { task.await.unwrap_or(Err(Lost::Ended)) }
        .boxed()
        .shared()
}
