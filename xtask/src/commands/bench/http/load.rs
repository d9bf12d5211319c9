//! Lists of 30 photos, requested over and over: CPU time of the service, and how long the answers take.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::time::Instant;

use super::server::Running;
use crate::native::health;

/// How many pages deep the deep page lies.
const DEEP: usize = 300;

/// One kind of list.
pub(super) struct Case {
    pub(super) name: &'static str,
    path: String,
    then: Then,
}

/// Which page comes after a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The same again, whose photos the service has kept as JSON.
    Again,
    /// The next of the list, of which it has kept none.
    Next,
}

/// What a request costs, in milliseconds.
pub(super) struct Figures {
    /// CPU time of the service.
    pub(super) cpu: f64,
    /// Time until the answer is there.
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Case {
    /// The newest photos, from there page after page, a deep page, and lists of a common and a rare owner, tag and word. The skew of the synthetic
    /// photos makes low numbers common.
    pub(super) async fn all(base: String) -> anyhow::Result<Vec<Self>> {
        let case = |name, query: &str| Case {
            name,
            path: format!("{base}/api/v1/photos?page_size=30{query}"),
            then: Then::Again,
        };
        let newest = case("newest", "");
        let onward = Case {
            then: Then::Next,
            ..case("page after page", "")
        };
        let deep = Case {
            path: deep_page(&base, &newest.path).await?,
            ..case("deep page", "")
        };
        Ok(vec![
            newest,
            onward,
            deep,
            case("common owner", "&owner=user0"),
            case("rare owner", "&owner=user999"),
            case("common tag", "&tag=tag0"),
            case("rare tag", "&tag=tag499"),
            case("common word", "&search=word0"),
            case("rare word", "&search=word4999"),
            case("two words", "&search=word0%20word1"),
            case("owner and tag", "&owner=user0&tag=tag0"),
        ])
    }
}

async fn deep_page(base: &str, first: &str) -> anyhow::Result<String> {
    let client = health::client()?;
    let mut path = first.to_owned();
    for _ in 0..DEEP {
        let page = client
            .get(&path)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let Some(next) = next_page(base, &page)? else {
            break;
        };
        path = next;
    }
    Ok(path)
}

/// Where the page says that the next one is.
fn next_page(base: &str, page: &[u8]) -> anyhow::Result<Option<String>> {
    let page: Value = serde_json::from_slice(page)?;
    let Some(next) = page["next"].as_str() else {
        return Ok(None);
    };
    let (_, query) = next.split_once('?').context("`next` has no query")?;
    Ok(Some(format!("{base}/api/v1/photos?{query}")))
}

/// Requests the case `requests` times, one after the other, on one connection.
///
/// # Errors
/// When an answer is not 200.
pub(super) async fn measure(running: &Running, case: &Case, requests: u32) -> anyhow::Result<Figures> {
    let client = health::client()?;
    let mut path = case.path.clone();
    let mut get = async || -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let answer = client.get(&path).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(
            status.is_success(),
            "{path} answers {status}: {}",
            String::from_utf8_lossy(&body)
        );
        let elapsed = begin.elapsed();
        if case.then == Then::Next {
            path = next_page(&running.url(), &body)?.unwrap_or_else(|| case.path.clone());
        }
        Ok(elapsed)
    };
    for _ in 0..requests.div_ceil(10) {
        get().await?;
    }
    let before = running.cpu()?;
    let mut times = Vec::new();
    for _ in 0..requests.max(1) {
        times.push(get().await?);
    }
    let used = running.cpu()?.saturating_sub(before);
    times.sort_unstable();
    Ok(Figures {
        cpu: milliseconds(used) / times.len() as f64,
        p50: percentile(&times, 50),
        p99: percentile(&times, 99),
    })
}

/// The nearest-rank percentile of sorted times, in milliseconds.
pub(super) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().map_or(0.0, milliseconds)
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!([percentile(&times, 50), percentile(&times, 99)], [100.0, 198.0]);
        assert_eq!(percentile(&times[..1], 99), 1.0);
    }
}
