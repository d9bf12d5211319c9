//! What became of several photos at once, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};

use photos_client::types::BATCH_ITEMS;
use photos_client::{BatchMode, BatchResponse, ClientError, PhotoId, Photos, Problem, ProblemCode};

use crate::error::{PageError, sentence};
use crate::flash::Flash;
use crate::shown;
use crate::visit::Visit;

/// What is done with photos.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Publish,
    Unpublish,
    Delete,
    Restore,
}

impl Action {
    pub(super) fn read(text: &str) -> Option<Self> {
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
            Self::Unpublish => "moved to the drafts",
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

/// Why a photo was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It is not there, or not for these eyes.
    Gone,
    /// It is somebody else's.
    Forbidden,
    /// In the words of the photos service.
    Other(String),
}

impl Why {
    fn read(problem: Problem) -> Self {
        match problem.code {
            ProblemCode::NotFound => Self::Gone,
            ProblemCode::Forbidden => Self::Forbidden,
            _ => Self::Other(shown::sentence(&problem.detail.unwrap_or(problem.title))),
        }
    }

    /// What is said of so many photos that were not changed for this reason.
    fn told(&self, action: Action, count: usize) -> String {
        let photos = shown::photos(count);
        let it = |one: &'static str, many: &'static str| if count == 1 { one } else { many };
        let why = match (self, action) {
            // Deleted before, as a rule: the message has the way to take them back.
            (Self::Gone, Action::Delete) => {
                return it(
                    "1 photo is not there any more. If you have deleted it, you can undo that for a while.",
                    "%s are not there any more. If you have deleted them, you can undo that for a while.",
                )
                .replace("%s", &photos);
            }
            (Self::Gone, Action::Restore) => it(
                "it is gone for good, or it is not yours.",
                "they are gone for good, or they are not yours.",
            ),
            (Self::Gone, _) => it(
                "it is not there any more, or it is not yours.",
                "they are not there any more, or they are not yours.",
            ),
            (Self::Forbidden, _) => it(
                "only its owner and staff may do that.",
                "only their owners and staff may do that.",
            ),
            (Self::Other(said), _) => return format!("{photos} could not be {}. {said}", action.done()),
        };
        format!("{photos} could not be {}: {why}", action.done())
    }
}

/// What became of the photos.
#[derive(Default)]
pub(super) struct Outcome {
    done: Vec<PhotoId>,
    /// Owners of those that were done, as far as they are known, if they are not the visitor's own.
    others: BTreeSet<String>,
    refused: BTreeMap<Why, Vec<PhotoId>>,
    /// Photos that were not come to, or of which it is not known, and why.
    left: Vec<PhotoId>,
    broken: Option<String>,
}

/// A batch after the other. Once something is done, a batch that fails ends it, and what was done is told.
pub(super) async fn run(visit: &Visit, action: Action, ids: &[PhotoId]) -> Result<Outcome, PageError> {
    let photos = visit.client().photos();
    let me = visit.member()?.username();
    let mut outcome = Outcome::default();
    let mut left = ids;
    while !left.is_empty() {
        let (some, rest) = left.split_at(left.len().min(*BATCH_ITEMS.end()));
        let results = match action.run(&photos, some).await {
            Ok(answer) => answer.results,
            Err(error) if outcome.done.is_empty() && !may_be_done(&error) => return Err(error.into()),
            Err(error) => {
                outcome.broken = Some(sentence(&error));
                outcome.left = left.to_vec();
                break;
            }
        };
        for (id, result) in some.iter().zip(results) {
            if let Some(problem) = result.problem {
                outcome.refused.entry(Why::read(problem)).or_default().push(*id);
            } else {
                outcome.done.push(*id);
                let owner = result.photo.map(|photo| photo.owner.username);
                outcome.others.extend(owner.filter(|owner| owner != me));
            }
        }
        left = rest;
    }
    Ok(outcome)
}

/// Whether a call that failed may have been done all the same.
fn may_be_done(error: &ClientError) -> bool {
    matches!(error, ClientError::Broken { .. } | ClientError::Timeout { .. })
}

impl Outcome {
    /// The message for the one who did it.
    pub(super) fn told(mut self, action: Action, by: &str) -> Flash {
        let mut said = Vec::new();
        if !self.done.is_empty() {
            let what = match (action, self.others.iter().next()) {
                (Action::Unpublish, Some(owner)) if self.others.len() == 1 => {
                    format!("moved to the drafts of @{owner}")
                }
                (Action::Unpublish, Some(_)) => "moved to the drafts of their owners".to_owned(),
                (Action::Unpublish, None) => "moved to your drafts".to_owned(),
                _ => action.done().to_owned(),
            };
            said.push(format!("{} {what}.", shown::photos(self.done.len())));
        }
        let refused = self.refused.iter().take(3);
        said.extend(refused.map(|(why, ids)| why.told(action, ids.len())));
        if let Some(reason) = self.broken.take() {
            let left = shown::photos(self.left.len());
            let it = if said.is_empty() { "It" } else { "Then it" };
            said.push(format!("{it} broke off, with {left} to go: {reason}"));
        }
        Flash {
            undo: self.undo(action),
            by: by.to_owned(),
            ..if self.done.is_empty() {
                Flash::problem(said.join(" "))
            } else {
                Flash::done(said.join(" "))
            }
        }
    }

