//! A new user.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::change_error;
use crate::admin::csrf::Checked;
use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::form::Faults;
use crate::admin::layout::{Layout, html, ok, see};
use crate::admin::password::new_password_faults;
use crate::admin::visit::Visit;
use crate::db::users::{ChangeUserError, CreateUserError, NewUser};
use crate::domain::now_micros;
use crate::error::Error;
use crate::http::users::username_fault;

#[derive(Template)]
#[template(path = "admin/user_new.html")]
struct CreatePage {
    layout: Layout,
    username: String,
    is_staff: bool,
    is_superuser: bool,
    may_make_superusers: bool,
    faults: Faults,
}

#[derive(Deserialize)]
pub(super) struct CreateForm {
    username: String,
    new_password: String,
    again: String,
    staff: Option<String>,
    superuser: Option<String>,
}

pub(super) async fn show(visit: Visit) -> Result<HttpResponse, PageError> {
    ok(&page(&visit, String::new(), (false, false), Faults::default())?)
}

pub(super) async fn create(
    visit: Visit,
    Checked(form): Checked<CreateForm>,
) -> Result<HttpResponse, PageError> {
    let app = visit.app();
    let username = form.username.trim().to_owned();
    // A superuser that is not staff could not use what the flag is for.
    let is_superuser = form.superuser.is_some();
    let is_staff = form.staff.is_some() || is_superuser;
    let mut faults = new_password_faults(&form.new_password, &form.again);
    faults.check("username", username_fault(&username));
    if faults.is_empty() && app.db.user_by_username(&username).await?.is_some() {
        faults.check("username", Some("is taken"));
    }
    if !faults.is_empty() {
        let page = page(&visit, username, (is_staff, is_superuser), faults)?;
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let new = NewUser {
        username: username.clone(),
        password_hash: app.passwords.hash(form.new_password).await.map_err(Error::from)?,
        is_staff,
        is_superuser,
    };
    match app.db.create_user(new, Some(visit.actor()?), now_micros()).await {
        Ok(user) => {
            visit.leave(&Flash::done(format!("The account of {username} is made.")));
            Ok(see(&format!("/admin/users/{}", user.id)))
        }
        Err(CreateUserError::UsernameTaken) => {
            let mut faults = Faults::default();
            faults.check("username", Some("is taken"));
            let page = page(&visit, username, (is_staff, is_superuser), faults)?;
            html(StatusCode::CONFLICT, &page)
        }
        Err(CreateUserError::Forbidden) => Err(change_error(ChangeUserError::Forbidden)),
        Err(CreateUserError::Db(error)) => Err(error.into()),
    }
}

fn page(
    visit: &Visit,
    username: String,
    (is_staff, is_superuser): (bool, bool),
    faults: Faults,
) -> Result<CreatePage, PageError> {
    Ok(CreatePage {
        layout: Layout::new(visit, "New user"),
        may_make_superusers: visit.staff()?.user.is_superuser,
        username,
        is_staff,
        is_superuser,
        faults,
    })
}
