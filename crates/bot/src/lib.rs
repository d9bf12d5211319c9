//! The service bot of the cluster shangren: a first page, and the internal port that its cluster asks. It grows from here.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use config::BotEnv;
use tokio::task::JoinHandle;

/// How long a connection is kept for the next request: longer than the proxies before it do.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What the calls share.
#[derive(Default)]
struct State {
    stopping: AtomicBool,
    requests: AtomicU64,
}

/// The service, listening.
pub struct Service {
    /// Where the public port is.
    pub public: SocketAddr,
    /// Where health and metrics are.
    pub internal: SocketAddr,
    state: Data<State>,
    servers: [(ServerHandle, JoinHandle<io::Result<()>>); 2],
}

impl Service {
    /// Binds both listeners and serves.
    ///
    /// # Errors
    /// When an address is taken.
    pub fn start(env: &BotEnv) -> io::Result<Self> {
        let (public, internal) = (
            TcpListener::bind(env.listen)?,
            TcpListener::bind(env.internal_listen)?,
        );
        let (public_address, internal_address) = (public.local_addr()?, internal.local_addr()?);
        let state = Data::new(State::default());
        let servers = [
            running(serve_public(&state, public, env.shutdown_timeout)?),
            running(serve_internal(&state, internal)?),
        ];
        tracing::info!(public = %public_address, internal = %internal_address, "listening");
        Ok(Self {
            public: public_address,
            internal: internal_address,
            state,
            servers,
        })
    }

    /// Stops: readiness goes off first, then nothing new is accepted, and what runs may end within the timeout. The
    /// internal port answers until then.
    pub async fn stop(self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        for ((handle, task), graceful) in self.servers.into_iter().zip([true, false]) {
            handle.stop(graceful).await;
            if let Ok(Err(error)) = task.await {
                tracing::error!(%error, "a server ended badly");
            }
        }
        tracing::info!("stopped");
    }
}

fn running(server: Server) -> (ServerHandle, JoinHandle<io::Result<()>>) {
    (server.handle(), tokio::spawn(server))
}

fn serve_public(state: &Data<State>, listener: TcpListener, shutdown: Duration) -> io::Result<Server> {
    let state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/", web::get().to(show_welcome))
    });
    Ok(server
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(shutdown.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}

fn serve_internal(state: &Data<State>, listener: TcpListener) -> io::Result<Server> {
    let state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/healthz", web::get().to(is_alive))
            .route("/readyz", web::get().to(is_ready))
            .route("/metrics", web::get().to(get_metrics))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn show_welcome(state: Data<State>) -> HttpResponse {
    state.requests.fetch_add(1, Ordering::Relaxed);
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("bot of shangren\n")
}

async fn is_alive() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "alive": true }))
}

async fn is_ready(state: Data<State>) -> HttpResponse {
    let stopping = state.stopping.load(Ordering::Relaxed);
    let mut answer = if stopping {
        HttpResponse::ServiceUnavailable()
    } else {
        HttpResponse::Ok()
    };
    answer.json(serde_json::json!({ "ready": !stopping, "stopping": stopping }))
}

async fn get_metrics(state: Data<State>) -> HttpResponse {
    let requests = state.requests.load(Ordering::Relaxed);
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(format!(
            "# TYPE bot_requests_total counter\nbot_requests_total {requests}\n"
        ))
}
