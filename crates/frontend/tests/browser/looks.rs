//! Every page, at a phone's and a desk's width, light and dark: nothing for axe-core to find, nothing that moves while
//! it loads, nothing wider than the window, no complaint of the browser. With `PLASMA_PICTURES` set, pictures of the
//! pages are left in that folder.

use serde_json::json;

use crate::axe;
use crate::chromium::{Chromium, Window};
use crate::support::pictures::jpeg;
use crate::support::visitor::ids;
use crate::support::{PASSWORD, World};

/// Sums up the shifts that no input of the visitor explains.
pub(crate) const SHIFTS: &str = "window.shifts = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) \
    if (!entry.hadRecentInput) window.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true }); \
    window.refused = []; document.addEventListener('securitypolicyviolation', (event) => \
    window.refused.push(event.violatedDirective + ' ' + event.blockedURI));";

async fn look_at_all(window: Window, name: &str) {
    let Some(browser) = Chromium::open(window).await else {
        return;
    };
    let Some(axe) = axe::source() else { return };
    let world = World::start().await;
    let (photo, draft) = fill(&world).await;
    browser
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": SHIFTS }),
        )
        .await;
    let guest = [
        "/",
        "/login",
        "/register",
        "/search",
        "/tags/dawn",
        "/tags/none",
        "/@ann",
        "/nothing",
        &photo,
    ];
    let member = [
        "/",
        "/upload",
        "/drafts",
        "/@ann",
        "/settings",
        "/search?q=hill",
        "/search?q=nothing",
        &photo,
        &draft,
        &format!("{photo}/edit"),
    ];
    for path in guest {
        look(&browser, &world.url, path, &axe, &format!("{name}-guest")).await;
    }
    browser.goto(&format!("{}/login", world.url)).await;
    browser.write("#username", "ann").await;
    browser.write("#password", PASSWORD).await;
    browser.click("form.card button.button").await;
    browser.wait(".menu").await;
    for path in member {
        look(&browser, &world.url, path, &axe, &format!("{name}-member")).await;
    }
    look_at_states(&browser, &world.url, &axe, name).await;
    browser.close().await;
}

/// What only comes with use: the menu, the lightbox, chosen files.
async fn look_at_states(browser: &Chromium, url: &str, axe: &str, name: &str) {
    browser.goto(url).await;
    browser.click(".menu summary").await;
    browser.wait(".menu[open]").await;
    check(browser, axe, "menu").await;
    browser.click(".menu summary").await;
    browser.click(".tile:nth-child(2) a").await;
    browser.wait("dialog[open] figure img:not(.soft)").await;
    check(browser, axe, "lightbox").await;
    picture(browser, &format!("{name}-lightbox")).await;
    browser.goto(&format!("{url}/upload")).await;
    browser.wait(".live").await;
    let folder = tempfile::TempDir::new().unwrap();
    let files = crate::support::pictures::three(folder.path());
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    browser.write("#image", &files.join("\n")).await;
    browser.wait(".item:nth-child(3)").await;
    check(browser, axe, "chosen files").await;
    picture(browser, &format!("{name}-upload")).await;
}

pub(crate) async fn look(browser: &Chromium, url: &str, path: &str, axe: &str, name: &str) {
    browser.goto(&format!("{url}{path}")).await;
    browser
        .wait_for("[...document.images].every((image) => image.complete || image.loading === 'lazy')")
        .await;
    check(browser, axe, path).await;
    let shifts = browser.value("return window.shifts").await.as_f64().unwrap();
    assert!(shifts < 0.005, "{path} shifts by {shifts}");
    let refused = browser.value("return window.refused").await;
    assert_eq!(refused, json!([]), "{path}: refused by the policy");
    fits(browser, path).await;
    let slug: String = path
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    picture(browser, &format!("{name}{}", &slug[..slug.len().min(16)])).await;
}

/// Nothing is wider than the window.
async fn fits(browser: &Chromium, path: &str) {
    let wide = browser
        .value(
            "return document.documentElement.scrollWidth === document.documentElement.clientWidth ? [] : \
             [...document.body.querySelectorAll('*')] \
             .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth) \
             .map((one) => one.cloneNode(false).outerHTML)",
        )
        .await;
    assert_eq!(wide, json!([]), "{path} is wider than the window");
}

pub(crate) async fn check(browser: &Chromium, axe: &str, what: &str) {
    browser.page.execute(axe, vec![]).await.unwrap();
    let found = browser
        .page
        .execute_async(
            "const done = arguments[0]; axe.run().then((all) => done(all.violations.map((one) => \
             one.id + ': ' + one.help + ' ' + one.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | '))), \
             (error) => done([String(error)]))",
            vec![],
        )
        .await
        .unwrap();
    assert_eq!(found, json!([]), "{what}");
}

pub(crate) async fn picture(browser: &Chromium, name: &str) {
    let Some(folder) = std::env::var_os("PLASMA_PICTURES") else {
        return;
    };
    let png = browser.page.screenshot().await.unwrap();
    std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png).unwrap();
}

