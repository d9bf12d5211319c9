//! Calls that nobody has thought of: for every operation of the document, made from its schemas and often wrong.

#[path = "fuzz/check.rs"]
mod check;
#[path = "fuzz/generate.rs"]
mod generate;
#[path = "fuzz/wrong.rs"]
mod wrong;

use std::cell::RefCell;
use std::collections::BTreeMap;

use jpeg_encoder::{ColorType, Encoder};
use photos_client::NewPhoto;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::Value;

use self::check::check;
use self::generate::{Call, Source};
use super::document::{document, operations};
use crate::support::app::PASSWORD;
use crate::support::{Answer, Backend, TestApp};

/// Calls for each operation.
const CASES: u32 = 60;
/// For those that compare passwords: fifty failures in all, and their address is throttled.
const CASES_WITH_A_PASSWORD: u32 = 20;

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
fn whatever_a_call_is_the_answer_is_one_of_the_document(#[case] backend: Backend) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(app) = runtime.block_on(TestApp::on(backend)) else {
        return;
    };
    let document = runtime.block_on(document(&app));
    for (n, (method, path, operation)) in operations(&document).iter().enumerate() {
        let has_password = ["/auth/token", "/password"].iter().any(|end| path.ends_with(end));
        let cases = Config {
            cases: if has_password {
                CASES_WITH_A_PASSWORD
            } else {
                CASES
            },
            failure_persistence: None,
            max_shrink_iters: 60,
            ..Config::default()
        };
        let source = runtime.block_on(source(&app, &document, n, path));
        let statuses = RefCell::new(BTreeMap::new());
        // The same calls in every run, others for every operation.
        let seed = [n as u8; 32];
        let mut runner = TestRunner::new_with_rng(cases, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let outcome = runner.run(&source.calls(method, path, operation), |call| {
            let answer = runtime.block_on(send(&app, &call));
            let told = format!("{} {:?} {}", answer.status, answer.headers, answer.text());
            *statuses.borrow_mut().entry(answer.status).or_insert(0) += 1;
            let secret = ["argon2", PASSWORD]
                .into_iter()
                .find(|secret| told.contains(secret));
            let fault = match secret {
                Some(secret) => Err(format!("it gives {secret} away")),
                None => check(&document, operation, &answer),
            };
            fault.map_err(|fault| TestCaseError::fail(format!("{fault}: {told}")))?;
            if answer.status >= 400 {
                let code = answer.json()["code"].as_str().unwrap().to_owned();
                answer.expect_problem(&code);
            }
            Ok(())
        });
        if let Err(fault) = outcome {
            panic!("{method} {path}: {fault}");
        }
        // Else the calls are so wrong that they say nothing about the operation.
        let statuses = statuses.into_inner();
        let is_done = statuses.keys().any(|status| *status < 300);
        assert!(is_done, "{method} {path} never did anything: {statuses:?}");
    }
    runtime.block_on(async {
        let ready = app.send(app.client.get(app.internal_url("/readyz"))).await;
        ready.expect(StatusCode::OK);
        let admin = app.admin().await;
        for who in [None, Some(&admin)] {
            app.get(who, "/photos").await.expect(StatusCode::OK);
        }
        app.stop().await;
    });
}

/// What the calls of an operation are made of. Everything is new for each: the operation before may have ended the sessions,
/// changed the password and deleted the photos.
async fn source<'a>(app: &TestApp, document: &'a Value, n: usize, path: &str) -> Source<'a> {
    let username = format!("user{n}");
    let user = app.user(&username).await;
    // Nobody changes the admin's password: the rest of the story logs in with it.
    let admin = match path.ends_with("/password") {
        true => app.login(&username).await,
        false => app.admin().await,
    };
    let other = app.login(&username).await;
    let mut picture = Vec::new();
    let encoder = Encoder::new(&mut picture, 85);
    encoder
        .encode(&[128; 16 * 12 * 3], 16, 12, ColorType::Rgb)
        .unwrap();

    let (mut ids, mut versions) = (Vec::new(), Vec::new());
    for (who, draft) in [(&user, false), (&user, true), (&admin, false), (&user, false)] {
        let photo = NewPhoto::from_bytes("Pier", picture.clone())
            .caption("at #dawn")
            .draft(draft);
        let photo = app.by(who).photos().create(photo).await.unwrap();
        let link = photo.images.values().next().unwrap().url.clone();
        versions.extend(link.split_once("v=").map(|(_, version)| version.to_owned()));
        ids.push(photo.id.to_string());
    }
    app.bare(Method::DELETE, Some(&user), &format!("/photos/{}", ids[3]))
        .await
        .expect(StatusCode::NO_CONTENT);
    let page = app.get(Some(&user), "/photos?page_size=1").await.json();
    let (_, cursor) = page["next"].as_str().unwrap().split_once("cursor=").unwrap();
    let sessions = app.get(Some(&user), "/users/me/sessions").await.json();
    if path.contains("/sessions/") {
        let sessions = sessions["results"].as_array().unwrap().iter();
        ids = sessions
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect();
    }

    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let known = BTreeMap::from([
        ("id", ids.clone()),
        ("ids", ids),
        ("v", versions),
        ("preset", texts(&["thumb", "small.jpg", "large.webp"])),
        ("cursor", texts(&[cursor])),
        ("owner", texts(&["me", "admin", &username])),
        ("If-Match", texts(&["\"1\"", "*", "\"2\""])),
        ("Idempotency-Key", texts(&["one", "another"])),
        ("image", texts(&["one", "two"])),
        ("username", texts(&[&username])),
        ("password", texts(&[PASSWORD])),
        ("current_password", texts(&[PASSWORD])),
        ("refresh_token", texts(&[&other.refresh])),
    ]);
    let callers = [
        ("guest", None),
        ("user", Some(user.access)),
        ("admin", Some(admin.access)),
        (
            "somebody with a token of their own making",
            Some("e30.e30.e30".to_owned()),
        ),
    ];
    Source {
        document,
        known,
        callers,
        picture,
    }
}

async fn send(app: &TestApp, call: &Call) -> Answer {
    let mut request = app
        .client
        .request(call.method.clone(), app.url(&call.path))
        .body(call.body.clone());
    for (name, value) in &call.headers {
        // What HTTP itself cannot carry is left out.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            request = request.header(name, value);
        }
    }
    if let Some(token) = &call.caller.1 {
        request = request.bearer_auth(token);
    }
    app.send(request).await
}
