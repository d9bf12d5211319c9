//! What is done with several photos at once, or with one: publish, unpublish, delete, and undo that.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use askama::Template;
use photos_client::types::BATCH_ITEMS;
use photos_client::{BatchMode, BatchResponse, ClientError, PhotoId, Photos};

use crate::csrf::Checked;
use crate::error::{PageError, quoted, sentence};
use crate::flash::Flash;
use crate::layout::{Layout, ok, see};
use crate::links::local_or_home;
use crate::shown;
use crate::visit::Visit;

/// What was done, with more photos to undo it for than a message for the next page holds.
#[derive(Template)]
#[template(path = "done.html")]
struct DonePage {
    layout: Layout,
    flash: Flash,
    back: String,
}

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
        .ok_or_else(|| PageError::Unreadable("The form does not say what to do.".to_owned()))?;
    let ids = fields.iter().filter(|(name, _)| name == "id");
    let ids: Result<BTreeSet<PhotoId>, _> = ids.map(|(_, id)| id.parse()).collect();
    let ids: Vec<PhotoId> = ids
        .map_err(|error| PageError::Unreadable(format!("A photo's id is {error}.")))?
        .into_iter()
        .collect();
    if ids.is_empty() {
        visit.leave(&Flash::problem("Select at least one photo first."));
        return Ok(see(back));
    }
    let outcome = run(&visit, action, &ids).await?;
    let flash = outcome.told(action);
    if visit.leave(&flash) {
        return Ok(see(back));
    }
    // More than a cookie holds: the answer itself has the way to undo it.
    let mut layout = Layout::new(&visit, "Done · hmlet");
    layout.here = back.to_owned();
    ok(&DonePage {
        layout,
        flash,
        back: back.to_owned(),
    })
}

/// What became of the photos.
#[derive(Default)]
struct Outcome {
    done: Vec<PhotoId>,
    /// Owners of those that were done, as far as they are known, if they are not the visitor's own.
    others: BTreeSet<String>,
    reasons: BTreeSet<String>,
    refused: usize,
    /// Photos that were not come to, or of which it is not known, and why.
    left: Vec<PhotoId>,
    broken: Option<String>,
}

/// A batch after the other. Once something is done, a batch that fails ends it, and what was done is told.
async fn run(visit: &Visit, action: Action, ids: &[PhotoId]) -> Result<Outcome, PageError> {
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
                outcome.refused += 1;
                outcome
                    .reasons
                    .insert(quoted(&problem.detail.unwrap_or(problem.title)));
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
    fn told(self, action: Action) -> Flash {
        let mut said = Vec::new();
        if !self.done.is_empty() {
            let what = match (action, self.others.iter().next()) {
                (Action::Unpublish, Some(owner)) if self.others.len() == 1 => {
                    format!("moved to the drafts of @{owner}")
                }
                (Action::Unpublish, Some(_)) => "moved to the drafts of their owners".to_owned(),
                _ => action.done().to_owned(),
            };
            said.push(format!("{} {what}.", shown::photos(self.done.len())));
        }
        if self.refused > 0 {
            let reasons: Vec<&str> = self.reasons.iter().map(String::as_str).take(3).collect();
            let refused = shown::photos(self.refused);
            said.push(format!("{refused} could not be: {}.", reasons.join("; ")));
        }
        if let Some(reason) = self.broken {
            let left = shown::photos(self.left.len());
            let it = if said.is_empty() { "It" } else { "Then it" };
            said.push(format!("{it} broke off, with {left} to go: {reason}"));
        }
        let text = said.join(" ");
        let mut flash = if self.done.is_empty() {
            Flash::problem(text)
        } else {
            Flash::done(text)
        };
        if action == Action::Delete {
            // The batch that broke may have been done all the same; what is not in the trash is not touched.
            flash.undo = self.done;
            flash.undo.extend(self.left.into_iter().take(*BATCH_ITEMS.end()));
        }
        flash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_became_of_them() {
        let ids: Vec<PhotoId> = (0..2).map(|_| PhotoId::now()).collect();
        let all = || Outcome {
            done: ids.clone(),
            ..Outcome::default()
        };
        let flash = all().told(Action::Delete);
        assert_eq!((flash.text.as_str(), flash.undo.len()), ("2 photos deleted.", 2));
        let why = BTreeSet::from(["it is not there".to_owned()]);
        let some = Outcome {
            done: ids[..1].to_vec(),
            reasons: why.clone(),
            refused: 1,
            ..Outcome::default()
        };
        assert_eq!(
            some.told(Action::Publish).text,
            "1 photo published. 1 photo could not be: it is not there."
        );
        let none = Outcome {
            reasons: why,
            refused: 1,
            ..Outcome::default()
        };
        let flash = none.told(Action::Publish);
        assert!(flash.is_problem);
        assert_eq!(flash.text, "1 photo could not be: it is not there.");
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
            assert_eq!(of(others).told(Action::Unpublish).text, text);
        }
        let broken = Outcome {
            left: vec![PhotoId::now()],
            broken: Some("It does not answer.".to_owned()),
            ..all()
        };
        let flash = broken.told(Action::Delete);
        let text = "2 photos deleted. Then it broke off, with 1 photo to go: It does not answer.";
        assert_eq!((flash.text.as_str(), flash.undo.len()), (text, 3));
    }
}
