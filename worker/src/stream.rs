//! Step 3: the media stream. Before it the telephone network's upgrade, after it the session driver.
//!
//! Two locks guard the upgrade: the network's signature over the URL and a token that is bound to call, worker, start
//! and claim, lives 30 s and opens once. Then the first frames must name the same call. Only then is a session started.

use crate::meter::{Line, Meter};
use crate::moments;
use crate::prepare::{Adopt, Prepared};
use crate::publish::{Identity, SessionNews};
use crate::recording::Network;
use crate::session::{Ending, Hand, Session, SessionOrder, Taping};
use crate::socket::{Received, Socket, SocketLimits};
use crate::tools::{Tools, Whose};
use crate::{WorkerContext, upgrade};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use call::Call;
use common::clock;
use common::company::{AgentSnapshot, RecordBy};
use common::ids::CallId;
use common::ports::line::LineFormat;
use common::ports::{AgentEvent, LineCodec, LineEvent, LineFault, Spend};
use common::telemetry::trace;
use common::token::{CallToken, STREAM_TOKEN_MS, StreamToken, TokenFault};
use common::twilio::{address, signature};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Longest wait for `start` after the upgrade.
const START: Duration = Duration::from_secs(5);

/// Longest wait for the prepared agent to be handed over: it is a channel in this process.
const HAND_OVER: Duration = Duration::from_secs(1);

/// Orders a session keeps.
const ORDERS: usize = 32;

/// Tokens that were used, until they expire: the worker's own memory is enough, since a token is bound to this start.
#[derive(Default)]
pub struct UsedTokens(Mutex<BTreeMap<String, u64>>);

impl UsedTokens {
    /// Whether this is its first use.
    fn spend(&self, token: &str, expires_ms: u64, now_ms: u64) -> bool {
        let mut used = self.0.lock().expect("no code panics while it holds the tokens");
        used.retain(|_, expires| *expires >= now_ms);
        used.insert(token.to_owned(), expires_ms).is_none()
    }
}

/// `GET /media/{worker}/{token}`.
pub async fn open(
    State(worker): State<Arc<WorkerContext>>,
    Path((name, token)): Path<(String, String)>,
    request: Request,
) -> Response {
    match admit(&worker, &name, &token, &request) {
        Ok(opened) => match upgrade::accept(request) {
            Some((response, upgraded)) => {
                let lifecycle = worker.lifecycle.clone();
                lifecycle.start("call", async move {
                    if let Some(stream) = upgraded.open(SocketLimits::LINE).await {
                        carry(worker, opened, &token, Socket::new(stream)).await;
                    }
                });
                response
            }
            None => (StatusCode::UPGRADE_REQUIRED, "a WebSocket upgrade is expected here").into_response(),
        },
        // No word about why: it would only help whoever tries.
        Err(status) => status.into_response(),
    }
}

