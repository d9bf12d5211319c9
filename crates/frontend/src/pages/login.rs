//! Logging in and out.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Query;
use askama::Template;
use photos_client::{ClientError, MemoryStore, TokenStore as _, Tokens};
use serde::Deserialize;

use super::page_or_home;
use crate::csrf::{Checked, Sent};
use crate::error::PageError;
use crate::flash::Flash;
use crate::form::Faults;
use crate::layout::{Layout, html, ok, see};
use crate::session::Session;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    layout: Layout,
    username: String,
    next: String,
    faults: Faults,
}

#[derive(Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    username: String,
    password: String,
    next: Option<String>,
}

pub(super) async fn show(visit: Visit, Query(query): Query<Next>) -> Result<HttpResponse, PageError> {
    let next = page_or_home(query.next.as_deref());
    if visit.session().is_some() {
        return Ok(see(next));
    }
    ok(&page(&visit, String::new(), next, Faults::default()))
}

pub(super) async fn log_in(
    visit: Visit,
    Checked(form): Checked<LoginForm>,
) -> Result<HttpResponse, PageError> {
    let next = page_or_home(form.next.as_deref());
    let username = form.username.trim().to_lowercase();
    match open(&visit, &username, &form.password).await {
        Ok(session) => {
            visit.begin(&session)?;
            Ok(see(next))
        }
        Err(error) => {
            let status = match error.told().status {
                // Which browsers keep nowhere: going back to this page would ask about sending it again.
                StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
                status => status,
            };
            let faults = Faults::of(error)?;
            html(status, &page(&visit, form.username, next, faults))
        }
    }
}

/// Ends the session at the photos service and here. Should the service not answer, it is ended here all the same, for who
/// comes to this browser next; and it is said what that leaves.
pub(super) async fn log_out(
    visit: Visit,
    Checked(Sent {}): Checked<Sent>,
) -> Result<HttpResponse, PageError> {
    let mut flash = Flash::done("You are logged out.");
    if let Some(session) = visit.session() {
        let store = MemoryStore::with(session.tokens.clone());
        let client = visit.client().with_tokens(Arc::new(store));
        if let Err(error) = client.auth().logout().await {
            tracing::warn!(%error, "a session could not be ended at the photos service");
            flash = Flash::problem(ONLY_HERE);
        }
    }
    visit.end();
    visit.leave(&flash);
    let mut answer = see("/");
    answer.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\""),
    );
    Ok(answer)
}

const ONLY_HERE: &str = "You are logged out in this browser, and nowhere else: the service that keeps the photos does not \
                         answer, so the session itself goes on until it expires. To end it sooner, log in later and end \
                         it in the settings.";

/// Opens a session for who has the right password.
pub(super) async fn open(visit: &Visit, username: &str, password: &str) -> Result<Session, PageError> {
    let store = Arc::new(MemoryStore::default());
    let client = visit.client().with_tokens(store.clone());
    client.auth().login(username, password).await?;
    let me = client.users().me().await?;
    let tokens = store.load().map_err(ClientError::from)?;
    let tokens = tokens.ok_or(ClientError::SessionEnded)?;
    Ok(Session {
        id: visit.app().seals.nonce().map_err(PageError::internal)?,
        staff: me.is_staff,
        tokens: Tokens {
            username: me.username,
            ..tokens
        },
    })
}

fn page(visit: &Visit, username: String, next: &str, faults: Faults) -> LoginPage {
    LoginPage {
        layout: Layout::new(visit, "Log in · hmlet"),
        username,
        next: next.to_owned(),
        faults,
    }
}
