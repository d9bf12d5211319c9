//! Admission by memory: how many bytes of decoded pictures may exist at once, shared by uploads and variants.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::MediaError;

/// The unit in which the budget is counted: a semaphore takes at most `u32::MAX` permits at once.
const UNIT: u64 = 1024;

/// A weighted semaphore over bytes. Requests are served in their order, so that a large picture is not starved by
/// small ones.
#[derive(Clone, Debug)]
pub struct Budget {
    permits: Arc<Semaphore>,
    total: u32,
    queue_timeout: Duration,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub struct Admission {
    _permit: OwnedSemaphorePermit,
}

impl Budget {
    /// A budget of `bytes`; whoever waits longer than `queue_timeout` is refused.
    pub fn new(bytes: u64, queue_timeout: Duration) -> Self {
        let total = units(bytes);
        Self {
            permits: Arc::new(Semaphore::new(total as usize)),
            total,
            queue_timeout,
        }
    }

    /// Waits for `bytes` of the budget.
    ///
    /// # Errors
    /// [`MediaError::Dimensions`] if the whole budget would not do, [`MediaError::Overloaded`] if there was no room in
    /// time.
    pub async fn admit(&self, bytes: u64) -> Result<Admission, MediaError> {
        let wanted = units(bytes);
        if wanted > self.total {
            return Err(MediaError::Dimensions(format!(
                "decoding this image takes about {} MiB of memory, and the server allows {} MiB; send a smaller one, or a \
                 JPEG that is not progressive",
                bytes.div_ceil(1 << 20),
                (u64::from(self.total) * UNIT) >> 20,
            )));
        }
        let waiting = Arc::clone(&self.permits).acquire_many_owned(wanted);
        match tokio::time::timeout(self.queue_timeout, waiting).await {
            Ok(Ok(permit)) => Ok(Admission { _permit: permit }),
            // The semaphore is never closed; if it were, nothing could be admitted any more.
            Ok(Err(_)) | Err(_) => Err(MediaError::Overloaded),
        }
    }

    /// Bytes in use now, for the metrics.
    pub fn in_use(&self) -> u64 {
        u64::from(self.total).saturating_sub(self.permits.available_permits() as u64) * UNIT
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const MIB: u64 = 1 << 20;

    #[tokio::test]
    async fn an_item_larger_than_everything_is_a_fault_of_the_image() {
        let budget = Budget::new(8 * MIB, Duration::from_secs(60));
        let Err(MediaError::Dimensions(detail)) = budget.admit(9 * MIB).await else {
            unreachable!("admitted")
        };
        assert!(detail.contains("9 MiB") && detail.contains("8 MiB"), "{detail}");
        assert_eq!(budget.in_use(), 0);
    }

    #[tokio::test]
    async fn no_room_in_time_is_overload_and_room_comes_back() {
        let budget = Budget::new(8 * MIB, Duration::from_millis(1));
        let first = budget.admit(6 * MIB).await.unwrap();
        assert_eq!(budget.in_use(), 6 * MIB);
        assert!(matches!(budget.admit(3 * MIB).await, Err(MediaError::Overloaded)));
        drop(first);
        assert_eq!(budget.in_use(), 0);
        budget.admit(8 * MIB).await.unwrap();
    }

    #[tokio::test]
    async fn the_waiting_are_served_in_their_order() {
        let budget = Budget::new(8 * MIB, Duration::from_secs(60));
        let first = budget.admit(6 * MIB).await.unwrap();
        let large = budget.admit(8 * MIB);
        tokio::pin!(large);
        assert!(futures_util::poll!(&mut large).is_pending());
        let small = budget.admit(MIB);
        tokio::pin!(small);
        assert!(
            futures_util::poll!(&mut small).is_pending(),
            "a small one must not overtake"
        );
        drop(first);
        drop(large.await.unwrap());
        small.await.unwrap();
    }
}
