//! Asks an app on its internal port whether it is ready.

use std::time::Duration;

use serde::Serialize;

/// What an app answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    /// It answers, or not yet, but is not ready: what it said.
    Waiting(String),
}

/// The state of an app, as `status --json` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Ready,
    Starting,
    Failed,
    Stopped,
}

/// Asks once; no answer within two seconds counts as not ready.
pub(crate) async fn ask(client: &reqwest::Client, internal_url: &str) -> Readiness {
    let answer = client
        .get(format!("{internal_url}/readyz"))
        .timeout(Duration::from_secs(2))
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => Readiness::Ready,
        Ok(answer) => {
            let status = answer.status();
            let text: String = answer
                .text()
                .await
                .unwrap_or_default()
                .chars()
                .take(500)
                .collect();
            Readiness::Waiting(format!("/readyz answers {status}: {}", text.trim()))
        }
        Err(error) => Readiness::Waiting(format!("/readyz does not answer: {}", root_cause(&error))),
    }
}

/// A client for loopback: no proxy of the environment stands in between. It has TLS because every such client has.
///
/// # Errors
/// When the system's TLS or DNS cannot be set up.
pub(crate) fn client() -> reqwest::Result<reqwest::Client> {
    // The first of several calls wins, with the same provider as the others.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build()
}

/// The innermost cause of an error, which says the most: `connection refused`.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
