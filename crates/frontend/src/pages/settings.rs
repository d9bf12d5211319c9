//! The member's own: password and sessions.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;
use photos_client::SessionId;
use serde::Deserialize;

use crate::csrf::{Checked, Sent};
use crate::error::PageError;
use crate::flash::Flash;
use crate::form::Faults;
use crate::layout::{Layout, html, see};
use crate::shown::{Moment, program};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    username: String,
    /// None while the photos service does not answer.
    sessions: Option<Vec<Login>>,
    faults: Faults,
}

/// A session, as its owner sees it.
struct Login {
    id: SessionId,
    program: String,
    address: String,
    begun: Moment,
    used: Moment,
    current: bool,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    current_password: String,
    new_password: String,
}

pub(super) async fn show(visit: Visit) -> Result<HttpResponse, PageError> {
    page(&visit, StatusCode::OK, Faults::default()).await
}

pub(super) async fn change_password(
    visit: Visit,
    Checked(form): Checked<PasswordForm>,
) -> Result<HttpResponse, PageError> {
    let error = match change(&visit, &form).await {
        Ok(()) => {
            visit.leave(&Flash::done(
                "Your password is changed. All other sessions have ended.",
            ));
            return Ok(see("/settings"));
        }
        Err(error) => error,
    };
    // 401 is about the session, not about the password that was typed.
    if error.is_login_needed() {
        return Err(error);
    }
    page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Faults::of(error)?).await
}

async fn change(visit: &Visit, form: &PasswordForm) -> Result<(), PageError> {
    visit.member()?;
    let users = visit.client().users();
    let change = users.change_password(&form.current_password, &form.new_password);
    Ok(change.await?)
}

pub(super) async fn end_session(
    visit: Visit,
    id: Path<SessionId>,
    Checked(Sent {}): Checked<Sent>,
) -> Result<HttpResponse, PageError> {
    visit.member()?;
    visit.client().users().end_session(*id).await?;
    visit.leave(&Flash::done("The session has ended."));
    Ok(see("/settings"))
}

/// Everywhere, and so here too.
pub(super) async fn end_all(
    visit: Visit,
    Checked(Sent {}): Checked<Sent>,
) -> Result<HttpResponse, PageError> {
    visit.member()?;
    visit.client().auth().logout_everywhere().await?;
    visit.end();
    visit.leave(&Flash::done("You are logged out everywhere."));
    Ok(see("/"))
}

async fn page(visit: &Visit, status: StatusCode, faults: Faults) -> Result<HttpResponse, PageError> {
    let username = visit
        .session()
        .ok_or(PageError::LoginNeeded)?
        .username()
        .to_owned();
    let (sessions, faults) = match sessions(visit).await {
        Ok(sessions) => (Some(sessions), faults),
        // A form that was sent is shown again all the same.
        Err(error) if !faults.is_empty() => (None, Faults::of(error)?),
        Err(error) => return Err(error),
    };
    let status = faults.status(status);
    let page = SettingsPage {
        layout: Layout::new(visit, "Settings · hmlet"),
        username,
        sessions,
        faults,
    };
    html(status, &page)
}

async fn sessions(visit: &Visit) -> Result<Vec<Login>, PageError> {
    visit.member()?;
    let sessions = visit.client().users().sessions().await?;
    let login = |session: photos_client::types::Session| Login {
        id: session.id,
        program: program(session.user_agent.as_deref().unwrap_or_default()),
        address: session.address.unwrap_or_else(|| "an unknown address".to_owned()),
        begun: Moment::new(session.created_at),
        used: Moment::new(session.last_used_at),
        current: session.current,
    };
    Ok(sessions.into_iter().map(login).collect())
}
