//! What was chosen or typed is not lost by a slip: a click on a colour, on a link, on Back.

use tempfile::TempDir;

use crate::chromium::{Chromium, Window};
use crate::story::choose;
use crate::support::pictures::{jpeg, made};
use crate::support::visitor::ids;
use crate::support::{Visitor, World};

/// Whether the browser would ask before it leaves the page.
const ASKS: &str = "const leave = new Event('beforeunload', { cancelable: true }); window.dispatchEvent(leave); \
                    return leave.defaultPrevented;";

pub(crate) async fn asks(browser: &Chromium) -> bool {
    browser.value(ASKS).await.as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_colours_change_in_place() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;
    choose(&browser, &made(folder.path())[..2]).await;
    browser.wait_count(".item.chosen", 2).await;
    browser.write(".item textarea", "typed").await;
    for (theme, label) in [
        ("dark", "Switch to light colours"),
        ("light", "Use the colours of the system"),
        ("auto", "Switch to dark colours"),
        ("dark", "Switch to light colours"),
    ] {
        browser.click("form[action='/theme'] button").await;
        browser
            .wait_for(&format!("document.documentElement.dataset.theme === '{theme}'"))
            .await;
        browser.wait(&format!("button[aria-label='{label}']")).await;
    }
    browser.wait_count(".item.chosen", 2).await;
    let typed = "return document.querySelector('.item textarea').value";
    assert_eq!(browser.value(typed).await, "typed");
    // The site knows it too, and says the same of the button.
    browser
        .wait_for("performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/theme')).length === 4")
        .await;
    browser.goto(&format!("{}/login", world.url)).await;
    browser.wait("html[data-theme=dark]").await;
    browser.wait("button[aria-label='Switch to light colours']").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_photos_are_not_left_without_a_question() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let (world, folder) = (World::start().await, TempDir::new().unwrap());
    browser.sign_up(&world.url, "ann").await;
    assert!(!asks(&browser).await, "nothing is chosen");
    browser.write("#caption", "all of them").await;
    assert!(asks(&browser).await, "a caption is typed");
    // A file that cannot be sent is nothing to lose.
    let empty = folder.path().join("Empty.jpg");
    std::fs::write(&empty, b"").unwrap();
    choose(&browser, &[empty]).await;
    browser.wait_text("1 photo cannot be sent").await;
    assert!(!asks(&browser).await, "nothing can be sent");
    choose(&browser, &made(folder.path())[..1]).await;
    browser.wait_text("1 photo chosen, 1 cannot be sent").await;
    assert!(asks(&browser).await, "a photo is chosen");
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("1 photo uploaded, 1 cannot be sent").await;
    assert!(!asks(&browser).await, "everything was sent");
    // When nothing arrives, the bar for all is not full.
    browser.goto(&format!("{}/upload", world.url)).await;
    choose(&browser, &made(folder.path())).await;
    browser.wait_count(".item.chosen", 3).await;
    browser.refuse(&["*/upload/file*"]).await;
    browser.click(".whole-bar button[type=submit]").await;
    browser.wait_text("3 photos chosen, 3 failed").await;
    browser
        .wait_for("document.querySelector('.whole-bar progress').value === 0")
        .await;
    assert!(asks(&browser).await, "they can be tried again");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_not_left_without_a_question() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    let edit = format!("{}/photos/{}/edit", world.url, publish(&mut ann).await);
    browser.goto(&format!("{}/login", world.url)).await;
    log_in(&browser).await;
    browser.wait_path("/").await;
    browser.goto(&edit).await;
    assert!(!asks(&browser).await, "nothing is changed");
    browser.write("#caption", "low tide").await;
    assert!(asks(&browser).await, "a caption is typed");
    browser.rewrite("#caption", " ").await;
    browser.rewrite("#name", "Harbour").await;
    browser.click("input[value=draft]").await;
    assert!(asks(&browser).await, "three fields are changed");
    // The form's own way is no loss: no question stands in it.
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;
    browser.goto(&edit).await;
    assert!(!asks(&browser).await, "everything is saved");
    // A form that comes back with a fault is not saved.
    browser
        .value("document.querySelector('[name=version]').value = 1")
        .await;
    browser.rewrite("#name", "Quay").await;
    browser.click(".form button.button").await;
    browser.wait_text("changed elsewhere").await;
    assert!(asks(&browser).await, "the form came back");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_outlives_the_end_of_its_session() {
    let Some(browser) = Chromium::open(Window::DESK).await else {
        return;
    };
    let world = World::start().await;
    let edit = save_too_late(&browser, &world, "typed for long").await;
    log_in(&browser).await;
    browser.wait_text("It is not saved yet.").await;
    assert!(asks(&browser).await, "what came back is not saved");
    browser.click(".form button.button").await;
    browser.wait_text("Saved.").await;
    browser.wait_text("typed for long").await;
    // Nothing of it comes up again.
    browser.goto(&edit).await;
    assert!(!asks(&browser).await, "everything is saved");
    browser.close().await;
}

/// Ann types a caption and saves it when all her sessions have been ended elsewhere. Tells the address of the form.
pub(crate) async fn save_too_late(browser: &Chromium, world: &World, caption: &str) -> String {
    let mut ann = world.member("ann").await;
    let edit = format!("{}/photos/{}/edit", world.url, publish(&mut ann).await);
    browser.goto(&edit).await;
    log_in(browser).await;
    browser.write("#caption", caption).await;
    ann.page("/settings").await;
    ann.send("/settings/sessions/end", &[]).await.expect(303);
    browser.click(".form button.button").await;
    edit
}

/// Logs ann in on the page that asks for it.
pub(crate) async fn log_in(browser: &Chromium) {
    log_in_as(browser, "ann").await;
}

/// The same for another member.
pub(crate) async fn log_in_as(browser: &Chromium, username: &str) {
    browser.wait_path("/login").await;
    browser.write("#username", username).await;
    browser.write("#password", crate::support::PASSWORD).await;
    browser.click("form.card button.button").await;
}

/// Publishes a photo of a member, and tells its id.
pub(crate) async fn publish(member: &mut Visitor) -> String {
    member.page("/upload").await;
    let files = vec![("Hill.jpg", jpeg(90, 60, 1))];
    member.upload("", "published", files).await.expect(200);
    ids(&member.page("/@ann").await).remove(0)
}
