//! The clock: what can be told of it without asking the network.

use std::time::{Duration, SystemTime};

use super::finding::Finding;

const CHECK: &str = "clock";

/// Beyond this, tokens and certificates are refused as not valid yet.
const TOLERATED: f64 = 5.0;

/// Compares with Docker's engine, which may be in a virtual machine that slept, and with the time at which this program was
/// built. `skew` is the engine's clock minus ours and how far that may be off, in seconds.
pub(super) fn look(skew: Option<(f64, f64)>) -> Finding {
    let built = std::env::current_exe()
        .and_then(|program| program.metadata()?.modified())
        .ok();
    judge(SystemTime::now(), built, skew)
}

fn judge(now: SystemTime, built: Option<SystemTime>, skew: Option<(f64, f64)>) -> Finding {
    let behind = built.and_then(|built| built.duration_since(now).ok());
    if let Some(behind) = behind.filter(|behind| *behind > Duration::from_secs(60)) {
        let evidence = format!("this program was built {} s in the future", behind.as_secs());
        return Finding::fault(CHECK, "the clock is in the past", evidence)
            .remedy("set the clock: `sudo timedatectl set-ntp true`");
    }
    match skew {
        Some((skew, error)) if skew.abs() - error > TOLERATED => {
            let evidence = format!("the engine's clock is {skew:.1} s from ours (± {error:.1} s)");
            Finding::fault(CHECK, "Docker's clock and ours differ", evidence)
                .remedy("restart Docker: its virtual machine takes the time from here when it starts")
        }
        Some((skew, error)) => {
            let evidence = format!("Docker's engine is {skew:.1} s away (± {error:.1} s)");
            Finding::fine(CHECK, "the clocks agree", evidence)
        }
        None => {
            let evidence = "there is no other clock to compare with: Docker's engine does not answer";
            Finding::unknown(CHECK, "the clock was not compared", evidence)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn only_what_is_measured_is_a_fault() {
        let now = SystemTime::now();
        let state = |built, skew| judge(now, built, skew).state;
        assert_eq!(state(Some(now), None), State::Unknown);
        assert_eq!(state(Some(now), Some((0.2, 0.1))), State::Fine);
        assert_eq!(state(Some(now), Some((-90.0, 0.1))), State::Fault);
        // An engine that took a minute to answer tells nothing of its clock.
        assert_eq!(state(Some(now), Some((20.0, 30.0))), State::Fine);
        assert_eq!(
            state(Some(now + Duration::from_secs(3600)), Some((0.0, 0.1))),
            State::Fault
        );
    }
}
