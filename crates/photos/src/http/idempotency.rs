//! `Idempotency-Key`: the repetition of a creation gets the first answer instead of a second photo.
//!
//! [`begin`] takes the key before the body is read. The work then either commits with [`Held::completion`] inside its
//! transaction and calls [`Held::keep`], or fails, and the key is free again when [`Held`] is dropped. While it is held,
//! a heartbeat renews its lease; the key of a server that died is free after [`LEASE`].
//!
//! The fingerprint covers method, path, query and the body as it was understood, not its bytes: a multipart boundary
//! differs between two tries of one client.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use photos_api::{IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_CHARS, IDEMPOTENCY_REPLAYED};
use sha2::{Digest as _, Sha256};
use tokio_util::task::AbortOnDropHandle;

use super::caller::Caller;
use crate::app::App;
use crate::db::Db;
use crate::db::idempotency::{Attempt, Begin, Completion, StoredAnswer};
use crate::domain::{PhotoRow, now_micros};
use crate::error::Error;

/// How long a key is held without a heartbeat.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often the lease is renewed: two may be lost.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What a key means for a call.
pub enum Begun {
    /// No key was sent: every call is a new one.
    Keyless,
    /// The first call with this key: do the work.
    First(Held),
    /// The work was done. Read the body for its fingerprint, then [`replay`] the answer.
    Repeat(StoredAnswer),
}

/// Takes the key of a call, if it has one.
///
/// # Errors
/// [`Error::Invalid`] for a key that is none, [`Error::IdempotencyInProgress`], [`Error::IdempotencyMismatch`] when the
/// method, path or query differ already, and faults of the database.
pub async fn begin(app: &App, caller: &Caller, request: &HttpRequest) -> Result<Begun, Error> {
    let Some(key) = read_key(request.headers())? else {
        return Ok(Begun::Keyless);
    };
    let attempt = Attempt {
        user_id: caller.user.id,
        key,
        head: Fingerprint::of(request).finish(),
        holder: uuid::Uuid::now_v7().to_string(),
    };
    let db = app.db.clone();
    // Goes on if the caller leaves meanwhile: a key that is taken has somebody who lets it go.
    let begun = tokio::spawn(async move {
        match db.begin_idempotent(&attempt, LEASE, now_micros()).await? {
            Begin::Started => Ok(Begun::First(Held::new(db, attempt))),
            Begin::Replay(answer) => Ok(Begun::Repeat(answer)),
            Begin::Mismatch => Err(Error::IdempotencyMismatch),
            Begin::InProgress => Err(Error::IdempotencyInProgress),
        }
    });
    begun.await.map_err(Error::internal)?
}

/// The answer that was given before, if the request is the same.
///
/// # Errors
/// [`Error::IdempotencyMismatch`] when the key was used for another request.
pub fn replay(answer: &StoredAnswer, fingerprint: &str) -> Result<HttpResponse, Error> {
    if answer.fingerprint != fingerprint {
        return Err(Error::IdempotencyMismatch);
    }
    let status = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let mut response = HttpResponse::build(status);
    for (name, value) in &answer.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    Ok(response
        .insert_header((IDEMPOTENCY_REPLAYED, "true"))
        .body(answer.body.clone()))
}

/// A key that this call holds. Dropped without [`Held::keep`], it is free again.
pub struct Held {
    db: Db,
    attempt: Attempt,
    is_kept: bool,
    _heartbeat: AbortOnDropHandle<()>,
}

impl Held {
    fn new(db: Db, attempt: Attempt) -> Self {
        let heartbeat = tokio::spawn(beat(db.clone(), attempt.clone()));
        Self {
            db,
            attempt,
            is_kept: false,
            _heartbeat: AbortOnDropHandle::new(heartbeat),
        }
    }

    /// Keeps the answer in the transaction that does the work: `answer` makes it from the new rows.
    pub fn completion(
        &self,
        answer: impl Fn(&[PhotoRow]) -> StoredAnswer + Send + Sync + 'static,
    ) -> Completion {
        Completion {
            attempt: self.attempt.clone(),
            answer: Arc::new(answer),
        }
    }

    /// The work and its answer are committed.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.is_kept {
            return;
        }
        let (db, attempt) = (self.db.clone(), self.attempt.clone());
        runtime.spawn(async move {
            if let Err(error) = db.release_idempotent(&attempt).await {
                tracing::warn!(%error, "an idempotency key cannot be released: it is free again after its lease");
            }
        });
    }
}

async fn beat(db: Db, attempt: Attempt) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        match db.heartbeat_idempotent(&attempt, LEASE, now_micros()).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(
                    "an idempotency key was lost to another holder: its work will not be committed"
                );
                return;
            }
            Err(error) => tracing::warn!(%error, "the lease of an idempotency key cannot be renewed"),
        }
    }
}

/// Hashes a request as it was understood.
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Begins with what is known before the body: method, path and query.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        Self(Sha256::new())
            .with(request.method().as_str())
            .with(request.path())
            .with(request.query_string())
    }

    /// Adds a part of the body: a field, or the hash of a file. Parts cannot run into each other.
    #[must_use]
    pub fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    /// The hash, in hexadecimal.
    #[must_use]
    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

fn read_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Error::field(IDEMPOTENCY_KEY, "given twice"));
    }
    let key = value.to_str().ok().filter(|key| {
        IDEMPOTENCY_KEY_CHARS.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Error::field(
            IDEMPOTENCY_KEY,
            "must be 1–64 visible ASCII characters",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        let read = |keys: &[&str]| {
            let mut request = TestRequest::post();
            for key in keys {
                request = request.append_header((IDEMPOTENCY_KEY, *key));
            }
            read_key(request.to_http_request().headers())
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["!~"]).unwrap().as_deref(), Some("!~"));
        assert_eq!(read(&[&"k".repeat(64)]).unwrap().map(|key| key.len()), Some(64));
        for wrong in [&[""][..], &["two words"], &["ä"], &["k", "k"], &[&"k".repeat(65)]] {
            assert!(matches!(read(wrong), Err(Error::Invalid(_))), "{wrong:?}");
        }
    }

    #[test]
    fn parts_of_a_fingerprint_do_not_run_into_each_other() {
        let request = TestRequest::post().uri("/api/v1/photos?a=b").to_http_request();
        let print = |parts: &[&str]| {
            parts
                .iter()
                .fold(Fingerprint::of(&request), |f, part| f.with(part))
                .finish()
        };
        assert_ne!(print(&["ab", "c"]), print(&["a", "bc"]));
        assert_eq!(print(&["ab", "c"]), print(&["ab", "c"]));
    }
}
