//! Who calls: the browser behind a request, with its session, and the cookies that it will get.

use std::cell::RefCell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use super::Admin;
use super::cookies::Kind;
use super::error::PageError;
use super::flash::{self, Flash};
use super::links::ROOT;
use super::theme::Theme;
use crate::app::App;
use crate::auth::refresh;
use crate::db::sessions::NewSession;
use crate::db::staff::StaffSession;
use crate::db::users::User;
use crate::domain::time::after;
use crate::domain::{Actor, SessionId, Timestamp, Via, now_micros, policy};
use crate::error::Error;
use crate::http::call::Call;

/// A session that nobody uses ends after this time, or after `PS_REFRESH_TTL` if that is shorter.
const UNUSED: Duration = Duration::from_secs(12 * 60 * 60);
/// Uses within this time are noted as one.
const NOTED: Duration = Duration::from_secs(60);
/// What the token of a session is hashed with, so that a refresh token of the API opens no session here, and the other way round.
const PURPOSE: &str = "admin:";
const FORM: &str = "form";

/// The browser behind a request; cheap to clone.
#[derive(Clone)]
pub(super) struct Visit(Rc<Inner>);

struct Inner {
    app: Data<App>,
    call: Call,
    staff: Option<StaffSession>,
    visitor: String,
    theme: Theme,
    flash: RefCell<Option<Flash>>,
    path: String,
    set: RefCell<Vec<HeaderValue>>,
}

impl Visit {
    /// Reads the cookies. Whoever is not staff any more, or whose session has ended, is nobody from now on.
    pub(super) async fn read(
        request: &ServiceRequest,
        app: Data<App>,
        call: Call,
    ) -> (Self, Result<(), PageError>) {
        let (headers, secure) = (request.headers(), is_secure(&app));
        let cookie = |kind: Kind| kind.read(headers, secure);
        let mut set = Vec::new();
        let mut flash = cookie(Kind::Flash).and_then(|sealed| Flash::open(&app.admin.keys, &sealed));
        let mut outcome = Ok(());
        let staff = match cookie(Kind::Session) {
            None => None,
            Some(token) => match who(&app, &call, &token).await {
                Ok(Ok(staff)) => Some(staff),
                Ok(Err(reason)) => {
                    set.extend(Kind::Session.set(secure, None, None));
                    flash = Some(Flash::problem(reason));
                    None
                }
                Err(error) => {
                    outcome = Err(error.into());
                    None
                }
            },
        };
        let visitor = match cookie(Kind::Visitor).filter(|visitor| visitor.len() == 43) {
            Some(visitor) => visitor,
            None => {
                let visitor = refresh::generate().unwrap_or_default();
                set.extend(Kind::Visitor.set(secure, Some(&visitor), None));
                visitor
            }
        };
        let path = request.uri().path_and_query().map_or(ROOT, |path| path.as_str());
        let visit = Self(Rc::new(Inner {
            staff,
            visitor,
            theme: Theme::read(cookie(Kind::Theme).as_deref()),
            flash: RefCell::new(flash),
            path: path.to_owned(),
            set: RefCell::new(set),
            app,
            call,
        }));
        (visit, outcome)
    }

    pub(super) fn app(&self) -> &Data<App> {
        &self.0.app
    }

    pub(super) fn admin(&self) -> &Admin {
        &self.0.app.admin
    }

    pub(super) fn call(&self) -> &Call {
        &self.0.call
    }

    /// Who is logged in, if anybody is.
    pub(super) fn user(&self) -> Option<&User> {
        self.0.staff.as_ref().map(|staff| &staff.user)
    }

    /// Who is logged in; somebody must be.
    pub(super) fn staff(&self) -> Result<&StaffSession, PageError> {
        self.0.staff.as_ref().ok_or(PageError::LoginNeeded)
    }

    /// Whoever is logged in, as the one who acts.
    pub(super) fn actor(&self) -> Result<Actor, PageError> {
        let staff = self.staff()?;
        Ok(acting(&staff.user, Some(staff.session.id), &self.0.call))
    }

    pub(super) fn theme(&self) -> Theme {
        self.0.theme
    }

    /// Path and query of the request.
    pub(super) fn path(&self) -> &str {
        &self.0.path
    }

    /// Whether the page or form is for everybody.
    pub(super) fn is_open_to_all(&self) -> bool {
        matches!(
            self.0.path.split('?').next(),
            Some("/admin/login" | "/admin/theme" | "/admin/logout")
        )
    }

    /// What a form must bring with it to be taken for this browser's own.
    pub(super) fn csrf(&self) -> String {
        self.admin().keys.sign(FORM, &self.form_of())
    }

