//! What people write is text, wherever it is shown; and what pages may load.

use photos_client::NewPhoto;

use crate::support::pictures::jpeg;
use crate::support::visitor::ids;
use crate::support::{PASSWORD, World};

const EVIL: &str = "\"><script>alert(1)</script>";

#[tokio::test]
async fn every_text_is_escaped() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    let client = world.client.guest();
    client.auth().login("ann", PASSWORD).await.unwrap();
    let caption = format!("{EVIL} #dawn{EVIL} '><img src=x onerror=alert(1)>");
    let photo = NewPhoto::from_bytes(EVIL, jpeg(120, 80, 1)).caption(caption);
    let id = client.photos().create(photo).await.unwrap().id;
    let evil = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    let pages = [
        "/".to_owned(),
        "/@ann".to_owned(),
        "/tags/dawn".to_owned(),
        format!("/photos/{id}"),
        format!("/photos/{id}/edit"),
        format!("/search?q={evil}"),
        format!("/tags/{}", evil.replace('+', "%20")),
        format!("/login?next=/{evil}"),
        format!("/register?next=/{evil}"),
        format!("/?cursor={evil}"),
        format!("/@{evil}"),
        format!("/nothing/{evil}?{evil}"),
    ];
    for path in &pages {
        for visitor in [&mut ann, &mut world.visitor()] {
            let page = visitor.get(path).await.text();
            assert!(!page.contains("<script>"), "{path}: {page}");
            assert!(!page.contains("<img src=x"), "{path}");
            assert!(!page.contains("\"><scr"), "{path}");
        }
    }
    let mut guest = world.visitor();
    guest.get("/register").await;
    let page = guest
        .send("/register", &[("username", EVIL), ("password", PASSWORD)])
        .await;
    assert!(!page.text().contains("<script>"));
    guest.get("/login").await;
    let page = guest
        .send(
            "/login",
            &[("username", EVIL), ("password", EVIL), ("next", EVIL)],
        )
        .await;
    assert!(!page.text().contains("<script>"));
    ann.page("/upload").await;
    let files = vec![(EVIL, b"not a photo".to_vec()), (EVIL, jpeg(60, 40, 2))];
    let page = ann.upload(EVIL, "published", files).await.expect(422).text();
    assert!(!page.contains("<script>"), "{page}");
    let photo = ids(&page).remove(0);
    let fields = [("action", "delete"), ("id", photo.as_str()), ("back", EVIL)];
    assert_eq!(ann.send("/photos/selection", &fields).await.location(), "/");
}

#[tokio::test]
async fn a_text_turns_nothing_around_it() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    let client = world.client.guest();
    client.auth().login("ann", PASSWORD).await.unwrap();
    let name = "left\u{202e}right";
    // What would end the isolation is left out where the name is shown.
    let written = "\u{2069}left\u{202e}right";
    let photo = NewPhoto::from_bytes(written, jpeg(120, 80, 1)).caption("שלום #שלום");
    let id = client.photos().create(photo).await.unwrap().id;
    let (isolated, marked) = (format!("\u{2068}{name}\u{2069}"), format!("<bdi>{name}</bdi>"));
    let photo = format!("/photos/{id}");
    let edit = format!("{photo}/edit");
    let tag = format!("/tags/{}", crate::support::encoded("שלום"));
    let search = format!("/search?q={}", crate::support::encoded("שלום"));
    for (path, texts) in [
        (
            "/",
            &[
                marked.as_str(),
                &format!("alt=\"{isolated}: \u{2068}שלום #שלום\u{2069}\""),
            ][..],
        ),
        ("/@ann", &[&format!("Select {marked}")]),
        (
            &photo,
            &[
                &format!("<title>{isolated} by @ann"),
                &format!("<h1>{marked}"),
                "class=\"caption\" dir=\"auto\"",
            ],
        ),
        (
            &edit,
            &[
                &format!("<title>Edit {isolated} ·"),
                &format!("value=\"{written}\" dir=\"auto\""),
            ],
        ),
        (&tag, &["<title>\u{2068}#שלום\u{2069} ·", "<h1><bdi>"]),
        ("/search", &["<bdi>#שלום</bdi> <small>1</small>"]),
        (&search, &["<title>\u{2068}שלום\u{2069} ·", "“<bdi>שלום</bdi>”"]),
    ] {
        let page = ann.page(path).await;
        for text in texts {
            assert!(page.contains(text), "{path}: {text}: {page}");
        }
        // In none of them does it stand by itself.
        let bare = page.replace(&marked, "").replace(&isolated, "");
        let bare = bare.replace(&format!("data-name=\"{name}\""), "");
        let bare = bare.replace(&format!("value=\"{written}\" dir=\"auto\""), "");
        assert!(!bare.contains('\u{202e}'), "{path}: {bare}");
    }
}

#[tokio::test]
async fn pages_load_only_what_is_ours_and_have_nothing_inline() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let page = ann
        .upload("", "draft", vec![("a.jpg", jpeg(120, 80, 1))])
        .await
        .text();
    let id = ids(&page).remove(0);
    let photo = format!("/photos/{id}");
    let edit = format!("/photos/{id}/edit");
    for path in [
        "/",
        "/upload",
        "/drafts",
        "/settings",
        "/search",
        "/@ann",
        "/nothing",
        &photo,
        &edit,
    ] {
        let answer = ann.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path}"
        );
        for part in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.header("x-request-id").is_empty());
        assert!(answer.header("cache-control").contains("no-store"), "{path}");
        let page = answer.text();
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        for inline in [
            " style=\"",
            "<style",
            " onclick",
            " onload",
            "javascript:",
            "http://",
            "https://",
        ] {
            assert!(!page.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn other_spellings_of_an_address_lead_to_the_page() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    for (path, page) in [
        ("/@ANN?cursor=x", "/@ann?cursor=x"),
        ("/@ann/", "/@ann"),
        ("/drafts/?x=1", "/drafts?x=1"),
    ] {
        let answer = ann.get(path).await.expect(301);
        assert_eq!(answer.header("location"), page, "{path}");
    }
    for path in ["//evil.example/", "/nothing"] {
        ann.get(path).await.expect(404);
    }
    // The way to the login leads back.
    let mut guest = world.visitor();
    for (path, login) in [
        ("/", "\"/login\""),
        ("/@ann", "\"/login?next=%2F%40ann\""),
        ("/login?next=%2Fdrafts", "\"/login?next=%2Fdrafts\""),
    ] {
        let page = guest.page(path).await;
        assert!(page.contains(&format!("href={login}")), "{path}: {page}");
    }
}
