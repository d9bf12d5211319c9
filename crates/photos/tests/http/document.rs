//! The OpenAPI document and its page.

use photos_api::ProblemCode;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::TestApp;

pub(crate) async fn document(app: &TestApp) -> Value {
    app.send(app.client.get(app.url("/openapi.json")))
        .await
        .expect(StatusCode::OK)
        .json()
}

/// Every operation of the document: method, path, description.
pub(crate) fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .filter_map(move |(method, operation)| {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).ok()?;
                operation["responses"]
                    .is_object()
                    .then(|| (method, path.clone(), operation.clone()))
            })
    });
    all.collect()
}

#[tokio::test]
async fn the_codes_of_problems_are_those_that_are_sent() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let listed = document["components"]["schemas"]["ProblemCode"]["enum"]
        .as_array()
        .unwrap();
    let sent: Vec<Value> = ProblemCode::ALL.iter().map(|code| code.as_str().into()).collect();
    assert_eq!(listed, &sent);
    for code in ProblemCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[tokio::test]
async fn every_route_of_the_document_is_served_and_refuses_what_it_does_not_know() {
    let app = TestApp::start().await;
    let operations = operations(&document(&app).await);
    assert!(operations.len() >= 8, "{operations:?}");
    for (method, path, _) in &operations {
        let url = app.url(
            &path
                .replace("{id}", "0199a3c4-5b6d-7e8f-9012-3456789abcde")
                .replace("{preset}", "thumb"),
        );
        let answer = app
            .send(
                app.client
                    .request(method.clone(), format!("{url}?no-such-parameter=1")),
            )
            .await;
        // 404 and 405 would mean that no route was found: nobody is logged in, and the parameter is wrong.
        let is_refused = [401, 415, 422].contains(&answer.status);
        assert!(is_refused, "{method} {path}: {} {}", answer.status, answer.text());
    }
    let metrics = app
        .send(app.client.get(app.internal_url("/metrics")))
        .await
        .text();
    assert!(!metrics.contains("unmatched"), "{metrics}");
    for (method, path, _) in &operations {
        let label = format!(r#"endpoint="{path}",method="{method}""#);
        assert!(metrics.contains(&label), "{label} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn the_document_describes_every_answer() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{place} has no summary");
        assert!(operation["tags"][0].is_string(), "{place} has no tag");
        assert!(
            operation["security"].is_array(),
            "{place} does not say who may call it"
        );
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses
                .keys()
                .any(|status| status.starts_with('2') || status == "304"),
            "{place}"
        );
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{place} {status}");
        }
        for body in operation["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flat_map(|c| c.iter())
        {
            let has_example = body.1["example"].is_object() || body.1["examples"].is_object();
            assert!(
                has_example || body.0 != "application/json",
                "{place} has no example"
            );
        }
    }
    assert_no_dangling_references(&document, &document);
}

/// Every `$ref` leads somewhere.
fn assert_no_dangling_references(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let found = document.pointer(reference.trim_start_matches('#'));
                assert!(found.is_some(), "{reference} leads nowhere");
            }
            fields
                .values()
                .for_each(|field| assert_no_dangling_references(document, field));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| assert_no_dangling_references(document, item)),
        _ => {}
    }
}

#[tokio::test]
async fn the_way_from_the_root_leads_to_a_page_that_works() {
    let app = TestApp::start().await;
    for path in ["/", "/docs"] {
        let answer = app
            .send(app.client.get(app.url(path)))
            .await
            .expect(StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.header("location"), "/docs/");
    }
    let page = app
        .send(app.client.get(app.url("/docs/")))
        .await
        .expect(StatusCode::OK);
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{}",
        page.header("content-type")
    );
    let page = page.text();
    assert!(
        !page.contains("://"),
        "the page loads something from elsewhere:\n{page}"
    );
    let linked: Vec<&str> = page
        .split('"')
        .filter(|text| text.ends_with(".js") || text.ends_with(".css"))
        .collect();
    assert!(!linked.is_empty(), "{page}");
    for asset in linked {
        let url = app.url(&format!("/docs/{}", asset.trim_start_matches("./")));
        app.send(app.client.get(url)).await.expect(StatusCode::OK);
    }
    let start = app
        .send(app.client.get(app.url("/docs/swagger-initializer.js")))
        .await
        .text();
    assert!(start.contains("/openapi.json"), "{start}");
    app.send(app.client.get(app.url("/docs/no-such-file")))
        .await
        .expect_problem("not-found");
}
