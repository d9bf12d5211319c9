//! A request body that can be given to a parser and still be drained afterwards, so that a refusal reaches a client that
//! reads only after it has sent everything.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep};

/// How much of a refused body is read before the answer, and for how long at most.
#[derive(Clone, Copy, Debug)]
pub struct DrainBounds {
    /// Bytes.
    pub bytes: u64,
    /// Time for all of them.
    pub time: Duration,
}

/// Whether a request says of its own body that it has more than `limit` bytes.
pub fn announces_more(headers: &HeaderMap, limit: u64) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| length > limit)
}

/// A body with an idle timeout and a total limit. Clones share one stream.
#[derive(Clone)]
pub struct Body {
    shared: Rc<RefCell<Shared>>,
}

struct Shared {
    payload: Payload,
    idle: Duration,
    deadline: Pin<Box<Sleep>>,
    /// Somebody waits: a slow reader here is no slow sender there.
    waiting: bool,
    left: u64,
    ended: bool,
}

impl Body {
    /// Wraps `payload`: nothing for `idle` is [`io::ErrorKind::TimedOut`], more than `limit` bytes
    /// [`io::ErrorKind::FileTooLarge`].
    pub fn new(payload: Payload, idle: Duration, limit: u64) -> Self {
        let deadline = Box::pin(tokio::time::sleep(idle));
        Self {
            shared: Rc::new(RefCell::new(Shared {
                payload,
                idle,
                deadline,
                waiting: false,
                left: limit,
                ended: false,
            })),
        }
    }

    /// Reads and forgets the rest, within bounds. True if the end was reached.
    pub async fn drain(&mut self, bounds: DrainBounds) -> bool {
        self.shared.borrow_mut().left = bounds.bytes;
        let drain = async { while matches!(self.next().await, Some(Ok(_))) {} };
        // Out of time: the answer is sent all the same, and the connection closed.
        let _ = tokio::time::timeout(bounds.time, drain).await;
        self.is_ended()
    }

    /// True once the last byte was read, or reading failed for good.
    pub fn is_ended(&self) -> bool {
        self.shared.borrow().ended
    }
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared.borrow_mut().poll(context)
    }
}

impl Shared {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.payload.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.waiting = false;
                let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
                    return refuse(io::ErrorKind::FileTooLarge);
                };
                self.left = left;
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.ended = true;
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                if !self.waiting {
                    self.waiting = true;
                    self.deadline.as_mut().reset(Instant::now() + self.idle);
                }
                if self.deadline.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.ended = true;
                refuse(io::ErrorKind::TimedOut)
            }
        }
    }
}

fn refuse<T>(kind: io::ErrorKind) -> Poll<Option<Result<T, PayloadError>>> {
    Poll::Ready(Some(Err(PayloadError::Io(kind.into()))))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use futures_util::stream;

    use super::*;

    const BOUNDS: DrainBounds = DrainBounds {
        bytes: 1000,
        time: Duration::from_secs(60),
    };

    fn body<S>(chunks: S, idle: Duration, limit: u64) -> Body
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + 'static,
    {
        Body::new(
            Payload::Stream {
                payload: Box::pin(chunks),
            },
            idle,
            limit,
        )
    }

    fn kind(item: Option<Result<Bytes, PayloadError>>) -> Option<io::ErrorKind> {
        match item {
            Some(Err(PayloadError::Io(error))) => Some(error.kind()),
            _ => None,
        }
    }

    #[tokio::test]
    async fn what_a_parser_left_is_drained() {
        let chunks = stream::iter(["ab", "cd", "ef"].map(|chunk| Ok(Bytes::from(chunk))));
        let mut body = body(chunks, Duration::from_secs(60), 3);
        let mut parser = body.clone();
        assert_eq!(parser.next().await.unwrap().unwrap(), "ab");
        assert_eq!(kind(parser.next().await), Some(io::ErrorKind::FileTooLarge));
        drop(parser);
        assert!(!body.is_ended());
        assert!(body.drain(BOUNDS).await);
    }

    #[tokio::test]
    async fn an_endless_body_is_not_drained_to_its_end() {
        let mut body = body(
            stream::repeat_with(|| Ok(Bytes::from_static(b"abc"))),
            Duration::from_secs(60),
            3,
        );
        assert!(!body.drain(BOUNDS).await);
    }

    #[tokio::test]
    async fn a_stalled_body_times_out_and_is_not_waited_for_again() {
        let mut body = body(stream::pending(), Duration::from_millis(1), 3);
        assert_eq!(kind(body.next().await), Some(io::ErrorKind::TimedOut));
        assert!(body.drain(BOUNDS).await);
    }
}
