//! What a change makes of a photo, as a pure function: permission, version, values, effect.

use std::time::Duration;

use super::time::after;
use super::{Actor, FieldFault, PhotoId, PhotoRow, Refusal, Timestamp, UserId, policy, tags, validate};

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

impl Action {
    /// The word in the audit.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Edit(_) => "edit",
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }
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

/// What a change is judged by, beside the photo.
pub struct Circumstances<'a> {
    /// Who changes it.
    pub actor: &'a Actor,
    /// How long a photo can be restored; zero is never.
    pub trash_ttl: Duration,
    /// When.
    pub now: Timestamp,
    /// Username of an active user.
    pub username: &'a dyn Fn(UserId) -> Option<String>,
}

/// The photo after a change; the same photo, at the same version, if the change is without effect.
///
/// # Errors
/// Why the change is refused: first what the actor may, then the version, then the values.
pub fn changed(photo: &PhotoRow, change: &Change, by: &Circumstances<'_>) -> Result<PhotoRow, Refusal> {
    permit(photo, &change.action, by)?;
    if let Some(expected) = change.if_match
        && expected != photo.version
    {
        return Err(Refusal::PreconditionFailed {
            current: photo.version,
        });
    }
    let mut next = photo.clone();
    match &change.action {
        Action::Edit(edit) => apply(&mut next, edit, by)?,
        Action::Publish => set_draft(&mut next, false, by.now),
        Action::Unpublish => set_draft(&mut next, true, by.now),
        Action::Delete => next.deleted_at = Some(by.now),
        Action::Restore => next.deleted_at = None,
    }
    if next != *photo {
        next.version += 1;
        next.updated_at = by.now;
    }
    Ok(next)
}

fn permit(photo: &PhotoRow, action: &Action, by: &Circumstances<'_>) -> Result<(), Refusal> {
    match (action, photo.deleted_at) {
        (Action::Restore, Some(deleted_at)) => {
            policy::may_restore(by.actor, photo)?;
            let in_time = !by.trash_ttl.is_zero() && by.now < after(deleted_at, by.trash_ttl);
            if in_time { Ok(()) } else { Err(Refusal::NotFound) }
        }
        (Action::Edit(Edit { owner: Some(_), .. }), _) => {
            policy::may_change(by.actor, photo)?;
            policy::may_give_away(by.actor)
        }
        _ => policy::may_change(by.actor, photo),
    }
}

fn apply(next: &mut PhotoRow, edit: &Edit, by: &Circumstances<'_>) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if let Some(name) = &edit.name {
        match validate::name(name) {
            Ok(name) => next.name = name,
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(caption) = &edit.caption {
        match validate::caption(caption) {
            Ok(caption) => {
                next.tags = tags(&caption);
                next.caption = caption;
            }
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(owner) = edit.owner {
        match (by.username)(owner) {
            Some(username) => {
                next.owner_id = owner;
                next.owner = username;
            }
            None => faults.push(FieldFault {
                field: "owner".into(),
                detail: "there is no such active user".into(),
            }),
        }
    }
    if let Some(draft) = edit.draft {
        set_draft(next, draft, by.now);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(faults))
    }
}

/// Publishing sets the date once; making it a draft again clears it.
fn set_draft(photo: &mut PhotoRow, draft: bool, now: Timestamp) {
    if photo.draft != draft {
        photo.draft = draft;
        photo.published_at = (!draft).then_some(now);
    }
}
