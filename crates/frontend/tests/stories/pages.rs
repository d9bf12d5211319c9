//! The pages, from upload to undo.

use crate::support::World;
use crate::support::pictures::jpeg;
use crate::support::visitor::ids;

#[tokio::test]
async fn an_upload_without_scripts_reports_each_file() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = vec![
        ("Pier at dawn.jpg", jpeg(320, 200, 1)),
        ("notes.txt", b"not a photo".to_vec()),
        ("Old_boat.jpg", jpeg(200, 300, 2)),
    ];
    let page = ann.upload("at #Dawn", "draft", files).await.expect(422).text();
    assert_eq!(page.matches("Saved as a draft.").count(), 2);
    assert_eq!(page.matches("Not uploaded:").count(), 1);
    assert!(page.contains("Pier at dawn") && page.contains("Old boat") && page.contains("notes.txt"));
    assert_eq!(ids(&ann.page("/drafts").await).len(), 2);
    assert!(
        ann.upload("", "draft", Vec::new())
            .await
            .expect(422)
            .text()
            .contains("Choose at least one photo.")
    );
}

#[tokio::test]
async fn drafts_are_nobody_elses() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    ann.upload("#secret", "draft", vec![("Secret.jpg", jpeg(320, 200, 1))])
        .await
        .expect(200);
    let page = ann.page("/drafts").await;
    let id = ids(&page).remove(0);
    let photo = ann.page(&format!("/photos/{id}")).await;
    assert!(photo.contains("Draft"));
    let picture = format!("/photos/{id}/drafts/small");
    let answer = ann.get(&picture).await.expect(200);
    assert_eq!(answer.header("cache-control"), "private, no-store");

    let mut bob = world.member("bob").await;
    let mut guest = world.visitor();
    for visitor in [&mut bob, &mut guest] {
        visitor.get(&format!("/photos/{id}")).await.expect(404);
        visitor
            .get(&format!("/photos/{id}/images/small"))
            .await
            .expect(404);
        for list in ["/", "/@ann", "/tags/secret", "/search?q=secret"] {
            assert!(!visitor.page(list).await.contains(&id), "{list}");
        }
    }
    bob.get(&picture).await.expect(404);
    guest.get(&picture).await.expect(303);
    bob.get(&format!("/photos/{id}/edit")).await.expect(404);
}

#[tokio::test]
async fn publishes_edits_and_finds() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    ann.upload(
        "",
        "draft",
        vec![("one.jpg", jpeg(320, 200, 1)), ("two.jpg", jpeg(200, 320, 2))],
    )
    .await;
    let page = ann.page("/drafts").await;
    let both = ids(&page);
    let fields = [
        ("action", "publish"),
        ("id", &both[0]),
        ("id", &both[1]),
        ("back", "/@ann"),
    ];
    assert_eq!(ann.send("/photos/selection", &fields).await.location(), "/@ann");
    let page = ann.page("/@ann").await;
    assert!(page.contains("2 photos published."));
    assert_eq!(ids(&page).len(), 2);
    assert!(
        !ann.page("/@ann").await.contains("2 photos published."),
        "it is said once"
    );

    let edit = format!("/photos/{}/edit", both[0]);
    let page = ann.page(&edit).await;
    let version = crate::support::visitor::between(&page, "name=\"version\" value=\"", "\"").unwrap();
    let fields = [
        ("name", "Pier"),
        ("caption", "low tide\r\nat #Dawn"),
        ("version", version.as_str()),
        ("visibility", "published"),
    ];
    assert_eq!(
        ann.send(&edit, &fields).await.location(),
        format!("/photos/{}", both[0])
    );
    let page = ann.page(&format!("/photos/{}", both[0])).await;
    assert!(page.contains("<a href=\"/tags/dawn\">#Dawn</a>"), "{page}");
    // The same version again: somebody else has changed it.
    let page = ann.send(&edit, &fields).await.expect(409).text();
    assert!(page.contains("changed elsewhere"));
    let page = ann
        .send(
            &edit,
            &[("name", " "), ("version", "99"), ("visibility", "published")],
        )
        .await;
    assert!(page.status == 422 || page.status == 409);

    let mut guest = world.visitor();
    for list in ["/tags/dawn", "/search?q=tide+pier", "/search?q=%23dawn"] {
        assert_eq!(ids(&guest.page(list).await), [both[0].clone()], "{list}");
    }
    assert!(
        guest
            .page("/search?q=nothing-like-it")
            .await
            .contains("Nothing found")
    );
    assert!(guest.page("/search").await.contains("href=\"/tags/dawn\""));
    // The most used tags, by their names.
    let caption = "#zebra #apple #Dawn";
    ann.page("/upload").await;
    let files = vec![("c.jpg", jpeg(32, 20, 3)), ("d.jpg", jpeg(20, 32, 4))];
    ann.upload(caption, "published", files).await.expect(200);
    let page = guest.page("/search").await;
    let tags: Vec<_> = page.split("href=\"/tags/").skip(1).collect();
    let tags: Vec<_> = tags.iter().map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(tags, ["apple", "dawn", "zebra"]);
    assert!(guest.page("/tags/none").await.contains("No photos have this tag"));
    let answer = ann.get("/suggest/tags?prefix=da").await.expect(200);
    assert_eq!(answer.text(), "[{\"name\":\"dawn\",\"count\":3}]");
}

