//! Another worker has the call.

use crate::script::{Script, asks_for, begun, stopped, talking, wants};
use call::{ControlInput, Frame, From, Limits, Pass};
use std::time::Duration;

#[test]
fn a_fenced_call_says_not_a_word_more() {
    let mut script = talking(Limits::default());
    script
        .at(2000, begun(2))
        .at(2000, asks_for("look_up", "t1"))
        .skip()
        .at(2100, wants(ControlInput::Fenced))
        .check("2100 cancel tool t1\n 2100 drop agent\n 2100 close fenced")
        .at(2200, crate::script::done(2))
        .at(2200, crate::script::answers("t1"))
        .at(2300, stopped())
        .at(2400, wants(ControlInput::HangUp))
        .until(100_000)
        .check("");
    assert!(script.call.is_over());
    assert_eq!(script.audio(100_000, 2, 2, 100), 0);
    assert_eq!(script.frame(100_000, From::Caller), Pass::Drop);
    assert_eq!(script.call.deadline(), None);
}

#[test]
fn what_was_not_taken_yet_is_not_published() {
    let mut script = Script::new(Limits::default());
    script.at(0, crate::script::ready()).at(0, crate::script::started()).skip();
    let from = From::Agent { reply: call::ReplyId(1), item: call::ItemId(1) };
    let frame = Frame { from, length: Duration::from_millis(20) };
    assert!(matches!(script.call.frame(Duration::ZERO, frame), Pass::Pass { .. }));
    script.at(0, wants(ControlInput::Fenced)).check("0 drop agent\n 0 close fenced");
}
