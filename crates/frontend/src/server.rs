//! The running frontend: two listeners, from bind to the end of the last call.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{HttpServer, web};
use config::FrontendEnv;
use tokio::task::JoinHandle;
use url::Url;

use crate::app::{App, StartError};
use crate::{internal, pages, shell};

/// How long a connection is kept for the next request: longer than the proxies before it do.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a refused body is read on, so that its sender gets to read the refusal.
const LINGER: Duration = Duration::from_secs(10);
/// How long running calls may take to end.
const SHUTDOWN: Duration = Duration::from_secs(30);

/// The frontend, listening.
pub struct Service {
    /// Where the pages are.
    pub public: SocketAddr,
    /// Where health and metrics are.
    pub internal: SocketAddr,
    /// What the calls share.
    pub app: Arc<App>,
    public_server: Running,
    internal_server: Running,
}

struct Running {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(server: Server) -> Self {
        Self {
            handle: server.handle(),
            task: tokio::spawn(server),
        }
    }

    async fn stop(self, graceful: bool) {
        self.handle.stop(graceful).await;
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a server ended badly"),
            Err(error) => tracing::error!(%error, "a server's task ended badly"),
        }
    }
}

impl Service {
    /// Binds both listeners and serves.
    ///
    /// # Errors
    /// When an address is taken, or the environment cannot be used.
    pub fn start(env: &FrontendEnv) -> Result<Self, StartError> {
        let (public_listener, public) = bind("FE_LISTEN", env.listen)?;
        let (internal_listener, internal) = bind("FE_INTERNAL_LISTEN", env.internal_listen)?;
        let public_url = match &env.public_url {
            Some(url) => url.clone(),
            None => reachable(public)?,
        };
        let app = App::build(env, public_url)?;
        let public_server = serve_public(&app, public_listener)?;
        let internal_server = serve_internal(&app, internal_listener)?;
        tracing::info!(url = %app.public_url, %public, %internal, photos = %env.photos_url, "listening");
        Ok(Self {
            public,
            internal,
            app,
            public_server: Running::start(public_server),
            internal_server: Running::start(internal_server),
        })
    }

    /// Stops: readiness goes off first, then nothing new is accepted, and what runs may end within 30 s. The internal
    /// port answers until then.
    pub async fn stop(self) {
        self.app.stop();
        tracing::info!("stopping: running calls may end");
        self.public_server.stop(true).await;
        self.internal_server.stop(false).await;
        tracing::info!("stopped");
    }
}

fn bind(variable: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind(address);
    let bound = listener.and_then(|listener| listener.local_addr().map(|bound| (listener, bound)));
    bound.map_err(|source| StartError::Bind {
        variable,
        address,
        source,
    })
}

/// The URL of a bound address; of one that means every interface, the loopback's.
fn reachable(mut bound: SocketAddr) -> Result<Url, StartError> {
    if bound.ip().is_unspecified() {
        bound.set_ip(if bound.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    Url::parse(&format!("http://{bound}")).map_err(|error| StartError::Serve(io::Error::other(error)))
}

fn serve_public(app: &Arc<App>, listener: TcpListener) -> io::Result<Server> {
    let data = Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .configure(pages::routes)
            .default_service(web::to(pages::no_route))
            .wrap(from_fn(shell::shell))
    });
    Ok(server
        .keep_alive(KEEP_ALIVE)
        .client_disconnect_timeout(LINGER)
        .shutdown_timeout(SHUTDOWN.as_secs())
        .disable_signals()
        .listen(listener)?
        .run())
}

fn serve_internal(app: &Arc<App>, listener: TcpListener) -> io::Result<Server> {
    let data = Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .configure(internal::routes)
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
