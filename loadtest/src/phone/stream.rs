//! A media stream from its opening to its end, and the loop in between.
//!
//! `verbs.rs` begins it for `<Connect><Stream>`; what happens inside one turn of the loop is in `media.rs`. One
//! task, one timer and one socket a call: hundreds of these share the processor with the system they test.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::call::{Call, Report};
use super::event::PhoneEvent;
use super::fault::Fault;
use super::handshake::{self, Refusal, Socket};
use super::media::Media;
use super::plan::StatusDelivery;
use super::truth::{SecondSocket, StreamEnd, StreamTruth, nanos};
use super::wire::Writer;
use crate::network::{Method, Network, Order, Signing};

/// How long the network waits for the other half of the closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a replayed stream is given to be thrown out.
const SECOND_SOCKET_TIMEOUT: Duration = Duration::from_secs(2);

/// What `<Stream>` says.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) url: String,
    pub(super) name: Option<String>,
    pub(super) track: Option<String>,
    pub(super) status_callback: Option<(String, Method)>,
    pub(super) parameters: BTreeMap<String, String>,
}

/// Who ended a stream, and so what happens to the call.
#[derive(Clone, Debug)]
pub(super) enum Over {
    /// The server, or a fault of the connection: the call goes on with `action`.
    Ended,
    /// The caller.
    HungUp,
    /// The caller, who waited too long.
    GaveUp,
    /// The call's time limit.
    TimeLimit,
    /// REST.
    Ordered(Order),
}

enum Happening {
    Clock,
    Order(Option<Order>),
    Message(Option<Result<Message, Error>>),
}

impl Call {
    /// Opens the stream and lives in it until somebody ends it.
    pub(super) async fn stream(&mut self, spec: Spec) -> Over {
        let stream_sid = self.network.sid("MZ");
        let opened_ns = nanos(self.begun, Instant::now());
        let truth = StreamTruth { stream_sid, url: spec.url.clone(), opened_ns, ..StreamTruth::default() };
        let opened = match spec.track.as_deref() {
            None | Some("inbound_track") => handshake::open(&self.network, &spec.url, self.stream_signing()).await,
            Some(_) => Err(Refusal::new(31941, "a bidirectional stream has the inbound track only")),
        };
        match opened {
            Ok(socket) => self.live(socket, &spec, truth).await,
            Err(refusal) => {
                self.tell_stream(&spec, &truth.stream_sid, "stream-error", Some(&refusal.text));
                self.notice(refusal.code, refusal.text);
                self.truth.streams.push(StreamTruth { closed_ns: nanos(self.begun, Instant::now()), ..truth });
                Over::Ended
            }
        }
    }

    fn stream_signing(&self) -> Signing {
        match () {
            () if self.has_fault(&Fault::ForgedStream) => Signing::Forged,
            () if self.has_fault(&Fault::UnsignedStream) => Signing::Missing,
            () => Signing::Right,
        }
    }

    async fn live(&mut self, mut socket: Socket, spec: &Spec, truth: StreamTruth) -> Over {
        let sid = truth.stream_sid.clone();
        self.tell_stream(spec, &sid, "stream-started", None);
        self.watcher.tell(|| PhoneEvent::StreamStarted(sid.clone()));
        self.caller.stream_began(Instant::now());
        let mut media = Media::new(self, truth, spec);
        poll_fn(|cx| {
            media.open(self, &mut socket, cx);
            Poll::Ready(())
        })
        .await;
        let over = self.talk(&mut socket, &mut media).await;
        let mut writer = media.end(self, &over);
        if matches!(over, Over::HungUp) && self.plan.status_delivery == StatusDelivery::OutOfOrder {
            self.tell_end().await;
        }
        if media.is_cut() {
            // A connection dropped with unsent data lingering for no time is reset, not closed.
            let _ = socket.get_ref().get_ref().set_zero_linger();
        } else {
            self.close(&mut socket, &mut writer, &over).await;
        }
        drop(socket);
        self.truth.streams.push(media.into_truth());
        self.tell_stream(spec, &sid, "stream-stopped", None);
        self.watcher.tell(|| PhoneEvent::StreamEnded);
        over
    }

