//! Step 4: the driver of one call. Before it the media stream and the agent's link, after it publishing and the line.
//!
//! One task, one loop: wait for the one thing that happens next, give it to the core, carry out all commands, again.
//! It owns both sockets and awaits nothing but them and its timer; everything else is handed over without waiting.
//! It decides nothing: the core in `call` does.

use crate::moments;
use crate::provider::AgentLink;
use crate::publish::{Publisher, SessionNews};
use crate::socket::{Hearing, NotQueued, Received, Socket};
use crate::tools::Tools;
use bytes::{Bytes, BytesMut};
use call::{
    AgentInput, At, Call, CallEvent, Command, ControlInput, EndReason, Frame, From, Input, LineInput, LinkFault,
    MarkId, NextStep, Pass,
};
use common::ports::{AgentEvent, LineCodec, LineEvent, LineFault, Telephone};
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

/// Frames a line may send beyond 100 a second, twice what a telephone does, before it counts as a flood. 1,000 lets a
/// network that stalled deliver all it kept.
const FLOOD_CREDIT: u32 = 1_000;
const FLOOD_REFILL_PER_S: u32 = 100;

/// Frames counted before the metrics hear of them.
const FRAMES_UNTOLD: u64 = 256;

/// What a session needs besides its two sockets.
pub struct Session<S> {
    /// The telephone's side.
    pub line: Socket<S>,
    /// Its protocol; it has read `start`.
    pub codec: Box<dyn LineCodec>,
    /// The agent's side.
    pub link: AgentLink,
    /// Decides.
    pub call: Call,
    /// Runs tools.
    pub tools: Tools,
    /// Takes events and checkpoints.
    pub news: SessionNews,
    /// Takes them further.
    pub publisher: Publisher,
    /// What operators, the worker and the fence say.
    pub control: mpsc::Receiver<ControlInput>,
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
    Control(Option<ControlInput>),
    Timer,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Carries the call until it is over, and says how the line is to be closed. `early` is what the agent said before
    /// the stream came.
    pub async fn run_with(&mut self, early: Vec<AgentEvent>) -> Ending {
        let mut state = Driving::new(self.answered);
        self.hear(&mut state, Input::Line(LineInput::Started));
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
                Happening::Control(Some(input)) => self.hear(&mut state, Input::Control(input)),
                Happening::Control(None) => self.hear(&mut state, Input::Control(ControlInput::HangUp)),
                Happening::Timer => self.on_timer(&mut state),
            }
        }
        state.tell_frames();
        state.ending.expect("the loop ends when there is one")
    }

    /// Waits for the next thing. Control first: a fence must not wait behind audio. The agent before the line: what it
    /// says may be an interruption.
    async fn wait(&mut self, mut timer: std::pin::Pin<&mut Sleep>) -> Happening {
        let Self { line, link, tools, control, .. } = self;
        let mut agent = std::pin::pin!(link.next());
        poll_fn(|cx| {
            if let Poll::Ready(input) = control.poll_recv(cx) {
                return Poll::Ready(Happening::Control(input));
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
        let dead = state.last_frame + DEAD_LINE;
        let due = self.call.deadline().map_or(dead, |at| (self.answered + at).min(dead)).min(state.ping_at);
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
            LineEvent::Audio { payload, length } => {
                self.frames.fetch_add(1, Ordering::Relaxed);
                // Only audio is a sign of life: marks come back from a line that carries none.
                state.last_frame = Instant::now();
                state.count_frame(Direction::Up);
                if let Pass::Pass { .. } = self.call.frame(state.at(), Frame { from: From::Caller, length }) {
                    let dropped = self.link.caller_audio(payload, length);
                    if !dropped.is_zero() {
                        moments::caller_audio_dropped(dropped);
                    }
                }
            }
            LineEvent::Mark(Some(mark)) => self.hear(state, Input::Line(LineInput::Marked(mark))),
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
                    Pass::Pass { mark } => self.say(state, &payload, mark),
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

    fn say(&mut self, state: &mut Driving, payload: &Bytes, mark: Option<MarkId>) {
        self.codec.audio(payload, &mut state.scratch);
        self.queue_line(state);
        if let Some(mark) = mark {
            self.codec.mark(mark, &mut state.scratch);
            self.queue_line(state);
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
            state.deferred.push(Input::Line(LineInput::Lost));
        }
        if !state.busy {
            self.drain_deferred(state);
        }
    }

    /// Gives the core one input and carries out all it wants before the next.
    fn hear(&mut self, state: &mut Driving, input: Input) {
        self.call.handle(state.at(), input);
        self.carry_out(state);
        self.drain_deferred(state);
    }

    fn drain_deferred(&mut self, state: &mut Driving) {
        while let Some(input) = state.deferred.pop() {
            self.call.handle(state.at(), input);
            self.carry_out(state);
        }
    }

    fn carry_out(&mut self, state: &mut Driving) {
        state.busy = true;
        while let Some(command) = self.call.next_command() {
            self.execute(state, command);
        }
        state.busy = false;
        if let Some(news) = self.news.take() {
            self.publisher.hand_over(news);
        }
    }

    fn execute(&mut self, state: &mut Driving, command: Command) {
        match command {
            Command::Clear => {
                self.codec.clear(&mut state.scratch);
                self.queue_line(state);
                if let Some(heard) = state.interrupted.take() {
                    moments::barge_in_cleared(heard.elapsed());
                }
            }
            Command::Mark(mark) => {
                self.codec.mark(mark, &mut state.scratch);
                self.queue_line(state);
            }
            Command::Agent(told) => self.link.command(told),
            Command::Dial { provider, .. } => self.link.dial(self.call.conversation().clone(), provider),
            Command::DropAgent => self.link.hang_up(),
            Command::RunTool { call, name, arguments } => self.tools.run(call, &name, &arguments),
            Command::CancelTool { call } => self.tools.cancel(&call),
            Command::Checkpoint => self.news.checkpoint(self.call.conversation()),
            Command::Publish(event) => self.publish(state, event),
            Command::HangUp(_) => self.hang_up(state),
            Command::Leave(step) => state.next = Some(step),
            Command::Close(reason) => state.ending = Some(state.ending_for(reason)),
        }
        if let Some(input) = self.tools.take_control() {
            state.deferred.push(Input::Control(input));
        }
    }

    fn publish(&mut self, state: &Driving, event: CallEvent) {
        moments::call_event(self.news.call(), &event);
        self.news.event(state.at(), event);
    }

    /// Ends the phone call: by REST where there are credentials, so that the network logs no error; else by closing.
    fn hang_up(&mut self, state: &mut Driving) {
        state.next = Some(NextStep::HangUp);
        match &self.telephone {
            Some(telephone) => self.publisher.hang_up(self.news.call().clone(), telephone.clone()),
            None => state.deferred.push(Input::Line(LineInput::Stopped)),
        }
    }
}

/// What the loop remembers between two happenings.
struct Driving {
    answered: Instant,
    last_frame: Instant,
    scratch: BytesMut,
    deferred: Vec<Input>,
    busy: bool,
    fault: Option<(u16, &'static str)>,
    next: Option<NextStep>,
    ending: Option<Ending>,
    credit: u32,
    credited: Instant,
    ping_at: Instant,
    up: u64,
    down: u64,
    interrupted: Option<Instant>,
}

enum Direction {
    Up,
    Down,
}

impl Driving {
    fn new(answered: Instant) -> Self {
        Self {
            answered,
            last_frame: answered,
            scratch: BytesMut::with_capacity(1024),
            deferred: Vec::new(),
            busy: false,
            fault: None,
            next: None,
            ending: None,
            credit: FLOOD_CREDIT,
            credited: answered,
            ping_at: answered + PING,
            up: 0,
            down: 0,
            interrupted: None,
        }
    }

    fn at(&self) -> At {
        self.answered.elapsed()
    }

    /// Takes one frame from the credit; refilled by time.
    fn admits_frame(&mut self) -> bool {
        let now = Instant::now();
        let since = now.duration_since(self.credited);
        if since >= Duration::from_secs(1) {
            let refill = (since.as_millis() as u64 * u64::from(FLOOD_REFILL_PER_S) / 1000) as u32;
            self.credit = self.credit.saturating_add(refill).min(FLOOD_CREDIT);
            self.credited = now;
        }
        self.credit = self.credit.saturating_sub(1);
        self.credit > 0
    }

    /// Counts here and tells the metrics now and then: a lookup for each frame would cost more than the frame.
    fn count_frame(&mut self, direction: Direction) {
        match direction {
            Direction::Up => self.up += 1,
            Direction::Down => self.down += 1,
        }
        if self.up + self.down >= FRAMES_UNTOLD {
            self.tell_frames();
        }
    }

    fn tell_frames(&mut self) {
        moments::frames_passed(std::mem::take(&mut self.up), std::mem::take(&mut self.down));
    }

    fn ending_for(&self, reason: EndReason) -> Ending {
        let (code, word) = self.fault.unwrap_or(match reason {
            EndReason::Moved | EndReason::WorkerStopped => (1001, "going away"),
            EndReason::Fenced => (1001, "moved"),
            _ => (1000, "bye"),
        });
        let next = match reason {
            // The line broke, not the call: whoever is asked next may resume it.
            EndReason::LineLost | EndReason::Fenced => None,
            EndReason::Moved | EndReason::AgentUnavailable => self.next.clone(),
            EndReason::WorkerStopped => Some(NextStep::Resume),
            _ => Some(NextStep::HangUp),
        };
        Ending { reason, code, word, next }
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
