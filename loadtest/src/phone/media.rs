//! What passes through a media stream: frames out on time, audio, marks and `clear` in.
//!
//! `stream.rs` turns the loop and calls in here when the clock strikes, when a message comes (`incoming.rs`), and at
//! the end. Nothing here waits: a socket that does not take a frame loses it, as Twilio loses it (31930).

mod incoming;
mod mischief;

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::SinkExt as _;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::call::Call;
use super::clip::Clip;
use super::fault::{Fault, Mischief};
use super::handshake::Socket;
use super::plan::Background;
use super::player::{Player, Recorded};
use super::schedule::Schedule;
use super::script::{Act, Ear};
use super::stream::{Over, Spec, stream_end};
use super::truth::{SentFrame, StreamEnd, StreamTruth, nanos};
use super::wire::Writer;
use crate::watermark::{self, FRAME_BYTES, SILENCE};

/// Quiet that counts as the end of what the agent says, for those who watch.
const PAUSE: Duration = Duration::from_millis(300);

static QUIET: LazyLock<Clip> = LazyLock::new(|| Clip::new("silence", &[SILENCE; FRAME_BYTES]));
/// The four quietest values of the law, in an order without a tune.
static HISS: LazyLock<Clip> = LazyLock::new(|| {
    let mut state = 1_u32;
    let noise = (0..FRAME_BYTES * 50).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        [0xFF, 0x7F, 0xFE, 0x7E][(state >> 30) as usize]
    });
    Clip::new("hiss", &noise.collect::<Vec<_>>())
});

enum Pushed {
    Taken,
    Full,
    Broken,
}

/// Everything about a stream but its socket.
pub(super) struct Media {
    writer: Writer,
    player: Player,
    schedule: Schedule,
    truth: StreamTruth,
    mischief: VecDeque<(Instant, Mischief)>,
    stall: Option<(Instant, Instant)>,
    url: String,
    parameters: BTreeMap<String, String>,
    decoded: Vec<u8>,
    agent_speaks: bool,
    reading: bool,
    cut: bool,
}

impl Media {
    pub(super) fn new(call: &mut Call, truth: StreamTruth, spec: &Spec) -> Self {
        let now = Instant::now();
        let mut jitter = Duration::ZERO;
        let mut stall = None;
        for fault in &call.plan.faults {
            match fault {
                Fault::Jitter { up_to } => jitter = *up_to,
                Fault::StallReading { after, lasting } => stall = Some((now + *after, now + *after + *lasting)),
                _ => {}
            }
        }
        let mut mischief: Vec<_> = call.plan.faults.iter().filter_map(Fault::mischief).collect();
        mischief.sort_by_key(|(after, _)| *after);
        let mut player = Player::new(call.begun, now, call.plan.keep);
        player.tape = player.tape.map(|fresh| call.truth.heard.take().unwrap_or(fresh));
        player.recorded = Some(Recorded { network: call.network.clone(), call_sid: call.sid.clone() });
        let first = call.network.next_tick(call.plan.number, now);
        let clock_ns = Some(nanos(call.begun, first));
        Self {
            writer: Writer::new(&truth.stream_sid),
            player,
            schedule: Schedule::new(first, jitter, call.plan.number),
            truth: StreamTruth { clock_ns, ..truth },
            mischief: mischief.into_iter().map(|(after, deed)| (now + after, deed)).collect(),
            stall,
            url: spec.url.clone(),
            parameters: spec.parameters.clone(),
            decoded: Vec::new(),
            agent_speaks: false,
            reading: true,
            cut: false,
        }
    }

    /// The first messages: `connected` and `start`.
    pub(super) fn open(&mut self, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) {
        self.push(socket, Writer::connected(), cx);
        if call.has_fault(&Fault::MediaBeforeStart) {
            self.extra(socket, 1, cx);
        }
        let stranger;
        let call_sid = if call.has_fault(&Fault::WrongCallSid) {
            stranger = call.network.sid("CA");
            &stranger
        } else {
            &call.sid
        };
        let start = self.writer.start(call.network.account_sid(), call_sid, &self.parameters);
        self.push(socket, start, cx);
        flush(socket, cx);
        self.truth.started_ns = Some(nanos(call.begun, Instant::now()));
    }

    /// When the clock strikes next: a frame is due, or a mark is reached.
    pub(super) fn wake_at(&self) -> Instant {
        let frame = self.schedule.due();
        self.player.next_due().map_or(frame, |mark| mark.min(frame))
    }