    /// What a deletion can be undone for, or what of that is not done yet. A photo that is not there may lie in the trash,
    /// put there by this form when it was sent before; and a batch that broke may have been done all the same. Nothing is
    /// given away by that: only what is in the visitor's own trash can be taken out of it.
    fn undo(&mut self, action: Action) -> Vec<PhotoId> {
        let left = std::mem::take(&mut self.left).into_iter();
        match action {
            Action::Delete => {
                let mut undo = self.done.clone();
                undo.extend(self.refused.remove(&Why::Gone).unwrap_or_default());
                undo.extend(left.take(*BATCH_ITEMS.end()));
                undo
            }
            Action::Restore => left.collect(),
            Action::Publish | Action::Unpublish => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos(count: usize) -> Vec<PhotoId> {
        (0..count).map(|_| PhotoId::now()).collect()
    }

    fn refused(why: Why, count: usize) -> Outcome {
        Outcome {
            refused: BTreeMap::from([(why, photos(count))]),
            ..Outcome::default()
        }
    }

    #[test]
    fn says_what_was_done() {
        let all = || Outcome {
            done: photos(2),
            ..Outcome::default()
        };
        let flash = all().told(Action::Delete, "ann");
        assert_eq!((flash.text.as_str(), flash.undo.len()), ("2 photos deleted.", 2));
        assert_eq!(flash.by, "ann");
        let of = |others: &[&str]| Outcome {
            others: others.iter().map(|owner| (*owner).to_owned()).collect(),
            ..all()
        };
        for (others, text) in [
            (&[][..], "2 photos moved to your drafts."),
            (&["ann"][..], "2 photos moved to the drafts of @ann."),
            (
                &["ann", "bob"][..],
                "2 photos moved to the drafts of their owners.",
            ),
        ] {
            assert_eq!(of(others).told(Action::Unpublish, "eve").text, text);
        }
    }

    #[test]
    fn says_why_something_was_not_done() {
        let other = || Why::Other("It is too late.".to_owned());
        for (action, why, count, text) in [
            (
                Action::Publish,
                Why::Gone,
                1,
                "1 photo could not be published: it is not there any more, or it is not yours.",
            ),
            (
                Action::Restore,
                Why::Gone,
                2,
                "2 photos could not be restored: they are gone for good, or they are not yours.",
            ),
            (
                Action::Unpublish,
                Why::Forbidden,
                1,
                "1 photo could not be moved to the drafts: only its owner and staff may do that.",
            ),
            (
                Action::Delete,
                Why::Forbidden,
                3,
                "3 photos could not be deleted: only their owners and staff may do that.",
            ),
            (
                Action::Publish,
                other(),
                2,
                "2 photos could not be published. It is too late.",
            ),
        ] {
            let flash = refused(why, count).told(action, "ann");
            assert_eq!((flash.text.as_str(), flash.is_problem), (text, true));
            assert!(flash.undo.is_empty());
        }
        let mut some = refused(Why::Gone, 1);
        some.done = photos(1);
        let flash = some.told(Action::Publish, "ann");
        assert!(!flash.is_problem);
        assert!(
            flash.text.starts_with("1 photo published. 1 photo could not be"),
            "{}",
            flash.text
        );
    }

    #[test]
    fn what_may_lie_in_the_trash_can_be_taken_out() {
        let mut again = refused(Why::Gone, 2);
        again.done = photos(1);
        again.refused.insert(Why::Forbidden, photos(1));
        let flash = again.told(Action::Delete, "ann");
        assert_eq!(flash.undo.len(), 3);
        assert!(
            flash.text.contains("2 photos are not there any more."),
            "{}",
            flash.text
        );
        for (action, undo) in [(Action::Delete, 3), (Action::Restore, 1)] {
            let broken = Outcome {
                done: photos(2),
                left: photos(1),
                broken: Some("It does not answer.".to_owned()),
                ..Outcome::default()
            };
            let flash = broken.told(action, "ann");
            let done = action.done();
            let text = format!("2 photos {done}. Then it broke off, with 1 photo to go: It does not answer.");
            assert_eq!((flash.text, flash.undo.len()), (text, undo));
        }
    }
}
