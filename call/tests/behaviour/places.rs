//! The call goes to somebody or something else: the words before are heard, and it comes back if nobody answers.

use crate::script::{
    Script, answers, asks_for, begun, caller_said, caller_starts, caller_stops, done, ready, started, talking, wants,
};
use call::{Call, ControlInput, Conversation, EndBy, Input, Limits, NextStep, Resumed, Spoken};

const GONE: &str = "leave for Queue { queue: \"support\" }";

fn queue(name: &str) -> Input {
    wants(ControlInput::Leave(NextStep::Queue { queue: name.to_owned() }))
}

fn left_at(at: u64) -> String {
    format!("{at} {GONE}\n {at} ended moved at {at}, next Some(Queue {{ queue: \"support\" }})\n {at} close moved")
}

#[test]
fn the_announcement_in_the_answer_that_asks_is_heard_and_no_second_one_asked_for() {
    let mut script = talking(Limits::default());
    script.begins(2000, 2, 2, "I put you through.", 1000).at(2100, asks_for("transfer_call", "t1"));
    script.at(2110, queue("support")).at(2120, answers("t1")).at(2130, done(2)).skip();
    let said = "3000 turn 2 Agent \"I put you through.\" 2000-3000\n 3000 checkpoint\n";
    script.until(5000).check(&format!("{said} {}", left_at(3300)));
}

#[test]
fn an_announcement_that_comes_after_the_tool_is_waited_for() {
    let mut script = talking(Limits::default());
    script
        .caller(1500, 1800, 10)
        .at(1900, caller_said(10, "A person, please."))
        .at(2000, begun(2))
        .at(2100, asks_for("transfer_call", "t1"));
    script.at(2110, queue("support")).at(2130, done(2)).skip();
    script.at(2400, answers("t1")).check(
        "2400 checkpoint
         2400 agent: output t1 {\"ok\":true}
         2400 tool transfer_call Answered in 300
         2400 agent: reply",
    );
    script.says(2700, 3, 3, "I put you through.", 500).skip();
    let said = "3200 turn 3 Agent \"I put you through.\" 2700-3200\n 3200 checkpoint\n";
    script.until(3500).check(&format!("{said} {}", left_at(3500)));
}

#[test]
fn a_caller_who_interrupts_the_announcement_is_answered_and_then_put_through() {
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "I put you through to a colleague.", 1000).at(2010, queue("support")).skip();
    script.at(2500, caller_starts(10)).at(4000, caller_stops(10)).at(4100, caller_said(10, "Is that far?")).check(
        "2500 clear
         2500 agent: truncate 2 at 500
         2500 interrupted at 500, cleared 500
         2500 turn 2 Agent \"I put you\" 2000-2500, 500 of 1000 ms
         2500 checkpoint
         4100 turn 3 Caller \"Is that far?\" 2500-4000
         4100 checkpoint",
    );
    script.says(4300, 3, 3, "Of course.", 400).skip();
    let said = "4700 turn 4 Agent \"Of course.\" 4300-4700\n 4700 checkpoint\n";
    script.until(5000).check(&format!("{said} {}", left_at(5000)));
}

#[test]
fn a_caller_who_speaks_when_the_announcement_was_heard_is_put_through() {
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "I put you through.", 1000).at(2010, queue("support")).until(3100).skip();
    script.at(3150, caller_starts(10)).until(3300).check(&left_at(3300));
}

#[test]
fn of_two_wishes_of_the_agent_the_first_counts() {
    let goodbye = wants(ControlInput::Finish(EndBy::Agent));
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "I put you through.", 1000).at(2010, queue("support")).skip();
    script.at(2020, queue("sales")).at(2030, goodbye.clone()).until(3200).skip().until(3300).check(&left_at(3300));
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "Goodbye.", 1000).at(2010, goodbye).at(2020, queue("sales")).until(3200).skip();
    script.until(3300).check("3300 hang up agent_hung_up");
}

#[test]
fn an_operator_who_ends_the_call_is_obeyed() {
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "I put you through.", 1000).at(2010, queue("support")).skip();
    script.at(2500, wants(ControlInput::Finish(EndBy::Operator))).until(3200).skip();
    script.until(3300).check("3300 hang up operator_hung_up");
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "I put you through.", 1000).at(2010, queue("support")).skip();
    script.at(2500, wants(ControlInput::HangUp)).check("2500 hang up operator_hung_up");
}

#[test]
fn a_place_is_better_than_another_worker() {
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "I put you through.", 1000).skip();
    script.at(2010, wants(ControlInput::Leave(NextStep::Resume))).at(2020, queue("support"));
    script.at(2030, wants(ControlInput::Leave(NextStep::Resume))).until(3200).skip();
    script.until(3300).check(&left_at(3300));
}

#[test]
fn an_announcement_that_never_ends_is_cut_by_the_deadline() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2)).at(2010, queue("support"));
    for second in 2..22 {
        assert_eq!(script.audio(second * 1000 + 20, 2, 2, 1000), 1000);
    }
    script.until(22_009).skip().until(22_010);
    assert!(script.call.is_over());
}

#[test]
fn the_agent_goes_on_when_nobody_answered_or_the_keys_were_sent() {
    for (why, cue) in [(Resumed::NobodyAnswered, "NobodyAnswered"), (Resumed::DigitsSent, "DigitsSent")] {
        Script::of(Call::resume(Limits::default(), Conversation::default(), why))
            .at(0, ready())
            .at(10, started())
            .check(&format!("0 agent ready\n 10 answered, resumed {cue}\n 10 agent: cue {cue}"));
    }
}

#[test]
fn keys_and_briefings_are_not_shown() {
    let step = NextStep::Digits { keys: Spoken::new("1234#") };
    let mut script = talking(Limits::default());
    script.at(5000, wants(ControlInput::Leave(step))).check(
        "5000 leave for Digits { keys: Spoken(5 bytes) }
         5000 ended moved at 5000, next Some(Digits { keys: Spoken(0 bytes) })
         5000 close moved",
    );
}
