//! Inputs that make no sense are ignored and counted.

use crate::marks::back;
use crate::script::{
    Script, answers, caller_said, caller_starts, caller_stops, ready, said, started, stopped, talking,
};
use call::Limits;

#[test]
fn what_cannot_be_is_counted() {
    let mut script = talking(Limits::default());
    let nonsense = [
        started(),
        ready(),
        back(0, 99),
        back(7, 1),
        caller_stops(5),
        caller_said(5, "Who?"),
        answers("nobody"),
        said(1, 1, "More of what is done."),
    ];
    let count = nonsense.len();
    for input in nonsense {
        script.at(2000, input);
    }
    script.check("");
    assert_eq!(script.call.ignored() as usize, count);
}

#[test]
fn an_agent_that_was_not_dialled_is_not_heard() {
    let mut script = Script::new(Limits::default());
    script.at(0, started()).skip().at(0, caller_starts(1)).check("");
    assert_eq!(script.call.ignored(), 1);
}

#[test]
fn a_call_that_is_over_ignores_everything() {
    let mut script = talking(Limits::default());
    script.at(2000, stopped()).skip();
    assert!(script.call.is_over());
    script.at(2100, started()).at(2100, ready()).at(2100, stopped()).until(99_000).check("");
}

#[test]
fn time_does_not_run_backwards() {
    let mut script = talking(Limits::default());
    script.says(2000, 2, 2, "Hello.", 1000);
    script.call.handle(std::time::Duration::from_millis(10), caller_starts(10));
    script.skip().until(2000);
}