    async fn talk(&mut self, socket: &mut Socket, media: &mut Media) -> Over {
        let mut sleep = Box::pin(sleep_until(media.wake_at()));
        loop {
            let happening = tokio::select! {
                biased;
                () = &mut sleep => Happening::Clock,
                order = self.orders.recv() => Happening::Order(order),
                message = socket.next(), if media.is_reading() => Happening::Message(message),
            };
            let over = match happening {
                Happening::Clock => poll_fn(|cx| Poll::Ready(media.clock(self, socket, cx))).await,
                Happening::Order(Some(order)) => Some(order_over(order)),
                Happening::Order(None) => Some(Over::Ended),
                Happening::Message(message) => {
                    poll_fn(|cx| Poll::Ready(media.message(self, socket, message.as_ref(), cx))).await
                }
            };
            if let Some(over) = over {
                return over;
            }
            let wake_at = media.wake_at();
            if wake_at != sleep.deadline() {
                sleep.as_mut().reset(wake_at);
            }
        }
    }

    /// Ends the connection as whoever ended the stream would have it.
    async fn close(&mut self, socket: &mut Socket, writer: &mut Writer, over: &Over) {
        let says_stop = !matches!(over, Over::Ended) && !self.has_fault(&Fault::NoStop);
        let stop = says_stop.then(|| writer.stop(self.network.account_sid(), &self.sid));
        let goodbye = async {
            if let Some(stop) = stop {
                socket.send(Message::Text(stop)).await?;
            }
            socket.close(None).await?;
            while let Some(Ok(_)) = socket.next().await {}
            Ok::<_, Error>(())
        };
        // Whatever goes wrong here, the stream is over.
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    fn tell_stream(&mut self, spec: &Spec, stream_sid: &str, event: &str, error: Option<&str>) {
        let Some((url, method)) = spec.status_callback.clone() else { return };
        let mut params = vec![
            ("AccountSid".to_owned(), self.network.account_sid().to_owned()),
            ("CallSid".to_owned(), self.sid.clone()),
            ("StreamSid".to_owned(), stream_sid.to_owned()),
            ("StreamName".to_owned(), spec.name.clone().unwrap_or_else(|| stream_sid.to_owned())),
            ("StreamEvent".to_owned(), event.to_owned()),
            ("Timestamp".to_owned(), format!("{:.3}", Timestamp::now())),
        ];
        if let Some(error) = error {
            params.push(("StreamError".to_owned(), error.to_owned()));
        }
        self.post(url, method, params);
    }

    /// Opens the same address once more, in the background.
    pub(super) fn replay(&mut self, url: String, parameters: BTreeMap<String, String>) {
        let (network, call_sid) = (self.network.clone(), self.sid.clone());
        self.posts.spawn(async move { Report::SecondSocket(second(&network, &url, &call_sid, &parameters).await) });
    }
}

fn order_over(order: Order) -> Over {
    match order {
        Order::HangUp => Over::HungUp,
        order => Over::Ordered(order),
    }
}

async fn second(network: &Network, url: &str, call: &str, parameters: &BTreeMap<String, String>) -> SecondSocket {
    let mut socket = match handshake::open(network, url, Signing::Right).await {
        Ok(socket) => socket,
        Err(refusal) => return SecondSocket::Refused(refusal.status.unwrap_or_default()),
    };
    let mut writer = Writer::new(&network.sid("MZ"));
    let thrown_out = async {
        let _ = socket.send(Message::Text(Writer::connected())).await;
        let _ = socket.send(Message::Text(writer.start(network.account_sid(), call, parameters))).await;
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    };
    timeout(SECOND_SOCKET_TIMEOUT, thrown_out).await.map_or(SecondSocket::Kept, SecondSocket::Closed)
}

/// How the end of a stream is written down.
pub(super) fn stream_end(over: &Over, seen: StreamEnd) -> StreamEnd {
    match over {
        Over::Ended => seen,
        Over::HungUp | Over::GaveUp => StreamEnd::HungUp,
        Over::TimeLimit | Over::Ordered(_) => StreamEnd::Stopped,
    }
}
