//! Step 4: the driver of one call. Before it the media stream and the agent's link, after it publishing and the line.
//!
//! One task, one loop: wait for the one thing that happens next, give it to the core, carry out all commands, again.
//! It owns both sockets and awaits nothing but them and its timer; everything else is handed over without waiting.
//! It decides nothing: the core in `call` does. What the core wants is carried out in `session/act.rs`.

mod act;
mod driving;
mod taping;

pub use act::SessionOrder;
pub use taping::{Hand, Taping};

use crate::meter::Meter;
use crate::moments;
use crate::provider::AgentLink;
use crate::publish::{Publisher, SessionNews};
use crate::socket::{Hearing, NotQueued, Received, Socket};
use crate::tools::Tools;
use bytes::Bytes;
use call::{
    AgentInput, Call, ControlInput, EndReason, Frame, From, Input, LineInput, LinkFault, MarkId, NextStep, Pass,
};
use common::company::AgentSnapshot;
use common::ports::{AgentEvent, LineCodec, LineEvent, LineFault, Telephone};
use driving::{Direction, Driving, Hands};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

/// Twilio sends 50 frames of audio a second even in silence: a line without any for this long is dead. Below the time
/// after which a worker whose media stands still loses its lease, so that one dead line is no dead worker.
const DEAD_LINE: Duration = Duration::from_secs(4);

/// Between two pings of both sides.
const PING: Duration = Duration::from_secs(5);

/// What a session needs besides its two sockets.
pub struct Session<S> {
    /// The telephone's side.
    pub line: Socket<S>,
    /// Its protocol; it has read `start`.
    pub codec: Box<dyn LineCodec>,
    /// The agent's side.
    pub link: AgentLink,
    /// The agent as the call uses it now.
    pub agent: Arc<AgentSnapshot>,
    /// Decides.
    pub call: Call,
    /// Runs tools.
    pub tools: Tools,
    /// Adds up what the call costs.
    pub meter: Meter,
    /// Whether what is heard is recorded.
    pub taping: Taping,
    /// Takes events and checkpoints.
    pub news: SessionNews,
    /// Takes them further.
    pub publisher: Publisher,
    /// What it is told from outside.
    pub orders: mpsc::Receiver<SessionOrder>,
    /// Call control at the telephone network.
    pub telephone: Option<Arc<dyn Telephone>>,
    /// The worker's count of audio frames: the proof that media moves.
    pub frames: Arc<AtomicU64>,
    /// When the call was answered.
    pub answered: Instant,
}

/// How a session ended, and the code its line is to be closed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub reason: EndReason,
    /// WebSocket close code.
    pub code: u16,
    /// Close reason: a fixed word, never content.
    pub word: &'static str,
    /// Where the call goes.
    pub next: Option<NextStep>,
}

/// The one thing that happened.
enum Happening {
    Line(Received),
    Agent(AgentEvent),
    Tool(Input),
    Order(Option<SessionOrder>),
    Timer,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Carries the call until it is over, and says how the line is to be closed. `early` is what the agent said before
    /// the stream came.
    pub async fn run_with(&mut self, early: Vec<AgentEvent>) -> Ending {
        let mut state = Driving::new(self.answered);
        self.hear(&mut state, self.configured());
        self.hear(&mut state, Input::Line(LineInput::Started));
        let recorded = self.taping.begin(self.answered);
        self.recorded(&state, recorded);
        for event in early {
            self.on_agent(&mut state, event);
        }
        let timer = tokio::time::sleep_until(self.answered + DEAD_LINE);
        tokio::pin!(timer);
        while state.ending.is_none() {
            self.set_timer(&state, timer.as_mut());
            let happening = self.wait(timer.as_mut()).await;
            match happening {
                Happening::Line(received) => self.on_line(&mut state, received),
                Happening::Agent(event) => self.on_agent(&mut state, event),
                Happening::Tool(input) => self.hear(&mut state, input),
                Happening::Order(Some(order)) => self.on_order(&mut state, order),
                Happening::Order(None) => self.hear(&mut state, Input::Control(ControlInput::HangUp)),
                Happening::Timer => self.on_timer(&mut state),
            }
        }
        state.tell_frames();
        self.taping.end(Instant::now());
        self.tools.leave_alone();
        state.ending.expect("the loop ends when there is one")
    }

    /// Waits for the next thing. Orders first: a fence must not wait behind audio. The agent before the line: what it
    /// says may be an interruption.
    async fn wait(&mut self, mut timer: std::pin::Pin<&mut Sleep>) -> Happening {
        let Self { line, link, tools, orders, .. } = self;
        let mut agent = std::pin::pin!(link.next());
        poll_fn(|cx| {
            if let Poll::Ready(order) = orders.poll_recv(cx) {
                return Poll::Ready(Happening::Order(order));
            }
            if let Poll::Ready(event) = agent.as_mut().poll(cx) {
                return Poll::Ready(Happening::Agent(event));
            }
            if let Poll::Ready(received) = line.poll_next(cx) {
                return Poll::Ready(Happening::Line(received));
            }
            if let Poll::Ready(answer) = tools.poll_next(cx) {
                return Poll::Ready(Happening::Tool(Input::Tool(answer)));
            }
            timer.as_mut().poll(cx).map(|()| Happening::Timer)
        })
        .await
    }

    fn set_timer(&self, state: &Driving, timer: std::pin::Pin<&mut Sleep>) {
        let due = state.due(self.call.deadline());
        if timer.deadline() != due {
            timer.reset(due);
        }
    }