#[tokio::test]
async fn a_deletion_can_be_undone() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (1..=3).map(|seed| ("a.jpg", jpeg(120, 80, seed))).collect();
    ann.upload("", "published", files).await.expect(200);
    let all = ids(&ann.page("/@ann").await);
    assert_eq!(all.len(), 3);
    let fields = [
        ("action", "delete"),
        ("id", &all[0]),
        ("id", &all[2]),
        ("back", "/@ann"),
    ];
    ann.send("/photos/selection", &fields).await.expect(303);
    let page = ann.page("/@ann").await;
    assert!(page.contains("2 photos deleted.") && page.contains("Undo"));
    assert_eq!(ids(&page), [all[1].clone()]);
    ann.get(&format!("/photos/{}", all[0])).await.expect(404);
    let fields = [
        ("action", "restore"),
        ("id", &all[0]),
        ("id", &all[2]),
        ("back", "/@ann"),
    ];
    ann.send("/photos/selection", &fields).await.expect(303);
    assert_eq!(ids(&ann.page("/@ann").await), all);
    ann.send("/photos/selection", &[("action", "delete"), ("back", "/@ann")])
        .await;
    assert!(
        ann.page("/@ann")
            .await
            .contains("Select at least one photo first.")
    );
}

#[tokio::test]
async fn a_tag_has_one_address() {
    let world = World::start().await;
    let mut guest = world.visitor();
    for (asked, address) in [
        ("/tags/Dawn", "/tags/dawn"),
        ("/tags/%23dawn", "/tags/dawn"),
        ("/tags/%23DAWN?cursor=a%2Bb&x", "/tags/dawn?cursor=a%2Bb&x"),
        ("/tags/GR%C3%96%C3%9FE", "/tags/gr%C3%B6%C3%9Fe"),
        ("/tags/e%CC%81", "/tags/%C3%A9"),
    ] {
        let answer = guest.get(asked).await.expect(301);
        assert_eq!(answer.header("location"), address, "{asked}");
    }
    for kept in ["/tags/dawn", "/tags/%C3%A9", "/tags/gr%C3%B6%C3%9Fe"] {
        guest.page(kept).await;
    }
}

#[tokio::test]
async fn lists_go_on_page_after_page() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (0..40).map(|seed| ("a.jpg", jpeg(48, 32, seed))).collect();
    ann.upload("#many", "published", files).await.expect(200);
    for list in ["/", "/@ann", "/tags/many", "/search?q=many"] {
        let page = ann.page(list).await;
        let next = crate::support::visitor::between(&page, "rel=\"next\" href=\"", "\"").unwrap();
        let first = ids(&page);
        let page = ann.page(&next.replace("&#38;", "&").replace("&amp;", "&")).await;
        let second = ids(&page);
        assert_eq!((first.len(), second.len()), (36, 4), "{list}");
        assert!(second.iter().all(|id| !first.contains(id)), "{list}");
        assert!(
            page.contains("rel=\"prev\"") && !page.contains("rel=\"next\""),
            "{list}"
        );
    }
    ann.get("/?cursor=nonsense").await.expect(400);
}

#[tokio::test]
async fn says_so_when_the_photos_are_out_of_reach() {
    let mut world = World::start().await;
    let mut ann = world.member("ann").await;
    world.stop_photos().await;
    for path in ["/", "/drafts", "/@ann", "/search"] {
        let answer = ann.get(path).await.expect(503);
        assert!(answer.text().contains("out of reach"), "{path}");
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert!(
        ann.cookies.contains_key("session"),
        "nobody is logged out by that"
    );
    let health = reqwest::get(format!("{}/readyz", world.internal_url))
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::start().await;
    let mut guest = world.visitor();
    for path in [
        "/nothing",
        "/photos/nonsense",
        "/photos/0199a3c4-5b6d-7e8f-9012-3456789abcde",
        "/@me",
        "/@X",
        "/tags/a,b",
        "/tags/none-such",
        "/tags/2026",
        "/tags/%23",
        "/assets/none.js",
        "/favicon.ico",
    ] {
        guest.get(path).await.expect(404);
    }
    assert!(
        guest
            .page("/@nobody-here")
            .await
            .contains("There are no photos by @nobody-here.")
    );
    for path in ["/upload", "/drafts", "/settings"] {
        let expected = format!("/login?next=%2F{}", &path[1..]);
        assert_eq!(guest.get(path).await.location(), expected);
    }
}
