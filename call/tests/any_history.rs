//! Whatever happens, in whatever order: no panic, a call ends once and says nothing after, and left alone it ends in time.
//!
//! The simulation draws histories that could happen; these could not.

use call::{
    AgentInput, Call, CallEvent, Command, ControlInput, Conversation, Digit, EndBy, EndReason, Fact, Frame, From,
    Input, ItemId, Limits, LineInput, LinkFault, MarkId, NextStep, Pass, ReplyId, ReplyOutcome, Resumed, Spoken,
    ToolAnswer, ToolCallId, ToolInput, Usage,
};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Input(Input),
    Frame(Frame),
}

fn reply() -> impl Strategy<Value = ReplyId> {
    (0..4_u32).prop_map(ReplyId)
}

fn item() -> impl Strategy<Value = ItemId> {
    (0..4_u32).prop_map(ItemId)
}

fn tool() -> impl Strategy<Value = ToolCallId> {
    (0..4_u32).prop_map(|n| ToolCallId(n.to_string()))
}

fn words() -> impl Strategy<Value = Spoken> {
    prop_oneof![Just(Spoken::default()), "[a-z न九é ]{0,12}".prop_map(Spoken::new)]
}

fn line() -> impl Strategy<Value = LineInput> {
    prop_oneof![
        6 => Just(LineInput::Started),
        6 => (0..3_u32, 0..9_u32).prop_map(|(generation, number)| LineInput::Marked(MarkId { generation, number })),
        2 => Just(LineInput::Pressed(Digit('#'))),
        1 => Just(LineInput::Stopped),
        1 => Just(LineInput::Lost),
    ]
}

fn agent() -> impl Strategy<Value = AgentInput> {
    let fault =
        prop_oneof![Just(LinkFault::Broken), Just(LinkFault::Expired), Just(LinkFault::Busy), Just(LinkFault::Refused)];
    let outcome = prop_oneof![
        Just(ReplyOutcome::Completed),
        Just(ReplyOutcome::Cancelled),
        Just(ReplyOutcome::Incomplete),
        Just(ReplyOutcome::Failed)
    ];
    let text = proptest::option::of(words());
    prop_oneof![
        4 => Just(AgentInput::Ready),
        3 => item().prop_map(|item| AgentInput::CallerStarted { item }),
        3 => item().prop_map(|item| AgentInput::CallerStopped { item }),
        2 => (item(), text).prop_map(|(item, text)| AgentInput::CallerSaid { item, text }),
        3 => reply().prop_map(|reply| AgentInput::ReplyStarted { reply }),
        3 => (reply(), item(), words()).prop_map(|(reply, item, text)| AgentInput::ReplyText { reply, item, text }),
        3 => (reply(), outcome).prop_map(|(reply, outcome)| AgentInput::ReplyDone { reply, outcome, usage: Usage::default() }),
        2 => (tool(), words()).prop_map(|(call, arguments)| AgentInput::ToolAsked { call, name: "look_up".into(), arguments }),
        1 => tool().prop_map(|call| AgentInput::ToolCancelled { call }),
        1 => "[a-z]{0,99}".prop_map(|code| AgentInput::Complained { code }),
        1 => fault.prop_map(AgentInput::Lost),
    ]
}

fn control() -> impl Strategy<Value = ControlInput> {
    prop_oneof![
        words().prop_map(ControlInput::Say),
        Just(ControlInput::Finish(EndBy::Agent)),
        Just(ControlInput::Finish(EndBy::Operator)),
        Just(ControlInput::Finish(EndBy::Budget)),
        Just(ControlInput::HangUp),
        step_elsewhere().prop_map(ControlInput::Leave),
        "[0-9]".prop_map(|version| ControlInput::Configured { version, language: "en".into() }),
        Just(ControlInput::Fenced),
        Just(ControlInput::Drain),
    ]
}

