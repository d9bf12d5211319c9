//! One user: flags, password, sessions, what became of the account.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;
use photos_api::{SessionId, UserId};
use serde::Deserialize;

use super::change_error;
use super::list::Row;
use crate::admin::csrf::Checked;
use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::form::Faults;
use crate::admin::history::Entry;
use crate::admin::layout::{Layout, html, ok, see};
use crate::admin::links::with_query;
use crate::admin::password::new_password_faults;
use crate::admin::photos::row::Row as PhotoRow;
use crate::admin::shown::{Moment, ago, count, program, sentence};
use crate::admin::visit::Visit;
use crate::db::audit::AuditOf;
use crate::db::photos::Browse;
use crate::db::users::{ChangeUserError, User, UserFlags};
use crate::domain::{now_micros, policy};
use crate::error::Error;

/// Entries of the account's history, and newest photos.
const HISTORY: u32 = 50;
const PHOTOS: u32 = 8;

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage {
    layout: Layout,
    row: Row,
    is_self: bool,
    /// Whether the visitor may change the account.
    may_change: bool,
    may_make_superusers: bool,
    faults: Faults,
    photos: Vec<PhotoRow>,
    sessions: Vec<Session>,
    entries: Vec<Entry>,
    deeds: String,
}

/// A session that goes on.
struct Session {
    id: SessionId,
    program: String,
    address: String,
    began: Moment,
    used: String,
    is_this: bool,
}

/// The flags as the form had them and as they are to be: what its sender did not touch is left as it is by now.
#[derive(Deserialize)]
pub(super) struct FlagsForm {
    active: Option<String>,
    was_active: Option<String>,
    staff: Option<String>,
    was_staff: Option<String>,
    superuser: Option<String>,
    was_superuser: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    new_password: String,
    again: String,
}

#[derive(Deserialize)]
pub(super) struct SessionsForm {
    /// One session; none for all.
    session: Option<String>,
}

pub(super) async fn show(visit: Visit, id: Path<UserId>) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let user = find(&visit, *id).await?;
    ok(&page(&visit, user, Faults::default()).await?)
}

pub(super) async fn set_flags(
    visit: Visit,
    id: Path<UserId>,
    Checked(form): Checked<FlagsForm>,
) -> Result<HttpResponse, PageError> {
    let touched = |now: &Option<String>, was: &Option<String>| {
        (now.is_some() != was.is_some()).then_some(now.is_some())
    };
    let flags = UserFlags {
        active: touched(&form.active, &form.was_active),
        is_staff: touched(&form.staff, &form.was_staff),
        is_superuser: touched(&form.superuser, &form.was_superuser),
    };
    let before = find(&visit, *id).await?;
    let done = visit
        .app()
        .db
        .set_user_flags(&visit.actor()?, *id, flags, now_micros())
        .await;
    let user = match done {
        Err(error @ ChangeUserError::LastSuperuser) => {
            let faults = Faults::general(sentence(&error.to_string()));
            let page = page(&visit, before, faults).await?;
            return html(StatusCode::CONFLICT, &page);
        }
        done => done.map_err(change_error)?,
    };
    let text = if user == before {
        "Nothing was changed.".to_owned()
    } else if before.active && !user.active {
        format!(
            "{} is deactivated, and all sessions of the account are ended.",
            user.username
        )
    } else {
        format!("The flags of {} are saved.", user.username)
    };
    visit.leave(&Flash::done(text));
    Ok(see(&format!("/admin/users/{id}")))
}

pub(super) async fn set_password(
    visit: Visit,
    id: Path<UserId>,
    Checked(form): Checked<PasswordForm>,
) -> Result<HttpResponse, PageError> {
    let (app, user) = (visit.app(), find(&visit, *id).await?);
    if user.id == visit.staff()?.user.id {
        // For oneself the current password is asked for.
        return Ok(see("/admin/password"));
    }
    let faults = new_password_faults(&form.new_password, &form.again);
    if !faults.is_empty() {
        return html(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&visit, user, faults).await?,
        );
    }
    if !policy::may_administer(&visit.actor()?, user.is_superuser) {
        return Err(change_error(ChangeUserError::Forbidden));
    }
    let hash = app.passwords.hash(form.new_password).await.map_err(Error::from)?;
    let done = app
        .db
        .set_password(&visit.actor()?, user.id, hash, None, now_micros())
        .await;
    done.map_err(change_error)?;
    let text = format!(
        "{} has a new password, and all sessions of the account are ended.",
        user.username
    );
    visit.leave(&Flash::done(text));
    Ok(see(&format!("/admin/users/{id}")))
}

pub(super) async fn end_sessions(
    visit: Visit,
    id: Path<UserId>,
    Checked(form): Checked<SessionsForm>,
) -> Result<HttpResponse, PageError> {
    let session = form.session.as_deref().map(str::parse::<SessionId>).transpose();
    let session = session.map_err(|error| PageError::Unreadable(format!("A session's id is {error}")))?;
    let ended = visit
        .app()
        .db
        .end_sessions_of(&visit.actor()?, *id, session, now_micros())
        .await;
    let ended = ended.map_err(change_error)?;
    let many = usize::try_from(ended).unwrap_or(usize::MAX);
    let flash = if many == 0 {
        Flash::problem("No session was ended: it has ended before, or it is the one you are in.")
    } else {
        Flash::done(format!("{} ended.", count(many, "session")))
    };
    visit.leave(&flash);
    Ok(see(&format!("/admin/users/{id}")))
}

async fn find(visit: &Visit, id: UserId) -> Result<User, PageError> {
    visit.app().db.user_by_id(id).await?.ok_or(PageError::NotFound)
}

async fn page(visit: &Visit, user: User, faults: Faults) -> Result<UserPage, PageError> {
    let (app, staff, now) = (visit.app(), visit.staff()?, now_micros());
    let sessions = app.db.list_sessions(user.id, now).await?;
    let sessions = sessions.into_iter().map(|session| Session {
        id: session.id,
        program: program(&session.user_agent),
        began: Moment::new(session.created_at),
        used: ago(session.last_used_at, now),
        is_this: session.id == staff.session.id,
        address: session.address,
    });
    let newest = Browse {
        owner: Some(user.username.clone()),
        descending: true,
        page_size: PHOTOS,
        ..Browse::default()
    };
    let mut photos = app.db.browse_photos(&newest).await?.rows;
    photos.truncate(usize::try_from(PHOTOS).unwrap_or(usize::MAX));
    let entries = app.db.list_audit(AuditOf::User(user.id), None, HISTORY).await?;
    Ok(UserPage {
        layout: Layout::new(visit, user.username.clone()),
        is_self: staff.user.id == user.id,
        may_change: policy::may_administer(&visit.actor()?, user.is_superuser),
        may_make_superusers: staff.user.is_superuser,
        faults,
        photos: PhotoRow::all(app, &photos),
        sessions: sessions.collect(),
        entries: Entry::all(app, entries).await?,
        deeds: with_query("/admin/history", &[("actor", user.username.clone())]),
        row: Row::new(user),
    })
}
