//! A chromedriver of the test's own, with one headless Chromium.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);

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
    driver: Child,
    port: u16,
    session: String,
    http: reqwest::Client,
    _profile: tempfile::TempDir,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It takes its Chromium with it.
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
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
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Command::new(chromedriver)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let profile = tempfile::TempDir::new().unwrap();
        let mut capabilities = Capabilities::new();
        let args = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={},{}", window.width, window.height),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let scripts = if window.scripts { 1 } else { 2 };
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({ "binary": chromium, "args": args,
                "prefs": { "profile.managed_default_content_settings.javascript": scripts } }),
        );
        let page = connect(port, capabilities).await;
        let session = page.session_id().await.unwrap().unwrap();
        let chromium = Self {
            page,
            driver,
            port,
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
        let scheme = if window.dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        chromium.devtools("Emulation.setEmulatedMedia", features).await;
        Some(chromium)
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let url = format!(
            "http://127.0.0.1:{}/session/{}/goog/cdp/execute",
            self.port, self.session
        );
        let body = json!({ "cmd": command, "params": parameters });
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(answer["value"]["error"].is_null(), "{command}: {answer}");
        answer["value"].take()
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.page.goto(url).await.unwrap();
    }

    /// Waits for an element.
    pub(crate) async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let found = self
            .page
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css}: {error}\n{}", self.page.source().await.unwrap()),
        }
    }

    /// Waits until the page shows a text.
    pub(crate) async fn wait_text(&self, text: &str) {
        let begun = Instant::now();
        loop {
            let body = self.page.find(Locator::Css("body")).await.unwrap();
            // The page may change while it is read.
            if body.text().await.is_ok_and(|shown| shown.contains(text)) {
                return;
            }
            if begun.elapsed() > PATIENCE {
                let shown = self.wait("body").await.text().await.unwrap();
                panic!("{text:?} does not come; the page says:\n{shown}");
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a script's expression is true.
    pub(crate) async fn wait_for(&self, expression: &str) {
        let begun = Instant::now();
        loop {
            let value = self
                .page
                .execute(&format!("return !!({expression})"), vec![])
                .await;
            if value.is_ok_and(|value| value == json!(true)) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{expression} does not come true");
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        self.wait(css).await.click().await.unwrap();
    }

    pub(crate) async fn write(&self, css: &str, text: &str) {
        self.wait(css).await.send_keys(text).await.unwrap();
    }

    /// Empties a field first.
    pub(crate) async fn rewrite(&self, css: &str, text: &str) {
        let field = self.wait(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub(crate) async fn value(&self, script: &str) -> Value {
        self.page.execute(script, vec![]).await.unwrap()
    }

    pub(crate) async fn count(&self, css: &str) -> usize {
        self.page.find_all(Locator::Css(css)).await.unwrap().len()
    }

    pub(crate) async fn path(&self) -> String {
        self.page.current_url().await.unwrap().path().to_owned()
    }

    /// Signs a new user up through the form.
    pub(crate) async fn sign_up(&self, url: &str, username: &str) {
        self.goto(&format!("{url}/register")).await;
        self.write("#username", username).await;
        self.write("#password", crate::support::PASSWORD).await;
        self.click("form.card button.button").await;
        self.wait_text(&format!("Welcome, @{username}.")).await;
    }

    /// Ends the browser.
    pub(crate) async fn close(self) {
        self.page.clone().close().await.unwrap();
    }
}

/// Waits until the driver listens.
async fn connect(port: u16, capabilities: Capabilities) -> Client {
    let begun = Instant::now();
    let url = format!("http://127.0.0.1:{port}");
    loop {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        match builder.capabilities(capabilities.clone()).connect(&url).await {
            Ok(client) => return client,
            Err(error) if begun.elapsed() > PATIENCE => panic!("chromedriver: {error}"),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
