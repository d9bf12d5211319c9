//! Lists that went on, and what becomes of them: on the way back, without a network, on a slow one.

use serde_json::json;

use crate::chromium::{Chromium, Window};
use crate::looks::SHIFTS;
use crate::support::World;
use crate::walls::upload;

/// The path of the first photo in sight, and its distance from the top.
const PLACE: &str = "const tile = [...document.querySelectorAll('.tile:not([hidden])')] \
    .find((one) => one.getBoundingClientRect().bottom > 0); \
    return tile && [tile.querySelector('a').pathname, Math.round(tile.getBoundingClientRect().top)].join(' at ');";

const TILES: &str = "return document.querySelectorAll('.tile').length";

async fn scroll_to(browser: &Chromium, tiles: usize) {
    browser
        .wait_for(&format!(
            "(window.scrollTo(0, document.body.scrollHeight), document.querySelectorAll('.tile').length >= {tiles})"
        ))
        .await;
    browser
        .value(
            "document.querySelectorAll('.tile')[80].scrollIntoView({ block: 'center', behavior: 'instant' })",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_is_the_same_place() {
    let world = World::start().await;
    upload(&world, 150).await;
    for window in [Window::DESK, Window::PHONE] {
        let Some(browser) = Chromium::open(window).await else {
            return;
        };
        let source = json!({ "source": SHIFTS });
        browser
            .devtools("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        // Pages that the browser has kept whole would hide what is to be seen here.
        browser
            .devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
            .await;
        browser.goto(&world.url).await;
        browser.value("window.addEventListener('unload', () => {})").await;
        // Three pages come by themselves.
        scroll_to(&browser, 144).await;
        let (place, tiles) = (browser.value(PLACE).await, browser.value(TILES).await);
        for way in ["photo", "page", "reload"] {
            match way {
                "photo" => {
                    browser
                        .value("document.querySelectorAll('.tile a')[80].click()")
                        .await;
                    browser.wait("dialog[open] figure img").await;
                    browser.click(".light .named").await;
                    browser.wait("article.photo").await;
                    browser.settled().await;
                    browser.page.back().await.unwrap();
                }
                "page" => {
                    browser.goto(&format!("{}/login", world.url)).await;
                    browser.page.back().await.unwrap();
                }
                _ => browser.page.refresh().await.unwrap(),
            }
            browser.wait_path("/").await;
            browser.wait(".tile").await;
            browser.settled().await;
            assert_eq!(browser.value(TILES).await, tiles, "{way}");
            assert_eq!(browser.value(PLACE).await, place, "{way}");
            let shifts = browser.value("return window.shifts").await.as_f64().unwrap();
            assert!(shifts < 0.005, "{way}: shifts by {shifts}");
        }
        // A list that is opened anew begins at its top.
        browser.goto(&format!("{}/login", world.url)).await;
        browser.goto(&world.url).await;
        assert_eq!(browser.value("return window.scrollY").await, 0);
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_go_on_says_so() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    upload(&world, 60).await;
    browser.goto(&format!("{}/login", world.url)).await;
    browser.refuse(&["*cursor=*"]).await;
    browser.goto(&world.url).await;
    browser
        .value("window.scrollTo(0, document.body.scrollHeight)")
        .await;
    browser.wait_text("Older photos did not come.").await;
    browser.refuse(&[]).await;
    browser.click("[data-next]").await;
    browser.wait_count(".tile:not([hidden])", 60).await;
    browser
        .wait_for("document.querySelector('[data-trouble]').textContent === ''")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_does_not_come_can_be_asked_for_again() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    upload(&world, 3).await;
    browser.goto(&format!("{}/login", world.url)).await;
    browser.refuse(&["*/images/*"]).await;
    browser.goto(&world.url).await;
    browser.wait_count(".tile .again", 3).await;
    // The placeholder is seen, and not the browser's sign.
    browser
        .wait_for(
            "[...document.querySelectorAll('.shot')].every((shot) => getComputedStyle(shot).opacity === '0')",
        )
        .await;
    browser.value("document.querySelector('.tile a').click()").await;
    browser.wait("dialog[open] figure .again").await;
    browser.refuse(&[]).await;
    browser.click("dialog figure .again").await;
    browser.wait("dialog figure img:not(.soft)").await;
    browser.write("dialog", "\u{E00C}").await;
    browser.wait_count("dialog[open]", 0).await;
    browser.click(".tile:nth-child(2) .again").await;
    browser.wait_count(".tile .again", 0).await;
    browser
        .wait_for("[...document.querySelectorAll('.shot')].every((shot) => shot.naturalWidth > 0)")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_on_a_slow_line() {
    let world = World::start().await;
    upload(&world, 40).await;
    for width in [320, 1280, 2560] {
        let window = Window {
            width,
            ..Window::DESK
        };
        let Some(browser) = Chromium::open(window).await else {
            return;
        };
        let source = json!({ "source": SHIFTS });
        browser
            .devtools("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        browser.goto(&format!("{}/login", world.url)).await;
        browser.write("#username", "ann").await;
        browser.write("#password", crate::support::PASSWORD).await;
        browser.click("form.card button.button").await;
        browser.wait(".menu").await;
        browser.devtools("Network.enable", json!({})).await;
        // Bytes a second.
        let slow = json!({ "offline": false, "latency": 100, "downloadThroughput": 50_000, "uploadThroughput": 50_000 });
        browser.devtools("Network.emulateNetworkConditions", slow).await;
        browser
            .devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
            .await;
        for path in ["/", "/@ann", "/settings"] {
            browser.goto(&format!("{}{path}", world.url)).await;
            let shifts = browser.value("return window.shifts").await.as_f64().unwrap();
            assert!(shifts < 0.005, "{path} at {width} shifts by {shifts}");
        }
        browser.close().await;
    }
}
