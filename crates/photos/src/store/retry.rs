//! A few quick attempts for calls that may succeed in a moment, bounded in time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::StoreError;

/// When to try again.
struct Patience {
    /// The pauses between attempts, on average.
    pauses: [Duration; 2],
    /// An attempt that failed this long after the first began is the last: who waited that long is not kept for more.
    within: Duration,
}

const QUICK: Patience = Patience {
    pauses: [Duration::from_millis(100), Duration::from_millis(400)],
    within: Duration::from_secs(8),
};

/// Calls `attempt` up to three times while its error is transient.
pub(super) async fn quickly<T, F, A>(what: &str, attempt: F) -> Result<T, StoreError>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, StoreError>>,
{
    QUICK.attempt(what, attempt).await
}

impl Patience {
    async fn attempt<T, F, A>(&self, what: &str, mut attempt: F) -> Result<T, StoreError>
    where
        F: FnMut() -> A,
        A: Future<Output = Result<T, StoreError>>,
    {
        let begin = Instant::now();
        for pause in self.pauses {
            match attempt().await {
                Err(error) if error.is_transient() && begin.elapsed() < self.within => {
                    tracing::debug!(%error, "another attempt to {what}");
                    let about = pause.mul_f64(rand::random_range(0.5..1.5));
                    sleep(about).await;
                }
                done => return done,
            }
        }
        attempt().await
    }
}

/// Ends an attempt that takes longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    what: &str,
    attempt: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| Err(StoreError::timeout(what, limit)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const AT_ONCE: Patience = Patience {
        pauses: [Duration::ZERO; 2],
        within: Duration::from_secs(3600),
    };

    /// Fails with `error` until the call number `succeeds`; returns the result and how often it was called.
    async fn calls(
        patience: &Patience,
        succeeds: u32,
        error: fn() -> StoreError,
    ) -> (Result<(), StoreError>, u32) {
        let mut calls = 0;
        let result = patience.attempt("try", || {
            calls += 1;
            std::future::ready(if calls < succeeds { Err(error()) } else { Ok(()) })
        });
        (result.await, calls)
    }

    fn transient() -> StoreError {
        StoreError::Unavailable {
            what: "x".into(),
            source: "y".into(),
        }
    }

    #[tokio::test]
    async fn transient_errors_get_three_attempts() {
        assert!(matches!(calls(&AT_ONCE, 3, transient).await, (Ok(()), 3)));
        assert!(matches!(
            calls(&AT_ONCE, 9, transient).await,
            (Err(StoreError::Unavailable { .. }), 3)
        ));
    }

    #[tokio::test]
    async fn other_errors_and_late_ones_get_one() {
        let missing = || StoreError::NotFound { key: String::new() };
        assert!(matches!(
            calls(&AT_ONCE, 3, missing).await,
            (Err(StoreError::NotFound { .. }), 1)
        ));
        let late = Patience {
            within: Duration::ZERO,
            ..AT_ONCE
        };
        assert!(matches!(
            calls(&late, 3, transient).await,
            (Err(StoreError::Unavailable { .. }), 1)
        ));
    }

    #[tokio::test]
    async fn an_attempt_without_an_end_is_ended() {
        let result: Result<(), _> = within(Duration::from_millis(1), "try", std::future::pending()).await;
        assert!(result.unwrap_err().is_transient());
    }
}
