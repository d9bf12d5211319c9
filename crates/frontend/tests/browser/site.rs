//! A site that runs elsewhere, with what `cargo xtask up --seed` puts into it: measured, and pictured for the documentation.
//! These tests run only when they are named; `cargo xtask bench browser` does.

use std::path::Path;

use serde_json::{Value, json};

use crate::chromium::{Chromium, Window};

/// How much slower the CPU is made.
const SLOWER: u32 = 4;

/// Notes the largest paint and the sum of the shifts that no input explains.
const WATCH: &str = "window.paint = 0; window.shifts = 0; \
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.paint = entry.startTime; }) \
    .observe({ type: 'largest-contentful-paint', buffered: true }); \
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) \
    if (!entry.hadRecentInput) window.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true });";

/// The page, the style sheet and the scripts, as they come over the line.
const BYTES: &str = "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')] \
    .filter((entry) => entry.initiatorType !== 'img').reduce((sum, entry) => sum + entry.transferSize, 0)";

/// Everything in sight is there: no picture that is not lazy is still on its way.
const THERE: &str =
    "[...document.images].every((image) => image.complete || image.loading === 'lazy') && window.paint > 0";

/// Resolves when every picture in sight is loaded, decoded and painted, and nothing fades any more.
const PAINTED: &str = "const done = arguments[0]; \
    const sight = [...document.images].filter((image) => { const box = image.getBoundingClientRect(); \
    return box.bottom > 0 && box.top < innerHeight; }); \
    Promise.all([...sight.map((image) => image.decode()), ...document.getAnimations().map((one) => one.finished)]) \
    .then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))), (error) => done(String(error)))";

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask bench browser`"))
}

async fn log_in(browser: &Chromium, url: &str, username: &str, password: &str) {
    browser.goto(&format!("{url}/login")).await;
    browser.write("#username", username).await;
    browser.write("#password", password).await;
    browser.click("form.card button.button").await;
    browser.wait(".menu").await;
    browser.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures a site that runs: cargo xtask bench browser"]
async fn speed() {
    let (url, runs) = (given("PLASMA_URL"), given("PLASMA_RUNS").parse().unwrap());
    let browser = Chromium::open(Window::DESK).await.unwrap();
    browser.goto(&url).await;
    let photo = browser.href(".tile a").await;
    let source = json!({ "source": WATCH });
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", source)
        .await;
    let slower = json!({ "rate": SLOWER });
    browser.devtools("Emulation.setCPUThrottlingRate", slower).await;
    let mut pages = Vec::new();
    for (name, path) in [
        ("/", "/"),
        ("/@ann", "/@ann"),
        ("/photos/{id}", &photo),
        ("/search", "/search"),
    ] {
        pages.push(measure(&browser, &format!("{url}{path}"), name, runs).await);
    }
    std::fs::write(given("PLASMA_FIGURES"), Value::from(pages).to_string()).unwrap();
    browser.close().await;
}

/// The medians of some loads with an empty cache.
async fn measure(browser: &Chromium, url: &str, name: &str, runs: usize) -> Value {
    let (mut paints, mut shifts, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        browser.devtools("Network.clearBrowserCache", json!({})).await;
        browser.goto(url).await;
        browser.wait_for(THERE).await;
        paints.push(browser.value("return window.paint").await.as_f64().unwrap());
        shifts.push(browser.value("return window.shifts").await.as_f64().unwrap());
        sizes.push(browser.value(BYTES).await.as_f64().unwrap());
    }
    json!({ "path": name, "bytes": median(sizes) as u64, "largest_paint_ms": median(paints), "shift": median(shifts) })
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "pictures of a site that runs: cargo xtask bench browser --pictures doc/pictures"]
async fn pictures() {
    let (url, folder) = (given("PLASMA_URL"), given("PLASMA_PICTURES"));
    let folder = Path::new(&folder);
    let dark = Window {
        dark: true,
        ..Window::DESK
    };
    for (window, name) in [
        (Window::DESK, "gallery-light"),
        (dark, "gallery-dark"),
        (Window::PHONE, "phone"),
    ] {
        let browser = Chromium::open(window).await.unwrap();
        browser.goto(&url).await;
        picture(&browser, folder, name).await;
        browser.close().await;
    }
    let browser = Chromium::open(Window::DESK).await.unwrap();
    browser.goto(&url).await;
    browser.click(".tile:nth-child(2) a").await;
    browser.wait("dialog[open] figure img:not(.soft)").await;
    picture(&browser, folder, "lightbox").await;
    log_in(&browser, &url, "ann", "ann-by-the-sea").await;
    browser.goto(&format!("{url}/upload")).await;
    let files = tempfile::TempDir::new().unwrap();
    let files = crate::support::pictures::made(files.path());
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    browser.write("#image", &files.join("\n")).await;
    browser.wait_count(".item.chosen", 3).await;
    browser
        .wait_for("[...document.querySelectorAll('.item canvas')].every((peek) => peek.matches('.drawn'))")
        .await;
    picture(&browser, folder, "upload").await;
    browser.close().await;
    picture_admin(folder).await;
}

async fn picture_admin(folder: &Path) {
    let url = given("PLASMA_ADMIN_URL");
    let browser = Chromium::open(Window::DESK).await.unwrap();
    log_in(
        &browser,
        &url,
        &given("PLASMA_ADMIN_USERNAME"),
        &given("PLASMA_ADMIN_PASSWORD"),
    )
    .await;
    browser.goto(&format!("{url}/photos")).await;
    browser.click("tbody tr:nth-child(2) .pick label").await;
    browser.click("tbody tr:nth-child(4) .pick label").await;
    picture(&browser, folder, "admin-list").await;
    browser.click("td.name a").await;
    browser.wait(".proof img").await;
    picture(&browser, folder, "admin-detail").await;
    browser.close().await;
}

async fn picture(browser: &Chromium, folder: &Path, name: &str) {
    let painted = browser.page.execute_async(PAINTED, vec![]).await.unwrap();
    assert_eq!(painted, json!(true), "{name}");
    // WebP is a third of a PNG.
    let options = json!({ "format": "webp", "quality": 85 });
    let answer = browser.devtools("Page.captureScreenshot", options).await;
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        answer["data"].as_str().unwrap(),
    );
    std::fs::write(folder.join(format!("{name}.webp")), bytes.unwrap()).unwrap();
}
