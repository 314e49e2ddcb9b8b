//! What was said, as it was heard.

use crate::script::{caller_said, caller_starts, caller_stops, caller_unclear, done, stopped, talking};
use call::{Conversation, Limits, Speaker};

#[test]
fn transcripts_may_come_late_and_in_any_order() {
    let mut script = talking(Limits::default());
    script
        .caller(2000, 2400, 10)
        .says(2500, 2, 2, "Yes?", 400)
        .caller(3000, 3400, 11)
        .until(3450)
        .skip()
        .at(3500, caller_said(11, "When do you open?"))
        .at(3600, caller_said(10, "Hello."))
        .check(
            "3500 turn 4 Caller \"When do you open?\" 3000-3400
             3500 checkpoint
             3600 turn 2 Caller \"Hello.\" 2000-2400
             3600 checkpoint",
        );
    let numbers: Vec<u32> = script.call.conversation().turns.iter().map(|turn| turn.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

#[test]
fn speech_that_could_not_be_transcribed_is_a_turn_and_a_noise_is_none() {
    talking(Limits::default())
        .caller(2000, 2400, 10)
        .caller(3000, 3400, 11)
        .at(3500, caller_unclear(10))
        .at(3600, caller_said(11, ""))
        .check("3500 turn 2 Caller \"?\" 2000-2400\n 3500 checkpoint");
}

#[test]
fn last_words_are_waited_for_a_moment_after_the_caller_hung_up() {
    talking(Limits::default()).caller(2000, 2400, 10).at(2500, stopped()).check("").until(5000).check(
        "4000 turn 2 Caller \"?\" 2000-2400
             4000 checkpoint
             4000 ended caller_hung_up at 2500, next None
             4000 close caller_hung_up",
    );
}

#[test]
fn a_caller_who_hangs_up_in_the_middle_of_a_noise_said_nothing() {
    talking(Limits::default())
        .at(2000, caller_starts(10))
        .at(2500, stopped())
        .check("2500 ended caller_hung_up at 2500, next None\n 2500 close caller_hung_up");
}

#[test]
fn an_answer_cut_by_the_end_of_the_call_is_kept_as_far_as_it_was_heard() {
    talking(Limits::default())
        .says(2000, 2, 2, "We open at nine in the morning.", 2000)
        .skip()
        .at(3000, stopped())
        .check(
            "3000 turn 2 Agent \"We open at nine\" 2000-3000, 1000 of 2000 ms
             3000 checkpoint
             3000 ended caller_hung_up at 3000, next None
             3000 close caller_hung_up",
        );
}

#[test]
fn turns_are_numbered_when_they_begin_to_be_heard() {
    talking(Limits::default())
        .begins(2000, 2, 2, "First.", 1000)
        .begins_next(2000, 2, 3, "Second.", 1000)
        .at(2000, done(2))
        .skip()
        .until(3500)
        .check("3000 turn 2 Agent \"First.\" 2000-3000\n 3000 checkpoint")
        .until(4500)
        .check("4000 turn 3 Agent \"Second.\" 3000-4000\n 4000 checkpoint");
}

#[test]
fn an_answer_that_overruns_the_line_is_cut_and_the_provider_told() {
    let mut script = talking(Limits::default());
    script.at(2000, crate::script::begun(2));
    assert_eq!(script.audio(2000, 2, 2, 70_000), 60_000);
    script.skip();
    assert_eq!(script.audio(3000, 2, 2, 1000), 0, "a hole in an answer is worse than its end missing");
    assert_eq!(script.call.ignored(), 1);
}

#[test]
fn the_conversation_forgets_its_oldest_turns() {
    let mut script = talking(Limits::default());
    for n in 0..300_u32 {
        let at = 2000 + u64::from(n) * 100;
        script.at(at, caller_starts(n)).at(at + 50, caller_stops(n)).at(at + 60, caller_said(n, "Yes."));
    }
    let conversation = script.call.conversation();
    assert_eq!(conversation.turns.len(), Conversation::LONGEST);
    assert!(conversation.turns.iter().all(|turn| turn.speaker == Speaker::Caller));
    assert_eq!(conversation.turns.last().map(|turn| turn.number), Some(301));
}

#[test]
fn a_conversation_can_be_stored_and_taken_up() {
    let mut script = talking(Limits::default());
    script.caller(2000, 2400, 10).at(2500, caller_said(10, "Hello."));
    let json = serde_json::to_string(script.call.conversation()).unwrap();
    let back: Conversation = serde_json::from_str(&json).unwrap();
    assert_eq!(&back, script.call.conversation());
}
