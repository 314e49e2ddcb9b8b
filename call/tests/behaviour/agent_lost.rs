//! The agent's link breaks, and comes back or not.

use crate::script::{begun, caller_said, done, ended, lost, ready, said, talking};
use call::{Limits, LinkFault, ReplyOutcome};

#[test]
fn a_link_that_breaks_while_nobody_speaks_comes_back_unheard() {
    talking(Limits::default())
        .at(20_000, lost(LinkFault::Broken))
        .check("20000 agent lost Broken\n 20000 dial 1")
        .at(20_400, ready())
        .check("20400 agent restored after 400, attempt 1")
        .until(25_999)
        .check("");
}

#[test]
fn a_caller_whose_words_are_known_is_answered_after_the_loss() {
    talking(Limits::default())
        .caller(2000, 3000, 10)
        .at(3400, caller_said(10, "When do you open?"))
        .skip()
        .at(3500, lost(LinkFault::Broken))
        .at(3900, ready())
        .check(
            "3500 agent lost Broken
             3500 dial 1
             3900 agent restored after 400, attempt 1
             3900 agent: reply",
        );
}

#[test]
fn a_caller_whose_words_were_lost_is_asked_again() {
    talking(Limits::default()).caller(2000, 3000, 10).at(3100, lost(LinkFault::Expired)).at(3500, ready()).check(
        "3100 agent lost Expired
             3100 dial 1
             3100 turn 2 Caller \"?\" 2000-3000
             3100 checkpoint
             3500 agent restored after 400, attempt 1
             3500 agent: cue Resumed",
    );
}

#[test]
fn what_waits_at_the_line_plays_on_and_the_rest_is_taken_up_again() {
    talking(Limits::default())
        .begins(2000, 2, 2, "We open at nine.", 1000)
        .skip()
        .at(2200, lost(LinkFault::Broken))
        .at(2600, ready())
        .until(3100)
        .check(
            "2200 agent lost Broken
             2200 dial 1
             2600 agent restored after 400, attempt 1
             2600 agent: cue Resumed
             3000 turn 2 Agent \"We open at nine.\" 2000-3000
             3000 checkpoint",
        );
}

#[test]
fn the_last_words_of_a_lost_agent_get_their_mark() {
    talking(Limits::default())
        .begins(2000, 2, 2, "We open at", 300)
        .skip()
        .at(2100, lost(LinkFault::Broken))
        .check("2100 mark g0-7\n 2100 agent lost Broken\n 2100 dial 1");
}

#[test]
fn a_busy_provider_is_given_time() {
    talking(Limits::default())
        .at(20_000, lost(LinkFault::Busy))
        .until(20_500)
        .check("20000 agent lost Busy\n 20500 dial 1");
}

#[test]
fn a_silent_agent_is_taken_for_lost() {
    talking(Limits::default())
        .caller(2000, 3000, 10)
        .at(3300, caller_said(10, "Hello?"))
        .skip()
        .until(17_999)
        .check("")
        .until(18_000)
        .check("18000 drop agent\n 18000 agent lost Broken\n 18000 dial 1")
        .at(18_300, ready())
        .check("18300 agent restored after 300, attempt 1\n 18300 agent: reply");
}

#[test]
fn an_agent_that_stops_in_the_middle_is_taken_for_lost() {
    talking(Limits::default())
        .begins(2000, 2, 2, "We open at", 400)
        .skip()
        .at(9000, said(2, 2, " nine"))
        .until(23_999)
        .check("")
        .until(24_000)
        .check(
            "24000 drop agent
             24000 agent lost Broken
             24000 dial 1
             24000 turn 2 Agent \"We open at nine\" 2000-2400
             24000 checkpoint",
        );
}

#[test]
fn the_end_of_an_answer_that_never_began_answers_nothing() {
    talking(Limits::default())
        .caller(2000, 3000, 10)
        .at(3100, ended(2, ReplyOutcome::Cancelled))
        .skip()
        .until(18_000)
        .check(
            "18000 drop agent
             18000 agent lost Broken
             18000 dial 1
             18000 turn 2 Caller \"?\" 2000-3000
             18000 checkpoint",
        );
}

#[test]
fn ids_of_the_new_link_are_not_confused_with_those_of_the_old() {
    let mut script = talking(Limits::default());
    script.at(20_000, lost(LinkFault::Broken)).at(20_300, ready()).skip();
    script.caller(21_000, 22_000, 1).says(22_500, 1, 1, "Yes?", 200).until(23_000);
    script.check("22500 reply gap 500\n 22700 turn 3 Agent \"Yes?\" 22500-22700\n 22700 checkpoint");
}

#[test]
fn keys_pressed_while_the_agent_is_away_are_told_when_it_is_back() {
    use call::{Digit, Input, LineInput};
    talking(Limits::default())
        .at(20_000, lost(LinkFault::Broken))
        .at(20_100, Input::Line(LineInput::Pressed(Digit('4'))))
        .at(20_200, Input::Line(LineInput::Pressed(Digit('2'))))
        .skip()
        .at(20_400, ready())
        .check("20400 agent restored after 400, attempt 1\n 20400 agent: pressed 4\n 20400 agent: pressed 2");
}

#[test]
fn a_failed_answer_is_asked_for_again_twice() {
    talking(Limits::default())
        .caller(2000, 2500, 10)
        .at(2600, begun(2))
        .at(2700, ended(2, ReplyOutcome::Failed))
        .until(3200)
        .check("2700 reply failed\n 3200 agent: reply")
        .at(3300, begun(3))
        .at(3400, ended(3, ReplyOutcome::Failed))
        .until(4400)
        .check("3400 reply failed\n 4400 agent: reply")
        .at(4500, begun(4))
        .at(4600, ended(4, ReplyOutcome::Failed))
        .check(
            "4600 reply failed
             4600 drop agent
             4600 agent lost Busy
             4600 turn 2 Caller \"?\" 2000-2500
             4600 checkpoint",
        )
        .until(5100)
        .check("5100 dial 1")
        .at(5200, ready())
        .check("5200 agent restored after 600, attempt 1\n 5200 agent: cue Resumed")
        .at(5300, done(1))
        .check("");
}
