//! A changed agent is pushed into the call: each turn says which version spoke.

use crate::script::{begun, caller_said, done, said, talking, wants};
use call::{ControlInput, Input, Limits};

fn configured(version: &str, language: &str) -> Input {
    wants(ControlInput::Configured { version: version.to_owned(), language: language.to_owned() })
}

#[test]
fn the_first_configuration_is_known_and_a_change_is_told() {
    talking(Limits::default())
        .at(2000, configured("7", "en"))
        .at(2100, configured("7", "en"))
        .check("")
        .at(2200, configured("8", "en"))
        .at(2300, configured("8", "es"))
        .check("2200 configured 8 en\n 2300 configured 8 es");
}

#[test]
fn an_answer_that_has_begun_keeps_the_version_it_began_with() {
    let mut script = talking(Limits::default());
    script.at(1500, configured("7", "en")).at(2000, begun(2)).at(2100, configured("8", "en"));
    script.at(2200, said(2, 2, "We open at nine.")).audio(2200, 2, 2, 400);
    script.at(2300, done(2)).caller(3000, 3200, 10).at(3300, caller_said(10, "Thanks."));
    script.says(3500, 3, 3, "You are welcome.", 400).until(4000);
    let turns = &script.call.conversation().turns;
    let versions: Vec<Option<&str>> = turns.iter().map(|turn| turn.version.as_deref()).collect();
    assert_eq!(versions, [None, Some("7"), None, Some("8")]);
}
