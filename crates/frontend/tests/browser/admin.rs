//! The admin of the photos service in the browser: every page well made, and an administrator who keeps order, with script
//! and without.

use serde_json::json;

use crate::axe;
use crate::chromium::{Chromium, Window};
use crate::looks::{SHIFTS, check, look, picture};
use crate::support::pictures::jpeg;
use crate::support::{PASSWORD, World};

/// A world with photos of two people, some of them drafts.
async fn filled() -> World {
    let world = World::start().await;
    for (username, caption) in [
        ("ann", "Over the hills at #dawn"),
        ("bob", "By the #sea, with a friend"),
    ] {
        let mut member = world.member(username).await;
        for (visibility, seeds) in [("published", 1..6), ("draft", 6..8)] {
            member.page("/upload").await;
            let files = seeds.map(|seed| ("Hill.jpg", jpeg(900, 400 + seed * 90, seed)));
            member
                .upload(caption, visibility, files.collect())
                .await
                .expect(200);
        }
    }
    world
}

async fn log_in(browser: &Chromium, world: &World) {
    browser.goto(&format!("{}/admin/login", world.photos_url)).await;
    browser.write("#username", "admin").await;
    browser.write("#password", PASSWORD).await;
    browser.click("form.card button.button").await;
    browser.wait_path("/admin").await;
}

async fn look_at_all(window: Window, name: &str) {
    let Some(browser) = Chromium::open(window).await else {
        return;
    };
    let Some(axe) = axe::source() else { return };
    let world = filled().await;
    let url = &world.photos_url;
    browser
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": SHIFTS }),
        )
        .await;
    look(&browser, url, "/admin/login", &axe, name).await;
    log_in(&browser, &world).await;
    browser.goto(&format!("{url}/admin/photos")).await;
    let photo = browser.href("td.name a").await;
    browser.goto(&format!("{url}/admin/users?q=ann")).await;
    let user = browser.href("td.name a").await;
    for path in [
        "/admin",
        "/admin/photos",
        "/admin/photos?owner=ann&tag=dawn&sort=name",
        "/admin/photos?q=nothing",
        "/admin/photos?state=trash",
        &photo,
        "/admin/users",
        "/admin/users/new",
        &user,
        "/admin/history",
        "/admin/system",
        "/admin/password",
        "/admin/nothing",
    ] {
        look(&browser, url, path, &axe, name).await;
    }
    // What only comes with use: the menu, a selection, the page that asks, a message, a refused form.
    browser.goto(&format!("{url}/admin/photos")).await;
    browser.click(".menu summary").await;
    browser.wait(".menu[open]").await;
    check(&browser, &axe, "menu").await;
    browser.click(".menu summary").await;
    browser.click("[data-every]").await;
    browser.wait_text("14 of 14 selected").await;
    check(&browser, &axe, "selection").await;
    picture(&browser, &format!("{name}-admin-selection")).await;
    browser.click("button[value=unpublish]").await;
    browser.wait_text("10 photos will be unpublished").await;
    check(&browser, &axe, "the page that asks").await;
    picture(&browser, &format!("{name}-admin-asks")).await;
    browser.click(".sheet > .acts .button").await;
    browser.wait_text("10 photos unpublished.").await;
    check(&browser, &axe, "message").await;
    browser.goto(&format!("{url}/admin/users/new")).await;
    browser.write("#username", "admin").await;
    browser.write("#new", PASSWORD).await;
    browser.write("#again", PASSWORD).await;
    browser.click("form.card button.button").await;
    browser.wait_text("Is taken.").await;
    check(&browser, &axe, "refused form").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_is_well_made_on_a_desk() {
    look_at_all(Window::DESK, "desk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_is_well_made_in_the_dark() {
    let dark = Window {
        dark: true,
        ..Window::DESK
    };
    look_at_all(dark, "dark").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_is_well_made_on_a_phone() {
    look_at_all(Window::PHONE, "phone").await;
}

/// The same way with a script and without one.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_keeps_order() {
    for scripts in [true, false] {
        let Some(browser) = Chromium::open(Window {
            scripts,
            ..Window::DESK
        })
        .await
        else {
            return;
        };
        let world = filled().await;
        log_in(&browser, &world).await;
        browser
            .goto(&format!(
                "{}/admin/photos?owner=ann&state=published",
                world.photos_url
            ))
            .await;
        browser.click("tbody tr:nth-child(1) .pick label").await;
        browser.click("tbody tr:nth-child(3) .pick label").await;
        browser.click("button[value=unpublish]").await;
        browser.wait_text("2 photos will be unpublished").await;
        browser.click(".sheet > .acts .button").await;
        browser.wait_text("2 photos unpublished.").await;
        browser.wait_count("tbody tr", 3).await;

        browser.click("td.name a").await;
        browser.wait("#caption").await;
        browser.rewrite("#name", "Harbour").await;
        browser.click("button[value=list]").await;
        browser.wait_text("Saved. Harbour").await;

        // A deletion, and its undoing from the message.
        browser.click("tbody tr:nth-child(1) .pick label").await;
        browser.click("button[value=delete]").await;
        browser.wait_text("1 photo will be deleted").await;
        browser.click(".sheet > .acts .button").await;
        browser.wait_text("1 photo deleted.").await;
        browser.wait_count("tbody tr", 2).await;
        browser.click(".flash .link").await;
        browser.wait_text("1 photo restored.").await;
        browser.wait_count("tbody tr", 3).await;

        browser.goto(&format!("{}/admin/system", world.photos_url)).await;
        browser.click("button[value=quick]").await;
        if scripts {
            // The page finds the report by itself.
            browser.wait_text("the database and the store agree.").await;
        }
        browser.close().await;
    }
}
