//! One photo: its picture, its fields to be changed, its objects, its history.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use askama::Template;
use photos_api::PhotoId;
use serde::Deserialize;

use super::image::{Shown, shown};
use super::query::PATH;
use super::row::Row;
use crate::admin::csrf::Checked;
use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::form::Faults;
use crate::admin::history::Entry;
use crate::admin::layout::{Layout, html, ok, see};
use crate::admin::links::{local, with_query};
use crate::admin::shown::{Moment, bytes, duration};
use crate::admin::visit::Visit;
use crate::app::App;
use crate::db::audit::AuditOf;
use crate::db::photos::{Action, Change, Edit, Mode};
use crate::domain::time::after;
use crate::domain::{PhotoRow, Refusal, now_micros};
use crate::http::users::is_username;

/// Entries of the history on a page.
const HISTORY: u32 = 50;

#[derive(Template)]
#[template(path = "admin/photo.html")]
struct DetailPage {
    layout: Layout,
    photo: PhotoRow,
    row: Row,
    picture: Shown,
    /// Of the original, for people.
    format: String,
    form: PhotoForm,
    faults: Faults,
    /// What somebody else has made of the photo meanwhile.
    theirs: Option<Theirs>,
    /// Until when it can be restored.
    until: Option<String>,
    objects: Vec<Object>,
    entries: Vec<Entry>,
    older: Option<String>,
    /// The list that it was opened from.
    list: String,
}

#[derive(Template)]
#[template(path = "admin/photo_gone.html")]
struct GonePage {
    layout: Layout,
    name: String,
    id: PhotoId,
    entries: Vec<Entry>,
}

/// What somebody else has made of a photo.
struct Theirs {
    said: String,
    fields: Vec<Difference>,
}

/// A field that differs from the form.
struct Difference {
    field: &'static str,
    theirs: String,
}

