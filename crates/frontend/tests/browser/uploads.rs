//! Uploads that go another way: dropped, in folders, broken off, by who is not logged in any more.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chromium::{Chromium, Window};
use crate::keyboard::differing;
use crate::story::choose;
use crate::support::pictures::{jpeg, made, three};
use crate::support::{PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_broke_is_tried_again() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;
    browser.goto(&format!("{}/upload", world.url)).await;
    choose(&browser, &three(folder.path())[..2]).await;
    browser.wait_count(".item.chosen", 2).await;
    browser.refuse(&["*/upload/file*"]).await;
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_count(".item.failed", 2).await;
    browser.wait_text("The connection broke. Try again.").await;
    browser.refuse(&[]).await;
    // One by itself, and then what is left.
    browser.click(".item:nth-child(2) .does button:not(.quiet)").await;
    browser.wait(".item:nth-child(2).done").await;
    browser.wait_count(".item.failed", 1).await;
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("2 photos uploaded").await;
    browser.goto(&format!("{}/@ann", world.url)).await;
    browser.wait_count(".tile", 2).await;
    browser.close().await;
}

/// Files and folders are dragged over the page and let go.
async fn drop_files(browser: &Chromium, paths: &[std::path::PathBuf]) {
    let place = "const box = document.querySelector('[data-drop]').getBoundingClientRect(); \
                 return [box.x + box.width / 2, box.y + box.height / 2];";
    let place = browser.value(place).await;
    let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
    for kind in ["dragEnter", "dragOver", "drop"] {
        let event = json!({ "type": kind, "x": place[0], "y": place[1], "data": data });
        browser.devtools("Input.dispatchDragEvent", event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_folder_is_looked_through() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    // More than a folder tells at once, which is a hundred in Chromium.
    let (holiday, deep) = (
        folder.path().join("holiday"),
        folder.path().join("holiday/more/deep"),
    );
    std::fs::create_dir_all(&deep).unwrap();
    for at in 0..120 {
        std::fs::write(holiday.join(format!("{at}.jpg")), jpeg(16, 12, at)).unwrap();
    }
    made(&deep);
    for (name, text) in [
        ("notes.txt", "words"),
        ("x.pdf", "words"),
        (".DS_Store", "x"),
        ("Thumbs.db", "x"),
    ] {
        std::fs::write(holiday.join(name), text).unwrap();
    }
    browser.sign_up(&world.url, "ann").await;
    drop_files(&browser, &[holiday]).await;
    browser.wait_count(".item", 123).await;
    browser
        .wait_text("2 files are no photos and were left out: notes.txt, x.pdf.")
        .await;
    browser.goto(&format!("{}/upload", world.url)).await;

    // One photo, one that the service would refuse and one that is empty: they are not sent.
    let one = folder.path().join("Half.jpg");
    std::fs::write(&one, jpeg(600, 400, 1)).unwrap();
    let large = folder.path().join("Large.jpg");
    std::fs::File::create(&large)
        .unwrap()
        .set_len(27_000_000)
        .unwrap();
    let empty = folder.path().join("Empty.jpg");
    std::fs::write(&empty, b"").unwrap();
    drop_files(
        &browser,
        &[one, large, empty, folder.path().join("holiday/notes.txt")],
    )
    .await;
    browser.wait(".item canvas.drawn").await;
    browser.wait_count(".item", 3).await;
    browser
        .wait_text("1 file is no photo and was left out: notes.txt.")
        .await;
    browser
        .wait_text("The file is too large: at most 26.2 MB are taken.")
        .await;
    browser.wait_text("The file is empty.").await;
    browser.write(".item.chosen textarea", "black and #white").await;
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("1 photo uploaded, 2 cannot be sent").await;
    // What is not sent is no part of the bar.
    browser
        .wait_for("document.querySelector('.whole-bar progress').value === 1")
        .await;
    browser.goto(&format!("{}/tags/white", world.url)).await;
    browser.wait_count(".tile", 1).await;

    // A folder can be chosen, too, by its button, which the keyboard reaches.
    browser.goto(&format!("{}/upload", world.url)).await;
    let reached = "const button = document.querySelector('[data-folder]'); button.focus(); \
                   return document.activeElement === button && !button.matches('.unready');";
    assert_eq!(browser.value(reached).await, Value::Bool(true));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_loses_nothing_that_was_chosen() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;
    choose(&browser, &three(folder.path())[..2]).await;
    browser.wait_count(".item.chosen", 2).await;
    // Somewhere else all sessions are ended.
    let mut phone = world.visitor();
    let log_in = [("username", "ann"), ("password", PASSWORD)];
    phone.get("/login").await;
    phone.send("/login", &log_in).await.expect(303);
    phone.page("/settings").await;
    phone.send("/settings/sessions/end", &[]).await.expect(303);
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_count(".item.failed", 2).await;
    browser.wait_text("You are logged out.").await;

    // In another tab, to which the link leads, the login is renewed.
    let page = browser.page.window().await.unwrap();
    browser
        .value("document.querySelector('.item.failed .state a').scrollIntoView({ block: 'center' })")
        .await;
    browser.click(".item.failed .state a").await;
    let tabs = browser.wait_tabs(2).await;
    let tab = tabs.into_iter().find(|tab| *tab != page).unwrap();
    browser.page.switch_to_window(tab).await.unwrap();
    browser.goto(&format!("{}/drafts", world.url)).await;
    browser.wait_path("/login").await;
    browser.write("#username", "ann").await;
    browser.write("#password", PASSWORD).await;
    browser.click("form.card button.button").await;
    browser.wait_path("/drafts").await;
    browser.page.switch_to_window(page).await.unwrap();
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("2 photos uploaded").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bar_is_seen_to_move_in_all_colours() {
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    for (name, scheme, forced) in [
        ("ann", "light", "none"),
        ("bob", "dark", "none"),
        ("cleo", "light", "active"),
        ("dora", "dark", "active"),
    ] {
        let Some(browser) = Chromium::open(Window::DESK).await else {
            return;
        };
        browser.colours(scheme, forced).await;
        browser.sign_up(&world.url, name).await;
        choose(&browser, &made(folder.path())[..1]).await;
        browser.wait_text("1 photo chosen").await;
        let bar = browser.wait(".whole-bar progress").await;
        let before = bar.screenshot().await.unwrap();
        browser
            .value("document.querySelector('.whole-bar progress').value = 0.5")
            .await;
        // It grows by and by.
        let mut changed = 0.0;
        for _ in 0..100 {
            changed = differing(&before, &bar.screenshot().await.unwrap());
            if changed > 0.3 {
                break;
            }
        }
        assert!(changed > 0.3, "{scheme}, forced {forced}: {changed} of the bar");
        browser.close().await;
    }
}
