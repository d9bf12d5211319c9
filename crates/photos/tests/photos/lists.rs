//! Lists: scopes, filters, cursors, tags.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use photos_client::{PhotosQuery, ProblemCode};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, draft, ids, ids_of, path, photo, published};
use crate::support::app::{authorise, refusal};
use crate::support::{Backend, Login, TestApp};

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn who_may_list_what(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let (bob, admin) = (app.user("bob").await, app.admin().await);
    let (shown, hidden) = (published(&app, &ann).await.id, draft(&app, &ann).await.id);
    let of = |owner: &str, draft: Option<bool>| PhotosQuery {
        owner: Some(owner.to_owned()).filter(|owner| !owner.is_empty()),
        draft,
        ..PhotosQuery::default()
    };
    let (yes, no) = (Some(true), Some(false));
    for (who, query, expected) in [
        (None, of("", None), vec![shown]),
        (None, of("ann", None), vec![shown]),
        (None, of("bob", None), vec![]),
        (None, of("nobody", None), vec![]),
        (None, of("", no), vec![shown]),
        (Some(&ann), of("", None), vec![shown]),
        (Some(&ann), of("ann", None), vec![shown]),
        (Some(&ann), of("me", None), vec![hidden, shown]),
        (Some(&ann), of("me", no), vec![shown]),
        (Some(&ann), of("me", yes), vec![hidden]),
        (Some(&ann), of("", yes), vec![hidden]),
        (Some(&ann), of("ann", yes), vec![hidden]),
        (Some(&bob), of("", yes), vec![]),
        (Some(&bob), of("me", None), vec![]),
        (Some(&admin), of("ann", yes), vec![hidden]),
        (Some(&admin), of("", yes), vec![]),
    ] {
        let page = app.by_any(who).photos().page(&query).await.unwrap();
        assert_eq!(ids_of(&page), expected, "{query:?} {who:?}");
    }
    for query in [of("me", None), of("", yes), of("ann", yes)] {
        let refused = app.guest().photos().page(&query).await;
        assert_eq!(refusal(refused), ProblemCode::Unauthenticated, "{query:?}");
    }
    let refused = app.by(&bob).photos().page(&of("ann", yes)).await;
    assert_eq!(refusal(refused), ProblemCode::Forbidden);
}

