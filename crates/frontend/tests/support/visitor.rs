//! A browser as far as HTTP sees it: cookies, forms with their hidden fields, no script.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};

/// A browser. It follows no redirect by itself.
#[derive(Clone)]
pub(crate) struct Visitor {
    url: String,
    client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What the forms of the last page have.
    pub(crate) csrf: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// This status, or the story ends.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it redirects to.
    #[track_caller]
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header("location")
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all(SET_COOKIE).iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }
}

impl Visitor {
    pub(crate) fn new(url: &str) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            url: url.to_owned(),
            client,
            cookies: BTreeMap::new(),
            csrf: String::new(),
        }
    }

    /// The same browser, at another replica.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = self.client.request(method, format!("{}{path}", self.url));
        if cookies.is_empty() {
            return request;
        }
        request.header(COOKIE, cookies)
    }

    /// Sends a request and keeps the cookies that it gets.
    pub(crate) async fn answer(&mut self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let answer = Answer {
            status,
            headers,
            bytes: answer.bytes().await.unwrap().to_vec(),
        };
        for cookie in answer.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                let value = rest.split(';').next().unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(token) = between(&answer.text(), "name=\"csrf-token\" content=\"", "\"") {
            self.csrf = token;
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.answer(request).await
    }

    /// A page that is there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        self.get(path).await.expect(200).text()
    }

    /// A form of the last page.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let fields: Vec<_> = [("csrf", csrf.as_str())]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        let request = self.request(Method::POST, path).form(&fields);
        self.answer(request).await
    }

    /// The upload form of the last page.
    pub(crate) async fn upload(
        &mut self,
        caption: &str,
        visibility: &str,
        files: Vec<(&str, Vec<u8>)>,
    ) -> Answer {
        let mut form = Form::new()
            .text("csrf", self.csrf.clone())
            .text("caption", caption.to_owned())
            .text("visibility", visibility.to_owned());
        for (name, bytes) in files {
            form = form.part("image", Part::bytes(bytes).file_name(name.to_owned()));
        }
        let request = self.request(Method::POST, "/upload").multipart(form);
        self.answer(request).await
    }
}

/// The text between two marks, the first time.
pub(crate) fn between(text: &str, begin: &str, end: &str) -> Option<String> {
    let rest = text.split_once(begin)?.1;
    Some(rest.split_once(end)?.0.to_owned())
}

/// The ids of the photos that a page links to, each once, in order.
pub(crate) fn ids(page: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for rest in page.split("href=\"/photos/").skip(1) {
        let id: String = rest.chars().take(36).collect();
        if rest.chars().nth(36) == Some('"') && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}
