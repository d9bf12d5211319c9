//! The one authority for permissions: who may see and change what. Changes ask it inside their transaction.

use thiserror::Error;

use super::{Actor, FieldFault, PhotoRow};

/// Why a change of one photo did not happen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such photo, or the actor may not know of it.
    #[error("there is no such photo")]
    NotFound,
    /// The actor sees it and may not change it.
    #[error("only its owner and staff may change a photo")]
    Forbidden,
    /// It is not the version that the caller knows.
    #[error("the photo is at version {current} now; read it again before you change it")]
    PreconditionFailed {
        /// The version that it has.
        current: i64,
    },
    /// The new values are not allowed.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldFault>),
    /// Another item of the same batch was refused, so this one was not tried.
    #[error("not attempted, because another item of the batch was refused")]
    NotAttempted,
}

/// Whether a photo exists for a viewer; none is a guest. A photo in the trash exists for nobody.
pub fn can_see(viewer: Option<&Actor>, photo: &PhotoRow) -> bool {
    photo.deleted_at.is_none() && (!photo.draft || viewer.is_some_and(|viewer| may_own(viewer, photo)))
}

/// Whether an actor may change, publish or delete a photo.
///
/// # Errors
/// [`Refusal::NotFound`] for what the actor does not see, [`Refusal::Forbidden`] for another's published photo.
pub fn may_change(actor: &Actor, photo: &PhotoRow) -> Result<(), Refusal> {
    if !can_see(Some(actor), photo) {
        Err(Refusal::NotFound)
    } else if may_own(actor, photo) {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}

/// Whether an actor may take a photo out of the trash. Others do not even learn that it is there.
///
/// # Errors
/// [`Refusal::NotFound`] for anybody but its owner and staff.
pub fn may_restore(actor: &Actor, photo: &PhotoRow) -> Result<(), Refusal> {
    if may_own(actor, photo) {
        Ok(())
    } else {
        Err(Refusal::NotFound)
    }
}

/// Whether an actor may give a photo to another owner.
///
/// # Errors
/// [`Refusal::Forbidden`] for anybody but staff.
pub fn may_give_away(actor: &Actor) -> Result<(), Refusal> {
    if actor.is_staff {
        Ok(())
    } else {
        Err(Refusal::Forbidden)
    }
}

/// Whether an actor may change a user's flags and password: staff may, but superusers are for superusers.
pub fn may_administer(actor: &Actor, concerns_superuser: bool) -> bool {
    actor.is_superuser || (actor.is_staff && !concerns_superuser)
}

/// Whether an actor may use the admin.
pub fn may_use_admin(actor: &Actor) -> bool {
    actor.is_staff
}

fn may_own(actor: &Actor, photo: &PhotoRow) -> bool {
    actor.is_staff || actor.user_id == photo.owner_id
}
