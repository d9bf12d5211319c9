//! Changes of photos: every one goes through here, a single one as a batch of one.

use std::time::Duration;

use crate::db::{Db, DbError};
use crate::domain::{Actor, PhotoId, PhotoRow, Refusal, Timestamp, UserId};

/// A change of one photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The photo.
    pub id: PhotoId,
    /// Only if the photo is still at this version.
    pub if_match: Option<i64>,
    /// What to do.
    pub action: Action,
}

/// What to do with a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Set fields.
    Edit(Edit),
    /// Show it to everybody, from now on.
    Publish,
    /// Make it a draft again.
    Unpublish,
    /// Put it into the trash.
    Delete,
    /// Take it out of the trash. A photo that is not there stays as it is.
    Restore,
}

/// Fields to set; none leaves a field as it is. Values are checked here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Name.
    pub name: Option<String>,
    /// Caption. Editing it never moves the date of publication.
    pub caption: Option<String>,
    /// `false` publishes, `true` makes it a draft.
    pub draft: Option<bool>,
    /// Another owner, who must exist and be active; for staff.
    pub owner: Option<UserId>,
}

/// What a refusal of one change means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All or nothing: one refusal undoes everything, and the others are [`Refusal::NotAttempted`].
    Atomic,
    /// Each for itself.
    Each,
}

impl Db {
    /// Changes photos, and answers in the order of `changes`. Permissions, versions, terms, tag counts and audit are one transaction.
    /// A change without effect changes nothing: no version, no audit.
    ///
    /// `trash_ttl` is how long a photo can be restored; zero is never.
    pub async fn change_photos(
        &self,
        actor: &Actor,
        changes: Vec<Change>,
        mode: Mode,
        trash_ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Result<PhotoRow, Refusal>>, DbError> {
        let _ = (actor, changes, mode, trash_ttl, now);
        Err(self.not_yet())
    }
}
