//! Counters of failed logins in this process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Attempt, Step, Verdict, WINDOW};

/// Above this many counters those that have run out are dropped.
const MANY: usize = 10_000;

/// When each account and address failed, newest last, no more of them than its limit.
#[derive(Default)]
pub(super) struct Memory {
    failures: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Memory {
    pub(super) fn step(&self, attempt: &Attempt, step: Step, now: Instant) -> Verdict {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = attempt.counters.iter().filter_map(|counter| {
            let times = failures.get(&counter.key)?;
            if times.len() < counter.limit {
                return None;
            }
            times
                .front()
                .map(|oldest| (*oldest + WINDOW).saturating_duration_since(now))
        });
        if let Some(wait) = wait.max().filter(|wait| *wait > Duration::ZERO) {
            return Verdict::Wait(wait);
        }
        if step == Step::Count {
            if failures.len() > MANY {
                failures.retain(|_, times| times.back().is_some_and(|last| *last + WINDOW > now));
            }
            for counter in &attempt.counters {
                let times = failures.entry(counter.key.clone()).or_default();
                times.push_back(now);
                while times.len() > counter.limit {
                    times.pop_front();
                }
            }
        }
        Verdict::Free
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn attempt(account: &str, address: &str) -> Attempt {
        Attempt::new(Some(account), address.parse().unwrap())
    }

    #[test]
    fn the_eleventh_failure_of_an_account_waits_for_the_first_to_run_out() {
        let (memory, start) = (Memory::default(), Instant::now());
        let second = Duration::from_secs(1);
        for n in 0..10 {
            let who = attempt("ann", &format!("192.0.2.{n}"));
            assert_eq!(memory.step(&who, Step::Count, start + second * n), Verdict::Free);
        }
        let ann = attempt("ann", "198.51.100.1");
        let now = start + second * 10;
        assert_eq!(
            memory.step(&ann, Step::Look, now),
            Verdict::Wait(WINDOW - second * 10)
        );
        assert_eq!(
            memory.step(&attempt("bob", "198.51.100.1"), Step::Look, now),
            Verdict::Free
        );
        assert_eq!(memory.step(&ann, Step::Count, start + WINDOW), Verdict::Free);
        assert_eq!(
            memory.step(&ann, Step::Look, start + WINDOW),
            Verdict::Wait(second)
        );
    }

    #[test]
    fn an_address_may_fail_fifty_times_over_all_accounts() {
        let (memory, now) = (Memory::default(), Instant::now());
        for n in 0..50 {
            let who = attempt(&format!("user{n}"), "192.0.2.1");
            assert_eq!(memory.step(&who, Step::Count, now), Verdict::Free);
        }
        assert_eq!(
            memory.step(&attempt("ann", "192.0.2.1"), Step::Look, now),
            Verdict::Wait(WINDOW)
        );
        assert_eq!(
            memory.step(&attempt("ann", "192.0.2.2"), Step::Look, now),
            Verdict::Free
        );
    }

    #[test]
    fn counters_that_ran_out_are_dropped() {
        let (memory, now) = (Memory::default(), Instant::now());
        for n in 0..=MANY {
            memory.step(
                &Attempt::new(Some(&format!("user{n}")), [10, 0, 0, 1].into()),
                Step::Count,
                now,
            );
            memory
                .failures
                .lock()
                .unwrap()
                .remove("photos:{login}:address:10.0.0.1");
        }
        memory.step(&attempt("ann", "192.0.2.1"), Step::Count, now + WINDOW);
        assert_eq!(memory.failures.lock().unwrap().len(), 2);
    }
}
