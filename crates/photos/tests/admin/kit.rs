//! A browser as far as HTTP sees it: cookies, forms with their tokens, no script; and photos to look at.

use std::collections::BTreeMap;
use std::io::Cursor;

use photos::db::photos::{Action, Change, Mode, NewPhoto};
use photos::db::users::User;
use photos::domain::{Actor, ImageFormat, PhotoId, PhotoRow, Timestamp, UserId, Via};
use photos_api::Photo;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::support::app::{PASSWORD, authorise};
use crate::support::{Answer, Login, TestApp};

/// A browser. It follows no redirect by itself.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What the forms of the last page have.
    pub(crate) csrf: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            cookies: BTreeMap::new(),
            csrf: String::new(),
        }
    }

    /// The same browser, at another replica.
    pub(crate) fn at<'b>(&self, app: &'b TestApp) -> Browser<'b> {
        Browser {
            app,
            cookies: self.cookies.clone(),
            csrf: self.csrf.clone(),
        }
    }

    /// A browser in which somebody has logged in.
    pub(crate) async fn of(app: &'a TestApp, username: &str) -> Self {
        let mut browser = Self::new(app);
        let answer = browser.log_in(username, PASSWORD).await;
        assert_eq!(answer.location(), "/admin");
        browser.page("/admin").await;
        browser
    }

    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Page {
        self.page("/admin/login").await;
        self.send("/admin/login", &[("username", username), ("password", password)])
            .await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        self.app
            .client
            .request(method, self.app.url(path))
            .header(COOKIE, cookies)
    }

    /// Sends a request and keeps the cookies that it gets.
    pub(crate) async fn answer(&mut self, request: RequestBuilder) -> Page {
        let answer = Page(self.app.send(request).await);
        for cookie in answer.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                let value = rest.split(';').next().unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(token) = between(&answer.text(), "name=\"csrf-token\" content=\"", "\"") {
            self.csrf = token;
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.request(Method::GET, path);
        self.answer(request).await
    }

    /// A page that is there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        self.get(path).await.expect(StatusCode::OK).text()
    }

    /// A form of the last page.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf.clone();
        let fields: Vec<_> = [("csrf", csrf.as_str())]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        let request = self.request(Method::POST, path).form(&fields);
        self.answer(request).await
    }

    /// Sends a form, and gives the page behind it.
    pub(crate) async fn send_on(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let to = self.send(path, fields).await.location();
        self.page(&to).await
    }
}

/// An answer.
pub(crate) struct Page(pub(crate) Answer);

impl Page {
    /// This status, or the story ends.
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Self {
        Self(self.0.expect(status))
    }

    pub(crate) fn text(&self) -> String {
        self.0.text()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.0.header(name)
    }

    /// Where it redirects to.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        assert_eq!(self.0.status, 303, "{}", self.text());
        self.header("location").to_owned()
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        let all = self.0.headers.get_all(SET_COOKIE).iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }
}

/// The text between two marks, the first time.
pub(crate) fn between(text: &str, begin: &str, end: &str) -> Option<String> {
    let rest = text.split_once(begin)?.1;
    Some(rest.split_once(end)?.0.to_owned())
}

/// What stands in the boxes of a page's photos, in their order.
pub(crate) fn boxes(page: &str) -> Vec<String> {
    page.split("name=\"photo\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// The ids of the photos that a list shows, in their order.
pub(crate) fn ids(page: &str) -> Vec<String> {
    boxes(page)
        .into_iter()
        .map(|text| text.split(':').next().unwrap().to_owned())
        .collect()
}

/// The link of a list to the page behind it or before it.
pub(crate) fn link(page: &str, rel: &str) -> Option<String> {
    let link = between(page, &format!("rel=\"{rel}\" href=\""), "\"")?;
    Some(link.replace("&#38;", "&"))
}

/// Makes a user who is staff, or not.
pub(crate) async fn user(app: &TestApp, username: &str, is_staff: bool, is_superuser: bool) -> UserId {
    let new = photos::db::users::NewUser {
        username: username.to_owned(),
        password_hash: app.app().passwords.hash(PASSWORD.to_owned()).await.unwrap(),
        is_staff,
        is_superuser,
    };
    let actor = operator();
    app.app()
        .db
        .create_user(new, Some(actor), now())
        .await
        .unwrap()
        .id
}

/// A user as it is now.
pub(crate) async fn find(app: &TestApp, id: UserId) -> User {
    app.app().db.user_by_id(id).await.unwrap().unwrap()
}

pub(crate) fn operator() -> Actor {
    Actor {
        user_id: UserId::from(uuid::Uuid::nil()),
        username: "command line".into(),
        is_staff: true,
        is_superuser: true,
        via: Via::Cli,
        request_id: None,
        session_id: None,
    }
}

pub(crate) fn now() -> Timestamp {
    photos::domain::now_micros()
}

/// Changes a photo as the command line does.
pub(crate) async fn change(app: &TestApp, id: PhotoId, action: Action) {
    let change = Change {
        id,
        if_match: None,
        action,
    };
    let ttl = app.env.trash_ttl;
    let done = app
        .app()
        .db
        .change_photos(&operator(), vec![change], Mode::Atomic, ttl, now())
        .await;
    done.unwrap().remove(0).unwrap();
}

/// A photo's row without objects: for stories that look at no picture.
pub(crate) async fn row(
    app: &TestApp,
    owner: UserId,
    name: &str,
    caption: &str,
    draft: bool,
    at: Timestamp,
) -> PhotoRow {
    let new = NewPhoto {
        id: PhotoId::now(),
        owner_id: owner,
        name: name.to_owned(),
        caption: caption.to_owned(),
        draft,
        format: ImageFormat::Jpeg,
        bytes: 1000 + name.len() as u64,
        width: 640,
        height: 480,
        placeholder: vec![1, 2, 3],
        sha256: "a".repeat(64),
        objects: Vec::new(),
    };
    let made = app
        .app()
        .db
        .insert_photos(&operator(), vec![new], None, at)
        .await
        .unwrap();
    made.into_iter().next().unwrap()
}

/// A small photo, uploaded through the API.
pub(crate) async fn upload(app: &TestApp, who: &Login, name: &str, caption: &str, draft: bool) -> Photo {
    let form = Form::new()
        .text("name", name.to_owned())
        .text("caption", caption.to_owned())
        .text("draft", draft.to_string())
        .part("image", Part::bytes(jpeg(name)).file_name("a.jpg"));
    let request = authorise(app.request(Method::POST, "/photos"), Some(who)).multipart(form);
    app.send(request).await.expect(StatusCode::CREATED).into()
}

/// Soft hills whose colours a text chooses.
fn jpeg(text: &str) -> Vec<u8> {
    let seed = text.bytes().map(u32::from).sum::<u32>() as f32;
    let shade = |x: f32, phase: f32| (140.0 + 100.0 * (x + phase).sin()) as u8;
    let picture = image::RgbImage::from_fn(480, 320, |x, y| {
        let (u, v) = (x as f32 / 480.0, y as f32 / 320.0);
        let hill = 0.5 + 0.15 * (u * 6.0 + seed).sin();
        let phase = if v > hill { seed } else { seed * 0.5 };
        image::Rgb([
            shade(v * 2.0, phase),
            shade(v + u, phase + 1.0),
            shade(v * 1.5, phase + 2.0),
        ])
    });
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg)
        .unwrap();
    bytes
}
