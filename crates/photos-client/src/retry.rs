//! When to repeat a call, and after how long.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How often and how patiently a call is repeated after 429, 503 and, where it may be repeated, a broken connection.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Attempts in all; 1 repeats nothing.
    pub attempts: u32,
    /// Longest wait before the second attempt; it doubles from there. The wait is a random part of it, at least half.
    pub base: Duration,
    /// What that doubling ends at.
    pub cap: Duration,
    /// A `Retry-After` longer than this is not waited for: the caller gets the problem at once.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(5),
            longest_wait: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// Repeats nothing.
    pub fn never() -> Self {
        Self {
            attempts: 1,
            ..Self::default()
        }
    }

    /// How long to wait after attempt number `attempt` (from 1) failed; none if that was the last.
    pub(crate) fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.base.saturating_mul(1 << (attempt - 1).min(20)).min(self.cap);
        let backoff = doubled.mul_f64(rand::random_range(0.5..=1.0));
        match retry_after {
            Some(asked) if asked > self.longest_wait => None,
            Some(asked) => Some(asked + backoff / 4),
            None => Some(backoff),
        }
    }
}

/// `Retry-After`, which is seconds or a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn waits_double_within_their_jitter_and_end() {
        let policy = RetryPolicy {
            attempts: 20,
            ..RetryPolicy::default()
        };
        for (attempt, most) in [(1, 250), (2, 500), (3, 1000), (10, 5000), (19, 5000)] {
            let wait = policy.wait(attempt, None).unwrap().as_millis();
            assert!((most / 2..=most).contains(&wait), "attempt {attempt}: {wait} ms");
        }
        assert_eq!(policy.wait(20, None), None);
        assert_eq!(RetryPolicy::never().wait(1, None), None);
    }

    #[test]
    fn retry_after_is_the_least_and_has_a_limit() {
        let policy = RetryPolicy::default();
        assert!(policy.wait(1, Some(Duration::from_secs(7))).unwrap() >= Duration::from_secs(7));
        assert_eq!(policy.wait(1, Some(Duration::from_secs(900))), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        for (text, expected) in [
            ("7", Some(7)),
            ("Fri, 02 Jan 2026 03:04:15 GMT", Some(10)),
            ("Fri, 02 Jan 2026 03:04:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(
                retry_after(&headers, now),
                expected.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
