//! Forms that are not of this browser's own page, and redirects that would lead elsewhere.

use reqwest::Method;

use crate::support::pictures::jpeg;
use crate::support::{PASSWORD, World};

const FORMS: &[&str] = &[
    "/login",
    "/logout",
    "/register",
    "/photos/selection",
    "/settings/password",
    "/settings/sessions/end",
    "/theme",
    "/dismiss",
];

#[tokio::test]
async fn no_form_without_its_token_is_read() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/drafts").await;
    let foreign = {
        let mut bob = world.member("bob").await;
        bob.page("/drafts").await;
        bob.csrf
    };
    let own = ann.csrf.clone();
    for path in FORMS {
        for token in ["", "x", foreign.as_str()] {
            ann.csrf = token.to_owned();
            let answer = ann.send(path, &[("theme", "dark"), ("action", "delete")]).await;
            assert_eq!(answer.status, 403, "{path} {token:?}");
        }
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let request = ann
                .request(Method::POST, path)
                .header(header, value)
                .form(&[("csrf", own.as_str()), ("theme", "dark")]);
            assert_eq!(ann.answer(request).await.status, 403, "{path} from {value}");
        }
    }
    ann.page("/drafts").await;
    let request = ann
        .request(Method::POST, "/theme")
        .header("origin", &world.url)
        .form(&[("csrf", ann.csrf.as_str()), ("theme", "dark")]);
    ann.answer(request).await.expect(303);
    ann.get("/drafts").await.expect(200);
}

#[tokio::test]
async fn a_photo_is_not_published_by_a_word_that_nobody_knows() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = vec![("a.jpg", jpeg(64, 48, 1))];
    let page = ann.upload("", "friends", files).await.expect(400).text();
    assert!(page.contains("not “friends”"), "{page}");
    assert!(ann.page("/@ann").await.contains("You have published nothing yet"));
}

#[tokio::test]
async fn no_file_is_taken_without_a_token() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let own = std::mem::take(&mut ann.csrf);
    let files = vec![("a.jpg", jpeg(64, 48, 1))];
    ann.upload("", "published", files.clone()).await.expect(403);
    let form = reqwest::multipart::Form::new().part(
        "image",
        reqwest::multipart::Part::bytes(jpeg(64, 48, 1)).file_name("a"),
    );
    let request = ann.request(Method::POST, "/upload/file").multipart(form);
    ann.answer(request).await.expect(403);
    assert!(ann.page("/@ann").await.contains("You have published nothing yet"));
    ann.csrf = own;
    ann.upload("", "published", files).await.expect(200);
}

#[tokio::test]
async fn tokens_change_with_the_login() {
    let world = World::start().await;
    let mut ann = world.visitor();
    ann.get("/register").await;
    let before = ann.csrf.clone();
    ann.send("/register", &[("username", "ann"), ("password", PASSWORD)])
        .await;
    ann.csrf = before;
    ann.send("/theme", &[("theme", "dark")]).await.expect(403);
}

#[tokio::test]
async fn redirects_stay_here() {
    let world = World::start().await;
    world.member("ann").await;
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
    ] {
        let mut ann = world.visitor();
        ann.get("/login").await;
        let fields = [("username", "ann"), ("password", PASSWORD), ("next", next)];
        assert_eq!(ann.send("/login", &fields).await.location(), "/", "{next}");
        ann.page("/").await;
        let fields = [("theme", "dark"), ("back", next)];
        assert_eq!(ann.send("/theme", &fields).await.location(), "/", "{next}");
        let path = format!("/login?next={}", next.replace('\\', "%5C").replace('\t', "%09"));
        assert_eq!(ann.get(&path).await.location(), "/", "{next}");
    }
}

