//! The first words of a call, and of a call another worker had before.

use crate::script::{Script, ready, started};
use call::{Call, Conversation, Limits, Resumed};

#[test]
fn the_agent_greets_when_it_is_ready_and_the_line_has_started() {
    Script::new(Limits::default())
        .at(0, ready())
        .check("0 agent ready")
        .at(900, started())
        .check("900 answered, resumed No\n 900 agent: cue Greeting")
        .says(1000, 1, 1, "Hello.", 1000)
        .until(2500)
        .check(
            "1000 first word after 100
             2000 turn 1 Agent \"Hello.\" 1000-2000
             2000 checkpoint",
        );
}

#[test]
fn an_agent_that_is_late_greets_late() {
    Script::new(Limits::default())
        .at(0, started())
        .check("0 answered, resumed No")
        .at(1500, ready())
        .check("1500 agent ready\n 1500 agent: cue Greeting");
}

#[test]
fn a_conversation_taken_over_is_resumed_and_its_numbers_go_on() {
    let conversation = Conversation { numbered: 7, ..Conversation::default() };
    Script::of(Call::resume(Limits::default(), conversation, Resumed::Yes))
        .at(0, ready())
        .at(10, started())
        .check("0 agent ready\n 10 answered, resumed Yes\n 10 agent: cue Resumed")
        .says(500, 1, 1, "Sorry, where were we?", 400)
        .until(1000)
        .check(
            "500 first word after 490
             900 turn 8 Agent \"Sorry, where were we?\" 500-900
             900 checkpoint",
        );
}

#[test]
fn an_agent_that_is_never_ready_is_dialled_again() {
    Script::new(Limits::default())
        .at(0, started())
        .until(5000)
        .check("0 answered, resumed No\n 5000 drop agent\n 5000 agent lost Broken\n 5000 dial 1")
        .at(5300, ready())
        .check("5300 agent restored after 300, attempt 1\n 5300 agent: cue Greeting");
}

#[test]
fn a_caller_who_speaks_before_the_greeting_is_answered_instead() {
    use crate::script::{caller_starts, caller_stops};
    Script::new(Limits::default())
        .at(0, started())
        .at(0, ready())
        .skip()
        .at(50, caller_starts(1))
        .at(700, caller_stops(1))
        .says(900, 1, 1, "Good morning.", 200)
        .until(1200)
        .check(
            "900 first word after 900
             900 reply gap 200
             1100 turn 2 Agent \"Good morning.\" 900-1100
             1100 checkpoint",
        );
}