/// An object of the ledger.
struct Object {
    kind: String,
    content_type: String,
    state: &'static str,
    size: String,
    since: Moment,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct PhotoForm {
    name: String,
    #[serde(default)]
    caption: String,
    owner: String,
    /// `draft` or `published`.
    visibility: String,
    version: i64,
    #[serde(default)]
    list: String,
    /// Whether to stay on the page.
    #[serde(default)]
    then: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DetailQuery {
    list: String,
    before: String,
}

pub(super) async fn show(
    visit: Visit,
    id: Path<PhotoId>,
    query: Query<DetailQuery>,
) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let Some(photo) = visit.app().db.get_photo_even_deleted(*id).await? else {
        return gone(&visit, *id).await;
    };
    let form = PhotoForm::of(&photo, &query.list);
    let before = Some(query.before.replace('\0', "")).filter(|before| !before.is_empty());
    ok(&page(&visit, photo, form, Faults::default(), None, before).await?)
}

/// What became of a photo that is removed, for its history outlives it.
async fn gone(visit: &Visit, id: PhotoId) -> Result<HttpResponse, PageError> {
    let db = &visit.app().db;
    let entries = db.list_audit(AuditOf::Photo(id), None, HISTORY).await?;
    if entries.is_empty() {
        return Err(PageError::NotFound);
    }
    let name = db.last_names(&[id]).await?.remove(&id);
    let name = name.unwrap_or_else(|| "A photo".to_owned());
    let page = GonePage {
        layout: Layout::new(visit, name.clone()),
        name,
        id,
        entries: Entry::all(visit.app(), entries).await?,
    };
    html(StatusCode::GONE, &page)
}

pub(super) async fn save(
    visit: Visit,
    id: Path<PhotoId>,
    Checked(form): Checked<PhotoForm>,
) -> Result<HttpResponse, PageError> {
    let app = visit.app();
    let photo = find(app, *id).await?;
    let owner = form.owner.trim().to_lowercase();
    let user = if is_username(&owner) {
        app.db.user_by_username(&owner).await?.filter(|user| user.active)
    } else {
        None
    };
    let edit = Edit {
        name: Some(form.name.clone()),
        // Browsers send line ends as CRLF.
        caption: Some(form.caption.replace("\r\n", "\n")),
        draft: Some(form.visibility == "draft"),
        // An owner who stays is not given the photo anew: the account may be inactive by now.
        owner: user
            .as_ref()
            .map(|user| user.id)
            .filter(|id| *id != photo.owner_id),
    };
    if user.is_none() && owner != photo.owner {
        let mut faults = Faults::default();
        faults.check("owner", Some("there is no such active user"));
        let page = page(&visit, photo, form, faults, None, None).await?;
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let change = Change {
        id: *id,
        if_match: Some(form.version),
        action: Action::Edit(edit),
    };
    let (actor, ttl) = (visit.actor()?, app.env.trash_ttl);
    let answers = app
        .db
        .change_photos(&actor, vec![change], Mode::Atomic, ttl, now_micros())
        .await?;
    match answers.into_iter().next().unwrap_or(Err(Refusal::NotFound)) {
        Ok(saved) => {
            let text = if saved.version == form.version {
                "Nothing was changed."
            } else {
                "Saved."
            };
            visit.leave(&Flash::done(format!("{text} {}", saved.name)));
            Ok(see(&form.after(*id)))
        }
        Err(refusal) => refused(&visit, *id, form, refusal).await,
    }
}

async fn refused(
    visit: &Visit,
    id: PhotoId,
    mut form: PhotoForm,
    refusal: Refusal,
) -> Result<HttpResponse, PageError> {
    let photo = find(visit.app(), id).await?;
    let (status, faults, theirs) = match refusal {
        Refusal::Invalid(faults) => (StatusCode::UNPROCESSABLE_ENTITY, Faults::of_fields(&faults), None),
        Refusal::PreconditionFailed { .. } => {
            let theirs = Theirs::find(visit.app(), &photo, &form).await?;
            // Saving again is then a decision, not an accident.
            form.version = photo.version;
            (StatusCode::CONFLICT, Faults::default(), Some(theirs))
        }
        Refusal::NotFound if photo.deleted_at.is_some() => {
            let text = "The photo was put into the trash meanwhile. Restore it first, then change it.";
            (StatusCode::CONFLICT, Faults::general(text), None)
        }
        Refusal::NotFound => return Err(PageError::NotFound),
        refusal @ (Refusal::Forbidden | Refusal::NotAttempted) => {
            return Err(PageError::Forbidden(crate::admin::shown::sentence(
                &refusal.to_string(),
            )));
        }
    };
    html(status, &page(visit, photo, form, faults, theirs, None).await?)
}

async fn find(app: &App, id: PhotoId) -> Result<PhotoRow, PageError> {
    app.db
        .get_photo_even_deleted(id)
        .await?
        .ok_or(PageError::NotFound)
}

async fn page(
    visit: &Visit,
    photo: PhotoRow,
    form: PhotoForm,
    faults: Faults,
    theirs: Option<Theirs>,
    before: Option<String>,
) -> Result<DetailPage, PageError> {
    let app = visit.app();
    let entries = app
        .db
        .list_audit(AuditOf::Photo(photo.id), before, HISTORY)
        .await?;
    let is_full = entries.len() == usize::try_from(HISTORY).unwrap_or(usize::MAX);
    let here = format!("{PATH}/{}", photo.id);
    let older = entries
        .last()
        .filter(|_| is_full)
        .map(|last| with_query(&here, &[("list", form.list.clone()), ("before", last.id.clone())]));
    let objects = app.db.objects_of_photo(photo.id).await?;
    let objects = objects.into_iter().map(|object| Object {
        kind: object.kind,
        content_type: object.content_type,
        state: object.state.as_str(),
        size: object.bytes.map_or_else(|| "–".to_owned(), bytes),
        since: Moment::new(object.created_at),
    });
    Ok(DetailPage {
        layout: Layout::new(visit, photo.name.clone()),
        row: Row::all(app, std::slice::from_ref(&photo)).remove(0),
        picture: shown(app, &photo, true),
        format: format!("{:?}", photo.format).to_uppercase(),
        until: until(app, &photo),
        objects: objects.collect(),
        entries: Entry::all(app, entries).await?,
        older,
        list: form.list_href(),
        form,
        faults,
        theirs,
        photo,
    })
}

/// How long a photo of the trash can still be restored, for people.
fn until(app: &App, photo: &PhotoRow) -> Option<String> {
    let deleted_at = photo.deleted_at?;
    let (ttl, now) = (app.env.trash_ttl, now_micros());
    let left = std::time::Duration::try_from(after(deleted_at, ttl).duration_since(now)).unwrap_or_default();
    Some(if ttl.is_zero() || left.is_zero() {
        "It can not be restored any more, and its files are about to go.".to_owned()
    } else {
        format!(
            "It can be restored for {} more; then its files go for good.",
            duration(left)
        )
    })
}

impl PhotoForm {
    fn of(photo: &PhotoRow, list: &str) -> Self {
        Self {
            name: photo.name.clone(),
            caption: photo.caption.clone(),
            owner: photo.owner.clone(),
            visibility: if photo.draft { "draft" } else { "published" }.to_owned(),
            version: photo.version,
            list: list.to_owned(),
            then: String::new(),
        }
    }

    fn is_draft(&self) -> bool {
        self.visibility == "draft"
    }

    /// The list that the photo was opened from.
    fn list_href(&self) -> String {
        let link = if self.list.is_empty() {
            PATH.to_owned()
        } else {
            format!("{PATH}?{}", self.list)
        };
        local(&link).unwrap_or(PATH).to_owned()
    }

    /// Where to go after saving.
    fn after(&self, id: PhotoId) -> String {
        if self.then == "stay" {
            with_query(&format!("{PATH}/{id}"), &[("list", self.list.clone())])
        } else {
            self.list_href()
        }
    }
}

impl Theirs {
    async fn find(app: &App, photo: &PhotoRow, form: &PhotoForm) -> Result<Self, PageError> {
        let last = app.db.list_audit(AuditOf::Photo(photo.id), None, 1).await?;
        let last = Entry::all(app, last).await?.into_iter().next();
        let said = last.map_or_else(String::new, |entry| {
            format!(
                "{} ({}, {}) {} it.",
                entry.actor, entry.via, entry.at.full, entry.action
            )
        });
        let now = PhotoForm::of(photo, "");
        let differing = [
            ("Name", &now.name, &form.name),
            ("Caption", &now.caption, &form.caption.replace("\r\n", "\n")),
            ("Owner", &now.owner, &form.owner),
            ("State", &now.visibility, &form.visibility),
        ];
        let differing = differing.into_iter().filter(|(_, theirs, ours)| theirs != ours);
        Ok(Self {
            said,
            fields: differing
                .map(|(field, theirs, _)| Difference {
                    field,
                    theirs: theirs.clone(),
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_behind_a_photo_is_one_of_the_admin() {
        let form = |list: &str| PhotoForm {
            name: String::new(),
            caption: String::new(),
            owner: String::new(),
            visibility: "draft".into(),
            version: 1,
            list: list.into(),
            then: String::new(),
        };
        assert_eq!(form("").list_href(), "/admin/photos");
        assert_eq!(
            form("state=drafts&sort=name").list_href(),
            "/admin/photos?state=drafts&sort=name"
        );
        assert_eq!(form("a\r\nLocation: x").list_href(), "/admin/photos");
    }
}
