//! No agent can be had any more: the next provider is tried, and after the last one the caller hears an apology.

use crate::script::{Script, caller_said, complains, lost, ready, started, stopped, talking};
use call::{Limits, LinkFault};

fn with_fallbacks(providers: u32) -> Limits {
    Limits { providers, ..Limits::default() }
}

#[test]
fn redials_wait_longer_and_longer_and_then_the_caller_hears_an_apology() {
    talking(Limits::default())
        .at(20_000, lost(LinkFault::Broken))
        .at(20_100, lost(LinkFault::Broken))
        .until(20_600)
        .check("20000 agent lost Broken\n 20000 dial 1\n 20600 dial 2")
        .at(20_700, lost(LinkFault::Broken))
        .until(21_700)
        .check("21700 dial 3")
        .until(26_700)
        .check(
            "26700 drop agent
             26700 leave for Apologize
             26700 ended agent_unavailable at 26700, next Some(Apologize)
             26700 close agent_unavailable",
        );
}

#[test]
fn what_a_refused_agent_said_is_heard_before_the_apology() {
    talking(Limits::default())
        .says(2000, 2, 2, "One moment.", 1000)
        .skip()
        .at(2100, lost(LinkFault::Refused))
        .until(3300)
        .check(
            "2100 agent lost Refused
             3000 turn 2 Agent \"One moment.\" 2000-3000
             3000 checkpoint
             3300 leave for Apologize
             3300 ended agent_unavailable at 3300, next Some(Apologize)
             3300 close agent_unavailable",
        );
}

#[test]
fn an_agent_refused_before_the_line_starts_is_apologised_for_when_it_has_started() {
    Script::new(Limits::default())
        .at(100, lost(LinkFault::Refused))
        .check("100 agent lost Refused")
        .at(900, started())
        .check(
            "900 answered, resumed No
             900 leave for Apologize
             900 ended agent_unavailable at 900, next Some(Apologize)
             900 close agent_unavailable",
        );
}

#[test]
fn a_line_that_never_starts_is_not_waited_for() {
    Script::new(Limits::default())
        .at(100, lost(LinkFault::Refused))
        .skip()
        .until(20_100)
        .check("20100 hang up agent_unavailable")
        .at(20_200, stopped())
        .check("20200 ended agent_unavailable at 20200, next None\n 20200 close agent_unavailable");
}

#[test]
fn a_provider_that_refuses_is_followed_by_the_next_at_once() {
    talking(with_fallbacks(2))
        .caller(2000, 3000, 10)
        .at(3300, caller_said(10, "When do you open?"))
        .skip()
        .at(3400, lost(LinkFault::Refused))
        .at(3900, ready())
        .check(
            "3400 agent lost Refused
             3400 dial 1 of provider 1
             3900 agent restored after 500, attempt 1
             3900 agent: reply",
        );
}

#[test]
fn a_provider_that_cannot_be_reached_again_is_followed_by_the_next_at_once() {
    let limits = Limits { redials: 1, ..with_fallbacks(2) };
    talking(limits).at(20_000, lost(LinkFault::Broken)).at(20_100, lost(LinkFault::Busy)).at(20_500, ready()).check(
        "20000 agent lost Broken
             20000 dial 1
             20100 dial 1 of provider 1
             20500 agent restored after 500, attempt 2",
    );
}

#[test]
fn a_fallback_that_is_steady_stays_in_use() {
    let mut script = talking(with_fallbacks(3));
    script.at(20_000, lost(LinkFault::Refused)).at(20_500, ready()).skip();
    script.until(31_000).skip();
    script.at(31_000, lost(LinkFault::Broken)).check("31000 agent lost Broken\n 31000 dial 1 of provider 1");
}

#[test]
fn after_the_last_provider_the_caller_hears_an_apology() {
    let mut script = talking(with_fallbacks(2));
    script.at(20_000, lost(LinkFault::Refused)).skip();
    script.at(20_300, lost(LinkFault::Refused)).check(
        "20300 leave for Apologize
         20300 ended agent_unavailable at 20300, next Some(Apologize)
         20300 close agent_unavailable",
    );
}

#[test]
fn a_first_provider_that_refuses_is_replaced_before_anybody_notices() {
    Script::new(with_fallbacks(2)).at(100, lost(LinkFault::Refused)).at(300, started()).at(700, ready()).check(
        "100 agent lost Refused
             100 dial 1 of provider 1
             300 answered, resumed No
             700 agent restored after 600, attempt 1
             700 agent: cue Greeting",
    );
}

#[test]
fn a_provider_may_complain_before_it_is_ready() {
    let mut script = Script::new(Limits::default());
    script.at(100, complains("invalid_settings")).check("100 agent complained invalid_settings");
    assert_eq!(script.call.ignored(), 0);
}
