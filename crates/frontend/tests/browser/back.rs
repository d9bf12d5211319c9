//! What Back leads to, after a form: nothing is chosen that was not, nothing is asked, nothing that was typed is lost.

use tempfile::TempDir;

use crate::care::{asks, log_in, log_in_as, publish, save_too_late};
use crate::chromium::{Chromium, Window};
use crate::story::choose;
use crate::support::pictures::{jpeg, made};
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn no_photo_is_chosen_that_nobody_chose() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (1..=4).map(|seed| ("Hill.jpg", jpeg(90, 60, seed))).collect();
    ann.upload("", "draft", files).await.expect(200);
    browser.goto(&format!("{}/login?next=/drafts", world.url)).await;
    log_in(&browser).await;
    browser.wait_path("/drafts").await;
    for action in ["publish", "delete"] {
        browser.click(".tile:nth-child(1) .pick input").await;
        browser.click(&format!(".bar button[value={action}]")).await;
        browser.wait(".flash").await;
        browser.settled().await;
        browser.page.back().await.unwrap();
        browser.wait_path("/drafts").await;
        browser.wait_count(".pick input:checked", 0).await;
        browser
            .wait_for("document.querySelector('[data-count]').textContent === ''")
            .await;
        browser.goto(&format!("{}/drafts", world.url)).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_fault_is_there_without_a_question() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    let edit = format!("{}/photos/{}/edit", world.url, publish(&mut ann).await);
    browser.goto(&format!("{}/login?next=/settings", world.url)).await;
    browser.write("#username", "ann").await;
    browser.write("#password", "mistyped").await;
    browser.click("form.card button.button").await;
    browser.wait("#fault").await;
    browser.write("#password", PASSWORD).await;
    browser.click("form.card button.button").await;
    browser.wait_path("/settings").await;
    browser.page.back().await.unwrap();
    browser.wait("#fault").await;

    // A wrong old password.
    browser.goto(&format!("{}/settings", world.url)).await;
    browser.write("#current", "mistyped").await;
    browser.write("#new", "another password").await;
    browser.click(".form button.button").await;
    browser.wait("#current-fault").await;
    browser.goto(&world.url).await;
    browser.page.back().await.unwrap();
    browser.wait("#current-fault").await;

    // The form's token is of no use any more: the way back has what was typed.
    browser.goto(&edit).await;
    browser.write("#caption", "typed for long").await;
    browser
        .value("document.querySelector('.form [name=csrf]').value = 'of another login'")
        .await;
    browser.click(".form button.button").await;
    browser.wait_text("That form has expired").await;
    browser.click(".empty .button").await;
    browser.wait_text("It is not saved yet.").await;
    assert!(asks(&browser).await, "what came back is not saved");
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;
    browser.wait_text("typed for long").await;

    // What was saved after a fault is not asked about; what is typed after that is.
    browser.goto(&edit).await;
    browser
        .value(
            "document.querySelector('.form').noValidate = true; document.querySelector('#name').value = ''",
        )
        .await;
    browser.click(".form button.button").await;
    browser.wait("#name-fault").await;
    assert!(asks(&browser).await, "nothing is saved");
    browser.rewrite("#name", "Pier").await;
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;
    browser.page.back().await.unwrap();
    browser.wait("#name-fault").await;
    browser.settled().await;
    assert!(!asks(&browser).await, "it was saved");
    browser.write("#caption", " and more").await;
    assert!(asks(&browser).await, "this is not saved");

    // A later fault is none of what was saved before, also when somebody comes back to it.
    browser.click(".form button.button").await;
    browser.wait_text("changed elsewhere").await;
    browser.goto(&world.url).await;
    browser.page.back().await.unwrap();
    browser.wait_text("changed elsewhere").await;
    browser.settled().await;
    assert!(asks(&browser).await, "the conflict is not saved");
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;
    let stored = browser
        .value("return JSON.stringify({ ...sessionStorage })")
        .await;
    assert!(!stored.to_string().contains("and more"), "{stored}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_for_nobody_else() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    world.member("bob").await;
    save_too_late(&browser, &world, "her own words").await;
    browser.wait_text("what you sent was not done").await;
    log_in_as(&browser, "bob").await;
    browser.wait_text("403").await;
    browser.settled().await;
    let stored = browser
        .value("return JSON.stringify({ ...sessionStorage })")
        .await;
    assert!(!stored.to_string().contains("her own words"), "{stored}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_were_sent_are_not_asked_about_again() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    // The scripts come when the page has been shown.
    browser.devtools("Network.enable", serde_json::json!({})).await;
    let slow = serde_json::json!({ "offline": false, "latency": 100, "downloadThroughput": -1, "uploadThroughput": -1 });
    browser.devtools("Network.emulateNetworkConditions", slow).await;
    let uncached = serde_json::json!({ "cacheDisabled": true });
    browser.devtools("Network.setCacheDisabled", uncached).await;
    browser.sign_up(&world.url, "ann").await;
    browser.write("#caption", "all of them").await;
    choose(&browser, &made(folder.path())[..1]).await;
    browser.wait_text("1 photo chosen").await;
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("1 photo uploaded").await;
    browser.goto(&format!("{}/settings", world.url)).await;
    browser.page.back().await.unwrap();
    browser.wait_path("/upload").await;
    let typed = browser
        .value("return document.querySelector('#caption').value")
        .await;
    assert_eq!(typed, "all of them", "the browser restores it");
    assert!(!asks(&browser).await, "it was sent");
    browser.close().await;
}
