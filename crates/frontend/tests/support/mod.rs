//! What the stories share: the real photos service and the frontend before it, in this process, on free ports.
#![allow(dead_code, reason = "every story uses a part of it")]

pub(crate) mod pictures;
pub(crate) mod proxy;
pub(crate) mod visitor;

use std::collections::BTreeMap;

use config::{FrontendEnv, PhotosEnv};
use photos::app::Options;
use photos_client::Client;
use tempfile::TempDir;

pub(crate) use visitor::Visitor;

/// The password of everybody in the stories.
pub(crate) const PASSWORD: &str = "correct horse";

/// Both services. Dropped, they go away with all photos.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) internal_url: String,
    pub(crate) client: Client,
    pub(crate) photos_url: String,
    photos: Option<photos::http::server::Service>,
    _frontend: frontend::server::Service,
    _folder: TempDir,
}

impl World {
    /// Both as they are by default.
    pub(crate) async fn start() -> Self {
        Self::with(&[], &[]).await
    }

    /// With other values of variables, `PS_…` and `FE_…`.
    pub(crate) async fn with(photos: &[(&str, &str)], frontend: &[(&str, &str)]) -> Self {
        // `Err` only says that another test of this process did it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut variables = BTreeMap::from([
            ("PS_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("PS_INTERNAL_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            (
                "PS_DATABASE_URL".to_owned(),
                format!("sqlite://{}", at("photos.sqlite")),
            ),
            ("PS_STORE_URL".to_owned(), format!("file://{}", at("objects"))),
            (
                "PS_JWT_SECRET".to_owned(),
                "a secret of the tests, not of anybody".to_owned(),
            ),
            ("PS_ADMIN_PASSWORD".to_owned(), PASSWORD.to_owned()),
        ]);
        variables.extend(owned(photos));
        let env = PhotosEnv::from_map(&variables).unwrap_or_else(|faults| panic!("{faults}"));
        let photos = photos::http::server::Service::start(env, Options::default())
            .await
            .unwrap();
        let photos_url = format!("http://{}", photos.public);
        let frontend = serve(&photos_url, frontend);
        Self {
            url: format!("http://{}", frontend.public),
            internal_url: format!("http://{}", frontend.internal),
            client: Client::new(&photos_url).unwrap(),
            photos_url,
            photos: Some(photos),
            _frontend: frontend,
            _folder: folder,
        }
    }

    /// Another frontend before the same photos service.
    pub(crate) fn replica(&self) -> (frontend::server::Service, String) {
        self.replica_through(&self.photos_url)
    }

    /// The same, that reaches the photos service at another address.
    pub(crate) fn replica_through(&self, photos_url: &str) -> (frontend::server::Service, String) {
        let replica = serve(photos_url, &[]);
        let url = format!("http://{}", replica.public);
        (replica, url)
    }

    /// A browser without cookies.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::new(&self.url)
    }

    /// A browser whose user has just signed up.
    pub(crate) async fn member(&self, username: &str) -> Visitor {
        let mut visitor = self.visitor();
        visitor.get("/register").await;
        visitor
            .send("/register", &[("username", username), ("password", PASSWORD)])
            .await
            .expect(303);
        visitor
    }

    /// Ends the photos service; the frontend stays.
    pub(crate) async fn stop_photos(&mut self) {
        self.photos.take().unwrap().stop().await;
    }
}

fn serve(photos_url: &str, changes: &[(&str, &str)]) -> frontend::server::Service {
    let mut variables: BTreeMap<String, String> = owned(&[
        ("FE_LISTEN", "127.0.0.1:0"),
        ("FE_INTERNAL_LISTEN", "127.0.0.1:0"),
        ("FE_PHOTOS_URL", photos_url),
        ("FE_SESSION_SECRET", "a secret of the tests, not of anybody"),
    ])
    .collect();
    variables.extend(owned(changes));
    let env = FrontendEnv::from_map(&variables).unwrap_or_else(|faults| panic!("{faults}"));
    frontend::server::Service::start(&env).unwrap()
}

/// A text as the value of a parameter.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn owned(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}
