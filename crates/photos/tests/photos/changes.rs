//! Who may see and change what, and what a change moves.

use photos_api::Photo;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, NOTHING, at, draft, photo, picture, published, remains};
use crate::support::app::authorise;
use crate::support::{Backend, TestApp};

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn a_draft_is_there_for_its_owner_and_staff_only(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let (bob, admin) = (app.user("bob").await, app.admin().await);
    let draft = draft(&app, &ann).await;
    let link = &draft.images["thumb"].url;
    for stranger in [None, Some(&bob)] {
        app.get(stranger, &at(&draft)).await.expect_problem("not-found");
        picture(&app, stranger, link, "*/*")
            .await
            .expect_problem("not-found");
    }
    for friend in [&ann, &admin] {
        app.get(Some(friend), &at(&draft)).await.expect(StatusCode::OK);
        picture(&app, Some(friend), link, "*/*")
            .await
            .expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn calls_without_fields_take_none() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = draft(&app, &ann).await;
    for verb in ["publish", "unpublish", "restore"] {
        let path = format!("{}/{verb}", at(&photo));
        app.post(Some(&ann), &path, &json!({"at": "noon"}))
            .await
            .expect_faults(&["at"]);
    }
    let now = app.get(Some(&ann), &at(&photo)).await.json();
    assert_eq!(now["version"], photo.version, "nothing was done");
    app.post(Some(&ann), &format!("{}/publish", at(&photo)), &json!({}))
        .await
        .expect(StatusCode::OK);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn nobody_changes_anothers_photo_but_staff(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let (bob, admin) = (app.user("bob").await, app.admin().await);
    let (shown, hidden) = (published(&app, &ann).await, draft(&app, &ann).await);
    let before = [
        app.get(Some(&ann), &at(&shown)).await.json(),
        app.get(Some(&ann), &at(&hidden)).await.json(),
    ];
    for (photo, code) in [(&shown, "forbidden"), (&hidden, "not-found")] {
        let edit = json!({"name": "Mine"});
        app.call(Method::PATCH, Some(&bob), &at(photo), &edit)
            .await
            .expect_problem(code);
        app.bare(Method::DELETE, Some(&bob), &at(photo))
            .await
            .expect_problem(code);
        for verb in ["publish", "unpublish"] {
            app.bare(Method::POST, Some(&bob), &format!("{}/{verb}", at(photo)))
                .await
                .expect_problem(code);
            app.bare(Method::POST, None, &format!("{}/{verb}", at(photo)))
                .await
                .expect_problem("unauthenticated");
        }
        app.bare(Method::DELETE, None, &at(photo))
            .await
            .expect_problem("unauthenticated");
    }
    let after = [
        app.get(Some(&ann), &at(&shown)).await.json(),
        app.get(Some(&ann), &at(&hidden)).await.json(),
    ];
    assert_eq!(before, after);

    let edit = json!({"name": "Moderated"});
    let changed = app
        .call(Method::PATCH, Some(&admin), &at(&hidden), &edit)
        .await
        .expect(StatusCode::OK)
        .json();
    assert_eq!(
        (&changed["name"], &changed["owner"]["username"]),
        (&json!("Moderated"), &json!("ann"))
    );
    app.bare(Method::DELETE, Some(&admin), &at(&shown))
        .await
        .expect(StatusCode::NO_CONTENT);
    app.bare(Method::POST, Some(&bob), &format!("{}/restore", at(&shown)))
        .await
        .expect_problem("not-found");
    app.bare(Method::POST, Some(&admin), &format!("{}/restore", at(&shown)))
        .await
        .expect(StatusCode::OK);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn editing_never_moves_the_date_of_publication(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let first = published(&app, &ann).await;
    let edit = json!({"caption": "now with #words", "draft": false});
    let edited: Photo = app
        .call(Method::PATCH, Some(&ann), &at(&first), &edit)
        .await
        .expect(StatusCode::OK)
        .into();
    assert_eq!((edited.published_at, edited.version), (first.published_at, 2));
    assert!(edited.updated_at > first.updated_at);

    let again = app
        .call(Method::PATCH, Some(&ann), &at(&first), &edit)
        .await
        .expect(StatusCode::OK);
    assert_eq!(again.header("etag"), "\"2\"");
    assert_eq!(again.into::<Photo>(), edited, "a repetition changes nothing");

    let post = |verb: &str| format!("{}/{verb}", at(&first));
    let draft: Photo = app
        .bare(Method::POST, Some(&ann), &post("unpublish"))
        .await
        .expect(StatusCode::OK)
        .into();
    assert_eq!((draft.draft, draft.published_at), (true, None));
    let shown: Photo = app
        .bare(Method::POST, Some(&ann), &post("publish"))
        .await
        .expect(StatusCode::OK)
        .into();
    assert!(shown.published_at > first.published_at);
    let still: Photo = app
        .bare(Method::POST, Some(&ann), &post("publish"))
        .await
        .expect(StatusCode::OK)
        .into();
    assert_eq!(shown, still);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn a_deleted_photo_is_gone_everywhere_and_can_come_back(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let admin = app.admin().await;
    let gone = photo(&app, &ann, "at #dawn", false).await;
    app.bare(Method::DELETE, Some(&ann), &at(&gone))
        .await
        .expect(StatusCode::NO_CONTENT);
    for viewer in [None, Some(&ann), Some(&admin)] {
        app.get(viewer, &at(&gone)).await.expect_problem("not-found");
        picture(&app, viewer, &gone.images["thumb"].url, "*/*")
            .await
            .expect_problem("not-found");
    }
    app.bare(Method::DELETE, Some(&ann), &at(&gone))
        .await
        .expect_problem("not-found");
    app.call(Method::PATCH, Some(&ann), &at(&gone), &json!({"name": "x"}))
        .await
        .expect_problem("not-found");
    for list in [
        "/photos",
        "/photos?owner=me",
        "/photos?tag=dawn",
        "/photos?search=pier",
    ] {
        assert!(
            kit::ids(&app.get(Some(&ann), list).await.json()).is_empty(),
            "{list}"
        );
    }
    assert_eq!(app.get(None, "/tags").await.json(), json!({"results": []}));

    let restore = format!("{}/restore", at(&gone));
    let back: Photo = app
        .bare(Method::POST, Some(&ann), &restore)
        .await
        .expect(StatusCode::OK)
        .into();
    assert_eq!((back.published_at, &back.tags), (gone.published_at, &gone.tags));
    picture(&app, None, &gone.images["thumb"].url, "*/*")
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        app.get(None, "/tags").await.json(),
        json!({"results": [{"name": "dawn", "count": 1}]})
    );
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn deleting_removes_every_object(#[case] backend: Backend) {
    let Some(app) = TestApp::build(backend)
        .set("PS_TRASH_TTL", "0s")
        .set("PS_SWEEP_EVERY", "1s")
        .start()
        .await
    else {
        return;
    };
    let ann = app.user("ann").await;
    let photos = [published(&app, &ann).await, draft(&app, &ann).await];
    assert_eq!(remains(&app).await.objects, 14);
    for photo in &photos {
        app.bare(Method::DELETE, Some(&ann), &at(photo))
            .await
            .expect(StatusCode::NO_CONTENT);
        app.bare(Method::POST, Some(&ann), &format!("{}/restore", at(photo)))
            .await
            .expect_problem("not-found");
    }
    kit::until_nothing_remains(&app).await;
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn if_match_holds_for_every_change() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = published(&app, &ann).await;
    let send = |method: Method, path: String, tags: &'static str| {
        let request = authorise(app.request(method.clone(), &path), Some(&ann)).header("if-match", tags);
        app.send(if method == Method::PATCH {
            request.json(&json!({"caption": tags}))
        } else {
            request
        })
    };
    for stale in ["\"2\"", "W/\"1\"", "\"foreign\"", "\"2\", \"3\""] {
        for (method, verb) in [
            (Method::PATCH, ""),
            (Method::DELETE, ""),
            (Method::POST, "/publish"),
            (Method::POST, "/unpublish"),
        ] {
            let refused = send(method, format!("{}{verb}", at(&photo)), stale).await;
            assert_eq!(refused.expect_problem("precondition-failed").status, 412);
        }
    }
    send(Method::PATCH, at(&photo), "nonsense")
        .await
        .expect_problem("malformed-request");
    assert_eq!(
        send(Method::PATCH, at(&photo), "\"1\"")
            .await
            .expect(StatusCode::OK)
            .header("etag"),
        "\"2\""
    );
    send(Method::PATCH, at(&photo), "\"7\", \"2\"")
        .await
        .expect(StatusCode::OK);
    send(Method::PATCH, at(&photo), "*").await.expect(StatusCode::OK);
    send(Method::DELETE, at(&photo), "\"4\"")
        .await
        .expect(StatusCode::NO_CONTENT);
    let restore = format!("{}/restore", at(&photo));
    send(Method::POST, restore.clone(), "\"4\"")
        .await
        .expect_problem("precondition-failed");
    send(Method::POST, restore, "\"4\", \"5\"")
        .await
        .expect(StatusCode::OK);
}

#[tokio::test]
async fn bad_edits() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = published(&app, &ann).await;
    for (edit, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": null}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"caption": "a\u{0}b"}), "caption"),
        (json!({"draft": "true"}), "draft"),
        (json!({"owner": "bob"}), "owner"),
    ] {
        app.call(Method::PATCH, Some(&ann), &at(&photo), &edit)
            .await
            .expect_faults(&[field]);
    }
    app.call(Method::PATCH, Some(&ann), "/photos/no-id", &json!({}))
        .await
        .expect_problem("not-found");
    app.call(Method::PATCH, Some(&ann), &at(&photo), &json!({}))
        .await
        .expect(StatusCode::OK);
    let now: Photo = app.get(None, &at(&photo)).await.into();
    assert_eq!(now, photo);
}
