//! The login throttle: 10 failures within 15 minutes for an account, 50 for an address, then nothing but waiting helps.
//!
//! Failures are counted in Redis where there is one, so that replicas share them, else in memory. Without its Redis the
//! service goes on and counts in memory: a login that works is worth more than a count that is exact.
//!
//! A login asks before it checks the password and again after, because many attempts at once all ask before the first
//! of them has failed.

mod memory;
mod redis;

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use self::memory::Memory;
use self::redis::Shared;

/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
const FAILURES_PER_ACCOUNT: usize = 10;
const FAILURES_PER_ADDRESS: usize = 50;

/// Whether a login may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Free,
    /// Not before this time has passed, not even with the right password.
    Wait(Duration),
}

/// What a failure counts against.
#[derive(Clone, Debug)]
pub struct Attempt {
    counters: Vec<Counter>,
}

#[derive(Clone, Debug)]
struct Counter {
    key: String,
    limit: usize,
}

impl Attempt {
    /// An attempt from `address` on `account`; none where the name cannot be anybody's.
    #[must_use]
    pub fn new(account: Option<&str>, address: IpAddr) -> Self {
        let account = account.map(|name| Counter {
            key: format!("photos:{{login}}:account:{name}"),
            limit: FAILURES_PER_ACCOUNT,
        });
        let address = Counter {
            key: format!("photos:{{login}}:address:{}", network(address)),
            limit: FAILURES_PER_ADDRESS,
        };
        Self {
            counters: account.into_iter().chain([address]).collect(),
        }
    }
}

/// The address that counts: of IPv6 the first 64 bits, for a single customer has all the rest.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What an attempt does to the counters.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Look,
    Count,
}

/// Counts failed logins and says when enough is enough.
pub struct Throttle {
    local: Memory,
    shared: Option<Shared>,
}

impl Throttle {
    /// Counts in this process alone.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            local: Memory::default(),
            shared: None,
        }
    }

    /// Counts in the Redis at `url`, which need not answer yet.
    ///
    /// # Errors
    /// When `url` is no Redis URL.
    pub fn shared(url: &url::Url, password: Option<&str>) -> Result<Self, ::redis::RedisError> {
        Ok(Self {
            local: Memory::default(),
            shared: Some(Shared::new(url, password)?),
        })
    }

    /// Whether the attempt may be made, or, after the password was right, may count.
    pub async fn check(&self, attempt: &Attempt) -> Verdict {
        self.step(attempt, Step::Look).await
    }

    /// Counts a failure, unless too many were counted before: then the caller may not even learn that it was one.
    pub async fn failed(&self, attempt: &Attempt) -> Verdict {
        self.step(attempt, Step::Count).await
    }

    /// Whether the Redis that failures are counted in answers; none where there is no Redis.
    pub async fn ping(&self) -> Option<Result<(), ::redis::RedisError>> {
        match &self.shared {
            Some(shared) => Some(shared.ping().await),
            None => None,
        }
    }

    async fn step(&self, attempt: &Attempt, step: Step) -> Verdict {
        let answer = match &self.shared {
            Some(shared) => shared.step(attempt, step).await,
            None => None,
        };
        answer.unwrap_or_else(|| self.local.step(attempt, step, Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn one_customer_of_ipv6_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[tokio::test]
    async fn without_its_redis_it_counts_in_memory() {
        // Nothing listens on port 1 of the loopback.
        let throttle = Throttle::shared(&"redis://127.0.0.1:1".parse().unwrap(), None).unwrap();
        let attempt = Attempt::new(Some("ann"), "192.0.2.1".parse().unwrap());
        for _ in 0..FAILURES_PER_ACCOUNT {
            assert_eq!(throttle.failed(&attempt).await, Verdict::Free);
        }
        assert!(matches!(throttle.check(&attempt).await, Verdict::Wait(_)));
    }
}