/// Photos of all shapes, tagged and not, a draft and an empty user; gives the paths of a photo and a draft.
async fn fill(world: &World) -> (String, String) {
    let mut ann = world.member("ann").await;
    ann.page("/upload").await;
    let sizes = [
        (900, 600),
        (600, 900),
        (1400, 500),
        (700, 700),
        (450, 800),
        (1600, 1000),
        (500, 120),
        (800, 600),
    ];
    let files = (1..)
        .zip(sizes)
        .map(|(seed, (width, height))| ("Hill.jpg", jpeg(width, height, seed)));
    ann.upload("Over the hills at #dawn", "published", files.collect())
        .await
        .expect(200);
    ann.upload("", "draft", vec![("Draft.jpg", jpeg(640, 480, 9))])
        .await
        .expect(200);
    let photo = ids(&ann.page("/@ann").await).remove(0);
    let draft = ids(&ann.page("/drafts").await).remove(0);
    (format!("/photos/{photo}"), format!("/photos/{draft}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn well_made_on_a_desk() {
    look_at_all(Window::DESK, "desk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn well_made_in_the_dark() {
    let dark = Window {
        dark: true,
        ..Window::DESK
    };
    look_at_all(dark, "dark").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn well_made_on_a_phone() {
    look_at_all(Window::PHONE, "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn well_made_on_the_smallest_and_the_widest() {
    for (width, height) in [(320, 640), (2560, 1440)] {
        let window = Window {
            width,
            height,
            ..Window::DESK
        };
        look_at_all(window, &width.to_string()).await;
    }
}

/// Words as long as they may be, which nothing divides.
#[tokio::test(flavor = "multi_thread")]
async fn long_words_fit_into_the_smallest_window() {
    let window = Window {
        width: 320,
        height: 640,
        ..Window::DESK
    };
    let Some(browser) = Chromium::open(window).await else {
        return;
    };
    let world = World::start().await;
    let (username, tag) = ("w".repeat(32), "w".repeat(64));
    let mut member = world.member(&username).await;
    member.page("/upload").await;
    let caption = format!("#{tag} {}", "m".repeat(300));
    let file = format!("{}.jpg", "W".repeat(100));
    for visibility in ["published", "draft"] {
        let files = vec![
            (file.as_str(), jpeg(320, 200, 1)),
            ("Hill.jpg", jpeg(300, 900, 2)),
        ];
        member.upload(&caption, visibility, files).await.expect(200);
    }
    let user = format!("/@{username}");
    let photo = format!("/photos/{}", ids(&member.page(&user).await).remove(0));
    browser.goto(&format!("{}/login", world.url)).await;
    browser.write("#username", &username).await;
    browser.write("#password", PASSWORD).await;
    browser.click("form.card button.button").await;
    browser.wait(".menu").await;
    for path in [
        "/",
        "/search",
        &format!("/search?q={tag}"),
        &format!("/search?q={}", "w".repeat(200)),
        &format!("/tags/{tag}"),
        &format!("/tags/{}", "m".repeat(64)),
        &user,
        &format!("/@{}", "m".repeat(32)),
        "/drafts",
        "/settings",
        &photo,
        &format!("{photo}/edit"),
    ] {
        browser.goto(&format!("{}{path}", world.url)).await;
        fits(&browser, path).await;
    }
    browser.click(".menu summary").await;
    fits(&browser, "menu").await;
    // A conflict, which says beside the fields what is there now.
    browser
        .value("document.querySelector('[name=version]').value = 99")
        .await;
    browser.click(".form button.button").await;
    browser.wait_text("changed elsewhere").await;
    fits(&browser, "conflict").await;
    browser.goto(&world.url).await;
    browser.click(".tile a").await;
    browser.wait("dialog[open] .said a").await;
    let lightbox = "const box = document.querySelector('dialog'); return box.scrollWidth <= box.clientWidth && \
                    [...box.querySelectorAll('.under > *')].every((one) => one.getBoundingClientRect().right <= innerWidth)";
    assert_eq!(browser.value(lightbox).await, true, "lightbox");
    // The words stand below the photo, not over it.
    browser
        .wait_for(
            "document.querySelector('dialog figure img').getBoundingClientRect().bottom <= \
             document.querySelector('dialog .under').getBoundingClientRect().top",
        )
        .await;
    // Messages, and a file before it is sent.
    browser.goto(&format!("{}{user}", world.url)).await;
    browser.click(".pick input").await;
    browser.wait(".tray [value=delete]").await;
    fits(&browser, "selection").await;
    browser.click(".tray [value=delete]").await;
    browser.wait_text("1 photo deleted.").await;
    fits(&browser, "message").await;
    let folder = tempfile::TempDir::new().unwrap();
    let chosen = [
        folder.path().join(&file),
        folder.path().join(format!("{}.txt", "n".repeat(100))),
    ];
    std::fs::write(&chosen[0], "").unwrap();
    std::fs::write(&chosen[1], "words").unwrap();
    browser.goto(&format!("{}/upload", world.url)).await;
    crate::story::choose(&browser, &chosen).await;
    browser.wait_text("1 photo cannot be sent").await;
    fits(&browser, "chosen files").await;
    browser.close().await;
}
