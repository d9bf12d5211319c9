//! Lists of 30 photos, requested over and over: CPU time of the service, and how long the answers take.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::time::Instant;

use super::server::Running;
use crate::{commands::bench::imaging::median, native::health};

/// How many pages deep the deep page lies.
const DEEP: usize = 300;

/// One kind of list.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Requested one after the other, over and over.
    paths: Vec<String>,
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
    /// The newest photos, from there page after page, a deep page, and lists of a common and a rare owner, tag and word. The
    /// skew of the synthetic photos makes low numbers common. Of a page that is asked for again the service has kept the
    /// photos as JSON; of `requests` pages, one after the other, few.
    pub(super) async fn all(base: String, requests: u32, rounds: u32) -> anyhow::Result<Vec<Self>> {
        let first = |query: &str| format!("{base}/api/v1/photos?page_size=30{query}");
        let case = |name, query: &str| Case {
            name,
            paths: vec![first(query)],
        };
        let onward = pages(&base, first(""), (warm_up(requests) + requests) * rounds).await?;
        let deep = onward.get(DEEP).or(onward.last());
        let deep = deep.cloned().into_iter().collect();
        Ok(vec![
            case("newest", ""),
            Case {
                name: "page after page",
                paths: onward,
            },
            Case {
                name: "deep page",
                paths: deep,
            },
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

/// Where a page and those behind it are, at most `most`.
async fn pages(base: &str, first: String, most: u32) -> anyhow::Result<Vec<String>> {
    let client = health::client()?;
    let mut paths = vec![first];
    for _ in 1..most {
        let Some(path) = paths.last() else { break };
        let page: Value = client.get(path).send().await?.error_for_status()?.json().await?;
        let Some(next) = page["next"].as_str() else { break };
        let (_, query) = next.split_once('?').context("`next` has no query")?;
        paths.push(format!("{base}/api/v1/photos?{query}"));
    }
    Ok(paths)
}

/// Requests before those that count.
fn warm_up(requests: u32) -> u32 {
    requests.div_ceil(10)
}

/// Requests the case `requests` times, one after the other, on one connection. A later round, counted from 0, goes on with
/// the pages where the one before it ended.
///
/// # Errors
/// When an answer is not 200.
pub(super) async fn measure(
    running: &Running,
    case: &Case,
    requests: u32,
    round: u32,
) -> anyhow::Result<Figures> {
    let client = health::client()?;
    let done = (warm_up(requests) + requests) as usize * round as usize;
    let mut paths = case.paths.iter().cycle().skip(done % case.paths.len().max(1));
    let mut get = async || -> anyhow::Result<Duration> {
        let path = paths.next().context("there is no page to ask for")?;
        let begin = Instant::now();
        let answer = client.get(path).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(
            status.is_success(),
            "{path} answers {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(begin.elapsed())
    };
    for _ in 0..warm_up(requests) {
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

/// The median of each figure over all rounds.
pub(super) fn medians(rounds: &[Figures]) -> Figures {
    let median = |figure: fn(&Figures) -> f64| median(rounds.iter().map(figure).collect());
    Figures {
        cpu: median(|figures| figures.cpu),
        p50: median(|figures| figures.p50),
        p99: median(|figures| figures.p99),
    }
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
