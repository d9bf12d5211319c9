//! Who calls: the browser behind a request, with its session, its language of colours, and the cookies it will get.

use std::cell::{Cell, RefCell};
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use jiff::Timestamp;
use photos_client::types::REQUEST_ID;
use photos_client::{Client, ClientError, MemoryStore};
use url::Position;

use crate::app::App;
use crate::cookies::Kind;
use crate::error::{PageError, is_login_needed};
use crate::flash::Flash;
use crate::pages::page_or_home;
use crate::renewal::Lost;
use crate::session::Session;
use crate::theme::Theme;

/// The browser behind a request; cheap to clone.
#[derive(Clone)]
pub(crate) struct Visit(Rc<Inner>);

struct Inner {
    app: Data<App>,
    client: Client,
    guest: Client,
    session: Option<Session>,
    /// Whether the session turned out to have ended elsewhere: the visitor is a guest then.
    ended: Cell<bool>,
    visitor: String,
    theme: Theme,
    flash: Option<Flash>,
    here: String,
    request_id: String,
    /// Why it is not known whether the session is still good.
    unavailable: Option<String>,
    set: RefCell<Vec<HeaderValue>>,
}

impl Visit {
    /// Reads the cookies. A session whose access token is about to expire is renewed, unless the request can do
    /// without.
    pub(crate) async fn read(request: &ServiceRequest, app: Data<App>) -> Result<Self, (Self, PageError)> {
        let headers = request.headers();
        let cookie = |kind: Kind| kind.read(headers, app.is_secure());
        let request_id = uuid::Uuid::now_v7().to_string();
        let guest = app.client.guest().with_headers(forwarded(request, &request_id));
        let mut set = Vec::new();
        let (mut unavailable, mut ended) = (None, false);
        let known = cookie(Kind::Session).map(|sealed| Session::open(&app.seals, &sealed));
        let session = match known {
            None => Ok(None),
            Some(Some(session)) if session.is_fresh(Timestamp::now()) => Ok(Some(session)),
            Some(Some(session)) => match app.renewals.renew(&guest, &app.metrics, session.clone()).await {
                Ok(session) => {
                    set.extend(session_cookie(&app, &session));
                    Ok(Some(session))
                }
                Err(Lost::Ended) if request.method() == Method::POST => {
                    Err(PageError::from(ClientError::SessionEnded))
                }
                // Most pages are for guests too.
                Err(Lost::Ended) => {
                    ended = true;
                    Ok(None)
                }
                // A form is still read, so that it can be shown again as it was sent.
                Err(Lost::Unavailable(error)) if request.method() == Method::POST => {
                    unavailable = Some(error.to_string());
                    Ok(Some(session))
                }
                Err(Lost::Unavailable(error)) => Err(PageError::Unavailable(error.to_string())),
            },
            // Sealed with a secret of the past.
            Some(None) => {
                set.extend(Kind::Session.set(app.is_secure(), None, None));
                Ok(None)
            }
        };
        let (session, error) = match session {
            Ok(session) => (session, None),
            Err(error) => (None, Some(error)),
        };
        let client = match &session {
            Some(session) => guest.with_tokens(Arc::new(MemoryStore::with(session.access_only()))),
            None => guest.clone(),
        };
        let visitor = cookie(Kind::Visitor).filter(|visitor| visitor.len() == 22);
        let visitor = match visitor {
            Some(visitor) => visitor,
            None => {
                let visitor = app.seals.nonce().unwrap_or_default();
                set.extend(Kind::Visitor.set(app.is_secure(), Some(&visitor), None));
                visitor
            }
        };
        let visit = Self(Rc::new(Inner {
            client,
            guest,
            session,
            ended: Cell::new(ended),
            visitor,
            theme: Theme::read(cookie(Kind::Theme).as_deref()),
            flash: cookie(Kind::Flash).and_then(|sealed| Flash::open(&app.seals, &sealed)),
            here: here(request),
            request_id,
            unavailable,
            set: RefCell::new(set),
            app,
        }));
        match error {
            None => Ok(visit),
            Some(error) => Err((visit, error)),
        }
    }

    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    /// The photos service, as this visitor.
    pub(crate) fn client(&self) -> &Client {
        if self.has_ended() {
            &self.0.guest
        } else {
            &self.0.client
        }
    }

    /// Asks the photos service for what guests may see too: as a guest, should the session turn out to have ended. From
    /// then on the visitor is one.
    pub(crate) async fn ask<T>(
        &self,
        call: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        match call(self.client()).await {
            Err(error) if self.session().is_some() && is_login_needed(&error) => {
                self.0.ended.set(true);
                call(&self.0.guest).await
            }
            result => result,
        }
    }

