//! When the photos service is away, a session has ended, or somebody else was faster: what was typed stays, and what is
//! said is true.

use reqwest::Method;
use reqwest::header::{ACCEPT, REFERER};

use crate::support::pictures::jpeg;
use crate::support::proxy::Proxy;
use crate::support::visitor::{between, ids};
use crate::support::{PASSWORD, Visitor, World};

async fn with_photo(world: &World) -> (Visitor, String) {
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let page = ann
        .upload("at sea", "published", vec![("Pier.jpg", jpeg(64, 48, 1))])
        .await
        .text();
    let id = ids(&page).remove(0);
    (ann, id)
}

#[tokio::test]
async fn forms_keep_what_was_typed_while_the_service_is_away() {
    for photos in [&[][..], &[("PS_ACCESS_TTL", "2s")][..]] {
        let mut world = World::with(photos, &[]).await;
        let (mut ann, id) = with_photo(&world).await;
        let mut guest = world.visitor();
        guest.get("/register").await;
        let edit = format!("/photos/{id}/edit");
        ann.page(&edit).await;
        world.stop_photos().await;
        let typed = [
            ("name", "Harbour"),
            ("caption", "a long text\nof two lines"),
            ("version", "1"),
            ("visibility", "draft"),
        ];
        let page = ann.send(&edit, &typed).await.expect(503).text();
        for kept in [
            "value=\"Harbour\"",
            "a long text\nof two lines",
            "name=\"version\" value=\"1\"",
            "value=\"draft\" checked",
            "role=\"alert\"",
        ] {
            assert!(page.contains(kept), "{kept}: {page}");
        }
        let typed = [
            ("current_password", PASSWORD),
            ("new_password", "another password"),
        ];
        let page = ann.send("/settings/password", &typed).await.expect(503).text();
        assert!(
            page.contains("id=\"new\"") && page.contains("does not answer"),
            "{page}"
        );
        let typed = [("username", "bob"), ("password", PASSWORD)];
        for path in ["/register", "/login"] {
            let page = guest.send(path, &typed).await.expect(503).text();
            assert!(
                page.contains("value=\"bob\"") && page.contains("role=\"alert\""),
                "{page}"
            );
        }
    }
}

#[tokio::test]
async fn a_form_that_failed_leads_back_to_its_page() {
    let mut world = World::start().await;
    let (mut ann, id) = with_photo(&world).await;
    world.stop_photos().await;
    let csrf = ann.csrf.clone();
    let fields = [("csrf", csrf.as_str()), ("action", "publish"), ("id", &id)];
    let request = ann
        .request(Method::POST, "/photos/selection")
        .header(REFERER, format!("{}/drafts?cursor=x", world.url))
        .form(&fields);
    let page = ann.answer(request).await.expect(503).text();
    assert!(page.contains("href=\"/drafts?cursor=x\""), "{page}");
    assert!(
        !page.contains("Nothing is lost") && !page.contains("href=\"\""),
        "{page}"
    );
    // Colours can be chosen there too.
    assert!(
        page.contains("name=\"back\" value=\"/drafts?cursor=x\""),
        "{page}"
    );
}

#[tokio::test]
async fn a_script_is_told_to_log_in_and_gets_a_token_then() {
    let world = World::start().await;
    let (mut ann, _) = with_photo(&world).await;
    let mut phone = ann.clone();
    phone.page("/settings").await;
    phone.send("/settings/sessions/end", &[]).await.expect(303);

    let old = ann.csrf.clone();
    let send = |ann: &Visitor, token: &str| {
        let file = reqwest::multipart::Part::bytes(jpeg(64, 48, 2)).file_name("Boat.jpg");
        ann.request(Method::POST, "/upload/file")
            .header(ACCEPT, "application/json")
            .header("x-csrf-token", token)
            .multipart(reqwest::multipart::Form::new().part("image", file))
    };
    let tokens = |ann: &Visitor| {
        ann.request(Method::GET, "/upload/token")
            .header(ACCEPT, "application/json")
    };
    for request in [send(&ann, &old), tokens(&ann)] {
        let answer = ann.answer(request).await.expect(401);
        assert!(
            answer.text().contains("\"login\":\"/login\""),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("nothing that you chose is lost"));
        // An answer that comes late must not end the login that has begun meanwhile.
        assert!(answer.cookies().is_empty(), "{:?}", answer.cookies());
    }

    let mut tab = world.visitor();
    tab.get("/login").await;
    let fields = [("username", "ann"), ("password", PASSWORD)];
    tab.send("/login", &fields).await.expect(303);
    ann.cookies = tab.cookies;
    let request = send(&ann, &old);
    ann.answer(request).await.expect(403);
    let request = tokens(&ann);
    let answer = ann.answer(request).await.expect(200).text();
    assert!(answer.contains("\"username\":\"ann\""), "{answer}");
    let token = between(&answer, "\"csrf\":\"", "\"").unwrap();
    let request = send(&ann, &token);
    ann.answer(request).await.expect(201);
}

