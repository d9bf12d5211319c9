//! A chromedriver of the test's own, with one headless Chromium.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// The window of a browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) scripts: bool,
}

impl Window {
    pub(crate) const DESK: Self = Self {
        width: 1280,
        height: 800,
        dark: false,
        scripts: true,
    };
    pub(crate) const PHONE: Self = Self {
        width: 390,
        height: 844,
        ..Self::DESK
    };
}

/// A browser; ended with its driver when it is dropped.
pub(crate) struct Chromium {
    pub(crate) page: Client,
    pub(crate) window: Window,
    driver: Driver,
    session: String,
    http: reqwest::Client,
    _profile: tempfile::TempDir,
}

/// A program on the PATH.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
}

impl Chromium {
    /// A browser; none, visibly, where there is no Chromium.
    pub(crate) async fn open(window: Window) -> Option<Self> {
        let found =
            program(&["chromium", "chromium-browser", "google-chrome"]).zip(program(&["chromedriver"]));
        let Some((chromium, chromedriver)) = found else {
            let text =
                "Chromium or chromedriver is not on the PATH: apt-get install chromium chromium-driver";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{text}");
            eprintln!("SKIPPED: {text}");
            return None;
        };
        // `Err` only says that another test of this process did it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let driver = Driver::start(&chromedriver);
        let profile = tempfile::TempDir::new().unwrap();
        let capabilities = capabilities(&chromium, profile.path(), window);
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url)
            .await
            .unwrap();
        let session = page.session_id().await.unwrap().unwrap();
        let chromium = Self {
            page,
            window,
            driver,
            session,
            http: reqwest::Client::new(),
            _profile: profile,
        };
        let mobile = window.width < 600;
        chromium
            .devtools(
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": window.width, "height": window.height, "deviceScaleFactor": 1, "mobile": mobile }),
            )
            .await;
        let touch = json!({ "enabled": mobile });
        chromium
            .devtools("Emulation.setTouchEmulationEnabled", touch)
            .await;
        chromium
            .colours(if window.dark { "dark" } else { "light" }, "none")
            .await;
        Some(chromium)
    }

    /// What the system prefers: `light` or `dark`, and `active` for its own few colours or `none`.
    pub(crate) async fn colours(&self, scheme: &str, forced: &str) {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme }, { "name": "forced-colors", "value": forced }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let url = format!("{}/session/{}/goog/cdp/execute", self.driver.url, self.session);
        let body = json!({ "cmd": command, "params": parameters });
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(answer["value"]["error"].is_null(), "{command}: {answer}");
        answer["value"].take()
    }

    /// Breaks every request to an address like these, as a lost connection does.
    pub(crate) async fn refuse(&self, addresses: &[&str]) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setBlockedURLs", json!({ "urls": addresses }))
            .await;
    }

    /// Ends the browser.
    pub(crate) async fn close(self) {
        self.page.clone().close().await.unwrap();
    }
}

fn capabilities(chromium: &Path, profile: &Path, window: Window) -> Capabilities {
    let args = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--remote-debugging-pipe".to_owned(),
        format!("--window-size={},{}", window.width, window.height),
        format!("--user-data-dir={}", profile.display()),
    ];
    let scripts = if window.scripts { 1 } else { 2 };
    let options = json!({ "binary": chromium, "args": args,
        "prefs": { "profile.managed_default_content_settings.javascript": scripts } });
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    // In milliseconds. A machine that compiles meanwhile is slow, not broken.
    let timeouts = json!({ "script": 300_000, "pageLoad": 300_000 });
    capabilities.insert("timeouts".to_owned(), timeouts);
    capabilities
}

/// A chromedriver. Its Chromium ends with it, however it ends, for the pipe between the two closes then; a Ctrl-C ends both,
/// for they are in the test's group of processes.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// On a port that it chooses, which it says once it listens. Among many others it ends at once now and then.
    fn start(program: &Path) -> Self {
        (0..5).find_map(|_| Self::attempt(program)).unwrap()
    }

    fn attempt(program: &Path) -> Option<Self> {
        let child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut driver = Self {
            child: child.unwrap(),
            url: String::new(),
        };
        let mut lines = BufReader::new(driver.child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim().trim_end_matches('.').to_owned())
        })?;
        driver.url = format!("http://127.0.0.1:{port}");
        // What it says further is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Some(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // `Err` only says that it has ended already.
        let _ = self.child.kill();
        drop(self.child.wait());
    }
}
