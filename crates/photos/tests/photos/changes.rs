//! Who may see and change what, and what a change moves.

use photos_api::Photo;
use photos_client::{PhotoEdit, PhotosQuery, ProblemCode};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, NOTHING, at, draft, photo, published, remains};
use crate::support::app::{authorise, refusal};
use crate::support::{Backend, TestApp};

fn named(name: &str) -> PhotoEdit {
    PhotoEdit {
        name: Some(name.into()),
        ..PhotoEdit::default()
    }
}

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
    for stranger in [None, Some(&bob)] {
        let photos = app.by_any(stranger).photos();
        assert_eq!(refusal(photos.get(draft.id).await), ProblemCode::NotFound);
        let picture = photos.image(draft.id, "thumb").await;
        assert_eq!(refusal(picture), ProblemCode::NotFound);
    }
    for friend in [&ann, &admin] {
        let photos = app.by(friend).photos();
        assert_eq!(photos.get(draft.id).await.unwrap(), draft);
        photos.image(draft.id, "thumb").await.unwrap();
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
    let delete = authorise(app.request(Method::DELETE, &at(&photo)), Some(&ann));
    app.send(delete.json(&json!({"for": "good"})))
        .await
        .expect_faults(&["for"]);
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
    let edit = named("Mine");
    let (stranger, guest) = (app.by(&bob).photos(), app.guest().photos());
    for (photo, code) in [(&shown, ProblemCode::Forbidden), (&hidden, ProblemCode::NotFound)] {
        let id = photo.id;
        assert_eq!(refusal(stranger.update(id, &edit).await), code);
        assert_eq!(refusal(stranger.delete(id).await), code);
        assert_eq!(refusal(stranger.publish(id).await), code);
        assert_eq!(refusal(stranger.unpublish(id).await), code);
        for refused in [
            refusal(guest.update(id, &edit).await),
            refusal(guest.delete(id).await),
            refusal(guest.publish(id).await),
            refusal(guest.unpublish(id).await),
        ] {
            assert_eq!(refused, ProblemCode::Unauthenticated);
        }
    }
    let mine = app.by(&ann).photos();
    assert_eq!(mine.get(shown.id).await.unwrap(), shown);
    assert_eq!(mine.get(hidden.id).await.unwrap(), hidden);

    let staff = app.by(&admin).photos();
    let changed = staff.update(hidden.id, &named("Moderated")).await.unwrap();
    assert_eq!((&*changed.name, &*changed.owner.username), ("Moderated", "ann"));
    staff.delete(shown.id).await.unwrap();
    let back = stranger.restore(shown.id).await;
    assert_eq!(refusal(back), ProblemCode::NotFound);
    staff.restore(shown.id).await.unwrap();
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
    let photos = app.by(&ann).photos();
    let edit = PhotoEdit {
        caption: Some("now with #words".into()),
        draft: Some(false),
        ..PhotoEdit::default()
    };
    let edited = photos.update(first.id, &edit).await.unwrap();
    assert_eq!((edited.published_at, edited.version), (first.published_at, 2));
    assert!(edited.updated_at > first.updated_at);

    let again = app
        .call(Method::PATCH, Some(&ann), &at(&first), &json!(edit))
        .await
        .expect(StatusCode::OK);
    assert_eq!(again.header("etag"), "\"2\"");
    assert_eq!(again.into::<Photo>(), edited, "a repetition changes nothing");

    let draft = photos.unpublish(first.id).await.unwrap();
    assert_eq!((draft.draft, draft.published_at), (true, None));
    let shown = photos.publish(first.id).await.unwrap();
    assert!(shown.published_at > first.published_at);
    assert_eq!(photos.publish(first.id).await.unwrap(), shown);
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
    let mine = app.by(&ann).photos();
    mine.delete(gone.id).await.unwrap();
    for viewer in [None, Some(&ann), Some(&admin)] {
        let photos = app.by_any(viewer).photos();
        assert_eq!(refusal(photos.get(gone.id).await), ProblemCode::NotFound);
        let picture = photos.image(gone.id, "thumb").await;
        assert_eq!(refusal(picture), ProblemCode::NotFound);
    }
    assert_eq!(refusal(mine.delete(gone.id).await), ProblemCode::NotFound);
    let edited = mine.update(gone.id, &named("x")).await;
    assert_eq!(refusal(edited), ProblemCode::NotFound);
    for list in [
        PhotosQuery::default(),
        PhotosQuery {
            owner: Some("me".into()),
            ..PhotosQuery::default()
        },
        PhotosQuery {
            tag: Some("dawn".into()),
            ..PhotosQuery::default()
        },
        PhotosQuery {
            search: Some("pier".into()),
            ..PhotosQuery::default()
        },
    ] {
        assert!(mine.page(&list).await.unwrap().results.is_empty(), "{list:?}");
    }
    assert_eq!(app.guest().tags("").await.unwrap(), []);

    let back = mine.restore(gone.id).await.unwrap();
    assert_eq!((back.published_at, &back.tags), (gone.published_at, &gone.tags));
    app.guest().photos().image(gone.id, "thumb").await.unwrap();
    let tags = app.guest().tags("").await.unwrap();
    assert_eq!((tags.len(), &*tags[0].name, tags[0].count), (1, "dawn", 1));
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
    let mine = app.by(&ann).photos();
    for photo in &photos {
        mine.delete(photo.id).await.unwrap();
        let back = mine.restore(photo.id).await;
        assert_eq!(refusal(back), ProblemCode::NotFound);
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
