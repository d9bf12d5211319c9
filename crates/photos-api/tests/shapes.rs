//! The shapes that the contract fixes, as JSON texts.
#![expect(clippy::unwrap_used, reason = "tests")]

use photos_api::{
    BatchEditRequest, BatchResponse, BatchResult, FieldError, LogoutRequest, Ordering, Photo, PhotoEdit,
    PhotoId, PhotoPage, Problem, ProblemCode, Registration, TokenRequest, TokenResponse,
};
use serde_json::{Value, from_value, json, to_value};

fn photo() -> Value {
    json!({"id":"0199a3c4-5b6d-7e8f-9012-3456789abcde","version":1,"name":"Pier","caption":"at #dawn","tags":["dawn"],
        "draft":false,"owner":{"username":"ann"},"format":"jpeg","bytes":2190194,"width":4000,"height":3000,
        "placeholder":"1QcSHQRnh493V4dIh4eXh1h4kJUI","created_at":"2026-01-02T03:04:05.678901Z",
        "updated_at":"2026-01-02T03:04:05.000000Z","published_at":"2026-01-02T03:04:05.500000Z",
        "images":{"thumb":{"url":"http://127.0.0.1:8080/api/v1/photos/x/images/thumb?v=9f8e7d6c5b4a3921",
            "width":200,"height":200}}})
}

#[test]
fn photo_survives_a_round_trip() {
    let read: Photo = from_value(photo()).unwrap();
    assert_eq!(read.etag(), "\"1\"");
    assert_eq!(to_value(&read).unwrap(), photo());
}

#[test]
fn draft_has_a_null_published_at() {
    let mut read: Photo = from_value(photo()).unwrap();
    read.published_at = None;
    assert_eq!(to_value(&read).unwrap()["published_at"], Value::Null);
}

#[test]
fn responses_may_grow() {
    let mut newer = photo();
    newer["camera"] = json!("X100");
    assert!(from_value::<Photo>(newer).is_ok());
}

#[test]
fn page_has_count_only_if_counted() {
    let page = PhotoPage {
        count: None,
        next: None,
        previous: None,
        results: vec![],
    };
    assert_eq!(
        to_value(page).unwrap(),
        json!({"next":null,"previous":null,"results":[]})
    );
}

#[test]
fn edit_tells_absent_from_null() {
    let edit: PhotoEdit = serde_json::from_str(r#"{"caption":""}"#).unwrap();
    assert_eq!(
        edit,
        PhotoEdit {
            caption: Some(String::new()),
            ..PhotoEdit::default()
        }
    );
    assert_eq!(to_value(&edit).unwrap(), json!({"caption":""}));
    for wrong in [
        r#"{"caption":null}"#,
        r#"{"owner":"bob"}"#,
        r#"{"name":"a","name":"b"}"#,
        r#"{"draft":"yes"}"#,
    ] {
        let error = serde_json::from_str::<PhotoEdit>(wrong).unwrap_err();
        assert!(error.is_data(), "{wrong}: {error}");
    }
    let wrong = r#"{"items":[{"id":"0199a3c4-5b6d-7e8f-9012-3456789abcde","name":null}]}"#;
    assert!(
        serde_json::from_str::<BatchEditRequest>(wrong)
            .unwrap_err()
            .is_data()
    );
}

#[test]
fn logout_is_by_token_or_everywhere() {
    assert_eq!(
        to_value(LogoutRequest::everywhere()).unwrap(),
        json!({"everywhere":true})
    );
    assert_eq!(
        to_value(LogoutRequest::session("r".into())).unwrap(),
        json!({"refresh_token":"r"})
    );
}

#[test]
fn secrets_are_not_shown() {
    let tokens: TokenResponse = from_value(
        json!({"access_token":"hush","token_type":"Bearer","expires_in":900,
        "refresh_token":"hush","refresh_expires_in":604800}),
    )
    .unwrap();
    let login = TokenRequest {
        username: "ann".into(),
        password: "hush".into(),
    };
    let registration = Registration {
        username: "ann".into(),
        password: "hush".into(),
    };
    let shown = format!(
        "{tokens:?} {login:?} {registration:?} {:?}",
        LogoutRequest::session("hush".into())
    );
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn problem_is_rfc_9457() {
    let mut problem = Problem::new(ProblemCode::ValidationFailed)
        .with_detail("one field is wrong")
        .with_errors(vec![FieldError::new("name", "too long")]);
    problem.instance = Some("/api/v1/photos".into());
    problem.request_id = Some("r1".into());
    let json = json!({"type":"/problems/validation-failed","title":"Validation failed","status":422,
        "detail":"one field is wrong","code":"validation-failed","instance":"/api/v1/photos","request_id":"r1",
        "errors":[{"field":"name","detail":"too long"}]});
    assert_eq!(to_value(&problem).unwrap(), json);
    assert_eq!(from_value::<Problem>(json).unwrap(), problem);
    assert_eq!(
        problem.to_string(),
        "one field is wrong; name: too long (422 validation-failed)"
    );
}

#[test]
fn every_code_is_spelled_as_its_table_says() {
    for code in ProblemCode::ALL {
        assert_eq!(to_value(code).unwrap(), json!(code.as_str()));
        assert!((400..600).contains(&code.status()));
    }
    assert_eq!(
        from_value::<ProblemCode>(json!("of-tomorrow")).unwrap(),
        ProblemCode::Unknown
    );
}

#[test]
fn batch_counts_its_results() {
    let done: Photo = from_value(photo()).unwrap();
    let other = PhotoId::now();
    let response = BatchResponse::new(vec![
        BatchResult::done(0, done.id, 200, Some(done)),
        BatchResult::failed(1, Some(other), Problem::new(ProblemCode::Forbidden)),
    ]);
    let json = to_value(&response).unwrap();
    assert_eq!(json["succeeded"], 1);
    assert_eq!(json["failed"], 1);
    assert_eq!(json["results"][1]["status"], 403);
    assert_eq!(json["results"][1]["id"], other.to_string());
    assert_eq!(json["results"][1].get("photo"), None);
    assert_eq!(json["results"][0].get("problem"), None);
}

#[test]
fn orderings_have_one_spelling() {
    for ordering in Ordering::ALL {
        assert_eq!(to_value(ordering).unwrap(), json!(ordering.to_string()));
        assert_eq!(ordering.as_str().parse(), Ok(ordering));
    }
    assert_eq!(Ordering::default().as_str(), "-published_at");
    assert!("name".parse::<Ordering>().is_err());
}
