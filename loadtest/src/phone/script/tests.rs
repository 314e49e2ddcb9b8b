//! Steps against an ear the test fills.

use super::*;

struct Room {
    zero: Instant,
    caller: Caller,
}

impl Room {
    fn new(steps: Vec<Step>) -> Self {
        Self { zero: Instant::now(), caller: Caller::new(steps, Duration::from_secs(5), Watcher::default()) }
    }

    /// What the caller does at `ms`, having heard `heard_ms` of the agent, quiet since `quiet_ms`.
    fn at(&mut self, ms: u64, heard_ms: u64, quiet_ms: Option<u64>) -> String {
        let time = |ms| self.zero + Duration::from_millis(ms);
        let ear = Ear {
            now: time(ms),
            playing: heard_ms > 0 && quiet_ms.is_none(),
            heard_bytes: heard_ms * 8,
            quiet_since: quiet_ms.map(time),
            connected: false,
        };
        match self.caller.act(ear) {
            Act::Quiet => "quiet".to_owned(),
            Act::Speak(clip, frame) => format!("{} {frame}", clip.name()),
            Act::Press(key) => format!("key {key}"),
            Act::HangUp | Act::Done => "hang up".to_owned(),
            Act::GiveUp => "give up".to_owned(),
        }
    }
}

fn clip(name: &str) -> Clip {
    Clip::tone(name, 440.0, 40)
}

#[test]
fn a_caller_listens_to_the_end_before_it_answers() {
    let mut room = Room::new(vec![Step::Listen { quiet_ms: 100 }, Step::Say(clip("yes")), Step::HangUp]);
    assert_eq!(room.at(0, 0, None), "quiet");
    assert_eq!(room.at(20, 20, None), "quiet");
    assert_eq!(room.at(90, 60, Some(80)), "quiet");
    assert_eq!(room.at(180, 60, Some(80)), "yes 0");
    assert_eq!(room.at(200, 60, Some(80)), "yes 1");
    assert_eq!(room.at(220, 60, Some(80)), "hang up");
}

#[test]
fn old_words_of_the_agent_do_not_answer_a_new_question() {
    let mut room = Room::new(vec![Step::Say(clip("what")), Step::Listen { quiet_ms: 100 }]);
    room.at(0, 500, Some(0));
    room.at(20, 500, Some(0));
    assert_eq!(room.at(1_000, 500, Some(0)), "quiet");
    assert_eq!(room.at(2_000, 700, Some(1_900)), "hang up");
}

#[test]
fn a_caller_interrupts_when_enough_was_heard() {
    let mut room = Room::new(vec![Step::Interrupt { after_ms: 300, clip: clip("stop") }, Step::AwaitEnd]);
    assert_eq!(room.at(0, 0, None), "quiet");
    assert_eq!(room.at(300, 280, None), "quiet");
    assert_eq!(room.at(320, 300, None), "stop 0");
    assert_eq!(room.at(340, 300, Some(330)), "stop 1");
    assert_eq!(room.at(360, 300, Some(330)), "quiet");
}

#[test]
fn keys_are_pressed_one_after_the_other() {
    let mut room = Room::new(vec![Step::Digits("1#".into())]);
    assert_eq!(room.at(0, 0, None), "key 1");
    assert_eq!(room.at(20, 0, None), "quiet");
    assert_eq!(room.at(200, 0, None), "key #");
    assert_eq!(room.at(400, 0, None), "hang up");
}

#[test]
fn patience_is_counted_from_the_last_sound() {
    let mut room = Room::new(vec![Step::AwaitAgent, Step::Silence { ms: 100 }, Step::Listen { quiet_ms: 8_000 }]);
    assert_eq!(room.at(4_900, 0, None), "quiet");
    assert_eq!(room.at(9_000, 20, None), "quiet");
    assert_eq!(room.at(9_200, 40, Some(9_100)), "quiet");
    assert_eq!(room.at(14_100, 40, Some(9_100)), "quiet");
    assert_eq!(room.at(14_300, 40, Some(9_100)), "give up");
}

#[test]
fn a_verb_that_came_early_is_not_missed_and_counts_once() {
    let mut room = Room::new(vec![
        Step::Say(clip("yes")),
        Step::AwaitVerb("Gather".into()),
        Step::Digits("1".into()),
        Step::AwaitVerb("Gather".into()),
        Step::HangUp,
    ]);
    assert_eq!(room.at(0, 0, None), "yes 0");
    room.caller.verb_began("Say");
    room.caller.verb_began("Gather");
    assert_eq!(room.at(20, 0, None), "yes 1");
    assert_eq!(room.at(40, 0, None), "key 1");
    assert_eq!(room.at(300, 0, None), "quiet");
    room.caller.verb_began("Gather");
    assert_eq!(room.at(320, 0, None), "hang up");
}

#[test]
fn patience_begins_anew_with_a_new_stream() {
    let mut room = Room::new(vec![Step::AwaitAgent]);
    assert_eq!(room.at(0, 0, None), "quiet");
    room.caller.stream_began(room.zero + Duration::from_secs(60));
    assert_eq!(room.at(64_000, 0, None), "quiet");
    assert_eq!(room.at(65_100, 0, None), "give up");
}
