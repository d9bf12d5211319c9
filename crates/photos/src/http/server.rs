//! The running service: two listeners, from bind to the end of the last upload.

use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{Extensions, HttpService};
use actix_server::{Server, ServerHandle};
use actix_service::{ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{HttpServer, web};
use config::PhotosEnv;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use url::Url;
use utoipa_actix_web::AppExt as _;

use super::connection::Connection;
use super::{fallback, internal, pages, routes, shell};
use crate::admin;
use crate::app::{App, Options, StartError};

/// How long a connection is kept for the next request: longer than the proxies before it do.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The service, listening.
pub struct Service {
    /// Where the API is.
    pub public: SocketAddr,
    /// Where health and metrics are.
    pub internal: SocketAddr,
    /// Everything that the calls share.
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
    /// Binds both listeners, connects, migrates where the environment says so, and serves.
    ///
    /// # Errors
    /// When an address is taken, or a server behind this one does not answer.
    pub async fn start(env: PhotosEnv, options: Options) -> Result<Self, StartError> {
        let (public_listener, public) = bind("PS_LISTEN", env.listen)?;
        let (internal_listener, internal) = bind("PS_INTERNAL_LISTEN", env.internal_listen)?;
        let public_url = match &env.public_url {
            Some(url) => url.clone(),
            None => reachable(public)?,
        };
        let shutdown = env.shutdown_timeout;
        let app = App::build(env, options, public_url).await?;
        app.prepare().await?;
        app.start_jobs();
        let public_server = serve_public(&app, public_listener, shutdown).map_err(StartError::Serve)?;
        let internal_server = serve_internal(&app, internal_listener).map_err(StartError::Serve)?;
        tracing::info!(url = %app.public_url, %public, %internal, "listening");
        Ok(Self {
            public,
            internal,
            app,
            public_server: Running::start(public_server),
            internal_server: Running::start(internal_server),
        })
    }

    /// Stops: readiness goes off first, then nothing new is accepted, and what runs may end within
    /// `PS_SHUTDOWN_TIMEOUT`. The internal port answers until then.
    pub async fn stop(self) {
        self.app.stop();
        tracing::info!(timeout = ?self.app.env.shutdown_timeout, "stopping: running calls may end");
        self.public_server.stop(true).await;
        self.internal_server.stop(false).await;
        self.app.close().await;
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

fn serve_public(app: &Arc<App>, listener: TcpListener, shutdown: Duration) -> io::Result<Server> {
    let builder = Server::build()
        .shutdown_timeout(shutdown.as_secs())
        .disable_signals();
    let stops = builder.graceful_shutdown_signal();
    let app = Arc::clone(app);
    let service = move || {
        let (app, stops) = (Arc::clone(&app), stops.clone());
        let data = Data::from(Arc::clone(&app));
        let (routed, _) = actix_web::App::new()
            .app_data(data)
            .into_utoipa_app()
            .configure(routes)
            .split_for_parts();
        let routed = routed
            .configure(pages::pages)
            .configure(admin::routes)
            .default_service(web::to(fallback::no_route))
            .wrap(from_fn(shell::shell));
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stops = stops.clone();
                async move { stops.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            // The connection itself sees to requests that do not come to an end.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(app.options.linger)
            .on_connect_ext(|connection: &Connection<TcpStream>, data: &mut Extensions| {
                data.insert(connection.talk());
            })
            .h1(map_config(routed, |_| AppConfig::default()).map_err(|error| error.error_response()));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, peer, Arc::clone(&app)), peer)))
        })
        .and_then(http)
    };
    Ok(builder.listen("photos", listener, service)?.run())
}

fn serve_internal(app: &Arc<App>, listener: TcpListener) -> io::Result<Server> {
    let data = Data::from(Arc::clone(app));
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .wrap(from_fn(internal::shell))
            .configure(internal::routes)
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
