//! A TCP proxy before a server, which can be cut and mended: a server that goes away and comes back.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Cut, it ends all connections and refuses new ones at once.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    is_open: Arc<watch::Sender<bool>>,
    accepting: AbortHandle,
}

impl Proxy {
    pub(crate) async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_open = Arc::new(watch::Sender::new(true));
        let switch = Arc::clone(&is_open);
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (server, mut open) = (server.clone(), switch.subscribe());
                if !*open.borrow_and_update() {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut upstream) = TcpStream::connect(server).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut upstream) => {}
                        _ = open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self {
            address,
            is_open,
            accepting: accepting.abort_handle(),
        }
    }

    pub(crate) fn cut(&self) {
        self.is_open.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.is_open.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
