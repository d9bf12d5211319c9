//! What is done with many photos at once, or with one: first a page that says what will be done and to which, then the deed, on
//! the versions that the page has shown.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use askama::Template;
use photos_api::PhotoId;

use super::query::PhotosQuery;
use super::row::{Row, State};
use crate::admin::chosen::{Chosen, MOST, NAMED, left_alone};
use crate::admin::csrf::Checked;
use crate::admin::error::PageError;
use crate::admin::flash::{Flash, UNDOABLE};
use crate::admin::layout::{Layout, ok, see};
use crate::admin::shown::{count, duration};
use crate::admin::visit::Visit;
use crate::app::App;
use crate::db::photos::{Action, Change, Mode};
use crate::domain::{PhotoRow, Refusal, now_micros};

/// Photos that are changed in one transaction: others get their turn in between.
const PART: usize = 100;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Publish,
    Unpublish,
    Delete,
    Restore,
}

#[derive(Template)]
#[template(path = "admin/bulk.html")]
struct BulkPage {
    layout: Layout,
    deed: Deed,
    /// What the photos will be: `2 photos will be published`.
    says: String,
    /// What that means.
    means: String,
    rows: Vec<Row>,
    /// Photos that are so already, or cannot be.
    others: Vec<Row>,
    others_say: String,
    /// Whether there are more than can be changed at once.
    is_cut: bool,
    back: String,
}

/// Photos by id, with the versions that the sender of the form has seen.
type Seen = BTreeMap<PhotoId, Option<i64>>;

/// Fields: those of [`Chosen`], with a `photo` (`<id>` or `<id>:<version>`) for each.
pub(super) async fn ask_or_act(
    visit: Visit,
    Checked(fields): Checked<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    let chosen = Chosen::read(&fields, "photo", Deed::read, read_photo)?;
    let list = PhotosQuery::read(&chosen.list);
    let back = chosen.back(list.href());
    if chosen.is_nothing() {
        visit.leave(&Flash::problem(
            "Nothing was done: select at least one photo first.",
        ));
        return Ok(see(&back));
    }
    let all = chosen.is_all.then_some(PhotosQuery { at: None, ..list });
    let seen: Seen = chosen.ids.into_iter().collect();
    if chosen.is_confirmed {
        act(&visit, chosen.deed, seen, &back).await
    } else {
        ask(&visit, chosen.deed, &seen, all, back).await
    }
}

fn read_photo(text: &str) -> Option<(PhotoId, Option<i64>)> {
    match text.split_once(':') {
        None => Some((text.parse().ok()?, None)),
        Some((id, version)) => Some((id.parse().ok()?, Some(version.parse().ok()?))),
    }
}

/// Shows what will be done, and to which photos as they are now.
async fn ask(
    visit: &Visit,
    deed: Deed,
    seen: &Seen,
    all: Option<PhotosQuery>,
    back: String,
) -> Result<HttpResponse, PageError> {
    let app = visit.app();
    let (found, is_cut) = match all {
        None => (app.db.get_photos(seen.keys().copied().collect()).await?, false),
        Some(query) => match query.browse(MOST) {
            None => (Vec::new(), false),
            Some(browse) => {
                let page = app.db.browse_photos(&browse).await?;
                (page.rows, page.next.is_some())
            }
        },
    };
    let (meant, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|photo| deed.concerns(photo));
    if meant.is_empty() {
        visit.leave(&Flash::problem(format!(
            "Nothing was done: {}.",
            deed.none(others.len())
        )));
        return Ok(see(&back));
    }
    ok(&BulkPage {
        layout: Layout::new(visit, deed.title()),
        says: format!("{} will be {}", count(meant.len(), "photo"), deed.done()),
        means: deed.means(app),
        others_say: deed.none(others.len()),
        rows: Row::all(app, &meant),
        others: Row::all(app, &others),
        is_cut,
        back,
        deed,
    })
}

/// Does it, part by part: what was changed meanwhile is left alone and told.
async fn act(visit: &Visit, deed: Deed, seen: Seen, back: &str) -> Result<HttpResponse, PageError> {
    let (app, actor) = (visit.app(), visit.actor()?);
    let photos: Vec<_> = seen.into_iter().collect();
    let (mut done, mut same, mut refused) = (Vec::new(), 0, Vec::new());
    for part in photos.chunks(PART) {
        let changes = part.iter().map(|(id, version)| Change {
            id: *id,
            if_match: *version,
            action: deed.action(),
        });
        let answers = app
            .db
            .change_photos(
                &actor,
                changes.collect(),
                Mode::Each,
                app.env.trash_ttl,
                now_micros(),
            )
            .await?;
        for ((id, version), answer) in part.iter().zip(answers) {
            match answer {
                Ok(photo) if *version == Some(photo.version) => same += 1,
                Ok(_) => done.push(*id),
                Err(refusal) => refused.push((*id, refusal)),
            }
        }
    }
    let mut flash = tell(app, deed, done.len(), same, &refused).await?;
    if deed == Deed::Delete && done.len() <= UNDOABLE && !app.env.trash_ttl.is_zero() {
        flash.undo = done;
    }
    visit.leave(&flash);
    Ok(see(back))
}