    /// Who is logged in.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.0.session.as_ref().filter(|_| !self.has_ended())
    }

    /// Whether there was a session, and it has ended elsewhere.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.ended.get()
    }

    /// Who is logged in; somebody must be.
    pub(crate) fn member(&self) -> Result<&Session, PageError> {
        if let Some(reason) = &self.0.unavailable {
            return Err(PageError::Unavailable(reason.clone()));
        }
        self.session().ok_or(PageError::LoginNeeded)
    }

    /// Whether this visitor may change the photos of a user.
    pub(crate) fn may_change(&self, owner: &str) -> bool {
        self.session()
            .is_some_and(|session| session.staff || session.username() == owner)
    }

    pub(crate) fn theme(&self) -> Theme {
        self.0.theme
    }

    /// Path and query of the page that was asked for; of the page that the form was on, if it was a form.
    pub(crate) fn here(&self) -> &str {
        &self.0.here
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// What a form must bring with it to be taken for this browser's own.
    pub(crate) fn csrf(&self) -> String {
        // Without random numbers no form is taken.
        self.0.app.seals.sign(&self.form_of()).unwrap_or_default()
    }

    /// Whether a form is of this browser and this login.
    pub(crate) fn is_own_form(&self, token: &str) -> bool {
        self.0.app.seals.is_signed(&self.form_of(), token)
    }

    fn form_of(&self) -> String {
        let session = self.session().map_or("", |session| session.id.as_str());
        format!("{}\n{session}", self.0.visitor)
    }

    /// The message that was left for this page. It is shown once, unless it stays; then it is for who may undo it.
    pub(crate) fn take_flash(&self) -> Option<Flash> {
        let flash = self.0.flash.clone()?;
        if flash.stays() {
            let is_theirs = self
                .session()
                .is_some_and(|session| session.username() == flash.by);
            return is_theirs.then_some(flash);
        }
        self.drop_flash();
        Some(flash)
    }

    /// Takes a message away, whether it stays or not.
    pub(crate) fn drop_flash(&self) {
        self.set(Kind::Flash, None, None);
    }

    /// Leaves a message for the next page. False if it is too long to be left.
    pub(crate) fn leave(&self, flash: &Flash) -> bool {
        let sealed = flash.seal(&self.0.app.seals);
        if let Some(sealed) = &sealed {
            self.set(Kind::Flash, Some(sealed), Some(flash.seconds()));
        }
        sealed.is_some()
    }

    /// Logs the browser in. Forms that were opened before are of no use any more.
    pub(crate) fn begin(&self, session: &Session) -> Result<(), PageError> {
        let cookie = session_cookie(&self.0.app, session);
        let cookie = cookie.ok_or_else(|| PageError::internal("a session cannot be sealed"))?;
        let visitor = self.0.app.seals.nonce().map_err(PageError::internal)?;
        self.0.set.borrow_mut().push(cookie);
        self.set(Kind::Visitor, Some(&visitor), None);
        Ok(())
    }

    /// Forgets the browser's login.
    pub(crate) fn end(&self) {
        self.set(Kind::Session, None, None);
    }

    pub(crate) fn choose(&self, theme: Theme) {
        match theme {
            Theme::Auto => self.set(Kind::Theme, None, None),
            theme => self.set(Kind::Theme, Some(theme.as_str()), Some(365 * 24 * 3600)),
        }
    }

    fn set(&self, kind: Kind, value: Option<&str>, seconds: Option<i64>) {
        let cookie = kind.set(self.0.app.is_secure(), value, seconds);
        self.0.set.borrow_mut().extend(cookie);
    }

    /// The cookies that the answer is to set.
    pub(crate) fn take_cookies(&self) -> Vec<HeaderValue> {
        self.0.set.take()
    }
}

fn session_cookie(app: &App, session: &Session) -> Option<HeaderValue> {
    let sealed = session.seal(&app.seals).ok()?;
    let seconds = session.seconds_left(Timestamp::now());
    Kind::Session.set(app.is_secure(), Some(&sealed), Some(seconds))
}

/// The host of the referer does not matter, for only the path is used.
fn here(request: &ServiceRequest) -> String {
    let own = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == Method::GET {
        return own.to_owned();
    }
    let referer = request.headers().get(header::REFERER);
    let url = referer.and_then(|referer| url::Url::parse(referer.to_str().ok()?).ok());
    let from = url
        .as_ref()
        .map(|url| &url[Position::BeforePath..Position::AfterQuery]);
    page_or_home(from.or(Some(own))).to_owned()
}

/// What the photos service is told of the browser: for its log, its throttle and its list of sessions.
fn forwarded(request: &ServiceRequest, request_id: &str) -> reqwest::header::HeaderMap {
    let peer = request
        .peer_addr()
        .map(|peer| peer.ip().to_canonical().to_string());
    let given = all(request.headers(), &header::X_FORWARDED_FOR);
    let hops: Vec<&str> = given.iter().map(String::as_str).chain(peer.as_deref()).collect();
    let agent = all(request.headers(), &header::USER_AGENT).into_iter().next();
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in [
        ("x-forwarded-for", Some(hops.join(", "))),
        ("user-agent", agent),
        (REQUEST_ID, Some(request_id.to_owned())),
    ] {
        if let Some(value) = value.and_then(|value| value.parse().ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn all(headers: &HeaderMap, name: &header::HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok().map(str::to_owned))
        .collect()
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = request.extensions().get::<Self>().cloned();
        ready(visit.ok_or_else(|| PageError::internal("a request went around the shell")))
    }
}
