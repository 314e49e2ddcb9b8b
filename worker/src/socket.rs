//! One WebSocket of a call, without queue, task or lock of its own.
//!
//! [`Socket::queue`] never waits: it appends to the connection's write buffer, which has a bound. [`Socket::next`] reads
//! and, whenever there is nothing to read, flushes; so all frames that came together leave together, in one write.
//! Both ends of a call are such a socket, owned by one task: nothing else is between two kernel buffers.

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// How long a close frame may take to leave. The peer may have stopped reading.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// How long a ping may go unanswered.
const DEAF: Duration = Duration::from_secs(10);

/// What came over a socket.
#[derive(Debug)]
pub enum Received {
    /// A text message.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// The peer closed, with this code and reason.
    Closed(Option<u16>, String),
    /// A message larger than allowed.
    TooLarge,
    /// The peer broke the WebSocket protocol.
    Malformed,
    /// The connection broke.
    Broken,
}

/// A message could not be queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotQueued {
    /// The peer has stopped reading: the write buffer is at its bound.
    #[error("the peer does not read")]
    Stalled,
    /// The connection is closed or broken.
    #[error("the connection is gone")]
    Gone,
}

/// Limits of one socket.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Largest message read.
    pub message: usize,
    /// Most bytes waiting to be written before the peer counts as stalled.
    pub write_buffer: usize,
}

impl SocketLimits {
    /// The telephone network's side: small frames in, up to 25 s of audio waiting out.
    pub const LINE: Self = Self { message: 64 * 1024, write_buffer: 256 * 1024 };
    /// A provider's side: it sends long answers at once (OpenAI's own client sets no bound; 16 MiB is far above).
    pub const AGENT: Self = Self { message: 16 * 1024 * 1024, write_buffer: 256 * 1024 };

    /// As the library wants it. The read buffer is 4 KiB: the default of 128 KiB is cleared before each read, which
    /// costs half of a bare relay's CPU and 254 KB a call (measured).
    pub fn config(self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(16 * 1024)
            .max_write_buffer_size(self.write_buffer)
            .max_message_size(Some(self.message))
            .max_frame_size(Some(self.message))
    }
}

/// One WebSocket; see the module.
pub struct Socket<S> {
    inner: WebSocketStream<S>,
    unflushed: bool,
    gone: bool,
    asked: Option<Instant>,
}

