//! A dry run of fsck that somebody started in the admin: it goes on in the background of one replica, and tells its state to
//! the database, where all of them see it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::fsck::Fsck;
use crate::db::Db;
use crate::domain::now_micros;
use crate::store::Store;

/// Signs of life come so often.
const BEAT: Duration = Duration::from_secs(2);
/// Names of one kind of fault that are kept.
pub const NAMED: usize = 500;

/// Runs fsck to its end, or until `stop`, for the run with this id.
pub async fn run(db: Db, store: Store, id: String, quick: bool, stop: CancellationToken) {
    let seen = AtomicU64::new(0);
    let progress = |so_far: u64| seen.store(so_far, Ordering::Relaxed);
    let fsck = Fsck {
        db: &db,
        store: &store,
        quick,
        progress: &progress,
    };
    let beating = async {
        loop {
            sleep(BEAT).await;
            let beat = db.beat_check(&id, seen.load(Ordering::Relaxed), now_micros());
            if let Err(error) = beat.await {
                tracing::warn!(%error, "a check of the store could not give a sign of life");
            }
        }
    };
    let looking = async {
        tokio::select! {
            report = fsck.look() => match report {
                Ok(mut report) => {
                    for names in [
                        &mut report.rows_without_objects,
                        &mut report.objects_without_rows,
                        &mut report.checksum_faults,
                    ] {
                        names.truncate(NAMED);
                    }
                    // It says the same of each.
                    report.left.truncate(1);
                    serde_json::to_string(&report).map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            },
            () = beating => Err("it gave no sign of life".to_owned()),
        }
    };
    let outcome = stop.run_until_cancelled(looking).await;
    let outcome =
        outcome.unwrap_or_else(|| Err("the replica that did it was stopped: start it again".to_owned()));
    if let Err(error) = db
        .end_check(&id, seen.load(Ordering::Relaxed), outcome, now_micros())
        .await
    {
        tracing::warn!(%error, "the end of a check of the store could not be noted");
    }
}