    pub(super) fn is_reading(&self) -> bool {
        self.reading
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The clock struck: marks go back, frames go out, and what shall go wrong goes wrong.
    pub(super) fn clock(&mut self, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) -> Option<Over> {
        let now = Instant::now();
        self.player.advance(now);
        let mut over = self.echo(call, socket, cx);
        self.watch(call, now);
        if let Some((from, to)) = self.stall {
            self.reading = !(from..to).contains(&now);
        }
        while self.mischief.front().is_some_and(|(due, _)| *due <= now) {
            let (_, deed) = self.mischief.pop_front()?;
            self.misbehave(deed, call, socket, cx);
        }
        while over.is_none() && self.schedule.due() <= now {
            over = self.frame(now, call, socket, cx);
        }
        flush(socket, cx);
        if self.cut {
            call.notice(31903, "the connection was cut");
            self.truth.end = StreamEnd::Broken;
            return Some(Over::Ended);
        }
        let in_time = now < call.begun + call.plan.time_limit;
        over.or_else(|| (!in_time).then_some(Over::TimeLimit))
    }

    fn frame(&mut self, now: Instant, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) -> Option<Over> {
        let index = self.schedule.index();
        let late = self.schedule.pass(now);
        self.truth.worst_lateness = self.truth.worst_lateness.max(late);
        if index == 0 {
            let marked = Clip::new("watermark", &watermark::frame(call.plan.number));
            return self.speak(&marked, 0, index, call, socket, cx);
        }
        let ear = Ear {
            now,
            playing: self.player.is_playing(),
            heard_bytes: self.player.heard_bytes(),
            quiet_since: self.player.quiet_since(),
            connected: false,
        };
        match call.caller.act(ear) {
            Act::Speak(clip, frame) => self.speak(&clip, frame, index, call, socket, cx),
            Act::Press(key) => {
                call.pressed(key);
                let key = self.writer.dtmf(key);
                self.push(socket, key, cx);
                self.be_quiet(index, call, socket, cx)
            }
            Act::Quiet => self.be_quiet(index, call, socket, cx),
            Act::HangUp | Act::Done => Some(Over::HungUp),
            Act::GiveUp => Some(Over::GaveUp),
        }
    }

    fn be_quiet(&mut self, index: u32, call: &mut Call, socket: &mut Socket, cx: &mut Context<'_>) -> Option<Over> {
        if let Some(live) = call.plan.microphone.as_mut().and_then(|microphone| microphone.try_recv().ok()) {
            return self.speak(&Clip::new("microphone", &live), 0, index, call, socket, cx);
        }
        match call.plan.background {
            Background::Silence => self.speak(&QUIET, 0, index, call, socket, cx),
            Background::Hiss => self.speak(&HISS, index as usize % HISS.frames(), index, call, socket, cx),
        }
    }

    fn speak(
        &mut self,
        clip: &Clip,
        frame: usize,
        index: u32,
        call: &mut Call,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Option<Over> {
        let frame = clip.frame(frame)?;
        if call.plan.faults.iter().any(|fault| fault.loses(index)) {
            return None;
        }
        call.network.record_frame(&call.sid, self.schedule.nominal_of(index), frame.base64);
        let text = self.writer.media(index, frame.base64);
        let at_ns = nanos(call.begun, Instant::now());
        match self.push(socket, text, cx) {
            Pushed::Taken => {
                let bytes = FRAME_BYTES as u32;
                self.truth.sent.push(SentFrame { at_ns, fingerprint: frame.fingerprint, index, bytes });
                None
            }
            Pushed::Full => {
                self.truth.overflowed += 1;
                if self.truth.overflowed == 1 {
                    call.notice(31930, "the server reads too slowly; caller audio is thrown away");
                }
                None
            }
            Pushed::Broken => self.broken(call, "the connection broke while sending"),
        }
    }

    fn push(&mut self, socket: &mut Socket, text: Utf8Bytes, cx: &mut Context<'_>) -> Pushed {
        push(socket, Message::Text(text), cx)
    }

    /// Stops the clock; the writer is for the last words.
    pub(super) fn end(&mut self, call: &mut Call, over: &Over) -> Writer {
        let now = Instant::now();
        self.player.advance(now);
        self.truth.closed_ns = nanos(call.begun, now);
        self.truth.end = stream_end(over, std::mem::take(&mut self.truth.end));
        call.truth.heard = self.player.tape.take();
        std::mem::replace(&mut self.writer, Writer::new(""))
    }

    pub(super) fn into_truth(self) -> StreamTruth {
        let Player { received, marks, clears, spans, .. } = self.player;
        StreamTruth { received, marks, clears, heard: spans, ..self.truth }
    }
}

fn push(socket: &mut Socket, message: Message, cx: &mut Context<'_>) -> Pushed {
    match socket.poll_ready_unpin(cx) {
        Poll::Pending => Pushed::Full,
        Poll::Ready(Err(_)) => Pushed::Broken,
        Poll::Ready(Ok(())) => match socket.start_send_unpin(message) {
            Ok(()) => Pushed::Taken,
            Err(Error::WriteBufferFull(_)) => Pushed::Full,
            Err(_) => Pushed::Broken,
        },
    }
}

/// Gives what was pushed to the kernel; what it does not take now goes with the next frame.
fn flush(socket: &mut Socket, cx: &mut Context<'_>) {
    let _ = socket.poll_flush_unpin(cx);
}
