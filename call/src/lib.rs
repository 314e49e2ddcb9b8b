//! One phone call as a pure state machine.
//!
//! The core decides, a driver acts. It is told what happened ([`Input`], [`Frame`]) and when ([`At`]); it answers with
//! what to do ([`Command`]). It has no socket, clock, task, lock or randomness, so the same list of `(at, Input)`, a
//! tape, always gives the same commands. It never holds audio: only its direction and length.
//!
//! Before it: the worker's session driver, which turns sockets into inputs. After it: the same driver, which turns
//! commands into frames, events and checkpoints. It never fails: a lost provider or a slow tool is an input like any
//! other, and an input that makes no sense is ignored and counted.
//!
//! ```text
//!            Input, Frame                                             Command, Pass
//!                 │                                                        ▲
//!  ┌──────────────▼────────────────────────── Call ────────────────────────┴──────────────┐
//!  │ link      the agent: dialled, up, lost, dialled again, given up                      │
//!  │ floor     who speaks, and whether an answer is owed                                  │
//!  │ asks      what the agent is to be asked to say, one thing at a time                  │
//!  │ playback  what was sent to the line, what waits there, what was heard                │
//!  │ turns     what was said, as it was heard ──▶ Conversation                            │
//!  │ tools     tool calls in flight                                                       │
//!  │ journal   tool calls that may have taken effect ──▶ Conversation                     │
//!  │ silence   nobody speaks                                                              │
//!  │ next      the way out: why, where to, what must be heard before                      │
//!  │ life      Dialing ▶ Talking ▶ Leaving ▶ Closing ▶ Ended; the only place that ends it │
//!  │ timer     the one table of everything that is waited for ──▶ deadline                │
//!  └──────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # What the driver promises
//!
//! - Time goes forward, and [`Input::Timeout`] comes soon after [`Call::deadline`].
//! - After every [`Call::handle`] and every [`Call::frame`] it takes all commands, in order, before anything else.
//! - It dials the agent the first time by itself, with [`Conversation::taken_over`] where there is one;
//!   [`Command::Dial`] asks for every later link. What [`Call::conversation`] holds when that command is taken is the
//!   link's history, and a tool that is [`ToolStage::Started`] there is a question the link has open.
//! - Commands are done in order: a tool's request goes out when the [`Command::Checkpoint`] before it has been handed on.
//! - A tool that was cancelled may still answer. What it did is recorded; the agent is not told.
//! - A link that was lost, or dropped by [`Command::DropAgent`], says nothing more: what it still sends is not handed in.
//!   Each link numbers its replies and utterances anew.
//! - Audio that passes is sent to the line in order, its mark right behind it. At [`Command::Clear`] it also forgets audio
//!   of the agent it has not sent yet.
//! - The provider stops an answer by itself when it hears the caller begin to speak. [`AgentCommand::Cancel`] comes only
//!   for an answer the provider cannot know to be unwanted: one that was asked for and begins while the caller already
//!   speaks, or one that overruns [`Limits::max_queued`].
//!
//! # What the core promises
//!
//! - A call ends once: one [`CallEvent::Ended`], then [`Command::Close`], then nothing. A fenced call says only `Close`.
//! - After an interruption no audio of the interrupted answer passes.
//! - A tool call runs once, and is in the journal before it runs. To each link every call it has asked for, or its history
//!   leaves open, is answered once within the deadline, unless the link takes it back or the call ends. When the results
//!   of an answer are in, the agent is asked once to go on.
//! - A tool does not end with the link that asked for it; it is cancelled when the call ends or nobody wants it.
//! - Words before a hang-up or another place are heard in full, within [`Limits::farewell_deadline`]. Of two wishes of the
//!   agent to leave the first counts; a place overrules another worker, an operator's end overrules all.
//! - Nobody is left in silence: where no agent can be had, the call leaves for [`NextStep::Apologize`].
//! - The transcript and what the agent is told hold what was heard, never more.
//! - Whatever happens is bounded in number and in time.
//!
//! # One whole call
//!
//! ```
//! use call::*;
//! use std::time::Duration;
//!
//! /// What the call wants, without the events it publishes.
//! fn wishes(call: &mut Call) -> Vec<Command> {
//!     let commands = std::iter::from_fn(|| call.next_command());
//!     commands.filter(|command| !matches!(command, Command::Publish(_))).collect()
//! }
//!
//! let ms = Duration::from_millis;
//! let mut call = Call::answer(Limits::default());
//!
//! // The driver has dialled the agent; the line starts. The agent is asked to greet.
//! call.handle(ms(0), Input::Agent(AgentInput::Ready));
//! call.handle(ms(40), Input::Line(LineInput::Started));
//! assert_eq!(wishes(&mut call), [Command::Agent(AgentCommand::Cue(Cue::Greeting))]);
//!
//! // It answers with text and audio, faster than it can be heard: half a second at once.
//! let (reply, item) = (ReplyId(1), ItemId(1));
//! call.handle(ms(300), Input::Agent(AgentInput::ReplyStarted { reply }));
//! let text = Spoken::new("Hello, how can I help you?");
//! call.handle(ms(300), Input::Agent(AgentInput::ReplyText { reply, item, text }));
//! let audio = Frame { from: From::Agent { reply, item }, length: ms(500) };
//! let mark = MarkId { generation: 0, number: 1 };
//! assert_eq!(call.frame(ms(310), audio), Pass::Pass { mark: Some(mark) });
//!
//! // The caller interrupts after 200 ms: the line forgets the rest, the agent learns how much was heard.
//! let words = ItemId(2);
//! call.handle(ms(510), Input::Agent(AgentInput::CallerStarted { item: words }));
//! let truncate = AgentCommand::Truncate { item, heard_ms: 200 };
//! assert_eq!(wishes(&mut call), [Command::Clear, Command::Agent(truncate)]);
//! assert_eq!(call.frame(ms(520), Frame { length: ms(20), ..audio }), Pass::Drop);
//!
//! // What both said is kept as it was heard.
//! let usage = Usage::default();
//! call.handle(ms(530), Input::Agent(AgentInput::ReplyDone { reply, outcome: ReplyOutcome::Cancelled, usage }));
//! call.handle(ms(900), Input::Agent(AgentInput::CallerStopped { item: words }));
//! let text = Some(Spoken::new("Wrong number, sorry."));
//! call.handle(ms(950), Input::Agent(AgentInput::CallerSaid { item: words, text }));
//! let heard: Vec<&str> = call.conversation().turns.iter().flat_map(|turn| &turn.text).map(Spoken::reveal).collect();
//! assert_eq!(heard, ["Hello, how", "Wrong number, sorry."]);
//!
//! // The caller hangs up; the call is over.
//! call.handle(ms(2000), Input::Line(LineInput::Stopped));
//! assert_eq!(wishes(&mut call).last(), Some(&Command::Close(EndReason::CallerHungUp)));
//! assert!(call.is_over() && call.deadline().is_none());
//! ```

mod asks;
mod call;
mod command;
mod conversation;
mod event;
mod floor;
mod input;
mod journal;
mod life;
mod limits;
mod link;
mod next;
mod playback;
mod private;
mod silence;
mod timer;
mod tools;
mod turns;

pub use call::Call;
pub use command::{AgentCommand, Command, Cue};
pub use conversation::Conversation;
pub use event::{
    CallEvent, EndReason, Fact, Heard, Kept, RecordingState, Resumed, Speaker, ToolOutcome, Turn, Usage, UsedBy,
};
pub use input::{
    AgentInput, At, ControlInput, Digit, EndBy, Frame, From, Input, ItemId, LineInput, LinkFault, MarkId, NextStep,
    Pass, ReplyId, ReplyOutcome, ToolAnswer, ToolCallId, ToolInput,
};
pub use journal::{Journal, ToolStage};
pub use limits::Limits;
pub use private::Spoken;
