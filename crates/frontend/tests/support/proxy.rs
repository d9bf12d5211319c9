//! A way to the photos service that can break: it lets through what is allowed, and drops everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// A proxy; ended when it is dropped.
pub(crate) struct Proxy {
    pub(crate) url: String,
    allowed: Arc<AtomicUsize>,
    handle: ServerHandle,
}

struct Way {
    target: String,
    client: reqwest::Client,
    allowed: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) fn start(target: &str) -> Self {
        let allowed = Arc::new(AtomicUsize::new(usize::MAX));
        let way = Data::new(Way {
            target: target.to_owned(),
            client: reqwest::Client::new(),
            allowed: allowed.clone(),
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(way.clone())
                .app_data(web::PayloadConfig::new(32 << 20))
                .default_service(web::to(pass))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, allowed, handle }
    }

    /// From now on so many calls are let through, and the rest is answered as a gateway without a service does.
    pub(crate) fn allow(&self, calls: usize) {
        self.allowed.store(calls, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn pass(way: Data<Way>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let one = |left: usize| (left > 0).then(|| if left == usize::MAX { left } else { left - 1 });
    if way
        .allowed
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one)
        .is_err()
    {
        return HttpResponse::BadGateway().finish();
    }
    let method = request.method().as_str().parse().unwrap();
    let mut call = way
        .client
        .request(method, format!("{}{}", way.target, request.uri()))
        .body(body);
    for (name, value) in request.headers() {
        if !matches!(name.as_str(), "host" | "content-length" | "transfer-encoding") {
            call = call.header(name.as_str(), value.as_bytes());
        }
    }
    let answer = call.send().await.unwrap();
    let mut response = HttpResponse::build(answer.status().as_u16().try_into().unwrap());
    for (name, value) in answer.headers() {
        if !matches!(
            name.as_str(),
            "content-length" | "transfer-encoding" | "connection"
        ) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    response.body(answer.bytes().await.unwrap())
}
