//! The client and how it is made.

use std::sync::Arc;
use std::time::Duration;

use photos_api::{ProblemCode, TagCount, TagList, TagsQuery};
use reqwest::header::HeaderMap;
use url::Url;

use crate::api::{Auth, Photos, Users};
use crate::error::ClientError;
use crate::resolve::{Resolver, is_local};
use crate::retry::RetryPolicy;
use crate::send::{Call, Reply, Transport};
use crate::session::Login;
use crate::store::{MemoryStore, TokenStore};

/// A client of one photos service. Clones share its connections and its login.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Arc<Transport>,
    pub(crate) login: Arc<Login>,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    /// If `base_url` is not an `http` or `https` URL.
    pub fn new(base_url: &str) -> Result<Self, ClientError> {
        Self::builder(base_url).build()
    }

    /// A client to be adjusted. `base_url` is what comes before `/api/v1`.
    pub fn builder(base_url: &str) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.to_owned(),
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(60),
            user_agent: concat!("photos-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            store: Arc::new(MemoryStore::default()),
        }
    }

    /// The same connections with another login.
    #[must_use]
    pub fn with_tokens(&self, store: Arc<dyn TokenStore>) -> Self {
        Self {
            transport: Arc::clone(&self.transport),
            login: Arc::new(Login::new(store)),
        }
    }

    /// The same connections without a login.
    #[must_use]
    pub fn guest(&self) -> Self {
        self.with_tokens(Arc::new(MemoryStore::default()))
    }

    /// The same connections and login, with headers that go along with every call: a program that calls for somebody
    /// else says for whom, with `User-Agent` and `X-Forwarded-For`.
    #[must_use]
    pub fn with_headers(&self, headers: HeaderMap) -> Self {
        Self {
            transport: Arc::new(Transport {
                headers,
                ..Transport::clone(&self.transport)
            }),
            login: Arc::clone(&self.login),
        }
    }

    /// What comes before `/api/v1`.
    pub fn base_url(&self) -> &Url {
        &self.transport.base
    }

    /// Photos: lists, uploads, changes, pictures.
    pub fn photos(&self) -> Photos {
        Photos::new(self.clone())
    }

    /// Registration, the logged-in user, sessions.
    pub fn users(&self) -> Users {
        Users::new(self.clone())
    }

    /// Logging in and out.
    pub fn auth(&self) -> Auth {
        Auth::new(self.clone())
    }

    /// Tags of published photos that begin with `prefix`, all of them if it is empty.
    ///
    /// # Errors
    /// If the service refuses or cannot be reached.
    pub async fn tags(&self, prefix: &str) -> Result<Vec<TagCount>, ClientError> {
        let query = TagsQuery {
            prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
        };
        let list: TagList = self.call(&Call::get("tags").query(&query)?).await?.json()?;
        Ok(list.results)
    }

    /// Sends a call as the logged-in user, or as a guest if nobody is. A token that is refused is renewed once.
    pub(crate) async fn call(&self, call: &Call) -> Result<Reply, ClientError> {
        let bearer = self.login.bearer(&self.transport).await?;
        let result = self.transport.send(call, bearer.as_deref()).await;
        match (result, bearer) {
            (Err(error), Some(stale))
                if matches!(
                    error.code(),
                    Some(ProblemCode::ExpiredToken | ProblemCode::InvalidToken)
                ) =>
            {
                let fresh = self.login.renew(&self.transport, stale).await?;
                self.transport.send(call, Some(&fresh)).await
            }
            (result, _) => result,
        }
    }

    /// Asks for a picture as the logged-in user, or as a guest if nobody is.
    pub(crate) async fn open(&self, call: &Call) -> Result<reqwest::Response, ClientError> {
        let bearer = self.login.bearer(&self.transport).await?;
        self.transport.open(call, bearer.as_deref()).await
    }

    /// Sends a call as nobody.
    pub(crate) async fn call_as_guest(&self, call: &Call) -> Result<Reply, ClientError> {
        self.transport.send(call, None).await
    }
}

/// How a [`Client`] is to behave.
pub struct ClientBuilder {
    base_url: String,
    retry: RetryPolicy,
    connect_timeout: Duration,
    timeout: Duration,
    stall_timeout: Duration,
    user_agent: String,
    store: Arc<dyn TokenStore>,
}

impl ClientBuilder {
    /// How calls are repeated.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Longest wait for a connection; 5 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Longest time of an attempt of a call without files, its answer included; 60 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Longest time in which nothing of an upload moves, the service's work after its last byte included; 60 s by
    /// default. An upload as a whole has no limit.
    #[must_use]
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// How the client names itself.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Where tokens are kept; in memory by default.
    #[must_use]
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = store;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// If the base URL is not an `http` or `https` URL, or the user agent cannot be a header.
    pub fn build(self) -> Result<Client, ClientError> {
        let base = parse_base(&self.base_url)?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // If another thread was first, its provider serves as well.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        let mut http = reqwest::Client::builder()
            .user_agent(self.user_agent.as_str())
            .connect_timeout(self.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Resolver));
        if is_this_machine(&base) {
            http = http.no_proxy();
        }
        let http = http
            .build()
            .map_err(|error| ClientError::Invalid(format!("the HTTP client cannot be made: {error}")))?;
        let Self {
            retry,
            timeout,
            stall_timeout: stall,
            store,
            ..
        } = self;
        let transport = Arc::new(Transport {
            http,
            base,
            headers: HeaderMap::new(),
            retry,
            timeout,
            stall,
        });
        Ok(Client {
            transport,
            login: Arc::new(Login::new(store)),
        })
    }
}

fn parse_base(text: &str) -> Result<Url, ClientError> {
    let wrong = |why: &str| {
        ClientError::Invalid(format!(
            "`{text}` is not the URL of a service: {why}. Expected http://host:port"
        ))
    };
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("only http and https are spoken"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not contain a password"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => is_local(name),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
