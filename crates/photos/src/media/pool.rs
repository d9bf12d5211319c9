//! The CPU pool: at most `PS_WORKERS` decodes, resizes or encodes at once, off the async threads.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::MediaError;
use super::budget::Admission;

/// A bound on the CPU work that runs at once. The threads are the runtime's blocking ones.
///
/// A job whose caller is gone before it begins is never begun; one that runs is left to end, and keeps its share of the
/// memory budget until then.
#[derive(Clone, Debug)]
pub struct CpuPool {
    workers: Arc<Semaphore>,
}

impl CpuPool {
    /// A pool of `workers`, at least one.
    pub fn new(workers: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers.max(1))),
        }
    }

    /// Runs `job` on a worker and gives its result. `admission` is held while the job runs, even if the caller goes.
    ///
    /// # Errors
    /// [`MediaError::Panicked`] if the job panicked: a decoder met bytes that it does not survive.
    pub async fn run<T, F>(&self, admission: Admission, job: F) -> Result<T, MediaError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let worker = Arc::clone(&self.workers)
            .acquire_owned()
            .await
            .map_err(|_| MediaError::Overloaded)?;
        let task = tokio::task::spawn_blocking(move || {
            let _held = (worker, admission);
            job()
        });
        task.await
            .map_err(|error| MediaError::Panicked(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::super::budget::Budget;
    use super::*;

    fn budget() -> Budget {
        Budget::new(1 << 20, Duration::from_secs(60))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_than_the_workers_run_at_once() {
        let (pool, budget) = (CpuPool::new(2), budget());
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..16).map(|_| {
            let (pool, budget, running, most) = (
                pool.clone(),
                budget.clone(),
                Arc::clone(&running),
                Arc::clone(&most),
            );
            tokio::spawn(async move {
                let admission = budget.admit(1024).await.unwrap();
                pool.run(admission, move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                })
                .await
                .unwrap();
            })
        });
        for job in jobs.collect::<Vec<_>>() {
            job.await.unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(budget.in_use(), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_job_whose_caller_left_is_never_begun() {
        let (pool, budget) = (CpuPool::new(1), budget());
        let (release, released) = mpsc::channel::<()>();
        let (busy, admission) = (pool.clone(), budget.admit(1024).await.unwrap());
        let (started, has_started) = tokio::sync::oneshot::channel();
        let first = tokio::spawn(async move {
            busy.run(admission, move || {
                started.send(()).unwrap();
                released.recv().unwrap();
            })
            .await
        });
        has_started.await.unwrap();

        let begun = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&begun);
        let admission = budget.admit(1024).await.unwrap();
        let mut second = Box::pin(pool.run(admission, move || seen.fetch_add(1, Ordering::SeqCst)));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(second);
        assert_eq!(
            budget.in_use(),
            1024,
            "the one who left gives its share back at once"
        );

        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        let admission = budget.admit(1024).await.unwrap();
        pool.run(admission, || ()).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_the_worker() {
        let (pool, budget) = (CpuPool::new(1), budget());
        let admission = budget.admit(1024).await.unwrap();
        let panicked = pool.run(admission, || panic!("bad bytes")).await;
        assert!(matches!(panicked, Err(MediaError::Panicked(_))));
        let admission = budget.admit(1024).await.unwrap();
        assert_eq!(pool.run(admission, || 7).await.unwrap(), 7);
    }
}
