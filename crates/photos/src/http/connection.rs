//! A connection of the public port: what is said on it when no call is there to say it.
//!
//! The HTTP parser answers what it cannot read by itself, with an empty body. Such an answer is replaced on its way out by
//! a problem like every other. And whoever leaves a request unfinished, or an answered body without an end, does not keep
//! the connection: the first is told so, the second is not read any more.

use std::cell::Cell;
use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::unreadable;
use crate::app::App;

/// What a connection and the calls on it know of each other. One thread has both.
#[derive(Clone, Default)]
pub(super) struct Talk(Rc<State>);

#[derive(Default)]
struct State {
    running: Cell<bool>,
    ends_at: Cell<Option<Instant>>,
}

impl Talk {
    /// A call begins. From here on it is the call that says how long its body may take.
    pub(super) fn begin(&self) {
        self.0.running.set(true);
        self.0.ends_at.set(None);
    }

    /// The call has its answer. `linger`: how much longer its body may go on, if its end is not known beforehand.
    pub(super) fn answered(&self, linger: Option<Duration>) {
        self.0.running.set(false);
        self.0.ends_at.set(linger.map(|linger| Instant::now() + linger));
    }
}

/// A stream with the manners above.
pub(super) struct Connection<T: AsyncWrite + Unpin> {
    io: T,
    app: Arc<App>,
    peer: Option<SocketAddr>,
    talk: Talk,
    timer: Pin<Box<Sleep>>,
    /// When the client last sent something.
    heard: Instant,
    /// It has sent something, or just come, and got no answer yet.
    unanswered: bool,
    /// It has reset the connection.
    gone: bool,
    /// It does not take what it is sent.
    blocked: bool,
    /// Nothing more is read.
    over: bool,
    outgoing: Option<Outgoing>,
}

/// A problem on its way to the client.
struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    /// How many bytes of the parser's it stands for.
    stands_for: usize,
    /// All is sent: until then what still comes is read, for a client that is cut off while it sends may lose the answer.
    lingers_until: Option<Instant>,
}

impl<T: AsyncWrite + Unpin> Connection<T> {
    pub(super) fn new(io: T, peer: Option<SocketAddr>, app: Arc<App>) -> Self {
        let patience = app.options.stalled_after;
        Self {
            io,
            app,
            peer,
            talk: Talk::default(),
            timer: Box::pin(tokio::time::sleep(patience)),
            heard: Instant::now(),
            unanswered: true,
            gone: false,
            blocked: false,
            over: false,
            outgoing: None,
        }
    }

    /// What calls on this connection tell it.
    pub(super) fn talk(&self) -> Talk {
        self.talk.clone()
    }

    fn problem(&self, status: StatusCode, stands_for: usize) -> Outgoing {
        Outgoing {
            bytes: unreadable::answer(&self.app, status, self.peer),
            sent: 0,
            stands_for,
            lingers_until: None,
        }
    }

    /// Ends the reading if its time is over. Wakes the task when it will be.
    fn watch(&mut self, context: &mut Context<'_>) {
        if self.talk.0.running.get() {
            return;
        }
        let patience = self.app.options.stalled_after;
        let stalls_at = (self.unanswered && !self.blocked).then(|| self.heard + patience);
        let ends_at = self.talk.0.ends_at.get();
        let Some(due) = stalls_at.into_iter().chain(ends_at).min() else {
            return;
        };
        loop {
            if Instant::now() >= due {
                self.over = true;
                if ends_at.is_none() {
                    self.outgoing = Some(self.problem(StatusCode::REQUEST_TIMEOUT, 0));
                }
                return;
            }
            // One that rings too early is cheaper than one that is set anew for every read.
            if self.timer.deadline() > due || self.timer.is_elapsed() {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return;
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Connection<T> {
    /// Sends what is left of a problem, and lets its reader go. Gives the number of bytes that it stood for, none if there was
    /// no problem.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<usize>>> {
        let Some(outgoing) = &mut self.outgoing else {
            return Poll::Ready(Ok(None));
        };
        while let Some(rest) = outgoing
            .bytes
            .get(outgoing.sent..)
            .filter(|rest| !rest.is_empty())
        {
            match ready!(Pin::new(&mut self.io).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => outgoing.sent += sent,
            }
        }
        if outgoing.lingers_until.is_none() {
            ready!(Pin::new(&mut self.io).poll_shutdown(context))?;
            let until = Instant::now() + self.app.options.linger;
            self.timer.as_mut().reset(until);
            outgoing.lingers_until = Some(until);
        }
        let stands_for = outgoing.stands_for;
        ready!(self.forget_the_rest(context));
        (self.outgoing, self.over) = (None, true);
        Poll::Ready(Ok(Some(stands_for)))
    }

    /// Reads on until the client is done or the timer rings.
    fn forget_the_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 4096];
        while self.timer.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncWrite + Unpin> Drop for Connection<T> {
    /// The parser takes what is no chunk for a client that is gone, and drops the call without a word. A client that only
    /// ends its own side is not gone.
    fn drop(&mut self) {
        let is_dropped = self.talk.0.running.get() && !std::thread::panicking();
        let ending = self.gone || self.over || self.outgoing.is_some() || self.app.stopping.is_cancelled();
        if !is_dropped || ending {
            return;
        }
        let answer = unreadable::answer(&self.app, StatusCode::BAD_REQUEST, self.peer);
        // No task is left to wait in. There is room for so few bytes, unless a client pipelines and does not read.
        let mut context = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut self.io).poll_write(&mut context, &answer);
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.over {
            let before = buffer.filled().len();
            match Pin::new(&mut this.io).poll_read(context, buffer) {
                Poll::Pending => this.watch(context),
                Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                    this.heard = Instant::now();
                    this.unanswered = true;
                    this.watch(context);
                    return Poll::Ready(Ok(()));
                }
                ended => {
                    this.gone |= matches!(ended, Poll::Ready(Err(_)));
                    return ended;
                }
            }
        }
        if this.over {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.outgoing.is_none()
            && let Some(bare) = unreadable::find(bytes)
        {
            if bare.start > 0 {
                // What stands before it goes first.
                let before = bytes.get(..bare.start).unwrap_or_default();
                return Pin::new(&mut this.io).poll_write(context, before);
            }
            this.outgoing = Some(this.problem(bare.status, bytes.len()));
        }
        if let Some(stands_for) = ready!(this.send(context))?.filter(|bytes| *bytes > 0) {
            return Poll::Ready(Ok(stands_for));
        }
        let sent = Pin::new(&mut this.io).poll_write(context, bytes);
        this.blocked = sent.is_pending();
        this.unanswered &= this.blocked;
        this.gone |= matches!(sent, Poll::Ready(Err(_)));
        sent
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.send(context))?;
        // A call that ended now may have set a time for the rest of its body.
        if !this.over {
            this.watch(context);
            if this.over {
                context.waker().wake_by_ref();
            }
        }
        Pin::new(&mut this.io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.send(context))?;
        Pin::new(&mut this.io).poll_shutdown(context)
    }
}
