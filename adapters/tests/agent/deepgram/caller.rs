//! The caller's utterances, in whatever order the server tells of them.

use super::support::{SILENCE, SPEECH, talking};
use call::{AgentCommand, ItemId};
use serde_json::json;

const SAID: &str = "ConversationText__user";
const WORDS: &str = "caller said item 1: I want to move my booking to Friday.";

#[test]
fn words_may_come_before_or_behind_the_end_of_the_turn_or_without_one() {
    for (order, name) in [
        (&["UserStartedSpeaking", "EndOfTurn__model", SAID][..], "the end first"),
        (&["UserStartedSpeaking", SAID, "EndOfTurn__timeout"], "the words first"),
        (&["UserStartedSpeaking", SAID], "no end, as Nova has none"),
        (&["UserStartedSpeaking", "UserStartedSpeaking", SAID], "a beginning said twice"),
        (&[SAID, "EndOfTurn__model"], "no beginning"),
    ] {
        let mut link = talking();
        order.iter().for_each(|message| link.server(message));
        assert_eq!(link.events(), ["caller starts item 1", "caller stops item 1", WORDS], "{name}");
    }
}

#[test]
fn an_utterance_whose_words_never_come_is_closed_by_the_next() {
    let mut link = talking();
    for message in ["UserStartedSpeaking", "EndOfTurn__model", "UserStartedSpeaking", SAID] {
        link.server(message);
    }
    let wanted = [
        "caller starts item 1",
        "caller stops item 1",
        "caller said item 1: ?",
        "caller starts item 2",
        "caller stops item 2",
        "caller said item 2: I want to move my booking to Friday.",
    ];
    assert_eq!(link.events(), wanted);
}

#[test]
fn an_answer_that_begins_ends_the_utterance_and_its_words_may_still_come() {
    let mut link = talking();
    link.server("UserStartedSpeaking");
    link.line(SPEECH, 3_100);
    link.speaks(100);
    link.server(SAID);
    let wanted =
        ["caller starts item 1", "caller stops item 1", "reply 1 starts", "audio of reply 1 item 2: 100 ms", WORDS];
    assert_eq!(link.news(), wanted);
}

#[test]
fn words_nobody_was_heard_to_begin_do_not_cut_an_answer() {
    let mut link = talking();
    link.speaks(100);
    link.events();
    link.server(SAID);
    link.speaks(100);
    assert_eq!(link.events(), ["complained: words_out_of_turn", "audio of reply 1 item 1: 100 ms"]);
}

#[test]
fn a_noise_that_cut_the_agent_is_over_after_silence_and_the_agent_goes_on() {
    let mut link = talking();
    link.speaks(400);
    link.server("AgentAudioDone");
    link.events();
    link.server("UserStartedSpeaking");
    link.tell(AgentCommand::Truncate { item: ItemId(1), heard_ms: 120 });
    link.line(SPEECH, 300);
    link.line(SILENCE, 5_900);
    assert_eq!(link.news(), ["caller starts item 2"]);
    assert!(link.messages().is_empty());
    link.line(SILENCE, 300);
    assert_eq!(link.news(), ["caller stops item 2", "caller said item 2: "]);
    let sent = link.messages();
    assert_eq!((sent.len(), &sent[0]["type"]), (1, &json!("InjectUserMessage")));
    // The server repeats the line as the caller's, and answers it.
    link.says("ConversationText", json!({"role": "user", "content": sent[0]["content"]}));
    link.server("EndOfTurn__manual");
    link.speaks(100);
    assert_eq!(link.news(), ["reply 2 starts", "audio of reply 2 item 3: 100 ms"]);
}

#[test]
fn a_noise_that_cut_nothing_leaves_nobody_waiting() {
    let mut link = talking();
    link.server("UserStartedSpeaking");
    link.line(SILENCE, 6_200);
    let wanted = [
        "caller starts item 1",
        "caller stops item 1",
        "caller said item 1: ",
        "reply 1 starts",
        "reply 1 done: Completed",
    ];
    assert_eq!(link.news(), wanted);
    assert!(link.messages().is_empty());
}

#[test]
fn an_answer_that_was_due_when_a_noise_stopped_it_is_asked_for_again() {
    let mut link = talking();
    link.server(SAID);
    link.server("UserStartedSpeaking");
    link.line(SILENCE, 6_200);
    assert_eq!(link.messages()[0]["type"], "InjectUserMessage");
}

#[test]
fn somebody_who_speaks_for_long_is_no_noise_and_a_minute_without_words_is() {
    let mut link = talking();
    link.server("UserStartedSpeaking");
    for _ in 0..5 {
        link.line(SPEECH, 5_000);
        link.line(SILENCE, 5_000);
    }
    assert_eq!(link.news(), ["caller starts item 1"]);
    link.line(SPEECH, 10_200);
    assert_eq!(link.news().first().map(String::as_str), Some("caller stops item 1"));
}

#[test]
fn words_that_come_after_all_are_an_utterance_of_their_own() {
    let mut link = talking();
    link.server("UserStartedSpeaking");
    link.line(SILENCE, 6_200);
    link.events();
    link.server(SAID);
    let wanted =
        ["caller starts item 3", "caller stops item 3", "caller said item 3: I want to move my booking to Friday."];
    assert_eq!(link.news(), wanted);
}
