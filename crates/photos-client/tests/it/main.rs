//! The client against servers that behave in ways of their own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[cfg(feature = "cli")]
mod cli;
mod handing_on;
mod lists;
mod login;
mod raw;
mod repeats;
mod uploads;

use std::time::Duration;

use photos_client::{Client, ClientBuilder, RetryPolicy};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

/// A client that repeats as usual, but does not wait long.
fn builder(url: &str) -> ClientBuilder {
    Client::builder(url).retry(RetryPolicy {
        base: Duration::from_millis(1),
        ..RetryPolicy::default()
    })
}

fn client(url: &str) -> Client {
    builder(url).build().unwrap()
}

fn problem(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .set_body_raw(problem_json(status, code).to_string(), "application/problem+json")
}

fn problem_json(status: u16, code: &str) -> Value {
    json!({"type":format!("/problems/{code}"),"title":code,"status":status,"detail":"no","code":code,
        "instance":"/api/v1/photos","request_id":"r1"})
}

fn tokens(n: u32) -> Value {
    json!({"access_token":format!("access-{n}"),"token_type":"Bearer","expires_in":900,
        "refresh_token":format!("refresh-{n}"),"refresh_expires_in":604_800})
}

fn user() -> Value {
    json!({"id":"0199a3c4-5b6d-7e8f-9012-3456789abcde","username":"ann","is_staff":false,
        "created_at":"2026-01-02T03:04:05.678901Z"})
}

fn photo(name: &str) -> Value {
    json!({"id":"0199a3c4-5b6d-7e8f-9012-3456789abcde","version":1,"name":name,"caption":"","tags":[],
        "draft":false,"owner":{"username":"ann"},"format":"jpeg","bytes":1,"width":1,"height":1,"placeholder":"",
        "created_at":"2026-01-02T03:04:05.678901Z","updated_at":"2026-01-02T03:04:05.678901Z",
        "published_at":"2026-01-02T03:04:05.678901Z","images":{}})
}
