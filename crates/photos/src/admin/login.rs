//! Logging in and out. The passwords, the throttle and the sessions are those of the whole service.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Query;
use askama::Template;
use serde::Deserialize;

use super::csrf::{Checked, Sent};
use super::error::PageError;
use super::flash::Flash;
use super::form::Faults;
use super::layout::{Layout, html, ok, see};
use super::links::local_or_home;
use super::visit::{Visit, acting};
use crate::domain::policy;
use crate::error::Error;
use crate::http::auth::right_user;

#[derive(Template)]
#[template(path = "admin/login.html")]
struct LoginPage {
    layout: Layout,
    username: String,
    next: String,
    faults: Faults,
}

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    username: String,
    password: String,
    next: Option<String>,
}

pub(super) async fn show(visit: Visit, query: Query<LoginQuery>) -> Result<HttpResponse, PageError> {
    let next = local_or_home(query.next.as_deref());
    if visit.user().is_some() {
        return Ok(see(next));
    }
    ok(&page(&visit, String::new(), next, Faults::default()))
}

pub(super) async fn log_in(
    visit: Visit,
    Checked(form): Checked<LoginForm>,
) -> Result<HttpResponse, PageError> {
    let next = local_or_home(form.next.as_deref());
    let username = form.username.trim().to_lowercase();
    let (status, faults) = match right_user(visit.app(), &username, form.password, visit.call()).await {
        Ok(user) if policy::may_use_admin(&acting(&user, None, visit.call())) => {
            visit.begin(&user).await?;
            return Ok(see(next));
        }
        Ok(user) => {
            tracing::info!(username = user.username, "is not staff: refused by the admin");
            let text = format!(
                "{} is not a member of staff. Log in with an account that is, or ask a superuser for the staff flag.",
                user.username
            );
            (StatusCode::FORBIDDEN, Faults::general(text))
        }
        Err(error @ (Error::InvalidCredentials | Error::RateLimited(_))) => {
            let status = if matches!(error, Error::RateLimited(_)) {
                StatusCode::TOO_MANY_REQUESTS
            } else {
                // Not 401, which browsers keep nowhere: going back to this page would ask about sending it again.
                StatusCode::UNPROCESSABLE_ENTITY
            };
            (status, Faults::of(error)?)
        }
        Err(error) => return Err(error.into()),
    };
    html(status, &page(&visit, form.username, next, faults))
}

/// Ends the session here, for every replica at once.
pub(super) async fn log_out(
    visit: Visit,
    Checked(Sent {}): Checked<Sent>,
) -> Result<HttpResponse, PageError> {
    visit.end().await?;
    visit.leave(&Flash::done("You are logged out."));
    let mut answer = see("/admin/login");
    answer.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\""),
    );
    Ok(answer)
}

fn page(visit: &Visit, username: String, next: &str, faults: Faults) -> LoginPage {
    LoginPage {
        layout: Layout::new(visit, "Log in"),
        username,
        next: next.to_owned(),
        faults,
    }
}