#[tokio::test]
async fn a_login_leads_to_a_page() {
    let world = World::start().await;
    world.member("ann").await;
    let more = ["/logout?x=1", "/upload/file", "/settings/sessions/1/end"];
    let forms = FORMS
        .iter()
        .filter(|form| !["/login", "/register"].contains(form));
    for next in forms.chain(&more) {
        let mut ann = world.visitor();
        ann.get("/login").await;
        let fields = [("username", "ann"), ("password", PASSWORD), ("next", *next)];
        let page = match *next {
            "/upload/file" => "/upload",
            next if next.starts_with("/settings/") => "/settings",
            _ => "/",
        };
        assert_eq!(ann.send("/login", &fields).await.location(), page, "{next}");
        assert_eq!(ann.get(&format!("/login?next={next}")).await.location(), page);
        // So does their address, should somebody open it.
        assert_eq!(ann.get(next).await.location(), page, "{next}");
    }
}

#[tokio::test]
async fn a_form_that_comes_back_can_be_come_back_to() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    let (mut guest, mut another) = (world.visitor(), world.visitor());
    for (visitor, page, path, fields) in [
        (
            &mut guest,
            "/login",
            "/login",
            [("username", "ann"), ("password", "mistyped")],
        ),
        (
            &mut another,
            "/register",
            "/register",
            [("username", "ann"), ("password", PASSWORD)],
        ),
        (
            &mut ann,
            "/settings",
            "/settings/password",
            [
                ("current_password", "mistyped"),
                ("new_password", "another password"),
            ],
        ),
    ] {
        let answer = visitor.get(page).await.expect(200);
        assert_eq!(answer.header("cache-control"), "private, no-store", "{page}");
        let answer = visitor.send(path, &fields).await;
        assert_eq!(answer.header("cache-control"), "private, no-cache", "{path}");
        let text = answer.text();
        assert!(!text.contains("mistyped"), "no password is in it: {text}");
        // What stands around it leads to the page, not to the form's address.
        assert!(
            text.contains(&format!("name=\"back\" value=\"{page}\"")),
            "{text}"
        );
    }
    ann.csrf.clear();
    let answer = ann.send("/photos/selection", &[]).await.expect(403);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn colours_can_be_chosen() {
    let world = World::start().await;
    let mut guest = world.visitor();
    assert!(guest.page("/").await.contains("data-theme=\"auto\""));
    for theme in ["dark", "light", "auto"] {
        let answer = guest
            .send("/theme", &[("theme", theme), ("back", "/search?q=a")])
            .await;
        assert_eq!(answer.location(), "/search?q=a");
        assert!(guest.page("/").await.contains(&format!("data-theme=\"{theme}\"")));
    }
    guest.send("/theme", &[("theme", "pink")]).await.expect(400);
}

#[tokio::test]
async fn staff_may_change_what_others_may_not() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let page = ann
        .upload("", "published", vec![("a.jpg", jpeg(64, 48, 1))])
        .await
        .text();
    let id = crate::support::visitor::ids(&page).remove(0);
    let mut bob = world.member("bob").await;
    let answer = bob.get(&format!("/photos/{id}/edit")).await.expect(403);
    assert!(answer.text().contains("Only its owner and staff may do that."));
    let page = bob.page(&format!("/photos/{id}")).await;
    assert!(!page.contains("value=\"delete\""));
    // A form made by hand is refused by the service.
    let answer = bob
        .send(
            "/photos/selection",
            &[("action", "delete"), ("id", &id), ("back", "/")],
        )
        .await;
    assert_eq!(answer.location(), "/");
    let said = "1 photo could not be deleted: only its owner and staff may do that.";
    assert!(bob.page("/").await.contains(said));
    bob.get(&format!("/photos/{id}")).await.expect(200);

    let mut admin = world.visitor();
    admin.get("/login").await;
    admin
        .send("/login", &[("username", "admin"), ("password", PASSWORD)])
        .await
        .expect(303);
    assert!(
        admin
            .page(&format!("/photos/{id}"))
            .await
            .contains("value=\"delete\"")
    );
    admin.get(&format!("/photos/{id}/edit")).await.expect(200);
}
