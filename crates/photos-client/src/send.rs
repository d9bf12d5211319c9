//! One call: its request, its attempts, its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use photos_api::{IDEMPOTENCY_KEY, PROBLEM_JSON, Problem, ProblemCode};
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION,
};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::ClientError;
use crate::form::Form;
use crate::retry::{RetryPolicy, retry_after};
use crate::watch::Activity;

/// How long an upload that broke off waits for a refusal before it sends its body again: a service that refuses by the
/// head alone, and then closes, has answered by then.
const PAUSE: Duration = Duration::from_secs(1);

/// Connections to one service.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    /// Sent with every call.
    pub(crate) headers: HeaderMap,
    pub(crate) retry: RetryPolicy,
    /// For a whole call without files.
    pub(crate) timeout: Duration,
    /// For an upload in which nothing moves.
    pub(crate) stall: Duration,
}

/// A request that can be sent several times.
pub(crate) struct Call {
    method: Method,
    path: Vec<String>,
    query: Option<String>,
    headers: HeaderMap,
    body: Payload,
    repeatable: bool,
}

enum Payload {
    Empty,
    Json(Bytes),
    Form(Arc<Form>),
}

impl Call {
    fn new(method: Method, path: &str, repeatable: bool) -> Self {
        let path = path.split('/').map(str::to_owned).collect();
        Self {
            method,
            path,
            query: None,
            headers: HeaderMap::new(),
            body: Payload::Empty,
            repeatable,
        }
    }

    /// `path` is below the API's base, without a leading slash.
    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path, true)
    }

    /// Not repeated after a broken connection, unless [`repeatable`](Self::repeatable) or with a key.
    pub(crate) fn post(path: &str) -> Self {
        Self::new(Method::POST, path, false)
    }

    pub(crate) fn patch(path: &str) -> Self {
        Self::new(Method::PATCH, path, true)
    }

    /// Not repeated after a broken connection: if the first was done, the second would say 404.
    pub(crate) fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path, false)
    }

    /// A second time changes nothing.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Adds one segment to the path.
    pub(crate) fn segment(mut self, segment: &impl ToString) -> Self {
        self.path.push(segment.to_string());
        self
    }

    pub(crate) fn raw_query(mut self, query: Option<String>) -> Self {
        self.query = query.filter(|query| !query.is_empty());
        self
    }

    pub(crate) fn query(self, query: &impl Serialize) -> Result<Self, ClientError> {
        let query = serde_urlencoded::to_string(query)
            .map_err(|error| ClientError::Invalid(format!("the query cannot be sent: {error}")))?;
        Ok(self.raw_query(Some(query)))
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, ClientError> {
        let json = serde_json::to_vec(body)
            .map_err(|error| ClientError::Invalid(format!("the request cannot be sent: {error}")))?;
        self.body = Payload::Json(json.into());
        Ok(self)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Result<Self, ClientError> {
        let value = HeaderValue::from_str(value)
            .map_err(|_| ClientError::Invalid(format!("the header {name} cannot have this value")))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Changes only this version of the photo. A second time would be refused, so it is not repeated.
    pub(crate) fn if_match(mut self, version: Option<i64>) -> Result<Self, ClientError> {
        let Some(version) = version else { return Ok(self) };
        self.repeatable = false;
        self.header(reqwest::header::IF_MATCH, &format!("\"{version}\""))
    }

    /// Sends a form, as often as need be under one key.
    pub(crate) fn form(mut self, key: &str, form: Form) -> Result<Self, ClientError> {
        self.body = Payload::Form(Arc::new(form));
        self.repeatable()
            .header(HeaderName::from_static(IDEMPOTENCY_KEY), key)
    }
}

/// An answer with a status of success.
pub(crate) struct Reply {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|source| ClientError::Body {
            url: self.url.clone(),
            source,
        })
    }
}

struct Failure {
    error: ClientError,
    retry_after: Option<Duration>,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

impl Transport {
    /// Sends a call until it is answered or may not be repeated.
    pub(crate) async fn send(&self, call: &Call, bearer: Option<&str>) -> Result<Reply, ClientError> {
        let url = self.url(call)?;
        let mut pause = None;
        for attempt in 1.. {
            let Failure { error, retry_after } = match self.attempt(call, &url, bearer, pause).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let wait = may_repeat(call, &error)
                .then(|| self.retry.wait(attempt, retry_after))
                .flatten();
            let Some(wait) = wait else { return Err(error) };
            pause = matches!(error, ClientError::Broken { .. }).then_some(PAUSE);
            tokio::time::sleep(wait).await;
        }
        Err(ClientError::Invalid("too many attempts".to_owned()))
    }

