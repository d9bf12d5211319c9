//! Signing up, which logs in too.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use askama::Template;
use photos_client::ProblemCode;
use serde::Deserialize;

use super::{login, page_or_home};
use crate::csrf::Checked;
use crate::error::PageError;
use crate::flash::Flash;
use crate::form::Faults;
use crate::layout::{Layout, html, ok, see};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
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
pub(super) struct RegisterForm {
    username: String,
    password: String,
    next: Option<String>,
}

pub(super) async fn show(visit: Visit, Query(query): Query<Next>) -> Result<HttpResponse, PageError> {
    let next = to(query.next.as_deref());
    if visit.session().is_some() {
        return Ok(see(next));
    }
    ok(&page(&visit, String::new(), next, Faults::default()))
}

pub(super) async fn register(
    visit: Visit,
    Checked(form): Checked<RegisterForm>,
) -> Result<HttpResponse, PageError> {
    let next = to(form.next.as_deref());
    let username = form.username.trim().to_owned();
    let error = match visit.client().users().register(&username, &form.password).await {
        Ok(user) => {
            let session = match login::open(&visit, &user.username, &form.password).await {
                Ok(session) => session,
                // The account is made: sending the form again would be told that the name is taken.
                Err(error) => {
                    let faults = Faults::of(error)?;
                    let text = "Your account is made, but the service does not answer right now. Log in in a moment.";
                    let status = faults.status(StatusCode::UNPROCESSABLE_ENTITY);
                    return html(status, &page(&visit, form.username, next, Faults::general(text)));
                }
            };
            visit.begin(&session)?;
            visit.leave(&Flash::done(format!("Welcome, @{}.", user.username)));
            return Ok(see(next));
        }
        Err(error) => error,
    };
    let faults = match error.code() {
        Some(ProblemCode::UsernameTaken) => {
            Faults::field("username", "Somebody has this name already. Choose another.")
        }
        Some(ProblemCode::RegistrationClosed) => {
            Faults::general("Nobody can sign up here at present: registration is closed.")
        }
        _ => Faults::of(error)?,
    };
    let status = faults.status(StatusCode::UNPROCESSABLE_ENTITY);
    html(status, &page(&visit, form.username, next, faults))
}

/// A new member has nothing to see yet but what there is to do.
fn to(next: Option<&str>) -> &str {
    match page_or_home(next) {
        "/" => "/upload",
        next => next,
    }
}

fn page(visit: &Visit, username: String, next: &str, faults: Faults) -> RegisterPage {
    RegisterPage {
        layout: Layout::new(visit, "Sign up · hmlet"),
        username,
        next: next.to_owned(),
        faults,
    }
}
