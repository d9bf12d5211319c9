//! One's own password.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::csrf::Checked;
use super::error::PageError;
use super::flash::Flash;
use super::form::Faults;
use super::layout::{Layout, html, ok, see};
use super::users::change_error;
use super::visit::Visit;
use crate::domain::now_micros;
use crate::http::users::{check_password, password_fault};

#[derive(Template)]
#[template(path = "admin/password.html")]
struct PasswordPage {
    layout: Layout,
    username: String,
    faults: Faults,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    current_password: String,
    new_password: String,
    again: String,
}

pub(super) async fn show(visit: Visit) -> Result<HttpResponse, PageError> {
    ok(&page(&visit, Faults::default())?)
}

pub(super) async fn change(
    visit: Visit,
    Checked(form): Checked<PasswordForm>,
) -> Result<HttpResponse, PageError> {
    let (staff, app) = (visit.staff()?, visit.app());
    let mut faults = new_password_faults(&form.new_password, &form.again);
    if faults.is_empty()
        && let Err(error) = check_password(app, &staff.user, form.current_password, visit.call()).await
    {
        faults = Faults::of(error)?;
    }
    if !faults.is_empty() {
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page(&visit, faults)?);
    }
    let hash = app
        .passwords
        .hash(form.new_password)
        .await
        .map_err(crate::error::Error::from)?;
    let keep = Some(staff.session.id);
    let done = app
        .db
        .set_password(&visit.actor()?, staff.user.id, hash, keep, now_micros())
        .await;
    done.map_err(change_error)?;
    visit.leave(&Flash::done(
        "Your password is changed, and all your other sessions are ended.",
    ));
    Ok(see("/admin"))
}

/// What is wrong with a new password, written twice.
pub(super) fn new_password_faults(password: &str, again: &str) -> Faults {
    let mut faults = Faults::default();
    faults.check("new_password", password_fault(password));
    faults.check(
        "again",
        (password != again).then_some("is not the same as the password above"),
    );
    faults
}

fn page(visit: &Visit, faults: Faults) -> Result<PasswordPage, PageError> {
    Ok(PasswordPage {
        layout: Layout::new(visit, "Change your password"),
        username: visit.staff()?.user.username.clone(),
        faults,
    })
}
