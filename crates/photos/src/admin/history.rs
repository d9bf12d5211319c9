//! The history of everything: who did what, when, and by which way.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use jiff::civil;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::error::PageError;
use super::flash::Flash;
use super::layout::{Layout, ok, see};
use super::links::with_query;
use super::shown::{Moment, excerpt, thousands};
use super::visit::Visit;
use crate::app::App;
use crate::db::audit::{ACTIONS, AuditEntry, AuditQuery};
use crate::domain::{PhotoId, UserId, Via};

const PATH: &str = "/admin/history";
/// Entries on a page.
const PAGE: u32 = 100;
/// Characters of a value.
const VALUE: usize = 240;
/// What the names of times end with.
const AT: &str = "_at";

#[derive(Template)]
#[template(path = "admin/history.html")]
struct HistoryPage {
    layout: Layout,
    entries: Vec<Entry>,
    actor: String,
    until: String,
    vias: Vec<Choice>,
    actions: Vec<Choice>,
    is_filtered: bool,
    next: Option<String>,
    first: Option<String>,
    looked: Option<String>,
}

/// An option of a select.
struct Choice {
    value: &'static str,
    name: String,
    is_chosen: bool,
}

/// An entry as people read it.
pub(super) struct Entry {
    pub(super) at: Moment,
    pub(super) actor: String,
    pub(super) actor_href: String,
    pub(super) via: &'static str,
    pub(super) action: String,
    pub(super) subject: Option<Subject>,
    pub(super) changes: Vec<FieldChange>,
    pub(super) request_id: Option<String>,
}

/// What an entry is about.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) href: String,
}

/// One field of a change.
pub(super) struct FieldChange {
    pub(super) field: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct HistoryQuery {
    actor: String,
    via: String,
    action: String,
    /// The last day, `2026-03-09`.
    until: String,
    before: String,
}

pub(super) async fn show(visit: Visit, query: Query<HistoryQuery>) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let query = query.into_inner();
    let clean = |text: &str| Some(text.trim().replace('\0', "")).filter(|text| !text.is_empty());
    let via: Option<Via> = query.via.parse().ok();
    let action = clean(&query.action).filter(|action| ACTIONS.contains(&action.as_str()));
    let until: Option<civil::Date> = query.until.trim().parse().ok();
    let asked = AuditQuery {
        actor: clean(&query.actor),
        via,
        action: action.clone(),
        before: clean(&query.before).or_else(|| until.and_then(behind)),
    };
    let link = |before: Option<&str>| {
        let pairs = [
            ("actor", asked.actor.clone().unwrap_or_default()),
            ("via", via.map(|via| via.to_string()).unwrap_or_default()),
            ("action", action.clone().unwrap_or_default()),
            ("until", until.map(|day| day.to_string()).unwrap_or_default()),
            ("before", before.unwrap_or_default().to_owned()),
        ];
        with_query(PATH, &pairs)
    };
    let is_misread = |asked: &str, found: bool| !asked.trim().is_empty() && !found;
    if is_misread(&query.via, via.is_some())
        || is_misread(&query.action, action.is_some())
        || is_misread(&query.until, until.is_some())
    {
        visit.leave(&Flash::misread());
        return Ok(see(&link(None)));
    }
    let page = visit.app().db.browse_audit(&asked, PAGE).await?;
    ok(&HistoryPage {
        layout: Layout::new(&visit, "History"),
        entries: Entry::all(visit.app(), page.entries).await?,
        vias: Via::ALL
            .map(|known| Choice {
                value: known.as_str(),
                name: way(known).to_owned(),
                is_chosen: via == Some(known),
            })
            .into(),
        actions: ACTIONS
            .map(|known| Choice {
                value: known,
                name: super::shown::sentence(deed(known))
                    .trim_end_matches('.')
                    .to_owned(),
                is_chosen: action.as_deref() == Some(known),
            })
            .into(),
        is_filtered: asked.actor.is_some() || via.is_some() || action.is_some() || until.is_some(),
        until: until.map(|day| day.to_string()).unwrap_or_default(),
        next: page.next.as_deref().map(|before| link(Some(before))),
        first: (!query.before.is_empty()).then(|| link(None)),
        looked: page.looked_through.map(|looked| thousands(looked.into())),
        actor: asked.actor.unwrap_or_default(),
    })
}

/// The entry behind all of a day, in UTC: ids of entries are UUIDs of version 7, which begin with their time.
fn behind(day: civil::Date) -> Option<String> {
    let next = day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let millis = u64::try_from(next.as_millisecond()).ok()?;
    let hex = format!("{millis:012x}");
    Some(format!(
        "{}-{}-7000-8000-000000000000",
        hex.get(..8)?,
        hex.get(8..)?
    ))
}

