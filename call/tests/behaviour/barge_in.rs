//! The caller speaks while the agent is speaking, about to speak, or still being played.

use crate::script::{caller_said, caller_starts, done, ended, said, talking};
use call::{Limits, ReplyOutcome};

#[test]
fn a_caller_who_interrupts_is_heard() {
    talking(Limits::default())
        .caller(2000, 2500, 10)
        .begins(3000, 2, 2, "We open at nine in the morning.", 2000)
        .skip()
        .at(3700, caller_starts(11))
        .check(
            "3700 clear
             3700 agent: truncate 2 at 700
             3700 interrupted at 700, cleared 1300",
        );
}

#[test]
fn late_audio_of_an_interrupted_answer_is_thrown_away_until_another_begins() {
    let mut script = talking(Limits::default());
    script.begins(3000, 2, 2, "We open at nine.", 1000).at(3500, caller_starts(10));
    assert_eq!(script.audio(3520, 2, 2, 200), 0);
    script.at(3530, ended(2, ReplyOutcome::Cancelled));
    assert_eq!(script.audio(3540, 2, 2, 200), 0);
    script.at(4000, crate::script::caller_stops(10));
    assert_eq!(script.audio(4300, 3, 3, 200), 200);
    assert_eq!(script.audio(4300, 2, 2, 200), 0);
}

#[test]
fn the_transcript_keeps_what_was_heard_of_an_interrupted_answer() {
    talking(Limits::default())
        .begins(3000, 2, 2, "We open at nine in the morning.", 2000)
        .skip()
        .at(4000, caller_starts(10))
        .at(4010, said(2, 2, " And at ten on Sundays."))
        .at(4020, ended(2, ReplyOutcome::Cancelled))
        .check(
            "4000 clear
             4000 agent: truncate 2 at 1000
             4000 interrupted at 1000, cleared 1000
             4020 turn 2 Agent \"We open at nine in the\" 3000-4000, 1000 of 2000 ms
             4020 checkpoint",
        );
}

#[test]
fn an_answer_that_is_complete_but_still_played_is_cut_where_the_caller_heard_it() {
    talking(Limits::default())
        .says(3000, 2, 2, "We open at nine in the morning.", 2000)
        .skip()
        .at(3600, caller_starts(10))
        .check(
            "3600 clear
             3600 agent: truncate 2 at 600
             3600 interrupted at 600, cleared 1400
             3600 turn 2 Agent \"We open\" 3000-3600, 600 of 2000 ms
             3600 checkpoint",
        );
}

#[test]
fn utterances_that_were_waiting_are_forgotten_whole() {
    talking(Limits::default())
        .begins(3000, 2, 2, "One moment.", 1000)
        .begins_next(3000, 2, 3, "We open at nine.", 1000)
        .at(3000, done(2))
        .skip()
        .at(3400, caller_starts(10))
        .check(
            "3400 clear
             3400 agent: truncate 2 at 400
             3400 agent: truncate 3 at 0
             3400 interrupted at 400, cleared 1600
             3400 turn 2 Agent \"One\" 3000-3400, 400 of 1000 ms
             3400 checkpoint",
        )
        .at(3500, caller_said(10, "Wait."))
        .check("3500 turn 3 Caller \"Wait.\" 3400-3500\n 3500 checkpoint");
}

#[test]
fn an_answer_without_a_sound_yet_is_silenced_without_an_interruption() {
    let mut script = talking(Limits::default());
    script.caller(2000, 2500, 10).at(2800, crate::script::begun(2)).at(2900, caller_starts(11)).check("2900 clear");
    assert_eq!(script.audio(2950, 2, 2, 100), 0);
}

#[test]
fn nothing_is_cleared_when_nobody_is_interrupted() {
    talking(Limits::default()).at(5000, caller_starts(10)).check("");
}

#[test]
fn a_caller_who_speaks_twice_interrupts_once() {
    talking(Limits::default())
        .begins(3000, 2, 2, "We open at nine.", 1000)
        .at(3500, caller_starts(10))
        .skip()
        .at(3700, crate::script::caller_stops(10))
        .at(3800, caller_starts(11))
        .check("");
}

#[test]
fn a_requested_answer_that_meets_a_speaking_caller_is_cancelled() {
    use crate::script::{begun, wants};
    use call::{ControlInput, Spoken};
    let mut script = talking(Limits::default());
    script
        .at(2000, wants(ControlInput::Say(Spoken::new("Your taxi is here."))))
        .check("2000 agent: say \"Your taxi is here.\"")
        .at(2050, caller_starts(10))
        .at(2100, begun(2))
        .check("2100 agent: cancel 2");
    assert_eq!(script.audio(2150, 2, 2, 100), 0);
    script.at(2200, ended(2, ReplyOutcome::Cancelled)).check("");
    script.at(2500, crate::script::caller_stops(10)).says(2700, 3, 3, "Yes?", 200);
    script.check("2700 reply gap 200\n 2700 agent: say \"Your taxi is here.\"");
}
