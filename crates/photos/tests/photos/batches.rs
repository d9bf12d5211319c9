//! Batches: all or none, or each for itself; one result an item, in the order of the request.

use photos_api::{BatchResponse, BatchResult, Photo, PhotoId};
use photos_client::{BatchEdit, BatchMode, NewPhoto, ProblemCode};
use reqwest::multipart::Form;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::kit::{self, NOTHING, at, draft, file, published, remains};
use crate::pictures;
use crate::support::app::{authorise, refusal};
use crate::support::{Answer, Backend, Login, TestApp};

fn ids(photos: &[&Photo]) -> Value {
    json!({"ids": photos.iter().map(|photo| photo.id).collect::<Vec<_>>()})
}

/// What a result tells of its item.
fn told(result: &BatchResult) -> (u16, Option<ProblemCode>) {
    (result.status, result.problem.as_ref().map(|problem| problem.code))
}

fn statuses(answer: &Answer) -> Vec<u64> {
    answer.json()["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_u64().unwrap())
        .collect()
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn results_pair_with_items_whatever_the_order_of_rows(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let mut photos = Vec::new();
    for _ in 0..5 {
        photos.push(draft(&app, &ann).await);
    }
    let order = [3, 0, 4, 2, 1];
    let edit = |n: usize| BatchEdit {
        id: photos[n].id,
        name: Some(format!("number {n}")),
        caption: None,
        draft: None,
    };
    let mine = app.by(&ann).photos();
    let response = mine
        .update_batch(order.map(edit).into(), BatchMode::Atomic)
        .await
        .unwrap();
    assert_eq!((response.succeeded, response.failed), (5, 0));
    for (index, (result, n)) in response.results.iter().zip(order).enumerate() {
        assert_eq!(
            (result.index, result.id, result.status),
            (index, Some(photos[n].id), 200)
        );
        assert_eq!(result.photo.as_ref().unwrap().name, format!("number {n}"));
        let stored = mine.get(photos[n].id).await.unwrap();
        assert_eq!(stored.name, format!("number {n}"));
    }
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn a_batch_partly_forbidden(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let bob = app.user("bob").await;
    let (mine, his, hidden) = (
        published(&app, &ann).await,
        published(&app, &bob).await,
        draft(&app, &bob).await,
    );
    let (photos, guest) = (app.by(&ann).photos(), app.guest().photos());
    let all = [mine.id, his.id, hidden.id];
    let rejected = photos.delete_batch(&all, BatchMode::Atomic).await.unwrap_err();
    let rejected = rejected.problem().unwrap();
    assert_eq!(
        (rejected.code, rejected.status),
        (ProblemCode::BatchRejected, 422)
    );
    let told: Vec<_> = rejected.results.iter().map(told).collect();
    assert_eq!(
        told,
        [
            (424, Some(ProblemCode::NotAttempted)),
            (403, Some(ProblemCode::Forbidden)),
            (404, Some(ProblemCode::NotFound))
        ]
    );
    guest.get(mine.id).await.unwrap();

    let each = photos.delete_batch(&all, BatchMode::Each).await.unwrap();
    let statuses: Vec<_> = each.results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [204, 403, 404]);
    assert_eq!((each.succeeded, each.failed), (1, 2));
    assert_eq!(refusal(guest.get(mine.id).await), ProblemCode::NotFound);
    guest.get(his.id).await.unwrap();
    // Done in part has a status of its own.
    let all = json!({"ids": [his.id]});
    app.post(Some(&ann), "/photos/batch/delete?mode=each", &all)
        .await
        .expect(StatusCode::MULTI_STATUS);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn without_ids_nothing_is_deleted(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let photo = published(&app, &ann).await;
    let path = "/photos/batch/delete";
    app.post(Some(&ann), path, &json!({}))
        .await
        .expect_faults(&["ids"]);
    app.post(Some(&ann), path, &json!({"ids": []}))
        .await
        .expect_faults(&["ids"]);
    app.post(Some(&ann), path, &json!({"ids": null}))
        .await
        .expect_faults(&["ids"]);
    app.post(Some(&ann), path, &json!({"ids": [photo.id], "all": true}))
        .await
        .expect_faults(&["all"]);
    app.post(Some(&ann), path, &ids(&[&photo, &photo]))
        .await
        .expect_faults(&["ids[1]"]);
    let many: Vec<_> = (0..51).map(|_| PhotoId::now()).collect();
    app.post(Some(&ann), path, &json!({"ids": many}))
        .await
        .expect_faults(&["ids"]);
    app.post(Some(&ann), "/photos/batch/delete?mode=some", &ids(&[&photo]))
        .await
        .expect_faults(&["mode"]);
    app.bare(Method::POST, Some(&ann), path)
        .await
        .expect_problem("unsupported-media-type");
    app.bare(Method::DELETE, Some(&ann), "/photos")
        .await
        .expect_problem("method-not-allowed");
    app.get(None, &at(&photo)).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn publish_unpublish_delete_and_restore() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let (one, two) = (draft(&app, &ann).await, published(&app, &ann).await);
    let (ids, mode) = ([two.id, one.id], BatchMode::Atomic);
    let photos = app.by(&ann).photos();
    for (response, status, drafts) in [
        (photos.publish_batch(&ids, mode).await, 200, Some(false)),
        (photos.unpublish_batch(&ids, mode).await, 200, Some(true)),
        (photos.delete_batch(&ids, mode).await, 204, None),
        (photos.restore_batch(&ids, mode).await, 200, Some(true)),
    ] {
        for (result, id) in response.unwrap().results.iter().zip(ids) {
            assert_eq!((result.status, result.id), (status, Some(id)));
            assert_eq!(result.photo.as_ref().map(|photo| photo.draft), drafts);
        }
    }
}

#[tokio::test]
async fn if_match_and_bad_values_are_faults_of_their_items() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let (one, two) = (published(&app, &ann).await, published(&app, &ann).await);
    app.call(Method::PATCH, Some(&ann), &at(&two), &json!({"name": "moved on"}))
        .await
        .expect(StatusCode::OK);
    let request = authorise(
        app.request(Method::POST, "/photos/batch/unpublish?mode=each"),
        Some(&ann),
    );
    let answer = app
        .send(request.header("if-match", "\"1\"").json(&ids(&[&one, &two])))
        .await;
    assert_eq!(statuses(&answer), [200, 412]);

    let items = json!({"items": [{"id": one.id, "name": " "}, {"id": two.id, "name": "good"}]});
    let answer = app
        .call(Method::PATCH, Some(&ann), "/photos/batch?mode=each", &items)
        .await;
    assert_eq!(statuses(&answer), [422, 200]);
    assert_eq!(
        answer.json()["results"][0]["problem"]["errors"][0]["field"],
        "name"
    );
    let twice = json!({"items": [{"id": one.id}, {"id": one.id}]});
    app.call(Method::PATCH, Some(&ann), "/photos/batch", &twice)
        .await
        .expect_faults(&["items[1].id"]);
}

async fn create(app: &TestApp, who: &Login, mode: &str, form: Form) -> Answer {
    let path = format!("/photos/batch?mode={mode}");
    app.send(authorise(app.request(Method::POST, &path), Some(who)).multipart(form))
        .await
}

fn items(value: &Value) -> Form {
    Form::new().text("items", value.to_string())
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn several_photos_in_one_form(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let photos = [
        NewPhoto::from_bytes("One", pictures::jpeg(10, 20)).caption("#one"),
        NewPhoto::from_bytes("Two", pictures::jpeg(20, 10)).draft(true),
    ];
    let mine = app.by(&ann).photos();
    let response = mine.create_batch(&photos, BatchMode::Atomic, None).await.unwrap();
    let made: Vec<_> = response
        .results
        .iter()
        .map(|result| (result.status, result.photo.as_ref().unwrap()))
        .collect();
    assert_eq!(
        (made[0].0, &*made[0].1.name, made[0].1.width, made[0].1.draft),
        (201, "One", 10, false)
    );
    assert_eq!(
        (made[1].0, &*made[1].1.name, made[1].1.width, made[1].1.draft),
        (201, "Two", 20, true)
    );
    assert_eq!(remains(&app).await.objects, 14);
}

#[tokio::test]
async fn files_of_a_form_come_in_any_order() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let form = items(&json!([{"image": "f1", "name": "One"}, {"image": "f2", "name": "Two"}]))
        .part("f2", file(pictures::jpeg(20, 10)))
        .part("f1", file(pictures::jpeg(10, 20)));
    let answer = create(&app, &ann, "atomic", form).await.expect(StatusCode::OK);
    let response: BatchResponse = answer.into();
    let widths = response
        .results
        .iter()
        .map(|result| result.photo.as_ref().unwrap().width);
    assert_eq!(widths.collect::<Vec<_>>(), [10, 20]);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn of_a_rejected_batch_nothing_is_kept(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let form = || {
        items(&json!([
            {"image": "good", "name": "Good"},
            {"image": "text", "name": "Text"},
            {"image": "lost", "name": "Lost"},
            {"image": "nameless", "name": " "},
        ]))
        .part("good", file(pictures::jpeg(20, 10)))
        .part("text", file(b"no picture".to_vec()))
        .part("nameless", file(pictures::jpeg(20, 10)))
    };
    let rejected = create(&app, &ann, "atomic", form())
        .await
        .expect_problem("batch-rejected");
    assert_eq!(statuses(&rejected), [424, 415, 422, 422]);
    assert_eq!(rejected.json()["results"][2]["problem"]["code"], "image-missing");
    assert_eq!(remains(&app).await, NOTHING);

    let each = create(&app, &ann, "each", form())
        .await
        .expect(StatusCode::MULTI_STATUS);
    assert_eq!(statuses(&each), [201, 415, 422, 422]);
    assert_eq!(remains(&app).await.photos, 1);
}

#[tokio::test]
async fn bad_forms_of_a_batch() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let one = json!([{"image": "f1", "name": "One"}]);
    let picture = || file(pictures::jpeg(20, 10));
    let stray = items(&one).part("f1", picture()).part("f2", picture());
    create(&app, &ann, "atomic", stray).await.expect_faults(&["f2"]);
    let twice = items(&one).part("f1", picture()).part("f1", picture());
    create(&app, &ann, "atomic", twice).await.expect_faults(&["f1"]);
    let late = Form::new().part("f1", picture()).text("items", one.to_string());
    create(&app, &ann, "atomic", late).await.expect_faults(&["items"]);
    let long = json!([{"image": "f1", "name": "x".repeat(1 << 20)}]);
    create(&app, &ann, "atomic", items(&long))
        .await
        .expect_problem("body-too-large")
        .expect(StatusCode::PAYLOAD_TOO_LARGE);
    create(&app, &ann, "atomic", items(&json!([])))
        .await
        .expect_faults(&["items"]);
    create(&app, &ann, "atomic", items(&json!([{"image": "f1"}])))
        .await
        .expect_faults(&["items[0].name"]);
    let same = json!([{"image": "f1", "name": "One"}, {"image": "f1", "name": "Two"}]);
    create(&app, &ann, "atomic", items(&same).part("f1", picture()))
        .await
        .expect_faults(&["items[1].image"]);
    create(&app, &ann, "atomic", Form::new().text("items", "{"))
        .await
        .expect_problem("malformed-request");
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn a_batch_is_no_photo() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    for method in [Method::GET, Method::DELETE] {
        let request = app.request(method, "/photos/batch");
        let answer = app.send(authorise(request, Some(&ann))).await;
        let answer = answer.expect_problem("method-not-allowed");
        assert_eq!(answer.header("allow"), "POST, PATCH");
    }
}