#[tokio::test]
async fn who_was_slower_sees_what_it_is_now() {
    let world = World::start().await;
    let (mut ann, id) = with_photo(&world).await;
    let edit = format!("/photos/{id}/edit");
    let page = ann.page(&edit).await;
    let version = between(&page, "name=\"version\" value=\"", "\"").unwrap();
    let faster = [
        ("name", "Jolla"),
        ("caption", "seen at #noon"),
        ("version", version.as_str()),
        ("visibility", "draft"),
    ];
    ann.send(&edit, &faster).await.expect(303);
    let mut slower = faster;
    (slower[0].1, slower[1].1, slower[3].1) = ("Harbour", "mine", "published");
    let page = ann.send(&edit, &slower).await.expect(409).text();
    for text in [
        "Now: <b><bdi>Jolla</bdi></b>",
        "Now: <b dir=\"auto\">seen at #noon</b>",
        "Now: <b>only you</b>",
        "value=\"Harbour\"",
        "mine</textarea>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let version = between(&page, "name=\"version\" value=\"", "\"").unwrap();
    slower[2].1 = &version;
    ann.send(&edit, &slower).await.expect(303);
    assert!(ann.page(&format!("/photos/{id}")).await.contains("Harbour"));
}

#[tokio::test]
async fn an_empty_and_a_large_file_are_reported() {
    let world = World::with(&[], &[("FE_MAX_BYTES", "2000000")]).await;
    let mut ann = world.member("ann").await;
    let page = ann.page("/upload").await;
    let text = "The file is too large: at most 2.0 MB are taken.";
    assert!(
        page.contains("data-most=\"2000000\"") && page.contains(text),
        "{page}"
    );
    let files = vec![
        ("empty.jpg", Vec::new()),
        ("large.jpg", vec![7; 2_000_001]),
        ("Pier.jpg", jpeg(64, 48, 1)),
        ("", Vec::new()),
    ];
    let page = ann.upload("", "draft", files).await.expect(422).text();
    assert!(
        page.contains("empty.jpg") && page.contains("Not uploaded: The file is empty."),
        "{page}"
    );
    assert!(
        page.contains("large.jpg") && page.contains(&format!("Not uploaded: {text}")),
        "{page}"
    );
    assert_eq!(page.matches("class=\"item").count(), 3);
    assert_eq!(ids(&ann.page("/drafts").await).len(), 1);
}

#[tokio::test]
async fn a_fault_is_said_once_and_for_people() {
    let world = World::start().await;
    let page = world.visitor().get("/search?q=a%07").await.expect(422).text();
    assert_eq!(
        page.matches("The search has control characters.").count(),
        1,
        "{page}"
    );
    let mut guest = world.visitor();
    guest.get("/register").await;
    let fields = [("username", "Nobody Such"), ("password", "short")];
    let page = guest.send("/register", &fields).await.expect(422).text();
    for said in [
        "This must be 3–32 of a–z, 0–9, “_”, “.” and “-”, and begin with a letter or a digit.",
        "This must have 10–128 characters.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains('`'), "{page}");
    let fields = [("username", "nobody"), ("password", "not this one")];
    let page = guest.send("/login", &fields).await.expect(422).text();
    assert!(
        page.contains(">No active user has this username and password.<"),
        "{page}"
    );
    let proxy = Proxy::start(&world.photos_url);
    let (replica, url) = world.replica_through(&proxy.url);
    proxy.allow(0);
    let page = world.visitor().at(&url).get("/").await.expect(503).text();
    assert!(page.contains("out of reach") && !page.contains("lost"), "{page}");
    assert!(page.contains("The service that keeps the photos"), "{page}");
    replica.stop().await;
}
