//! An answer, read whole, with what stories ask of it.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Status, headers and body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// Asserts the status.
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status.as_u16(), "{}", self.text());
        self
    }

    /// Asserts a problem with this code, whole: its status, type, media type and request id.
    #[track_caller]
    pub(crate) fn expect_problem(self, code: &str) -> Self {
        let problem = self.json();
        assert_eq!(problem["code"], code, "{} {}", self.status, self.text());
        assert_eq!(problem["status"], self.status, "{}", self.text());
        assert_eq!(problem["type"], format!("/problems/{code}"), "{}", self.text());
        assert!(
            problem["title"].is_string() && problem["instance"].is_string(),
            "{}",
            self.text()
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(
            problem["request_id"],
            self.header("x-request-id"),
            "{}",
            self.text()
        );
        if self.status == 401 {
            assert_eq!(self.header("www-authenticate"), "Bearer");
        }
        if self.status == 429 || self.status == 503 {
            assert!(self.header("retry-after").parse::<u64>().unwrap() > 0);
        }
        self
    }

    /// Asserts `validation-failed` with faults of these fields, in this order.
    #[track_caller]
    pub(crate) fn expect_faults(self, fields: &[&str]) -> Self {
        let answer = self
            .expect_problem("validation-failed")
            .expect(StatusCode::UNPROCESSABLE_ENTITY);
        let named = answer.json()["errors"].clone();
        let named: Vec<&str> = named
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|e| e["field"].as_str())
            .collect();
        assert_eq!(named, fields, "{}", answer.text());
        answer
    }

    /// A header's text; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    #[track_caller]
    pub(crate) fn into<T: DeserializeOwned>(self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }
}