impl Entry {
    /// Entries with the names that their photos and users have now, or had last.
    pub(super) async fn all(app: &App, entries: Vec<AuditEntry>) -> Result<Vec<Self>, PageError> {
        let photos: Vec<PhotoId> = entries.iter().filter_map(|entry| entry.photo_id).collect();
        let users: Vec<UserId> = entries.iter().filter_map(|entry| entry.user_id).collect();
        let found = app.db.get_photos(photos.clone()).await?;
        let found: BTreeMap<PhotoId, String> =
            found.into_iter().map(|photo| (photo.id, photo.name)).collect();
        let gone: BTreeSet<PhotoId> = photos.into_iter().filter(|id| !found.contains_key(id)).collect();
        let gone: Vec<PhotoId> = gone.into_iter().collect();
        let gone = if gone.is_empty() {
            BTreeMap::new()
        } else {
            app.db.last_names(&gone).await?
        };
        let users = app.db.users_by_ids(users).await?;
        let users: BTreeMap<UserId, String> =
            users.into_iter().map(|user| (user.id, user.username)).collect();
        let subject = |entry: &AuditEntry| match (entry.photo_id, entry.user_id) {
            (Some(id), _) => Some(Subject {
                name: match (found.get(&id), gone.get(&id)) {
                    (Some(name), _) => name.clone(),
                    (None, Some(name)) => format!("{name} (gone)"),
                    (None, None) => "a photo that is gone".to_owned(),
                },
                href: format!("/admin/photos/{id}"),
            }),
            (None, Some(id)) => Some(Subject {
                name: users.get(&id).cloned().unwrap_or_default(),
                href: format!("/admin/users/{id}"),
            }),
            (None, None) => None,
        };
        Ok(entries
            .into_iter()
            .map(|entry| Self::new(subject(&entry), entry))
            .collect())
    }

    fn new(subject: Option<Subject>, entry: AuditEntry) -> Self {
        Self {
            at: Moment::new(entry.at),
            actor_href: with_query(PATH, &[("actor", entry.actor.clone())]),
            actor: entry.actor,
            via: way(entry.via),
            action: deed(&entry.action).to_owned(),
            subject,
            changes: changes(&entry.changes),
            request_id: entry.request_id,
        }
    }
}

/// Fields with what they were and became.
fn changes(changes: &Value) -> Vec<FieldChange> {
    let Some(fields) = changes.as_object() else {
        return Vec::new();
    };
    let shown = |field: &str, value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::String(text)) if field.ends_with(AT) => Some(
            text.parse()
                .map_or_else(|_| text.clone(), |at| format!("{} UTC", Moment::new(at).short)),
        ),
        Some(Value::String(text)) => Some(excerpt(text, VALUE)),
        Some(Value::Bool(yes)) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Some(other) => Some(other.to_string()),
    };
    fields
        .iter()
        .map(|(field, values)| {
            let (before, after) = match values.as_array().map(Vec::as_slice) {
                Some([before, after]) => (shown(field, Some(before)), shown(field, Some(after))),
                _ => (None, shown(field, Some(values))),
            };
            let word = field.strip_prefix("is_").unwrap_or(field);
            FieldChange {
                field: word.strip_suffix(AT).unwrap_or(word).replace('_', " "),
                before,
                after,
            }
        })
        .collect()
}

/// A way, for people.
fn way(via: Via) -> &'static str {
    match via {
        Via::Api => "API",
        Via::Batch => "Batch",
        Via::Admin => "Admin",
        Via::Cli => "Command line",
        Via::System => "Service",
    }
}

/// What was done, for people.
fn deed(action: &str) -> &str {
    match action {
        "create" => "uploaded",
        "edit" => "edited",
        "publish" => "published",
        "unpublish" => "unpublished",
        "delete" => "deleted",
        "restore" => "restored",
        "expire" => "removed for good",
        "create-user" => "account made",
        "password" => "password set",
        "flags" => "flags changed",
        "login" => "logged in to the admin",
        "logout" => "logged out of the admin",
        "end-sessions" => "sessions ended",
        "fsck" => "check of the store started",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_action_has_words_of_its_own() {
        for action in ACTIONS {
            assert_ne!(deed(action), action);
        }
    }

    #[test]
    fn changes_are_before_and_after() {
        let found = changes(&json!({
            "name": [null, "Pier"], "draft": [true, false], "password": "set", "is_staff": [false, true],
            "deleted_at": ["2026-01-02T03:04:05.678901Z", null],
        }));
        let texts: Vec<_> = found
            .iter()
            .map(|change| {
                (
                    change.field.as_str(),
                    change.before.as_deref(),
                    change.after.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            texts,
            [
                ("deleted", Some("2026-01-02 03:04 UTC"), None),
                ("draft", Some("yes"), Some("no")),
                ("staff", Some("no"), Some("yes")),
                ("name", None, Some("Pier")),
                ("password", None, Some("set")),
            ]
        );
    }
}
