//! Lists that go on, and the photo over the whole window: what the history, the keys and a finger do.

use serde_json::json;

use crate::chromium::{Chromium, Window};
use crate::looks::SHIFTS;
use crate::support::World;
use crate::support::pictures::jpeg;

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_fills_the_window() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    upload(&world, 3).await;
    browser.goto(&world.url).await;
    let list = browser.value("return document.title").await;
    browser.click(".tile:nth-child(1) a").await;
    browser.wait("dialog[open] figure img").await;
    browser.wait_text("1 / 3").await;
    let path = browser.path().await;
    assert!(path.starts_with("/photos/"), "{path}");
    // The window has the title that the photo's page has, and the caption with its tags as links.
    let title = browser.value("return document.title").await;
    assert_ne!(title, list);
    browser.wait_text("Over the hills at #dawn").await;
    assert_eq!(browser.href(".light .said a").await, "/tags/dawn");
    browser.write("dialog", "\u{E014}").await;
    browser.wait_text("2 / 3").await;
    assert_ne!(browser.path().await, path);
    browser.write("dialog", "\u{E00C}").await;
    browser
        .wait_for("!document.querySelector('dialog[open]') && location.pathname === '/'")
        .await;
    assert_eq!(browser.value("return document.title").await, list);
    // The focus is where the eyes are.
    browser
        .wait_for("document.activeElement === document.querySelectorAll('.tile a')[1]")
        .await;
    browser.goto(&format!("{}{path}", world.url)).await;
    assert_eq!(browser.value("return document.title").await, title);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finger_turns_the_photos_and_drops_them() {
    let Some(browser) = Chromium::open(Window::PHONE).await else {
        return;
    };
    let world = World::start().await;
    upload(&world, 3).await;
    browser.goto(&world.url).await;
    browser.click(".tile:nth-child(1) a").await;
    browser.wait_text("1 / 3").await;
    browser.swipe((300, 400), (80, 410)).await;
    browser.wait_text("2 / 3").await;
    browser.swipe((80, 400), (300, 390)).await;
    browser.wait_text("1 / 3").await;
    browser.swipe((200, 300), (205, 600)).await;
    browser.wait_count("dialog[open]", 0).await;
    browser.wait_path("/").await;
    // A small photo is shown with its own pixels, and no more: here, and on its page.
    let small = "document.querySelector(arguments[0]).getBoundingClientRect().width <= 90";
    browser.click(".tile:nth-child(1) a").await;
    browser.wait("dialog[open] figure img:not(.soft)").await;
    browser
        .wait_for(&small.replace("arguments[0]", "'dialog img'"))
        .await;
    browser.click(".light .named").await;
    browser.wait("article.photo").await;
    browser
        .wait_for(&small.replace("arguments[0]", "'article .shot'"))
        .await;
    browser.close().await;
}

/// Back is the gallery, however the photo's page was come to.
#[tokio::test(flavor = "multi_thread")]
async fn going_back_from_a_photo_is_the_list() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    upload(&world, 3).await;
    browser.goto(&format!("{}/search", world.url)).await;
    for reload in [false, true] {
        browser.goto(&world.url).await;
        browser.click(".tile:nth-child(2) a").await;
        browser.wait_text("2 / 3").await;
        if reload {
            browser.page.refresh().await.unwrap();
        } else {
            browser.click(".light .named").await;
        }
        browser.wait("article.photo").await;
        browser.settled().await;
        browser.page.back().await.unwrap();
        browser.wait_count("article.photo", 0).await;
        browser.wait_count(".tile", 3).await;
        browser.wait_path("/").await;
        browser.wait_count("dialog[open]", 0).await;
        // And there again, whether it is shown over the list or by itself; and back twice.
        browser.page.forward().await.unwrap();
        browser
            .wait_for("document.querySelector('dialog[open], article.photo') && location.pathname !== '/'")
            .await;
        browser.settled().await;
        browser.page.back().await.unwrap();
        browser.wait_path("/").await;
        browser.wait_count(".tile", 3).await;
        browser.wait_count("dialog[open]", 0).await;
        browser.page.back().await.unwrap();
        browser.wait_path("/search").await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_by_itself() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    // Three pages come by themselves, the fifth does not.
    upload(&world, 150).await;
    let source = json!({ "source": SHIFTS });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", source)
        .await;
    browser.goto(&world.url).await;
    for tiles in [72, 108, 144] {
        let jump = "window.scrollTo(0, document.body.scrollHeight)";
        browser.value(jump).await;
        browser
            .wait_for(&format!("document.querySelectorAll('.tile').length >= {tiles}"))
            .await;
    }
    browser
        .value("window.scrollTo(0, document.body.scrollHeight)")
        .await;
    browser.wait_text("Older photos").await;
    browser.wait_count(".tile", 144).await;
    let shifts = browser.value("return window.shifts").await.as_f64().unwrap();
    assert!(shifts < 0.02, "shifts by {shifts}");

    // The photo over the whole window goes on, and says how many there are when it knows.
    browser
        .value("document.querySelectorAll('.tile:not([hidden]) a').item(100).click()")
        .await;
    browser.wait("dialog[open]").await;
    browser.write("dialog", "\u{E010}").await;
    browser
        .wait_for("document.querySelector('.place').textContent === '144'")
        .await;
    browser.write("dialog", "\u{E014}").await;
    browser.wait_text("145 / 150").await;
    browser.write("dialog", "\u{E00C}").await;
    browser.wait_count("dialog[open]", 0).await;
    browser.wait_count("[data-next]", 0).await;
    browser.wait_count(".tile:not([hidden])", 150).await;
    browser.close().await;
}

/// So many small published photos of ann.
pub(crate) async fn upload(world: &World, count: u32) {
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let files = (0..count)
        .map(|seed| ("a.jpg", jpeg(90, 60 + seed % 3 * 24, seed)))
        .collect();
    ann.upload("Over the hills at #dawn", "published", files)
        .await
        .expect(200);
}
