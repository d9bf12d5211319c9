//! Many users at once: the page that asks first, who is left alone, all that match.

use photos::db::audit::AuditOf;
use reqwest::StatusCode;
use rstest::rstest;

use super::kit::{Browser, find, user};
use crate::support::{Backend, TestApp};

const BULK: &str = "/admin/users/bulk";

/// A form with an action and users, from the list of `list`.
fn many<'a>(action: &'a str, list: &'a str, users: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let users = users.iter().map(|id| ("user", id.as_str()));
    [("action", action), ("list", list)]
        .into_iter()
        .chain(users)
        .collect()
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn many_users_are_shut_out_and_let_in_again(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let [ann, bob, zoe] = [
        user(&app, "ann", false, false).await,
        user(&app, "bob", false, false).await,
        user(&app, "zoe", true, false).await,
    ];
    let me = app.app().db.user_by_username("admin").await.unwrap().unwrap();
    let mut theirs = Browser::of(&app, "zoe").await;
    let mut admin = Browser::of(&app, "admin").await;
    let picked = [ann, bob, zoe, me.id].map(|id| id.to_string());

    // Asked first; nothing is done by that.
    let page = admin
        .send(BULK, &many("deactivate", "sort=joined", &picked))
        .await
        .expect(StatusCode::OK);
    let again = page.header("cache-control");
    assert_eq!(
        again, "private, no-cache",
        "a browser may come back to the question"
    );
    let page = page.text();
    assert!(page.contains("3 users will be deactivated"), "{page}");
    assert!(page.contains("it is you"), "{page}");
    assert!(find(&app, ann).await.active, "nothing is done yet");

    let mut sure = many("deactivate", "sort=joined", &picked);
    sure.extend([("confirm", "yes"), ("back", "/admin/users?sort=joined")]);
    let page = admin.send_on(BULK, &sure).await;
    assert!(
        page.contains("3 users deactivated. Left alone: admin (it is you)."),
        "{page}"
    );
    assert!(!find(&app, ann).await.active && !find(&app, zoe).await.active);
    assert!(find(&app, me.id).await.active);
    let out = theirs.get("/admin").await;
    assert!(
        out.location().starts_with("/admin/login"),
        "zoe's session has ended"
    );
    let told = app
        .app()
        .db
        .list_audit(AuditOf::User(ann), None, 1)
        .await
        .unwrap();
    assert_eq!(
        (
            told[0].action.as_str(),
            told[0].actor.as_str(),
            told[0].via.as_str()
        ),
        ("flags", "admin", "admin")
    );

    // Everybody of a list.
    let mut all = many("activate", "active=no", &[]);
    all.push(("all", "1"));
    let page = admin.send(BULK, &all).await.expect(StatusCode::OK).text();
    assert!(page.contains("3 users will be activated"), "{page}");
    let mut sure = many("activate", "active=no", &picked);
    sure.push(("confirm", "yes"));
    let page = admin.send_on(BULK, &sure).await;
    assert!(page.contains("3 users activated."), "{page}");
    assert!(find(&app, bob).await.active);

    // Somebody logs in, and is asked to do so again.
    let mut theirs = Browser::of(&app, "zoe").await;
    let mut sure = many("end-sessions", "", &picked[2..3]);
    sure.push(("confirm", "yes"));
    let page = admin.send_on(BULK, &sure).await;
    assert!(page.contains("All sessions of 1 user are ended."), "{page}");
    assert!(theirs.get("/admin").await.location().starts_with("/admin/login"));

    // Nothing to do, and nothing selected.
    let page = admin.send_on(BULK, &many("activate", "", &picked[..2])).await;
    assert!(
        page.contains("Nothing was done: 2 users (active already)."),
        "{page}"
    );
    let page = admin.send_on(BULK, &many("activate", "", &[])).await;
    assert!(page.contains("select at least one user first"), "{page}");
    let wrong = admin.send(BULK, &many("delete", "", &picked)).await;
    assert_eq!(wrong.0.status, 400, "{}", wrong.text());
}

#[tokio::test]
async fn staff_do_not_shut_out_superusers_many_at_once() {
    let Some(app) = TestApp::on(Backend::SqliteDisk).await else {
        return;
    };
    let ann = user(&app, "ann", false, false).await;
    user(&app, "mod", true, false).await;
    let boss = app.app().db.user_by_username("admin").await.unwrap().unwrap();
    let mut staff = Browser::of(&app, "mod").await;
    let picked = [ann, boss.id].map(|id| id.to_string());
    let mut sure = many("deactivate", "", &picked);
    sure.push(("confirm", "yes"));
    let page = staff.send_on(BULK, &sure).await;
    assert!(
        page.contains("1 user deactivated. Left alone: admin (only a superuser may do this)."),
        "{page}"
    );
    assert!(find(&app, boss.id).await.active && !find(&app, ann).await.active);

    // A form without the token of its browser does nothing.
    staff.csrf = "forged".into();
    let refused = staff.send(BULK, &sure).await;
    assert_eq!(refused.0.status, 403, "{}", refused.text());
}
