//! Where the keyboard is: to be seen on every photo, and not lost when what was pressed goes away.

use tempfile::TempDir;

use crate::chromium::{Chromium, Window};
use crate::story::choose;
use crate::support::World;
use crate::support::pictures::three;
use crate::walls::upload;

const TAB: &str = "\u{E004}";

#[tokio::test(flavor = "multi_thread")]
async fn the_place_is_seen_on_a_photo() {
    let world = World::start().await;
    upload(&world, 2).await;
    for (scheme, forced) in [("light", "none"), ("dark", "none"), ("light", "active")] {
        let Some(browser) = Chromium::open(Window::DESK).await else {
            return;
        };
        browser.colours(scheme, forced).await;
        browser.goto(&world.url).await;
        // Without its name, which comes too where there is a mouse, only the ring is left.
        browser
            .value("document.querySelectorAll('.over').forEach((over) => over.remove())")
            .await;
        let tile = browser.wait(".tile:nth-child(1)").await;
        browser
            .wait_for("[...document.querySelectorAll('.shot')].every((shot) => shot.naturalWidth > 0)")
            .await;
        let before = tile.screenshot().await.unwrap();
        browser.write(".find input", TAB).await;
        browser
            .wait_for("(document.activeElement.matches('.tile a') || (document.querySelector('.tile a').focus(), false))")
            .await;
        browser.wait(".tile:nth-child(1) a:focus-visible").await;
        let after = tile.screenshot().await.unwrap();
        let changed = differing(&before, &after);
        assert!(changed > 0.02, "{scheme}, forced {forced}: {changed} of the tile");
        browser.close().await;
    }
}

/// The share of pixels that differ much.
pub(crate) fn differing(before: &[u8], after: &[u8]) -> f64 {
    let [before, after] = [before, after].map(|png| image::load_from_memory(png).unwrap().to_rgb8());
    let pairs = before.pixels().zip(after.pixels());
    let far = pairs.filter(|(a, b)| (0..3).any(|at| a.0[at].abs_diff(b.0[at]) > 40));
    far.count() as f64 / f64::from(before.width() * before.height())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_is_kept_while_photos_are_sent() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;
    choose(&browser, &three(folder.path())).await;
    browser.wait_count(".item.chosen", 3).await;
    let enter = "\u{E007}";
    let is_at = |css: &str| format!("document.activeElement.matches('{css}')");
    // The next photo's, when one is removed.
    browser.write(".item:nth-child(1) .does .quiet", enter).await;
    browser.wait_count(".item", 2).await;
    browser.wait_for(&is_at(".item:nth-child(1) .does button")).await;
    // The bar, when all are sent.
    browser.refuse(&["*/upload/file*"]).await;
    browser.write(".whole-bar button[type=submit]", enter).await;
    browser.wait_count(".item.failed", 2).await;
    browser.wait_for(&is_at(".whole-bar, .whole-bar *")).await;
    // The photo's own, when it is tried again and done.
    browser.refuse(&[]).await;
    browser
        .write(".item:nth-child(2) .does button:not(.quiet)", enter)
        .await;
    browser.wait(".item:nth-child(2).done").await;
    browser.wait_for(&is_at(".item:nth-child(2) *")).await;
    // Nothing stands beside an empty place meanwhile.
    browser.write(".whole-bar button[type=submit]", enter).await;
    browser.wait_text("2 photos uploaded").await;
    let hole = "document.querySelector('.whole-bar .acts').getBoundingClientRect().right - \
                document.querySelector('.whole-bar .quiet').getBoundingClientRect().right < 1";
    browser.wait_for(hole).await;
    browser.write(".whole-bar .quiet", enter).await;
    browser.wait_for(&is_at("#image")).await;

    // The menu closes behind who leaves it, and for Escape.
    for key in [TAB.repeat(5), "\u{E00C}".to_owned()] {
        browser.write(".menu summary", enter).await;
        browser.wait(".menu[open]").await;
        browser.write(".menu summary", &key).await;
        browser.wait_count(".menu[open]", 0).await;
    }
    browser.close().await;
}