async fn tell(
    app: &App,
    deed: Deed,
    done: usize,
    same: usize,
    refused: &[(PhotoId, Refusal)],
) -> Result<Flash, PageError> {
    let mut text = Vec::new();
    if done > 0 {
        text.push(format!("{} {}.", count(done, "photo"), deed.done()));
    }
    if same > 0 {
        text.push(format!(
            "{} {} so already.",
            count(same, "photo"),
            if same == 1 { "was" } else { "were" }
        ));
    }
    if !refused.is_empty() {
        let named = refused.iter().take(NAMED);
        let names = app
            .db
            .get_photos(named.clone().map(|(id, _)| *id).collect())
            .await?;
        let reasons = named.map(|(id, refusal)| {
            let name = names.iter().find(|photo| photo.id == *id);
            let name = name.map_or_else(|| id.to_string(), |photo| format!("“{}”", photo.name));
            format!("{name} {}", reason(refusal))
        });
        text.extend(left_alone(reasons, refused.len()));
    }
    let text = text.join(" ");
    Ok(if done == 0 {
        Flash::problem(text)
    } else {
        Flash::done(text)
    })
}

fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotFound => "is gone or cannot be restored any more",
        Refusal::Forbidden => "is not yours to change",
        Refusal::PreconditionFailed { .. } => "was changed meanwhile",
        Refusal::Invalid(_) => "is not valid",
        Refusal::NotAttempted => "was not attempted",
    }
}

impl Deed {
    fn read(text: &str) -> Option<Self> {
        [Self::Publish, Self::Unpublish, Self::Delete, Self::Restore]
            .into_iter()
            .find(|deed| deed.as_str() == text)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Publish => "Publish photos",
            Self::Unpublish => "Unpublish photos",
            Self::Delete => "Delete photos",
            Self::Restore => "Restore photos",
        }
    }

    /// The word on the button.
    const fn verb(self) -> &'static str {
        match self {
            Self::Publish => "Publish",
            Self::Unpublish => "Unpublish",
            Self::Delete => "Delete",
            Self::Restore => "Restore",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Publish => "published",
            Self::Unpublish => "unpublished",
            Self::Delete => "deleted",
            Self::Restore => "restored",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Publish => Action::Publish,
            Self::Unpublish => Action::Unpublish,
            Self::Delete => Action::Delete,
            Self::Restore => Action::Restore,
        }
    }

    fn is_danger(self) -> bool {
        self == Self::Delete
    }

    fn means(self, app: &App) -> String {
        let ttl = app.env.trash_ttl;
        match self {
            Self::Publish => "Everybody sees them from then on, in the order of this moment.".to_owned(),
            Self::Unpublish => {
                "Only their owners and staff see them from then on. Their date of publication is cleared.".to_owned()
            }
            Self::Delete if ttl.is_zero() => {
                "Nobody sees them from then on, and they cannot be restored: their pictures and originals go with them."
                    .to_owned()
            }
            Self::Delete => format!(
                "Nobody sees them from then on. They are in the trash for {}, where they can be restored; after that their \
                 pictures and originals go for good.",
                duration(ttl)
            ),
            Self::Restore => "They are again what they were: published or drafts.".to_owned(),
        }
    }

    /// Whether there is something to do with a photo.
    fn concerns(self, photo: &PhotoRow) -> bool {
        match self {
            Self::Publish => State::of(photo) == State::Draft,
            Self::Unpublish => State::of(photo) == State::Published,
            Self::Delete => photo.deleted_at.is_none(),
            Self::Restore => photo.deleted_at.is_some(),
        }
    }

    /// Why there is nothing to do with some.
    fn none(self, some: usize) -> String {
        let (is, photos) = (if some == 1 { "is" } else { "are" }, count(some, "photo"));
        if some == 0 {
            return "no photo matches any more".to_owned();
        }
        match self {
            Self::Publish => format!("{photos} {is} published already, or in the trash"),
            Self::Unpublish => format!(
                "{photos} {is} no published photo{}",
                if some == 1 { "" } else { "s" }
            ),
            Self::Delete => format!("{photos} {is} in the trash already"),
            Self::Restore => format!("{photos} {is} not in the trash"),
        }
    }
}
