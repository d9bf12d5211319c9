//! Deleting, restoring and publishing many photos, each for itself.

use std::collections::BTreeSet;

use photos_client::types::BATCH_ITEMS;
use photos_client::{BatchMode, BatchResponse, Client, ClientError, PhotoId};

use crate::{Outcome, print, tell};

/// Which photos.
#[derive(clap::Args)]
pub(crate) struct Ids {
    /// Ids, as `photosctl list` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<PhotoId>,
}

/// What to do with photos.
#[derive(Clone, Copy)]
pub(crate) enum Verb {
    Delete,
    Restore,
    Publish,
    Unpublish,
}

impl Verb {
    fn done(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Restore => "restored",
            Self::Publish => "published",
            Self::Unpublish => "unpublished",
        }
    }

    async fn call(self, client: &Client, ids: &[PhotoId]) -> Result<BatchResponse, ClientError> {
        let photos = client.photos();
        match self {
            Self::Delete => photos.delete_batch(ids, BatchMode::Each).await,
            Self::Restore => photos.restore_batch(ids, BatchMode::Each).await,
            Self::Publish => photos.publish_batch(ids, BatchMode::Each).await,
            Self::Unpublish => photos.unpublish_batch(ids, BatchMode::Each).await,
        }
    }
}

impl Ids {
    pub(crate) async fn run(self, client: &Client, verb: Verb) -> anyhow::Result<Outcome> {
        let mut seen = BTreeSet::new();
        let ids: Vec<_> = self.ids.into_iter().filter(|id| seen.insert(*id)).collect();
        let mut failed = 0;
        for ids in ids.chunks(*BATCH_ITEMS.end()) {
            for result in verb.call(client, ids).await?.results {
                let id = ids.get(result.index).map(ToString::to_string).unwrap_or_default();
                match result.problem {
                    None => print(format_args!("{} {id}", verb.done()))?,
                    Some(problem) => {
                        failed += 1;
                        tell(format_args!("failed {id}: {problem}"));
                    }
                }
            }
        }
        Ok(if failed == 0 {
            Outcome::Done
        } else {
            Outcome::PartlyFailed
        })
    }
}
