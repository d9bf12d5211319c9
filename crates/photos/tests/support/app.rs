//! The real service, in this process, on free ports. Stories speak with it through the typed client; by plain HTTP where that
//! cannot say it (what is malformed, headers, other kinds of callers) or reads it for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::{PhotosEnv, Secret, StoreUrl};
use photos::app::{App, Options};
use photos::http::server::Service;
use photos_client::{ClientError, MemoryStore, ProblemCode, RetryPolicy, TokenStore as _, Tokens};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use super::database::{self, TestDatabase};
use super::store::{self, TestStore};
use super::{Answer, Backend};

/// The password of everybody in the stories.
pub(crate) const PASSWORD: &str = "correct horse";

/// The running service. Dropped, it goes away with its database and store.
pub(crate) struct TestApp {
    pub(crate) client: Client,
    guest: photos_client::Client,
    pub(crate) env: PhotosEnv,
    pub(crate) backend: Backend,
    service: Option<Service>,
    options: Options,
    /// Shared with replicas, so that the last one clears away.
    pub(crate) place: Arc<Place>,
}

/// What a story's service stands on.
pub(crate) struct Place {
    pub(crate) database: TestDatabase,
    pub(crate) store: TestStore,
    _spool: TempDir,
}

/// A login, as a story keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

type Change = Box<dyn FnOnce(&mut PhotosEnv)>;

/// How the service of a story differs.
pub(crate) struct Builder {
    backend: Backend,
    variables: BTreeMap<String, String>,
    changes: Vec<Change>,
    options: Options,
}

impl Builder {
    /// Another value of a variable: `.set("PS_ACCESS_TTL", "1s")`.
    pub(crate) fn set(mut self, variable: &str, value: &str) -> Self {
        self.variables.insert(variable.to_owned(), value.to_owned());
        self
    }

    /// A change of the environment after it was read, such as another database URL.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut PhotosEnv) + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Other options.
    pub(crate) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Starts the service; none where the backend's servers are not there, which is said on stderr.
    pub(crate) async fn start(self) -> Option<TestApp> {
        let (database, store) = match self.backend {
            Backend::SqliteDisk => (database::Backend::Sqlite, store::Backend::Disk),
            Backend::PostgresS3 => (database::Backend::Postgres, store::Backend::S3),
        };
        let database = TestDatabase::empty(database).await?;
        let store = TestStore::open(store).await?;
        let spool = TempDir::new().unwrap();
        let mut env = PhotosEnv::from_map(&self.variables).unwrap_or_else(|faults| panic!("{faults}"));
        env.spool_dir = spool.path().to_owned();
        env.database_url = database.settings.url.clone();
        env.database_password.clone_from(&database.settings.password);
        match &store.place {
            store::Place::Folder(folder) => env.store_url = StoreUrl::File(folder.path().join("objects")),
            store::Place::Bucket(bucket) => {
                let (endpoint, access_key, secret_key) = store::s3_server()?;
                env.store_url = StoreUrl::S3 {
                    bucket: bucket.name(),
                };
                env.s3_endpoint = Some(endpoint.parse().unwrap());
                env.s3_access_key = Some(Secret::new(access_key));
                env.s3_secret_key = Some(Secret::new(secret_key));
            }
        }
        for change in self.changes {
            change(&mut env);
        }
        let place = Arc::new(Place {
            database,
            store,
            _spool: spool,
        });
        Some(TestApp::run(env, self.options, self.backend, place).await)
    }
}

impl TestApp {
    /// The service on SQLite and a folder.
    pub(crate) async fn start() -> Self {
        Self::build(Backend::SqliteDisk).start().await.unwrap()
    }

    /// The service on a backend; none where its servers are not there.
    pub(crate) async fn on(backend: Backend) -> Option<Self> {
        Self::build(backend).start().await
    }

    /// A service that differs from the usual.
    pub(crate) fn build(backend: Backend) -> Builder {
        let variables = [
            ("PS_LISTEN", "127.0.0.1:0"),
            ("PS_INTERNAL_LISTEN", "127.0.0.1:0"),
            ("PS_DATABASE_URL", "sqlite://replaced"),
            ("PS_STORE_URL", "file://replaced"),
            ("PS_JWT_SECRET", "a secret of the tests, not of anybody"),
            ("PS_ADMIN_PASSWORD", PASSWORD),
            ("PS_SHUTDOWN_TIMEOUT", "10s"),
        ];
        Builder {
            backend,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            changes: Vec::new(),
            options: Options::default(),
        }
    }

