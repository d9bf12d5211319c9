//! What the stories of photos do again and again.

use std::time::Duration;

use futures_util::TryStreamExt;
use photos_api::Photo;
use photos_client::{NewPhoto, PhotoId, PhotoPage};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::pictures;
use crate::support::app::authorise;
use crate::support::{Answer, Backend, Login, TestApp};

/// A file part, as a browser sends it.
pub(crate) fn file(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("IMG_0001.jpg")
}

/// The form of one photo.
pub(crate) fn form(bytes: Vec<u8>, name: &str) -> Form {
    Form::new()
        .text("name", name.to_owned())
        .part("image", file(bytes))
}

/// `POST /photos`, not sent yet.
pub(crate) fn creation(app: &TestApp, who: &Login, form: Form) -> RequestBuilder {
    authorise(app.request(Method::POST, "/photos"), Some(who)).multipart(form)
}

/// Sends a form to `POST /photos`.
pub(crate) async fn post(app: &TestApp, who: &Login, form: Form) -> Answer {
    app.send(creation(app, who, form)).await
}

/// Uploads bytes.
pub(crate) async fn upload(app: &TestApp, who: &Login, bytes: Vec<u8>) -> Answer {
    post(app, who, form(bytes, "Pier")).await
}

/// The photo of some bytes.
pub(crate) async fn created(app: &TestApp, who: &Login, bytes: Vec<u8>) -> Photo {
    let photo = NewPhoto::from_bytes("Pier", bytes);
    app.by(who).photos().create(photo).await.unwrap()
}

/// A small photo with a caption.
pub(crate) async fn photo(app: &TestApp, who: &Login, caption: &str, draft: bool) -> Photo {
    let photo = NewPhoto::from_bytes("Pier", pictures::jpeg(64, 48))
        .caption(caption)
        .draft(draft);
    app.by(who).photos().create(photo).await.unwrap()
}

/// A small published photo.
pub(crate) async fn published(app: &TestApp, who: &Login) -> Photo {
    photo(app, who, "", false).await
}

/// A small draft.
pub(crate) async fn draft(app: &TestApp, who: &Login) -> Photo {
    photo(app, who, "", true).await
}

/// The ids of a page.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    page["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photo| photo["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The ids of a page of the typed client.
pub(crate) fn ids_of(page: &PhotoPage) -> Vec<PhotoId> {
    page.results.iter().map(|photo| photo.id).collect()
}

/// The path below `/api/v1` of an absolute link, whose host is that of the service.
pub(crate) fn path(app: &TestApp, link: &str) -> String {
    let base = app.url("/api/v1");
    link.strip_prefix(&base)
        .unwrap_or_else(|| panic!("{link} does not begin with {base}"))
        .to_owned()
}

/// The path of a photo.
pub(crate) fn at(photo: &Photo) -> String {
    format!("/photos/{}", photo.id)
}

/// Fetches a picture by its link, with an `Accept`.
pub(crate) async fn picture(app: &TestApp, who: Option<&Login>, link: &str, accept: &str) -> Answer {
    let request = app
        .request(Method::GET, &path(app, link))
        .header("accept", accept);
    app.send(authorise(request, who)).await
}

/// What is in the database, the store and the spool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(crate) photos: usize,
    pub(crate) ledger: usize,
    pub(crate) objects: usize,
    pub(crate) spooled: usize,
}

/// Nothing at all.
pub(crate) const NOTHING: Remains = Remains {
    photos: 0,
    ledger: 0,
    objects: 0,
    spooled: 0,
};

/// Looks behind HTTP.
pub(crate) async fn remains(app: &TestApp) -> Remains {
    let state = app.app();
    let objects: Vec<_> = state.store.list().try_collect().await.unwrap();
    Remains {
        photos: state.db.page_photos(None, 100).await.unwrap().len(),
        ledger: state.db.page_objects(None, 1000).await.unwrap().len(),
        objects: objects.len(),
        spooled: spooled(app),
    }
}

/// Files in the folder that the service has made for itself in the spool's, but for its lock.
pub(crate) fn spooled(app: &TestApp) -> usize {
    let folders = std::fs::read_dir(&app.env.spool_dir).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files
        .filter(|file| file.as_ref().unwrap().file_name() != "lock")
        .count()
}

/// Waits until a part of an upload is in the spool.
pub(crate) async fn until_spooled(app: &TestApp) {
    let spooling = async {
        while spooled(app) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), spooling)
        .await
        .unwrap();
}

/// Waits until nothing is left: what a caller left behind is undone a moment later.
pub(crate) async fn until_nothing_remains(app: &TestApp) {
    let emptied = async {
        while remains(app).await != NOTHING {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), emptied)
        .await
        .is_err()
    {
        panic!("left behind: {:?}", remains(app).await);
    }
}

/// A service and somebody who is logged in; none where the backend's servers are not there.
pub(crate) async fn with_ann(backend: Backend) -> Option<(TestApp, Login)> {
    let app = TestApp::on(backend).await?;
    let ann = app.user("ann").await;
    Some((app, ann))
}
