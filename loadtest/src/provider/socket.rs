//! Drives one session: its socket on one side, its state machine on the other, the clock beside them.
//!
//! Knows no provider: what is said is the business of the [`Machine`] it is given.
//! One task a session and nothing shared but the memory of what happened, so that hundreds of sessions run beside the
//! system they measure without disturbing it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::TcpStream,
    sync::Notify,
    time::{Sleep, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use super::{faults::Ending, wire::Out};

type Socket = WebSocketStream<TcpStream>;

/// How long the other side may take to answer a close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(2);
/// A session with nothing to do looks again after this long.
const FAR: Duration = Duration::from_secs(3_600);

/// The close code that stands for a close frame without one; it must not be written on the wire.
const NO_CODE: u16 = 1_005;

/// The state machine of one session: messages and time in, messages out. It owns no socket or clock.
pub(crate) trait Machine {
    /// Takes one text message of the client.
    fn receive(&mut self, at: Instant, message: &str);
    /// Takes one binary message of the client.
    fn receive_binary(&mut self, at: Instant, message: &Bytes);
    /// Does everything that is due.
    fn wake(&mut self, at: Instant);
    /// When `wake` is due.
    fn deadline(&self) -> Option<Instant>;
    /// How long the socket is left unread before each read.
    fn slowness(&self) -> Duration;
    /// The next thing to do to the socket; after an [`Out::End`] there is nothing more.
    fn next_out(&mut self) -> Option<Out>;
    /// The socket is gone.
    fn closed(&mut self, at: Instant);
}

/// What happened next.
enum Happened {
    Received(Utf8Bytes),
    ReceivedBinary(Bytes),
    Due,
    Gone,
}

/// What becomes of the socket after writing.
enum After {
    GoOn,
    Over,
}

/// Serves a session until either side ends it; `changed` is told whenever the session has done something.
pub(crate) async fn run<M: Machine>(mut socket: Socket, mut session: M, changed: &Notify, stop: CancellationToken) {
    let mut alarm = Box::pin(sleep(FAR));
    let mut armed = None;
    loop {
        arm(&mut alarm, &mut armed, session.deadline());
        let happened = tokio::select! {
            () = stop.cancelled() => Happened::Gone,
            () = &mut alarm => Happened::Due,
            happened = receive(&mut socket, session.slowness()) => happened,
        };
        let at = Instant::now();
        match happened {
            Happened::Received(text) => session.receive(at, &text),
            Happened::ReceivedBinary(bytes) => session.receive_binary(at, &bytes),
            Happened::Due => {
                armed = None;
                session.wake(at);
            }
            Happened::Gone => break,
        }
        let after = write(&mut socket, &mut session).await;
        changed.notify_waiters();
        if matches!(after, After::Over) {
            break;
        }
    }
    session.closed(Instant::now());
    changed.notify_waiters();
}

/// Sets the timer, unless it already is.
fn arm(alarm: &mut std::pin::Pin<Box<Sleep>>, armed: &mut Option<Instant>, deadline: Option<Instant>) {
    let deadline = deadline.unwrap_or_else(|| armed.unwrap_or_else(|| Instant::now() + FAR));
    if *armed != Some(deadline) {
        *armed = Some(deadline);
        alarm.as_mut().reset(deadline.into());
    }
}

async fn receive(socket: &mut Socket, slowness: Duration) -> Happened {
    if !slowness.is_zero() {
        sleep(slowness).await;
    }
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Happened::Received(text),
            Some(Ok(Message::Binary(bytes))) => return Happened::ReceivedBinary(bytes),
            // Pings are answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Happened::Gone,
        }
    }
}

/// Writes all the session has to say.
async fn write<M: Machine>(socket: &mut Socket, session: &mut M) -> After {
    let mut wrote = false;
    while let Some(out) = session.next_out() {
        let message = match out {
            Out::Text(text) => Message::text(text),
            Out::Binary(bytes) => Message::Binary(bytes),
            Out::End { ending, reason } => {
                end(socket, ending, reason).await;
                return After::Over;
            }
        };
        if socket.feed(message).await.is_err() {
            return After::Over;
        }
        wrote = true;
    }
    if wrote && socket.flush().await.is_err() {
        return After::Over;
    }
    After::GoOn
}

/// Sends what there is to say to a client that is not let in, and closes.
pub(super) async fn refuse(mut socket: Socket, text: Option<String>, ending: Ending, reason: &'static str) {
    if let Some(text) = text {
        // Whether it still listens makes no difference: it is closed either way.
        let _gone = socket.send(Message::text(text)).await;
    }
    end(&mut socket, ending, reason).await;
}

async fn end(socket: &mut Socket, ending: Ending, reason: &'static str) {
    let Ending::Code(code) = ending else {
        // What was said before is delivered; then the line is dead, without a close frame.
        let _gone = socket.flush().await;
        return;
    };
    let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
    if socket.close((code != NO_CODE).then_some(frame)).await.is_ok() {
        let answered = async { while let Some(Ok(_)) = socket.next().await {} };
        // A client that does not answer in time has had its chance.
        let _late = timeout(CLOSE_WAIT, answered).await;
    }
}