    fn on_timer(&mut self, state: &mut Driving) {
        if state.last_frame.elapsed() >= DEAD_LINE {
            return self.lose_line(state, 1001, "no media");
        }
        let now = Instant::now();
        if now >= state.ping_at {
            state.ping_at = now + PING;
            self.link.ping(now);
            if self.line.ping(now) == Hearing::Deaf {
                return self.lose_line(state, 1013, "line does not read");
            }
        }
        self.meter.ran(now - self.answered);
        self.mind_the_budget(state);
        self.hear(state, Input::Timeout);
    }

    fn on_line(&mut self, state: &mut Driving, received: Received) {
        match received {
            Received::Text(frame) => match self.codec.read(frame) {
                Ok(event) => self.on_line_event(state, event),
                Err(LineFault::Unreadable) => self.lose_line(state, 1007, "unreadable frame"),
                Err(LineFault::Order) => self.lose_line(state, 1008, "frame out of order"),
            },
            Received::Binary(_) => self.lose_line(state, 1003, "text frames only"),
            Received::TooLarge => self.lose_line(state, 1009, "frame too large"),
            Received::Malformed => self.lose_line(state, 1002, "protocol error"),
            Received::Closed(..) => self.hear(state, Input::Line(LineInput::Stopped)),
            Received::Broken => self.lose_line(state, 1001, "line lost"),
        }
    }

    fn on_line_event(&mut self, state: &mut Driving, event: LineEvent) {
        if !state.admits_frame() {
            return self.lose_line(state, 1008, "too many frames");
        }
        match event {
            LineEvent::Audio { payload, length, timestamp } => {
                self.frames.fetch_add(1, Ordering::Relaxed);
                // Only audio is a sign of life: marks come back from a line that carries none.
                state.last_frame = Instant::now();
                state.count_frame(Direction::Up);
                if let Some(tap) = self.taping.tap() {
                    tap.caller(&payload, length, timestamp, state.last_frame);
                }
                if let Pass::Pass { .. } = self.call.frame(state.at(), Frame { from: From::Caller, length }) {
                    let dropped = self.link.caller_audio(payload, length);
                    if !dropped.is_zero() {
                        moments::caller_audio_dropped(dropped);
                    }
                }
            }
            LineEvent::Mark(Some(mark)) => {
                if let Some(tap) = self.taping.tap() {
                    tap.returned(mark, Instant::now());
                }
                self.hear(state, Input::Line(LineInput::Marked(mark)));
            }
            LineEvent::Pressed(digit) => self.hear(state, Input::Line(LineInput::Pressed(digit))),
            LineEvent::Stop => self.hear(state, Input::Line(LineInput::Stopped)),
            LineEvent::Mark(None) | LineEvent::Unknown => moments::line_message_unknown(),
            LineEvent::Connected | LineEvent::Start(_) => moments::line_message_unknown(),
        }
    }

    fn on_agent(&mut self, state: &mut Driving, event: AgentEvent) {
        match event {
            AgentEvent::Input(input) => self.on_agent_input(state, input),
            AgentEvent::Audio { reply, item, payload, length } => {
                self.frames.fetch_add(1, Ordering::Relaxed);
                state.count_frame(Direction::Down);
                match self.call.frame(state.at(), Frame { from: From::Agent { reply, item }, length }) {
                    Pass::Pass { mark } => self.say(state, &payload, length, mark),
                    Pass::Drop => moments::agent_audio_dropped(),
                }
                self.carry_out(state);
            }
            AgentEvent::Unknown => moments::agent_message_unknown(self.link.provider()),
            AgentEvent::Unreadable => moments::agent_message_unreadable(self.link.provider()),
        }
    }

    fn on_agent_input(&mut self, state: &mut Driving, input: AgentInput) {
        if let AgentInput::Lost(fault) = &input {
            moments::agent_lost(self.news.call(), self.link.provider(), fault_word(*fault));
        }
        state.interrupted = matches!(input, AgentInput::CallerStarted { .. }).then(Instant::now);
        self.hear(state, Input::Agent(input));
    }

    fn say(&mut self, state: &mut Driving, payload: &Bytes, length: Duration, mark: Option<MarkId>) {
        self.codec.audio(payload, &mut state.scratch);
        self.queue_line(state);
        if let Some(tap) = self.taping.tap() {
            tap.agent(payload, length, Instant::now());
        }
        if let Some(mark) = mark {
            self.mark(state, mark);
        }
    }

    fn mark(&mut self, state: &mut Driving, mark: MarkId) {
        self.codec.mark(mark, &mut state.scratch);
        self.queue_line(state);
        if let Some(tap) = self.taping.tap() {
            tap.marked(mark, Instant::now());
        }
    }

    /// Queues what stands in the scratch buffer. A line that does not read is given up; other calls do not notice.
    fn queue_line(&mut self, state: &mut Driving) {
        let text = state.scratch.split().freeze();
        match self.line.queue_text(text) {
            Ok(()) => {}
            Err(NotQueued::Stalled) => self.lose_line(state, 1013, "line does not read"),
            Err(NotQueued::Gone) => {}
        }
    }

    /// The line is unusable: the core hears of it once, the close code is remembered.
    fn lose_line(&mut self, state: &mut Driving, code: u16, word: &'static str) {
        if state.fault.is_none() {
            state.fault = Some((code, word));
            state.deferred.push_back(Input::Line(LineInput::Lost));
        }
        if state.hands == Hands::Free {
            self.carry_out(state);
        }
    }
}

fn fault_word(fault: LinkFault) -> &'static str {
    match fault {
        LinkFault::Broken => "broken",
        LinkFault::Expired => "expired",
        LinkFault::Busy => "busy",
        LinkFault::Refused => "refused",
    }
}
