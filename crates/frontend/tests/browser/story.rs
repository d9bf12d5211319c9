//! A person who has never seen hmlet signs up, uploads, publishes, tags, finds, edits, deletes and takes it back.

use tempfile::TempDir;

use crate::chromium::{Chromium, Window};
use crate::support::World;
use crate::support::pictures::three;

pub(crate) async fn choose(browser: &Chromium, files: &[std::path::PathBuf]) {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    browser.write("#image", &files.join("\n")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_shares_photos() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;

    // Three photos, and a file that is none: it is refused beside its name, and removed.
    let mut files = three(folder.path());
    let bad = folder.path().join("notes.jpg");
    std::fs::write(&bad, b"not a photo").unwrap();
    files.push(bad);
    choose(&browser, &files).await;
    browser.wait(".item:nth-child(4)").await;
    browser.click("input[value=draft]").await;
    for at in 1..=3 {
        let name = format!(".item:nth-child({at}) input");
        browser.rewrite(&name, &format!("Photo {at}")).await;
    }
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("3 photos uploaded, 1 failed").await;
    browser.wait_count(".item.done", 3).await;
    browser.wait_count(".item.failed .state.fault", 1).await;
    browser
        .value("document.querySelector('.item.failed').scrollIntoView({ block: 'center' })")
        .await;
    browser.click(".item.failed .does .quiet").await;
    browser.wait_count(".item", 3).await;

    // Two of them are published.
    browser.goto(&format!("{}/drafts", world.url)).await;
    browser.click(".tile:nth-child(1) .pick input").await;
    browser.click(".tile:nth-child(2) .pick input").await;
    browser.wait_text("2 of 3 selected").await;
    browser.click("button[value=publish]").await;
    browser.wait_text("2 photos published.").await;
    browser.wait_count(".tile", 1).await;
    let draft = browser.href(".tile a").await;

    // One is tagged and renamed.
    browser.goto(&format!("{}/@ann", world.url)).await;
    let photo = browser.href(".tile a").await;
    browser.goto(&format!("{}{photo}/edit", world.url)).await;
    browser.rewrite("#name", "Harbour").await;
    browser.rewrite("#caption", "Low tide at #dawn").await;
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;
    browser.click(".caption a").await;
    browser.wait_path("/tags/dawn").await;
    browser.wait_count(".tile", 1).await;

    // The other gets the same tag, which is offered after two letters.
    browser.goto(&format!("{}/@ann", world.url)).await;
    let other = browser.href(".tile:nth-child(2) a").await;
    browser.goto(&format!("{}{other}/edit", world.url)).await;
    browser.wait("textarea[aria-autocomplete]").await;
    browser.write("#caption", "too #da").await;
    browser.wait("[role=option]").await;
    browser.write("#caption", "\u{E015}\u{E007}").await;
    browser
        .wait_for("document.querySelector('#caption').value === 'too #dawn '")
        .await;
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;

    // Both are found.
    browser.write("#find", "#dawn\u{E007}").await;
    browser
        .wait_for("location.pathname === '/search' && document.querySelectorAll('.tile').length === 2")
        .await;

    // Both are deleted, and taken back.
    browser.goto(&format!("{}/@ann", world.url)).await;
    browser.wait(".bar .acts button:nth-child(3)").await;
    browser.click(".bar .acts button:nth-child(1)").await;
    browser.wait_text("2 of 2 selected").await;
    browser.click(".bar button[value=delete]").await;
    browser.wait_text("2 photos deleted.").await;
    browser.wait_count(".tile", 0).await;
    browser.click(".flash .link").await;
    browser.wait_text("2 photos restored.").await;
    browser.wait_count(".tile", 2).await;
    browser.close().await;

    // Another user sees the two, and not the draft.
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    browser.sign_up(&world.url, "bob").await;
    browser.goto(&format!("{}/", world.url)).await;
    browser.wait(".tile").await;
    browser.wait_count(".tile", 2).await;
    browser.goto(&format!("{}{draft}", world.url)).await;
    browser.wait_text("Nothing here").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_needs_no_script() {
    let window = Window {
        scripts: false,
        ..Window::DESK
    };
    let Some(browser) = Chromium::open(window).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;
    browser.wait_count(".whole-bar", 0).await; // Scripts are off.
    choose(&browser, &three(folder.path())).await;
    browser.write("#caption", "all #together").await;
    browser.click("input[value=draft]").await;
    browser.click(".plain-send button").await;
    browser.wait_text("What became of them").await;
    browser.wait_count(".item.done", 3).await;
    browser.goto(&format!("{}/drafts", world.url)).await;
    browser.click(".tile:nth-child(1) .pick input").await;
    browser.click("button[value=publish]").await;
    browser.wait_text("1 photo published.").await;
    browser.goto(&format!("{}/tags/together", world.url)).await;
    browser.click(".tile a").await;
    browser.wait_text("all #together").await;
    browser.click("button[value=delete]").await;
    browser.wait_text("1 photo deleted.").await;
    browser.click(".flash .link").await;
    browser.wait_text("1 photo restored.").await;
    browser.click(".menu summary").await;
    browser.click(".menu button").await;
    browser.wait_text("You are logged out.").await;
    browser.close().await;
}
