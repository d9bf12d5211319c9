//! What holds for every page: its headers, and words that would be tags.

use reqwest::{Method, StatusCode};
use rstest::rstest;

use super::kit::{Browser, now, operator, row, upload, user};
use crate::support::{Backend, TestApp};

const EVIL: &str = "\"><script>alert(1)</script>";

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn no_text_of_anybody_is_markup(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let photo = upload(&app, &ann, EVIL, &format!("{EVIL} #{EVIL} #tag\"><u>"), true).await;
    let owner = app.app().db.user_by_username("ann").await.unwrap().unwrap().id;
    // No username can be so by any form; should one be in the database all the same, it is text.
    let new = photos::db::users::NewUser {
        username: EVIL.to_owned(),
        password_hash: "none".into(),
        is_staff: false,
        is_superuser: false,
    };
    let evil = app
        .app()
        .db
        .create_user(new, Some(operator()), now())
        .await
        .unwrap();
    row(&app, evil.id, EVIL, EVIL, false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let encoded = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for path in [
        "/admin".to_owned(),
        "/admin/photos".to_owned(),
        format!(
            "/admin/photos?q={encoded}&owner={encoded}&tag={encoded}&sort={encoded}&date={encoded}&at={encoded}"
        ),
        format!("/admin/photos?sort=name&at=n~{}~{encoded}", photo.id),
        format!("/admin/photos/{}?list={encoded}&before={encoded}", photo.id),
        "/admin/users".to_owned(),
        format!("/admin/users?q={encoded}&staff={encoded}&active={encoded}&sort={encoded}&at={encoded}"),
        format!("/admin/users/{owner}"),
        format!("/admin/users/{}", evil.id),
        "/admin/history".to_owned(),
        format!("/admin/history?actor={encoded}&via={encoded}&action={encoded}&before={encoded}"),
    ] {
        let mut answer = admin.get(&path).await;
        if answer.0.status == StatusCode::SEE_OTHER {
            // What is no filter is left out of the address.
            answer = admin.get(&answer.location()).await;
        }
        let page = answer.expect(StatusCode::OK).text();
        assert!(
            !page.contains("<script>alert") && !page.contains("\"><u>"),
            "{path}: {page}"
        );
    }
    let nowhere = admin
        .get(&format!("/admin/{encoded}"))
        .await
        .expect(StatusCode::NOT_FOUND);
    assert!(!nowhere.text().contains("<script>alert"));
    let mut guest = Browser::new(&app);
    let page = guest.page(&format!("/admin/login?next={encoded}")).await;
    assert!(!page.contains("<script>alert"));
    let refused = guest
        .log_in(EVIL, "wrong password")
        .await
        .expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!refused.text().contains("<script>alert"));
    // In the message of a deed, and in a refused form.
    admin.page("/admin/photos").await;
    let chosen = format!("{}:1", photo.id);
    let asked = admin
        .send("/admin/photos/bulk", &[("action", "publish"), ("photo", &chosen)])
        .await
        .expect(StatusCode::OK);
    assert!(!asked.text().contains("<script>alert"));
    let stale = format!("{}:99", photo.id);
    let fields = [
        ("action", "publish"),
        ("photo", stale.as_str()),
        ("confirm", "yes"),
    ];
    let page = admin.send_on("/admin/photos/bulk", &fields).await;
    assert!(
        page.contains("was changed meanwhile") && !page.contains("<script>alert"),
        "{page}"
    );
    let fields = [
        ("name", EVIL),
        ("caption", EVIL),
        ("owner", EVIL),
        ("visibility", EVIL),
        ("version", "1"),
        ("list", EVIL),
    ];
    let refused = admin
        .send(&format!("/admin/photos/{}", photo.id), &fields)
        .await
        .expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!refused.text().contains("<script>alert"));
}

#[tokio::test]
async fn pages_run_and_frame_nothing_and_are_kept_by_nobody() {
    let app = TestApp::start().await;
    let ann = user(&app, "ann", false, false).await;
    let photo = row(&app, ann, "Pier", "at #dawn", false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let mut asset = None;
    for path in [
        "/admin".to_owned(),
        "/admin/photos".to_owned(),
        "/admin/photos?state=trash".to_owned(),
        format!("/admin/photos/{}", photo.id),
        "/admin/users".to_owned(),
        "/admin/users/new".to_owned(),
        format!("/admin/users/{ann}"),
        "/admin/history".to_owned(),
        "/admin/system".to_owned(),
        "/admin/password".to_owned(),
    ] {
        let answer = admin.get(&path).await.expect(StatusCode::OK);
        assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let page = answer.text();
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
        asset = super::kit::between(&page, "rel=\"stylesheet\" href=\"", "\"");
        let head = admin.request(Method::HEAD, &path);
        assert_eq!(admin.answer(head).await.text(), "", "{path}");
    }
    let style = Browser::new(&app)
        .get(&asset.unwrap())
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        style.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(style.header("set-cookie"), "");
    // Addresses of forms lead to the pages that have them.
    for (path, to) in [
        ("/admin/", "/admin"),
        ("/admin/photos/bulk", "/admin/photos"),
        ("/admin/system/check", "/admin/system"),
        ("/admin/logout", "/admin"),
        ("/admin/login", "/admin"),
    ] {
        assert_eq!(admin.get(path).await.location(), to);
    }
    assert_eq!(
        admin
            .get(&format!("/admin/users/{ann}/password"))
            .await
            .location(),
        format!("/admin/users/{ann}")
    );
}

#[tokio::test]
async fn without_its_database_a_page_says_so_and_nobody_is_logged_out() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, "admin").await;
    app.app().db.revert_all().await.unwrap();
    let answer = admin
        .get("/admin/photos")
        .await
        .expect(StatusCode::INTERNAL_SERVER_ERROR);
    let page = answer.text();
    assert!(
        page.contains("Something broke on our side") && !page.contains("no such table"),
        "{page}"
    );
    assert!(page.contains(answer.header("x-request-id")), "{page}");
    assert!(admin.cookies.contains_key("admin-session"));
    app.app().db.migrate().await.unwrap();
}