fn admit(worker: &WorkerContext, name: &str, token: &str, request: &Request) -> Result<StreamToken, StatusCode> {
    if name != worker.id.as_str() {
        return Err(StatusCode::NOT_FOUND);
    }
    let now = clock::unix_ms();
    let opened = worker.keys.open_stream(token, now).map_err(|fault| {
        moments::token_rejected(match fault {
            TokenFault::Forged => "forged",
            TokenFault::Expired => "expired",
        });
        StatusCode::FORBIDDEN
    })?;
    if opened.worker != worker.id || opened.boot != worker.boot {
        moments::token_rejected("other_worker");
        return Err(StatusCode::FORBIDDEN);
    }
    let given = request.headers().get("x-twilio-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let url = address::signed_stream_url(&worker.public_url, request.uri().path());
    signature::verify_upgrade(&worker.twilio_tokens, &url, given).map_err(|_| {
        moments::signature_rejected();
        StatusCode::FORBIDDEN
    })?;
    if !worker.used_tokens.spend(token, opened.expires_ms, now) {
        moments::token_rejected("used");
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(opened)
}

/// From the open socket to the end of the call.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    worker: Arc<WorkerContext>,
    token: StreamToken,
    text: &str,
    mut line: Socket<S>,
) {
    let mut codec = worker.lines.open();
    if let Err((code, word)) = start(&worker, &token, text, &mut line, codec.as_mut()).await {
        moments::stream_closed(&token.call, code, word);
        return line.close(code, word).await;
    }
    let (orders, mailbox) = mpsc::channel(ORDERS);
    let Some(prepared) = adopt(&worker, &token, orders.clone()).await else {
        moments::stream_closed(&token.call, 1008, "no reservation");
        return line.close(1008, "no reservation").await;
    };
    let _open = moments::stream_opened(&token.call);
    let (mut session, early, seat, span) = begin(&worker, line, codec, prepared, orders, mailbox);
    let ending = session.run_with(early).await;
    finish(session, ending).await;
    drop((seat, span));
}

/// The first frames, and meanwhile the token's second lock: the state store remembers it for all workers. With the store
/// away this worker's own memory is enough.
async fn start<S: AsyncRead + AsyncWrite + Unpin>(
    worker: &WorkerContext,
    token: &StreamToken,
    text: &str,
    line: &mut Socket<S>,
    codec: &mut dyn LineCodec,
) -> Result<(), (u16, &'static str)> {
    let reading = tokio::time::timeout(START, first_frames(line, codec, token));
    let spending = worker.state.spend(text, Duration::from_millis(STREAM_TOKEN_MS));
    let (started, spent) = tokio::join!(reading, spending);
    if let Ok(Spend::Again) = spent {
        moments::token_rejected("used");
        return Err((1008, "token used"));
    }
    started.unwrap_or(Err((1008, "no start")))
}

/// Reads until the stream has started for the call the token names.
async fn first_frames<S: AsyncRead + AsyncWrite + Unpin>(
    line: &mut Socket<S>,
    codec: &mut dyn LineCodec,
    token: &StreamToken,
) -> Result<(), (u16, &'static str)> {
    loop {
        let event = match line.next().await {
            Received::Text(frame) => codec.read(frame),
            Received::Binary(_) => return Err((1003, "text frames only")),
            Received::TooLarge => return Err((1009, "frame too large")),
            Received::Malformed => return Err((1002, "protocol error")),
            Received::Closed(..) | Received::Broken => return Err((1001, "line lost")),
        };
        match event {
            Ok(LineEvent::Start(start)) if start.call != token.call => return Err((1008, "other call")),
            Ok(LineEvent::Start(start)) if start.format != LineFormat::Mulaw8k => return Err((1003, "other format")),
            Ok(LineEvent::Start(_)) => return Ok(()),
            Ok(_) => {}
            Err(LineFault::Unreadable) => return Err((1007, "unreadable frame")),
            Err(LineFault::Order) => return Err((1008, "frame out of order")),
        }
    }
}

async fn adopt(worker: &WorkerContext, token: &StreamToken, orders: mpsc::Sender<SessionOrder>) -> Option<Prepared> {
    let adopter: oneshot::Sender<Adopt> = worker.seats.go_live(&token.call, token.epoch, orders)?;
    let (sender, receiver) = oneshot::channel();
    adopter.send(sender).ok()?;
    tokio::time::timeout(HAND_OVER, receiver).await.ok()?.ok()
}

type Begun<S> = (Session<S>, Vec<AgentEvent>, crate::seats::SeatGuard, tracing::Span);

fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    worker: &WorkerContext,
    line: Socket<S>,
    codec: Box<dyn LineCodec>,
    prepared: Prepared,
    orders: mpsc::Sender<SessionOrder>,
    mailbox: mpsc::Receiver<SessionOrder>,
) -> Begun<S> {
    let Prepared { reserve, link, events, seat } = prepared;
    let span = tracing::info_span!("call", call.id = %reserve.call, company = %reserve.agent.company, agent = %reserve.agent.agent);
    trace::adopt(&span, &reserve.trace);
    let agent = link.agent().clone();
    let limits = agent.core_limits();
    let call = match reserve.conversation {
        Some(conversation) => Call::resume(limits, conversation, reserve.resumed),
        None => Call::answer(limits),
    };
    let leg = Line { direction: reserve.direction, ours: reserve.ours.clone(), theirs: reserve.caller.clone() };
    let whose = Whose {
        call: reserve.call.clone(),
        epoch: reserve.epoch,
        caller: reserve.caller.clone(),
        ours: reserve.ours.clone(),
    };
    let meter = Meter::new(worker.prices.clone(), leg, agent.voice(0), clock::unix_ms());
    let tools = Tools::new(worker.toolbox.clone(), worker.lifecycle.clone(), whose, call.conversation());
    let identity = Identity {
        call: reserve.call,
        epoch: reserve.epoch,
        company: reserve.agent.company,
        trace: span.in_scope(trace::current),
    };
    let taping = Taping::new(hand(worker, &identity, &agent), &agent.recording, call.conversation(), reserve.resumed);
    let mut news = SessionNews::new(identity, orders);
    news.live_at(&worker.id);
    let session = Session {
        line,
        codec,
        link,
        call,
        tools,
        taping,
        agent,
        meter,
        news,
        publisher: worker.publisher.clone(),
        orders: mailbox,
        telephone: worker.telephone.clone(),
        frames: worker.seats.frames(),
        answered: Instant::now(),
    };
    (session, events.into(), seat, span)
}

/// Who records this call.
fn hand(worker: &WorkerContext, identity: &Identity, agent: &AgentSnapshot) -> Hand {
    let hand = match agent.recording.by {
        RecordBy::Nobody => return Hand::Nobody,
        RecordBy::Patchbay => worker.recordings.tap(identity).map(|tap| Hand::Tap(Box::new(tap))),
        RecordBy::Twilio => worker.network_recordings.clone().map(|recordings| {
            let call = identity.call.clone();
            let token = worker.keys.sign_call(&CallToken { call: call.clone() });
            let status_url = address::webhook_url(&worker.public_url, &format!("/twilio/recording/{token}"));
            Hand::Network(Network::new(recordings, call, status_url, &worker.lifecycle))
        }),
    };
    hand.unwrap_or_else(|| {
        moments::recording_impossible(&identity.call);
        Hand::Nobody
    })
}

/// The last write first, then the close: the network asks at once what comes next, and the answer must be there.
async fn finish<S: AsyncRead + AsyncWrite + Unpin>(mut session: Session<S>, ending: Ending) {
    let call: CallId = session.news.call().clone();
    session.link.hang_up();
    session.meter.over(session.answered.elapsed());
    if let Some(next) = ending.next {
        session.news.next(next);
    }
    if let Some(news) = session.news.take() {
        session.publisher.finish(news).await;
    }
    moments::stream_closed(&call, ending.code, ending.word);
    moments::call_ended(&call, ending.reason.as_str());
    session.line.close(ending.code, ending.word).await;
}