fn step_elsewhere() -> impl Strategy<Value = NextStep> {
    prop_oneof![
        Just(NextStep::Resume),
        Just(NextStep::HangUp),
        Just(NextStep::Apologize),
        proptest::option::of(words()).prop_map(|briefing| NextStep::Transfer { to: "sales".into(), briefing }),
        Just(NextStep::Conference { room: "team".into() }),
        Just(NextStep::Queue { queue: "support".into() }),
        words().prop_map(|keys| NextStep::Digits { keys }),
    ]
}

fn tool_input() -> impl Strategy<Value = ToolInput> {
    let fact = Fact::Refused { what: "transfer_call".into(), why: "not_listed".into() };
    let facts = prop_oneof![Just(Vec::new()), Just(vec![fact])];
    prop_oneof![
        1 => (tool(), words()).prop_map(|(call, filler)| ToolInput::Slow { call, filler }),
        3 => (tool(), words(), facts).prop_map(|(call, output, facts)| {
            ToolInput::Answered(ToolAnswer { facts, ..ToolAnswer::new(call, output) })
        }),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let from = prop_oneof![
        1 => Just(From::Caller),
        5 => (reply(), item()).prop_map(|(reply, item)| From::Agent { reply, item }),
    ];
    (from, 0..5000_u64).prop_map(|(from, length)| Frame { from, length: Duration::from_millis(length) })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => line().prop_map(|input| Step::Input(Input::Line(input))),
        12 => agent().prop_map(|input| Step::Input(Input::Agent(input))),
        1 => control().prop_map(|input| Step::Input(Input::Control(input))),
        3 => tool_input().prop_map(|input| Step::Input(Input::Tool(input))),
        4 => Just(Step::Input(Input::Timeout)),
        6 => frame().prop_map(Step::Frame),
    ]
}

fn resumed() -> impl Strategy<Value = Resumed> {
    prop_oneof![
        2 => Just(Resumed::No),
        1 => Just(Resumed::Yes),
        1 => Just(Resumed::NobodyAnswered),
        1 => Just(Resumed::DigitsSent)
    ]
}

/// What has come out of a call.
#[derive(Default)]
struct Seen {
    ended: u32,
    closed: Option<EndReason>,
    after_the_end: u32,
}

impl Seen {
    fn take(&mut self, call: &mut Call) {
        while let Some(command) = call.next_command() {
            self.after_the_end += u32::from(self.closed.is_some());
            match command {
                Command::Publish(CallEvent::Ended { .. }) => self.ended += 1,
                Command::Close(reason) => self.closed = Some(reason),
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_call_ends_once_and_says_nothing_after(
        resumed in resumed(),
        providers in 0..3_u32,
        history in proptest::collection::vec((0..2000_u64, step()), 0..60),
    ) {
        let limits = Limits { max_call: Duration::from_secs(300), providers, ..Limits::default() };
        let latest = limits.max_call + limits.farewell_deadline + Duration::from_secs(6);
        let mut call = match resumed {
            Resumed::No => Call::answer(limits),
            why => Call::resume(limits, Conversation::default(), why),
        };
        let mut seen = Seen::default();
        let mut now = Duration::ZERO;
        for (wait, step) in history {
            now += Duration::from_millis(wait);
            match step {
                Step::Input(input) => call.handle(now, input),
                Step::Frame(frame) => {
                    let pass = call.frame(now, frame);
                    prop_assert!(seen.closed.is_none() || pass == Pass::Drop, "audio passed after the end");
                }
            }
            seen.take(&mut call);
        }
        for _ in 0..1000 {
            let Some(due) = call.deadline() else { break };
            now = now.max(due);
            call.handle(now, Input::Timeout);
            seen.take(&mut call);
        }
        prop_assert!(call.is_over() && call.deadline().is_none(), "the call waits for nothing, or for ever");
        prop_assert!(now <= latest, "the call ended only after {now:?}");
        prop_assert_eq!(seen.after_the_end, 0);
        prop_assert_eq!(seen.ended, u32::from(seen.closed != Some(EndReason::Fenced)));
    }
}