    /// Another service on the same database, store and Redis.
    pub(crate) async fn replica(&self) -> Self {
        self.replica_with(self.env.clone()).await
    }

    /// Another service on the same place, with a changed environment.
    pub(crate) async fn replica_with(&self, env: PhotosEnv) -> Self {
        Self::run(env, self.options.clone(), self.backend, Arc::clone(&self.place)).await
    }

    async fn run(env: PhotosEnv, options: Options, backend: Backend, place: Arc<Place>) -> Self {
        // `Err` only says that another test of this process did it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Service::start(env.clone(), options.clone()).await.unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let guest = photos_client::Client::builder(&format!("http://{}", service.public))
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        Self {
            client,
            guest,
            env,
            backend,
            service: Some(service),
            options,
            place,
        }
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    /// The service's state, to look behind HTTP.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.service().app
    }

    /// The URL of a path, or of a link whose host is not looked at.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service().public)
    }

    /// The URL of a path on the internal port.
    pub(crate) fn internal_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service().internal)
    }

    /// The typed client of somebody who is not logged in. It repeats nothing.
    pub(crate) fn guest(&self) -> photos_client::Client {
        self.guest.guest()
    }

    /// The typed client of somebody who is logged in. It renews no token: what is refused is refused.
    pub(crate) fn by(&self, who: &Login) -> photos_client::Client {
        let tokens = Tokens {
            username: who.username.clone(),
            access_token: who.access.clone(),
            access_expires_at: jiff::Timestamp::MAX,
            refresh_token: None,
            refresh_expires_at: jiff::Timestamp::MAX,
        };
        self.guest.with_tokens(Arc::new(MemoryStore::with(tokens)))
    }

    /// The typed client of either.
    pub(crate) fn by_any(&self, who: Option<&Login>) -> photos_client::Client {
        who.map_or_else(|| self.guest(), |who| self.by(who))
    }

    /// A request below `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(&format!("/api/v1{path}")))
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    /// A `GET` below `/api/v1`, as somebody or as a guest.
    pub(crate) async fn get(&self, who: Option<&Login>, path: &str) -> Answer {
        self.send(authorise(self.request(Method::GET, path), who)).await
    }

    /// A call with a JSON body below `/api/v1`.
    pub(crate) async fn call(&self, method: Method, who: Option<&Login>, path: &str, body: &Value) -> Answer {
        self.send(authorise(self.request(method, path), who).json(body))
            .await
    }

    /// A `POST` with a JSON body below `/api/v1`.
    pub(crate) async fn post(&self, who: Option<&Login>, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, who, path, body).await
    }

    /// A call without a body below `/api/v1`.
    pub(crate) async fn bare(&self, method: Method, who: Option<&Login>, path: &str) -> Answer {
        self.send(authorise(self.request(method, path), who)).await
    }

    /// Makes a user and logs in.
    pub(crate) async fn user(&self, username: &str) -> Login {
        self.guest().users().register(username, PASSWORD).await.unwrap();
        self.login(username).await
    }

    /// Opens a session for a user of the stories.
    pub(crate) async fn login(&self, username: &str) -> Login {
        let kept = Arc::new(MemoryStore::default());
        let client = self.guest.with_tokens(Arc::clone(&kept) as _);
        client.auth().login(username, PASSWORD).await.unwrap();
        let tokens = kept.load().unwrap().unwrap();
        Login {
            username: tokens.username,
            access: tokens.access_token,
            refresh: tokens.refresh_token.unwrap(),
        }
    }

    /// The first superuser.
    pub(crate) async fn admin(&self) -> Login {
        self.login("admin").await
    }

    /// Stops it as SIGTERM would, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.service.take().unwrap().stop().await;
    }
}

impl Login {
    pub(crate) fn read(username: &str, tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Self {
            username: username.to_owned(),
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

/// Adds the bearer token of somebody who is logged in.
pub(crate) fn authorise(request: RequestBuilder, who: Option<&Login>) -> RequestBuilder {
    match who {
        Some(login) => request.bearer_auth(&login.access),
        None => request,
    }
}

/// Why the service refused a call of the typed client.
#[track_caller]
pub(crate) fn refusal<T>(answer: Result<T, ClientError>) -> ProblemCode {
    match answer {
        Ok(_) => panic!("the service did it"),
        Err(error) => error.code().unwrap_or_else(|| panic!("no refusal: {error}")),
    }
}
