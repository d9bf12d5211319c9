//! A TCP proxy before a server, which can be cut, silenced, shortened and mended: a server that goes away, or hangs, or breaks
//! off, and comes back.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What becomes of connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// They end, and new ones at once.
    Cut,
    /// They stay, and new ones come, and nothing passes.
    Silent,
    /// They end, and new ones too, as soon as the server has sent a little.
    Short,
}

/// What the server may send before a short connection ends: an answer's head is less.
const SHORT: u64 = 8 << 10;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    way: Arc<watch::Sender<Way>>,
    accepting: AbortHandle,
}

impl Proxy {
    pub(crate) async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = Arc::new(watch::Sender::new(Way::Open));
        let switch = Arc::clone(&way);
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (server, mut way) = (server.clone(), switch.subscribe());
                tokio::spawn(async move {
                    let now = *way.borrow_and_update();
                    if matches!(now, Way::Open | Way::Short) {
                        let Ok(mut upstream) = TcpStream::connect(server).await else {
                            return;
                        };
                        if now == Way::Short {
                            let ((mut asked, mut told), (answers, mut asks)) =
                                (client.split(), upstream.split());
                            let mut answers = answers.take(SHORT);
                            tokio::select! {
                                _ = copy(&mut asked, &mut asks) => {}
                                _ = copy(&mut answers, &mut told) => {}
                            }
                            return;
                        }
                        tokio::select! {
                            _ = copy_bidirectional(&mut client, &mut upstream) => return,
                            _ = way.wait_for(|way| *way != Way::Open) => {}
                        }
                    }
                    let _ = way.wait_for(|way| *way != Way::Silent).await;
                    drop(client);
                });
            }
        });
        Self {
            address,
            way,
            accepting: accepting.abort_handle(),
        }
    }

    pub(crate) fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    pub(crate) fn silence(&self) {
        self.way.send_replace(Way::Silent);
    }

    pub(crate) fn shorten(&self) {
        self.way.send_replace(Way::Short);
    }

    pub(crate) fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
