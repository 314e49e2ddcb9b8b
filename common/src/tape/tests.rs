//! A tape is the same call again, without a word of it.

use super::*;
use call::{AgentInput, ControlInput, Digit, EndBy, From, ItemId, LineInput, ReplyId, ReplyOutcome, Spoken, Usage};
use proptest::prelude::*;

/// What may happen, with words that must not be found on the tape.
fn input() -> impl Strategy<Value = Input> {
    let (item, reply) = (ItemId(1), ReplyId(1));
    let words = || Spoken::new("four one one one, Zanzibar");
    prop::sample::select(vec![
        Input::Line(LineInput::Started),
        Input::Line(LineInput::Pressed(Digit('7'))),
        Input::Line(LineInput::Stopped),
        Input::Agent(AgentInput::Ready),
        Input::Agent(AgentInput::CallerStarted { item }),
        Input::Agent(AgentInput::CallerStopped { item }),
        Input::Agent(AgentInput::CallerSaid { item, text: Some(words()) }),
        Input::Agent(AgentInput::ReplyStarted { reply }),
        Input::Agent(AgentInput::ReplyText { reply, item: ItemId(2), text: words() }),
        Input::Agent(AgentInput::ReplyDone { reply, outcome: ReplyOutcome::Completed, usage: Usage::default() }),
        Input::Control(ControlInput::Say(words())),
        Input::Control(ControlInput::Finish(EndBy::Agent)),
        Input::Timeout,
    ])
}

fn frame() -> impl Strategy<Value = Frame> {
    let agent = From::Agent { reply: ReplyId(1), item: ItemId(2) };
    let lengths = prop::sample::select(vec![20u64, 100, 750]);
    (prop::sample::select(vec![From::Caller, agent]), lengths)
        .prop_map(|(from, ms)| Frame { from, length: Duration::from_millis(ms) })
}

fn steps() -> impl Strategy<Value = Vec<(At, Step)>> {
    let step = prop_oneof![2 => input().prop_map(Step::Input), 3 => frame().prop_map(Step::Frame)];
    prop::collection::vec((0u64..40_000_000_000, step), 0..80).prop_map(|steps| {
        let mut at = Duration::ZERO;
        let timed = steps.into_iter().map(|(gap, step)| {
            // Most gaps are those of frames; a few are long enough for timers.
            at += Duration::from_nanos(if gap > 35_000_000_000 { gap } else { gap / 1_000 });
            (at, step)
        });
        timed.collect()
    })
}

fn write(steps: &[(At, Step)]) -> String {
    let mut writer = TapeWriter::new(Vec::new(), &Limits::default(), None).unwrap();
    for (at, step) in steps {
        match step {
            Step::Input(input) => writer.input(*at, input).unwrap(),
            Step::Frame(frame) => writer.frame(*at, *frame).unwrap(),
        }
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// Commands as JSON, with every text left out.
fn shape(commands: &[(At, Command)]) -> String {
    fn silence(value: &mut serde_json::Value) {
        if let Some(fields) = value.as_object_mut() {
            fields.remove("text");
            fields.remove("Say");
            fields.remove("Pressed");
            fields.values_mut().for_each(silence);
        } else if let Some(items) = value.as_array_mut() {
            items.iter_mut().for_each(silence);
        }
    }
    let mut value = serde_json::to_value(commands).unwrap();
    silence(&mut value);
    value.to_string()
}

proptest! {
    #[test]
    fn a_replayed_tape_gives_the_same_commands(steps in steps()) {
        let header = Header { version: TAPE_VERSION, limits: Limits::default(), resumed: None, why: Resumed::No };
        let lived = Tape { header, steps };
        let tape = Tape::read(write(&lived.steps).as_bytes()).unwrap();
        let times = |tape: &Tape| tape.steps.iter().map(|(at, _)| *at).collect::<Vec<_>>();
        prop_assert_eq!(times(&tape), times(&lived));
        prop_assert_eq!(shape(&tape.replay()), shape(&lived.replay()));
    }

    #[test]
    fn no_speech_and_no_key_is_on_a_tape(steps in steps()) {
        let text = write(&steps);
        prop_assert!(!text.contains("Zanzibar") && !text.contains("four"));
        prop_assert!(!text.contains(r#""Pressed":"7""#));
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = Tape::read(text.as_bytes()).is_ok();
    }
}

#[test]
fn a_minute_of_audio_is_a_few_lines() {
    let frame = Frame { from: From::Caller, length: Duration::from_millis(20) };
    let steps: Vec<_> = (0..3000).map(|n| (Duration::from_micros(20_013 * n), Step::Frame(frame))).collect();
    let text = write(&steps);
    assert_eq!(text.lines().count(), 4, "a header and three runs");
    assert!(text.len() < 50_000, "{} bytes", text.len());
    assert_eq!(Tape::read(text.as_bytes()).unwrap().steps, steps);
}

#[test]
fn a_resumed_call_keeps_its_turns_but_not_their_words() {
    let json = r#"{"turns":[{"number":1,"speaker":"caller","text":"Zanzibar","started_ms":0,"ended_ms":9,"heard":"whole"}],"numbered":1}"#;
    let heard: Conversation = serde_json::from_str(json).unwrap();
    let resumed = Some((&heard, Resumed::NobodyAnswered));
    let tape = TapeWriter::new(Vec::new(), &Limits::default(), resumed).unwrap().finish().unwrap();
    let tape = Tape::read(tape.as_slice()).unwrap();
    assert_eq!(tape.header.why, Resumed::NobodyAnswered);
    let turn = &tape.header.resumed.unwrap().turns[0];
    assert_eq!(turn.text.as_ref().map(Spoken::reveal), Some("xxxxxxxx"));
}

#[test]
fn a_tape_that_does_not_say_why_it_was_resumed_lost_its_worker() {
    let tape = TapeWriter::new(Vec::new(), &Limits::default(), None).unwrap().finish().unwrap();
    let old = String::from_utf8(tape).unwrap().replacen(",\"why\":\"no\"", "", 1);
    assert!(!old.contains("why"), "{old}");
    assert_eq!(Tape::read(old.as_bytes()).unwrap().header.why, Resumed::Yes);
}

#[test]
fn what_cannot_be_replayed_is_refused_with_its_line() {
    let mut writer = TapeWriter::new(Vec::new(), &Limits::default(), None).unwrap();
    writer.input(At::ZERO, &Input::Timeout).unwrap();
    let good = String::from_utf8(writer.finish().unwrap()).unwrap();
    let newer = good.replacen("\"version\":1", "\"version\":2", 1);
    assert!(matches!(Tape::read(newer.as_bytes()), Err(TapeFault::Version(2))));
    assert!(matches!(Tape::read(format!("{good}nonsense").as_bytes()), Err(TapeFault::Line { line: 3, .. })));
    assert!(matches!(Tape::read("".as_bytes()), Err(TapeFault::Io(_))));
}
