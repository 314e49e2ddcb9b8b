//! The heard position follows the line's marks.

use crate::script::{begun, caller_starts, done, talking};
use call::{Frame, From, Input, ItemId, Limits, LineInput, MarkId, Pass, ReplyId};
use std::time::Duration;

/// A mark comes back.
pub(crate) fn back(generation: u32, number: u32) -> Input {
    Input::Line(LineInput::Marked(MarkId { generation, number }))
}

#[test]
fn a_mark_follows_every_200_milliseconds_of_audio_and_the_end_of_an_answer() {
    let mut script = talking(Limits::default());
    script.at(2000, begun(2));
    let frame = Frame { from: From::Agent { reply: ReplyId(2), item: ItemId(2) }, length: Duration::from_millis(80) };
    let marks: Vec<Option<u32>> = (0..4)
        .map(|_| match script.call.frame(Duration::from_millis(2000), frame) {
            Pass::Pass { mark } => mark.map(|mark| mark.number),
            Pass::Drop => panic!("dropped"),
        })
        .collect();
    assert_eq!(marks, [None, None, Some(6), None]);
    script.skip().at(2000, done(2)).check("2000 mark g0-7");
}

#[test]
fn marks_that_come_back_because_of_a_clear_were_not_heard() {
    let mut script = talking(Limits::default()).silent_line();
    script.says(2000, 2, 2, "We open at nine.", 1000).at(2200, back(0, 6)).skip().at(2300, caller_starts(10)).check(
        "2300 clear
             2300 agent: truncate 2 at 300
             2300 interrupted at 300, cleared 700
             2300 turn 2 Agent \"We\" 2000-2300, 300 of 1000 ms
             2300 checkpoint",
    );
    for number in 7..=10 {
        script.at(2310, back(0, number));
    }
    assert_eq!(script.call.ignored(), 0);
    script.at(2400, crate::script::caller_stops(10)).begins(2600, 3, 3, "Yes?", 1000).skip();
    script.at(2700, caller_starts(11)).check(
        "2700 clear
         2700 agent: truncate 3 at 100
         2700 interrupted at 100, cleared 900",
    );
}

#[test]
fn a_line_that_stalls_is_not_taken_to_have_played() {
    talking(Limits::default())
        .silent_line()
        .says(2000, 2, 2, "We open at nine.", 1000)
        .skip()
        .at(3000, caller_starts(10))
        .check(
            "3000 clear
             3000 agent: truncate 2 at 200
             3000 interrupted at 200, cleared 800
             3000 turn 2 Agent \"We\" 2000-2200, 200 of 1000 ms
             3000 checkpoint",
        );
}

#[test]
fn a_line_without_marks_is_believed_in_the_end() {
    talking(Limits::default())
        .silent_line()
        .says(2000, 2, 2, "We open at nine.", 1000)
        .skip()
        .until(6000)
        .check("4800 turn 2 Agent \"We open at nine.\" 2000-3000\n 4800 checkpoint");
}
