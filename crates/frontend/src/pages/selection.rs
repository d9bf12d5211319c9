//! What is done with several photos at once, or with one: publish, unpublish, delete, and undo that.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use photos_client::types::BATCH_ITEMS;
use photos_client::{BatchMode, BatchResponse, ClientError, PhotoId, Photos};

use crate::csrf::Checked;
use crate::error::PageError;
use crate::flash::Flash;
use crate::layout::see;
use crate::links::local_or_home;
use crate::shown;
use crate::visit::Visit;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Publish,
    Unpublish,
    Delete,
    Restore,
}

impl Action {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "publish" => Self::Publish,
            "unpublish" => Self::Unpublish,
            "delete" => Self::Delete,
            "restore" => Self::Restore,
            _ => return None,
        })
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Publish => "published",
            Self::Unpublish => "moved to your drafts",
            Self::Delete => "deleted",
            Self::Restore => "restored",
        }
    }

    async fn run(self, photos: &Photos, ids: &[PhotoId]) -> Result<BatchResponse, ClientError> {
        match self {
            Self::Publish => photos.publish_batch(ids, BatchMode::Each).await,
            Self::Unpublish => photos.unpublish_batch(ids, BatchMode::Each).await,
            Self::Delete => photos.delete_batch(ids, BatchMode::Each).await,
            Self::Restore => photos.restore_batch(ids, BatchMode::Each).await,
        }
    }
}

/// Fields: `action`, `id` as often as there are photos, `back`.
pub(super) async fn change(
    visit: Visit,
    Checked(fields): Checked<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    visit.member()?;
    let value = |name: &str| {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    };
    let back = local_or_home(value("back"));
    let action = value("action")
        .and_then(Action::read)
        .ok_or_else(|| PageError::Unreadable("The form does not say what to do".to_owned()))?;
    let ids = fields.iter().filter(|(name, _)| name == "id");
    let ids: Result<BTreeSet<PhotoId>, _> = ids.map(|(_, id)| id.parse()).collect();
    let ids: Vec<PhotoId> = ids
        .map_err(|error| PageError::Unreadable(format!("A photo's id is {error}")))?
        .into_iter()
        .collect();
    if ids.is_empty() {
        visit.leave(&Flash::problem("Select at least one photo first."));
        return Ok(see(back));
    }
    let photos = visit.client().photos();
    let (mut done, mut reasons) = (Vec::new(), BTreeSet::new());
    for some in ids.chunks(*BATCH_ITEMS.end()) {
        for (id, result) in some.iter().zip(action.run(&photos, some).await?.results) {
            match result.problem {
                None => done.push(*id),
                Some(problem) => {
                    reasons.insert(problem.detail.unwrap_or(problem.title));
                }
            }
        }
    }
    visit.leave(&told(action, done, ids.len(), &reasons));
    Ok(see(back))
}

fn told(action: Action, done: Vec<PhotoId>, asked: usize, reasons: &BTreeSet<String>) -> Flash {
    let mut text = String::new();
    if !done.is_empty() {
        text = format!("{} {}.", shown::photos(done.len()), action.done());
    }
    if done.len() < asked {
        let reasons: Vec<&str> = reasons.iter().map(String::as_str).take(3).collect();
        let left = shown::photos(asked - done.len());
        text.push_str(&format!(" {left} could not be: {}.", reasons.join("; ")));
    }
    let mut flash = if done.is_empty() {
        Flash::problem(text.trim())
    } else {
        Flash::done(text.trim())
    };
    if action == Action::Delete {
        flash.undo = done;
        flash.undo.truncate(*BATCH_ITEMS.end());
    }
    flash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_became_of_them() {
        let ids: Vec<PhotoId> = (0..2).map(|_| PhotoId::now()).collect();
        let none = BTreeSet::new();
        let flash = told(Action::Delete, ids.clone(), 2, &none);
        assert_eq!((flash.text.as_str(), flash.undo.len()), ("2 photos deleted.", 2));
        let why = BTreeSet::from(["it is not there".to_owned()]);
        let flash = told(Action::Publish, ids[..1].to_vec(), 2, &why);
        assert_eq!(
            flash.text,
            "1 photo published. 1 photo could not be: it is not there."
        );
        let flash = told(Action::Publish, Vec::new(), 1, &why);
        assert!(flash.is_problem);
        assert_eq!(flash.text, "1 photo could not be: it is not there.");
    }
}