/// Whether the peer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// As far as one knows.
    Hears,
    /// It has not answered for too long.
    Deaf,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Takes an open WebSocket made with [`SocketLimits::config`].
    pub fn new(inner: WebSocketStream<S>) -> Self {
        Self { inner, unflushed: false, gone: false, asked: None }
    }

    /// Queues a text message; `text` must be UTF-8, else it is dropped and the connection counts as gone.
    pub fn queue_text(&mut self, text: Bytes) -> Result<(), NotQueued> {
        let text = Utf8Bytes::try_from(text).map_err(|_| NotQueued::Gone)?;
        self.queue(Message::Text(text))
    }

    /// Queues a binary message.
    pub fn queue_binary(&mut self, bytes: Bytes) -> Result<(), NotQueued> {
        self.queue(Message::Binary(bytes))
    }

    /// Asks the peer whether it reads; to be called now and then. `Deaf` when it has not answered for [`DEAF`]: the
    /// kernel takes megabytes for a peer that never reads, minutes of a call, before writing would fail.
    pub fn ping(&mut self, now: Instant) -> Hearing {
        match self.asked {
            Some(asked) if now.duration_since(asked) >= DEAF => return Hearing::Deaf,
            Some(_) => {}
            None => {
                // A ping that cannot be queued is a peer that does not read: the same question again.
                self.asked = Some(now);
                let _ = self.queue(Message::Ping(Bytes::new()));
            }
        }
        Hearing::Hears
    }

    fn queue(&mut self, message: Message) -> Result<(), NotQueued> {
        if self.gone {
            return Err(NotQueued::Gone);
        }
        // Skipping `poll_ready` is deliberate: it would wait for a stalled peer. `start_send` buffers up to the bound.
        match self.inner.start_send_unpin(message) {
            Ok(()) => {
                self.unflushed = true;
                Ok(())
            }
            Err(Error::WriteBufferFull(_)) => Err(NotQueued::Stalled),
            Err(_) => {
                self.gone = true;
                Err(NotQueued::Gone)
            }
        }
    }

    /// The next message. Flushes what is queued whenever nothing can be read. May be dropped and called again at any
    /// time. After the end it never returns.
    pub async fn next(&mut self) -> Received {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`Socket::next`] for those who poll themselves.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        if self.gone {
            return Poll::Pending;
        }
        loop {
            match Pin::new(&mut self.inner).poll_next(cx) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => return Poll::Ready(Received::Text(text.into())),
                Poll::Ready(Some(Ok(Message::Binary(bytes)))) => return Poll::Ready(Received::Binary(bytes)),
                Poll::Ready(Some(Ok(Message::Close(frame)))) => return Poll::Ready(self.closed(frame)),
                // The library answers pings by itself with the next flush.
                Poll::Ready(Some(Ok(Message::Ping(_)))) => self.unflushed = true,
                Poll::Ready(Some(Ok(Message::Pong(_)))) => self.asked = None,
                Poll::Ready(Some(Ok(Message::Frame(_)))) => {}
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.failed(&error)),
                Poll::Ready(None) => return Poll::Ready(self.ended(Received::Broken)),
                Poll::Pending => return self.poll_flush(cx),
            }
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        if self.unflushed {
            match Pin::new(&mut self.inner).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Poll::Ready(self.failed(&error)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }

    fn closed(&mut self, frame: Option<CloseFrame>) -> Received {
        self.gone = true;
        match frame {
            Some(frame) => Received::Closed(Some(frame.code.into()), frame.reason.to_string()),
            None => Received::Closed(None, String::new()),
        }
    }

    fn failed(&mut self, error: &Error) -> Received {
        // The connection itself may still carry our close frame after these two.
        match error {
            Error::Capacity(_) => Received::TooLarge,
            Error::Protocol(_) | Error::Utf8(_) => Received::Malformed,
            _ => self.ended(Received::Broken),
        }
    }

    fn ended(&mut self, how: Received) -> Received {
        self.gone = true;
        how
    }

    /// Sends what is queued and a close frame, waits a bounded moment for the peer to take them, and drops the
    /// connection.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
        let parting = async {
            if self.inner.start_send_unpin(Message::Close(Some(frame))).is_ok() {
                // An error here means that the peer is gone, which is what was wanted.
                let _ = self.inner.flush().await;
            }
            self.hear_out().await;
        };
        let _ = tokio::time::timeout(CLOSE_PATIENCE, parting).await;
    }

    /// Throws away what the peer still sends until it has answered the close or is gone. A connection that is dropped
    /// with bytes unread is reset, and a reset takes the close code with it.
    async fn hear_out(&mut self) {
        loop {
            match self.inner.next().await {
                Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_)))
                | None => {
                    return;
                }
                Some(Ok(_)) => {}
                // Its frames cannot be told apart any more.
                Some(Err(_)) => break,
            }
        }
        let mut waste = [0; 4096];
        while let Ok(1..) = self.inner.get_mut().read(&mut waste).await {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use tokio::io::{DuplexStream, duplex};
    use tokio_tungstenite::tungstenite::protocol::Role;

    async fn pair() -> (Socket<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (ours, theirs) = duplex(64 * 1024);
        let server = WebSocketStream::from_raw_socket(ours, Role::Server, Some(SocketLimits::LINE.config())).await;
        (Socket::new(server), WebSocketStream::from_raw_socket(theirs, Role::Client, None).await)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_answer_a_ping_is_deaf() {
        let (mut socket, _peer) = pair().await;
        assert_eq!(socket.ping(Instant::now()), Hearing::Hears);
        let nothing = tokio::time::timeout(DEAF, socket.next()).await;
        assert!(nothing.is_err(), "{nothing:?}");
        assert_eq!(socket.ping(Instant::now()), Hearing::Deaf);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_is_not_deaf() {
        let (mut socket, mut peer) = pair().await;
        for _ in 0..5 {
            assert_eq!(socket.ping(Instant::now()), Hearing::Hears);
            let reading = async { while peer.next().await.is_some() {} };
            let both = async { tokio::join!(socket.next(), reading) };
            assert!(tokio::time::timeout(DEAF, both).await.is_err(), "the answer to a ping is no message");
        }
    }
}