    /// Whether a form is of this browser and this login.
    pub(super) fn is_own_form(&self, token: &str) -> bool {
        self.admin().keys.is_signed(FORM, &self.form_of(), token)
    }

    fn form_of(&self) -> String {
        let session = self.0.staff.as_ref().map(|staff| staff.session.id.to_string());
        format!("{}\n{}", self.0.visitor, session.unwrap_or_default())
    }

    /// The message that was left for this page, which is shown once.
    pub(super) fn take_flash(&self) -> Option<Flash> {
        let flash = self.0.flash.take()?;
        self.set(Kind::Flash, None, None);
        Some(flash)
    }

    /// Leaves a message for the next page.
    pub(super) fn leave(&self, flash: &Flash) {
        if let Some(sealed) = flash.seal(&self.admin().keys) {
            self.set(Kind::Flash, Some(&sealed), Some(flash::SECONDS));
        }
    }

    /// Leaves what was to be shown here for the next page.
    pub(super) fn keep_flash(&self) {
        if let Some(flash) = self.0.flash.take() {
            self.leave(&flash);
        }
    }

    /// Opens a session for a member of staff. Forms that were opened before are of no use any more.
    pub(super) async fn begin(&self, user: &User) -> Result<(), PageError> {
        let (app, call, now) = (&self.0.app, &self.0.call, now_micros());
        let token = refresh::generate().map_err(PageError::internal)?;
        let new = NewSession {
            user_id: user.id,
            address: call.address.to_string(),
            user_agent: call.user_agent.clone(),
            refresh_hash: hash(&token),
            expires_at: expiry(app, now),
        };
        let session = app
            .db
            .open_staff_session(&acting(user, None, call), new, now)
            .await?;
        if session.is_none() {
            return Err(Error::InvalidCredentials.into());
        }
        self.set(Kind::Session, Some(&token), None);
        self.set(
            Kind::Visitor,
            Some(&refresh::generate().map_err(PageError::internal)?),
            None,
        );
        Ok(())
    }

    /// Ends the session, if there is one.
    pub(super) async fn end(&self) -> Result<(), PageError> {
        self.set(Kind::Session, None, None);
        if let Some(staff) = &self.0.staff {
            let db = &self.0.app.db;
            db.close_staff_session(&self.actor()?, staff.session.id, now_micros())
                .await?;
        }
        Ok(())
    }

    pub(super) fn choose(&self, theme: Theme) {
        match theme {
            Theme::Auto => self.set(Kind::Theme, None, None),
            theme => self.set(Kind::Theme, Some(theme.as_str()), Some(365 * 24 * 3600)),
        }
    }

    fn set(&self, kind: Kind, value: Option<&str>, seconds: Option<i64>) {
        let cookie = kind.set(is_secure(&self.0.app), value, seconds);
        self.0.set.borrow_mut().extend(cookie);
    }

    /// The cookies that the answer is to set.
    pub(super) fn take_cookies(&self) -> Vec<HeaderValue> {
        self.0.set.take()
    }
}

/// Who comes with a token, or why nobody does any more, for a person.
async fn who(app: &App, call: &Call, token: &str) -> Result<Result<StaffSession, String>, Error> {
    let now = now_micros();
    let Some(found) = app.db.staff_session(&hash(token), now).await? else {
        return Ok(Err("Your session has ended. Please log in again.".into()));
    };
    let StaffSession { user, session } = &found;
    if !policy::may_use_admin(&acting(user, Some(session.id), call)) {
        app.db.end_session(None, user.id, session.id, now).await?;
        tracing::warn!(
            username = user.username,
            "is not staff any more: the session in the admin is ended"
        );
        return Ok(Err(format!(
            "{} is not staff any more, so the session has ended.",
            user.username
        )));
    }
    if after(session.last_used_at, NOTED) <= now {
        let (address, agent) = (call.address.to_string(), call.user_agent.clone());
        app.db
            .use_session(session.id, address, agent, expiry(app, now), now)
            .await?;
    }
    Ok(Ok(found))
}

/// A user as the one who acts through the admin.
pub(super) fn acting(user: &User, session_id: Option<SessionId>, call: &Call) -> Actor {
    user.acting(Via::Admin, session_id, Some(call.request_id.clone()))
}

fn hash(token: &str) -> String {
    refresh::hash(&format!("{PURPOSE}{token}"))
}

fn expiry(app: &App, now: Timestamp) -> Timestamp {
    after(now, UNUSED.min(app.env.refresh_ttl))
}

/// Whether cookies may go over TLS only.
fn is_secure(app: &App) -> bool {
    app.public_url.scheme() == "https"
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = request.extensions().get::<Self>().cloned();
        ready(visit.ok_or_else(|| PageError::internal("a request went around the shell")))
    }
}