    fn url(&self, call: &Call) -> Result<Url, ClientError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::Invalid(format!("{} is no base for paths", self.base)))?
            .pop_if_empty()
            .extend(photos_api::BASE_PATH.split('/').skip(1))
            .extend(&call.path);
        url.set_query(call.query.as_deref());
        Ok(url)
    }

    /// Sends a call without a body and gives the answer before its body: a success, or 304. One attempt; the timeout
    /// ends with the head.
    pub(crate) async fn open(
        &self,
        call: &Call,
        bearer: Option<&str>,
    ) -> Result<reqwest::Response, ClientError> {
        let url = self.url(call)?;
        let request = self.request(call, &url, bearer)?;
        let response = match tokio::time::timeout(self.timeout, request.send()).await {
            Ok(response) => {
                response.map_err(|error| ClientError::from_transport(&url, self.timeout, error))?
            }
            Err(_) => {
                let after = self.timeout;
                return Err(ClientError::Timeout { url, after });
            }
        };
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap_or_default();
        Err(refusal(&url, status, &headers, &body))
    }

    fn request(
        &self,
        call: &Call,
        url: &Url,
        bearer: Option<&str>,
    ) -> Result<reqwest::RequestBuilder, ClientError> {
        let request = self
            .http
            .request(call.method.clone(), url.clone())
            .headers(self.headers.clone())
            .headers(call.headers.clone());
        let Some(token) = bearer else { return Ok(request) };
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| ClientError::Invalid("the access token cannot be sent".to_owned()))?;
        value.set_sensitive(true);
        Ok(request.header(AUTHORIZATION, value))
    }

    async fn attempt(
        &self,
        call: &Call,
        url: &Url,
        bearer: Option<&str>,
        pause: Option<Duration>,
    ) -> Result<Reply, Failure> {
        let mut request = self.request(call, url, bearer)?;
        let Payload::Form(form) = &call.body else {
            if let Payload::Json(json) = &call.body {
                request = request
                    .header(CONTENT_TYPE, "application/json")
                    .body(json.clone());
            }
            return self.answer(url, request.timeout(self.timeout)).await;
        };
        let activity = Activity::new();
        // Dropped with this attempt: what a refused upload has not sent yet need not be sent.
        let (_attempt, ended) = tokio::sync::oneshot::channel::<()>();
        let body = reqwest::Body::wrap_stream(form.stream(activity.clone(), pause).take_until(ended));
        let request = request
            .header(CONTENT_TYPE, form.content_type())
            .header(CONTENT_LENGTH, form.length())
            .body(body);
        tokio::select! {
            answer = self.answer(url, request) => answer.map_err(|failure| match form.take_fault() {
                Some(fault) => fault.into(),
                None => failure,
            }),
            () = activity.stalled(self.stall) => {
                Err(ClientError::Timeout { url: url.clone(), after: self.stall }.into())
            }
        }
    }

    async fn answer(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Reply, Failure> {
        let broken = |error| ClientError::from_transport(url, self.timeout, error);
        let response = request.send().await.map_err(broken)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await;
        if status.is_success() {
            return Ok(Reply {
                url: url.clone(),
                headers,
                body: body.map_err(broken)?,
            });
        }
        // A refusal whose body broke off is still a refusal.
        let error = refusal(url, status, &headers, &body.unwrap_or_default());
        Err(Failure {
            error,
            retry_after: retry_after(&headers, Timestamp::now()),
        })
    }
}

fn may_repeat(call: &Call, error: &ClientError) -> bool {
    match error {
        ClientError::Problem(problem) => match problem.status {
            429 | 503 => true,
            // Our own first attempt, which broke off and is still being worked on.
            409 => problem.code == ProblemCode::IdempotencyInProgress,
            _ => false,
        },
        ClientError::Unexpected { status, .. } => match status {
            429 | 503 => true,
            502 | 504 => call.repeatable,
            _ => false,
        },
        ClientError::Unreachable { .. } | ClientError::Broken { .. } => call.repeatable,
        _ => false,
    }
}

fn refusal(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ClientError {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if text(CONTENT_TYPE).is_some_and(|kind| kind.starts_with(PROBLEM_JSON))
        && let Ok(problem) = serde_json::from_slice::<Problem>(body)
    {
        return ClientError::Problem(Box::new(problem));
    }
    let excerpt = match text(LOCATION) {
        Some(place) => format!("it redirects to {place}"),
        None if body.trim_ascii().is_empty() => "nothing".to_owned(),
        None => {
            let text = String::from_utf8_lossy(body.trim_ascii());
            text.chars().take(200).collect()
        }
    };
    ClientError::Unexpected {
        url: url.clone(),
        status: status.as_u16(),
        excerpt,
    }
}