/// Follows a link of each page to the end.
async fn walk(app: &TestApp, who: Option<&Login>, first: &str, link: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(at) = next {
        let page = app.get(who, &at).await.expect(StatusCode::OK).json();
        pages.push(ids(&page));
        next = page[link].as_str().map(|link| path(app, link));
    }
    pages
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn pages_lead_forth_and_back(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let mut all = Vec::new();
    for n in 0..7 {
        all.push(
            photo(&app, &ann, &format!("#odd{}", n % 2), false)
                .await
                .id
                .to_string(),
        );
    }
    let newest: Vec<String> = all.iter().rev().cloned().collect();
    for (query, expected) in [
        ("ordering=-published_at", &newest),
        ("ordering=published_at", &all),
        ("ordering=-created_at", &newest),
    ] {
        let pages = walk(&app, None, &format!("/photos?page_size=3&{query}"), "next").await;
        assert_eq!(pages.concat(), *expected, "{query}");
        assert_eq!(
            pages.iter().map(Vec::len).collect::<Vec<_>>(),
            [3, 3, 1],
            "{query}"
        );
    }
    let first = app.get(None, "/photos?page_size=3&count=true").await.json();
    assert_eq!((&first["count"], &first["previous"]), (&json!(7), &json!(null)));
    assert!(app.get(None, "/photos").await.json().get("count").is_none());
    let second = app
        .get(None, &path(&app, first["next"].as_str().unwrap()))
        .await
        .json();
    let third = app
        .get(None, &path(&app, second["next"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(third["next"], json!(null));
    let back = path(&app, third["previous"].as_str().unwrap());
    let pages = walk(&app, None, &back, "previous").await;
    assert_eq!(pages, [ids(&second), ids(&first)]);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_photos_come_and_go(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(published(&app, &ann).await);
    }
    let mut seen = Vec::new();
    let of_ann = PhotosQuery {
        owner: Some("ann".into()),
        page_size: Some(2),
        ..PhotosQuery::default()
    };
    let mut pages = std::pin::pin!(app.guest().photos().list(of_ann));
    let mut came = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        seen.extend(ids_of(&page));
        // A new one comes before the page, and the last one seen goes, cursor and all.
        published(&app, &ann).await;
        came += 1;
        app.by(&ann).photos().delete(*seen.last().unwrap()).await.unwrap();
    }
    let expected: Vec<_> = all.iter().rev().map(|photo| photo.id).collect();
    assert_eq!(seen, expected);
    assert_eq!(came, 4);
}

#[tokio::test]
async fn a_cursor_fits_its_own_list_only() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    for _ in 0..3 {
        photo(&app, &ann, "#a #b", false).await;
    }
    let page = app.get(None, "/photos?page_size=1&tag=a").await.json();
    let link = path(&app, page["next"].as_str().unwrap());
    let cursor = link
        .split("cursor=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    app.get(
        None,
        &format!("/photos?tag=a&page_size=2&count=true&cursor={cursor}"),
    )
    .await
    .expect(StatusCode::OK);
    let mut tampered = cursor.clone().into_bytes();
    tampered[4] = if tampered[4] == b'x' { b'y' } else { b'x' };
    let tampered = String::from_utf8(tampered).unwrap();
    for query in [
        format!("cursor={cursor}"),
        format!("tag=b&cursor={cursor}"),
        format!("tag=a&search=x&cursor={cursor}"),
        format!("tag=a&owner=ann&cursor={cursor}"),
        format!("tag=a&ordering=published_at&cursor={cursor}"),
        format!("tag=a&cursor={tampered}"),
        format!("tag=a&cursor={}", &cursor[1..]),
        "cursor=".to_owned(),
        "cursor=%21".to_owned(),
    ] {
        let answer = app
            .get(None, &format!("/photos?{query}"))
            .await
            .expect_problem("invalid-cursor");
        assert_eq!(answer.status, 400, "{query}");
    }
    app.get(Some(&ann), &format!("/photos?tag=a&owner=me&cursor={cursor}"))
        .await
        .expect_problem("invalid-cursor");
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn tags_and_words(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let caption = "#Tag,#tag #тег #标签 http://x/#frag &#38; a#b #123 #x_1";
    let tagged = photo(&app, &ann, caption, false).await;
    assert_eq!(tagged.tags, ["tag", "тег", "标签", "x_1"]);
    photo(&app, &ann, "#tag in secret", true).await;
    let other = photo(&app, &ann, "Sunny morning, 100%_sure", false).await;
    let (tagged, other) = (tagged.id.to_string(), other.id.to_string());
    for (query, expected) in [
        ("tag=tag", vec![&tagged]),
        ("tag=TAG,%23тег", vec![&tagged]),
        ("tag=标签,x_1", vec![&tagged]),
        ("tag=frag", vec![]),
        ("tag=tag,nothing", vec![]),
        ("search=MORNING+sunny", vec![&other]),
        ("search=sunny+pier", vec![&other]),
        ("search=sun", vec![]),
        ("search=%25", vec![]),
        ("search=тег+pier", vec![&tagged]),
        ("search=pier&tag=tag&owner=ann", vec![&tagged]),
        ("search=", vec![&other, &tagged]),
    ] {
        let page = app
            .get(None, &format!("/photos?{query}"))
            .await
            .expect(StatusCode::OK)
            .json();
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let tags = app.get(None, "/tags").await.expect(StatusCode::OK).json();
    let names: BTreeSet<_> = tags["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].clone().to_string())
        .collect();
    assert_eq!(
        names,
        ["\"tag\"", "\"x_1\"", "\"тег\"", "\"标签\""]
            .map(str::to_owned)
            .into()
    );
    let found = app.get(None, "/tags?prefix=ТЕ").await.json();
    assert_eq!(found, json!({"results": [{"name": "тег", "count": 1}]}));
    assert_eq!(
        app.get(None, "/tags?prefix=%25").await.json(),
        json!({"results": []})
    );
}

#[tokio::test]
async fn bad_queries() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    for (query, field) in [
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=x", "page_size"),
        ("ordering=name", "ordering"),
        ("draft=1", "draft"),
        ("count=yes", "count"),
        ("colour=red", "colour"),
        ("tag=a&tag=b", "tag"),
        ("tag=", "tag"),
        ("tag=a,,b", "tag"),
    ] {
        app.get(Some(&ann), &format!("/photos?{query}"))
            .await
            .expect_faults(&[field]);
    }
    app.get(None, "/tags?colour=red").await.expect_faults(&["colour"]);
    let bad = authorise(app.request(Method::GET, "/photos"), None).bearer_auth("nonsense");
    app.send(bad).await.expect_problem("invalid-token");
}
