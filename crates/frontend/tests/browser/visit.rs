//! What a visitor does in the browser. A page may be on its way to the next whenever it is looked at: everything here waits
//! for its condition, and takes what fails meanwhile as "not yet".

use std::time::{Duration, Instant};

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};

use crate::chromium::Chromium;

/// How long a condition may take to come true: longer than a machine takes that does everything else at once.
const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// The page is whole, and its scripts have taken hold of it.
const SETTLED: &str =
    "document.readyState === 'complete' && (!arguments[0] || 'ready' in document.documentElement.dataset)";

impl Chromium {
    /// Tries until there is something; what fails is tried again.
    async fn until<T>(&self, what: &str, attempt: impl AsyncFn() -> Result<Option<T>, CmdError>) -> T {
        let begun = Instant::now();
        loop {
            let outcome = attempt().await;
            if let Ok(Some(found)) = outcome {
                return found;
            }
            if begun.elapsed() > PATIENCE {
                let last = outcome
                    .err()
                    .map_or_else(String::new, |error| format!(": {error}"));
                let source = self.page.source().await.unwrap_or_default();
                panic!("{what} does not come{last}; the page is\n{source}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn holds(&self, expression: &str, argument: Value) -> Result<Option<()>, CmdError> {
        let script = format!("return !!({expression})");
        let value = self.page.execute(&script, vec![argument]).await?;
        Ok((value == json!(true)).then_some(()))
    }

    /// Goes to an address, and waits until the page is whole.
    pub(crate) async fn goto(&self, url: &str) {
        self.until(url, async || self.page.goto(url).await.map(Some))
            .await;
        self.settled().await;
    }

    /// Waits until the page is whole and its scripts have taken hold of it.
    pub(crate) async fn settled(&self) {
        let scripts = json!(self.window.scripts);
        self.until("a whole page", async || {
            self.holds(SETTLED, scripts.clone()).await
        })
        .await;
    }

    /// Waits for an element.
    pub(crate) async fn wait(&self, css: &str) -> Element {
        self.until(css, async || self.page.find(Locator::Css(css)).await.map(Some))
            .await
    }

    /// Waits for so many elements.
    pub(crate) async fn wait_count(&self, css: &str, count: usize) {
        self.until(&format!("{count} times {css}"), async || {
            let found = self.page.find_all(Locator::Css(css)).await?.len();
            Ok((found == count).then_some(()))
        })
        .await;
    }

    /// Waits until a whole page shows a text.
    pub(crate) async fn wait_text(&self, text: &str) {
        self.until(&format!("{text:?}"), async || {
            let shown = "document.body.innerText.includes(arguments[0])";
            self.holds(shown, json!(text)).await
        })
        .await;
        self.settled().await;
    }

    /// Waits until a script's expression is true.
    pub(crate) async fn wait_for(&self, expression: &str) {
        self.until(expression, async || self.holds(expression, Value::Null).await)
            .await;
    }

    /// Waits until a whole page of this path is there.
    pub(crate) async fn wait_path(&self, path: &str) {
        self.until(path, async || {
            self.holds("location.pathname === arguments[0]", json!(path))
                .await
        })
        .await;
        self.settled().await;
    }

    /// Waits for so many tabs.
    pub(crate) async fn wait_tabs(&self, count: usize) -> Vec<WindowHandle> {
        self.until(&format!("{count} tabs"), async || {
            let tabs = self.page.windows().await?;
            Ok((tabs.len() == count).then_some(tabs))
        })
        .await
    }

    pub(crate) async fn click(&self, css: &str) {
        self.until(css, async || {
            self.page.find(Locator::Css(css)).await?.click().await.map(Some)
        })
        .await;
    }

    /// A finger's way over the window.
    pub(crate) async fn swipe(&self, from: (i32, i32), to: (i32, i32)) {
        let middle = ((from.0 + to.0) / 2, (from.1 + to.1) / 2);
        for (kind, point) in [
            ("touchStart", Some(from)),
            ("touchMove", Some(middle)),
            ("touchMove", Some(to)),
            ("touchEnd", None),
        ] {
            let points: Vec<Value> = point.iter().map(|(x, y)| json!({ "x": x, "y": y })).collect();
            let event = json!({ "type": kind, "touchPoints": points });
            self.devtools("Input.dispatchTouchEvent", event).await;
        }
    }

    pub(crate) async fn write(&self, css: &str, text: &str) {
        self.until(css, async || {
            self.page
                .find(Locator::Css(css))
                .await?
                .send_keys(text)
                .await
                .map(Some)
        })
        .await;
    }

    /// Empties a field first.
    pub(crate) async fn rewrite(&self, css: &str, text: &str) {
        self.until(css, async || {
            let field = self.page.find(Locator::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await.map(Some)
        })
        .await;
    }

    /// Where the first such link leads.
    pub(crate) async fn href(&self, css: &str) -> String {
        self.until(css, async || {
            self.page.find(Locator::Css(css)).await?.attr("href").await
        })
        .await
    }

    /// What a script gives, once it gives something.
    pub(crate) async fn value(&self, script: &str) -> Value {
        self.until(script, async || self.page.execute(script, vec![]).await.map(Some))
            .await
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
}
