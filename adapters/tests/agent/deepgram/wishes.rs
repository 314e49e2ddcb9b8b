//! What the agent is asked to say.

use super::support::{SILENCE, SPEECH, resumed, talking};
use crate::support::{conversation, golden_json};
use call::{AgentCommand, Cue, Digit, Speaker, Spoken};
use serde_json::{Value, json};

#[test]
fn a_sentence_is_said_word_for_word_behind_what_is_being_said() {
    let golden = golden_json("deepgram/client.InjectAgentMessage__queue");
    let mut link = talking();
    link.tell(AgentCommand::Say(Spoken::new(golden["message"].as_str().expect("text"))));
    assert_eq!(link.messages(), [golden]);
}

#[test]
fn the_greeting_is_asked_for_like_every_cue_and_is_the_next_answer() {
    let mut link = talking();
    link.tell(AgentCommand::Cue(Cue::Greeting));
    assert_eq!(link.messages()[0]["message"], "Hello. How can I help you?");
    link.speaks(20);
    link.server("AgentAudioDone");
    assert_eq!(link.events(), ["reply 1 starts", "audio of reply 1 item 1: 20 ms", "reply 1 done: Completed"]);
    link.line(SILENCE, 5_000);
    assert!(link.messages().is_empty(), "it is said once");
}

#[test]
fn words_that_were_refused_are_asked_for_again_a_few_times_and_then_fail() {
    for refusal in ["InjectionRefused", "Warning__inject_agent_message_during_agent_speech"] {
        let mut link = talking();
        link.tell(AgentCommand::Cue(Cue::SilencePrompt));
        let mut asked = 0;
        while link.news().is_empty() {
            asked += link.messages().len();
            link.server(refusal);
            link.server("InjectionRefused");
            link.line(SILENCE, 600);
            assert!(asked < 20);
        }
        assert_eq!(asked, 9);
        assert!(link.messages().is_empty());
    }
}

#[test]
fn words_that_failed_are_an_answer_that_failed() {
    let mut link = talking();
    link.tell(AgentCommand::Cue(Cue::SilencePrompt));
    for _ in 0..9 {
        link.server("InjectionRefused");
        link.line(SILENCE, 600);
    }
    assert_eq!(link.news(), ["reply 1 starts", "reply 1 done: Failed"]);
}

#[test]
fn a_caller_who_begins_meanwhile_makes_them_fail_at_once() {
    let mut link = talking();
    link.tell(AgentCommand::Say(Spoken::new("Your taxi is here.")));
    link.server("UserStartedSpeaking");
    assert_eq!(link.events(), ["caller starts item 1", "reply 1 starts", "reply 1 done: Failed"]);
    link.server("InjectionRefused");
    link.server("ConversationText__user");
    let wanted = ["caller stops item 1", "caller said item 1: I want to move my booking to Friday."];
    assert_eq!(link.events(), wanted);
}

#[test]
fn a_bare_request_makes_the_server_answer_unless_it_does_so_by_itself() {
    let mut link = talking();
    link.server("ConversationText__user");
    link.tell(AgentCommand::Reply);
    assert!(link.messages().is_empty(), "it answers the caller anyway");
    link.speaks(20);
    link.server("AgentAudioDone");
    link.tell(AgentCommand::Reply);
    assert_eq!(types(&link.messages()), ["InjectUserMessage"]);
    link.tell(AgentCommand::Reply);
    assert!(link.messages().is_empty(), "it has been asked");
    // An empty sentence leaves the words to the agent.
    let mut link = talking();
    link.tell(AgentCommand::Say(Spoken::new(" ")));
    assert_eq!(types(&link.messages()), ["InjectUserMessage"]);
}

#[test]
fn a_line_of_ours_is_not_taken_for_the_callers_but_what_they_say_is() {
    let mut link = talking();
    link.tell(AgentCommand::Reply);
    let line = link.messages()[0]["content"].clone();
    // Some servers take it for the beginning of speech, too.
    link.server("UserStartedSpeaking");
    link.says("ConversationText", json!({"role": "user", "content": line}));
    link.server("EndOfTurn__manual");
    assert_eq!(link.news(), ["caller starts item 1", "caller stops item 1", "caller said item 1: "]);
    link.says("ConversationText", json!({"role": "user", "content": line}));
    assert_eq!(link.news()[0], "caller starts item 2", "it is repeated once");
}

#[test]
fn a_caller_who_speaks_while_a_line_of_ours_is_repeated_is_heard() {
    let mut link = talking();
    link.tell(AgentCommand::Reply);
    let line = link.messages()[0]["content"].clone();
    link.server("UserStartedSpeaking");
    link.line(SPEECH, 200);
    link.says("ConversationText", json!({"role": "user", "content": line}));
    link.server("ConversationText__user");
    let wanted =
        ["caller starts item 1", "caller stops item 1", "caller said item 1: I want to move my booking to Friday."];
    assert_eq!(link.news(), wanted);
}

#[test]
fn a_row_of_keys_is_answered_once_when_it_is_over() {
    let mut link = talking();
    for key in "4711".chars() {
        link.tell(AgentCommand::Pressed(Digit(key)));
        link.line(SILENCE, 1_000);
        assert!(link.messages().is_empty());
    }
    link.line(SILENCE, 1_200);
    let golden = golden_json("deepgram/client.InjectUserMessage");
    let sent = link.messages();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["type"], golden["type"]);
    assert_eq!(sent[0]["content"], "(The caller pressed these keys on the telephone: 4 7 1 1)");
    assert_eq!(sent[0].as_object().map(|fields| fields.len()), golden.as_object().map(|fields| fields.len()));
}

#[test]
fn keys_wait_while_anybody_speaks_and_a_hash_ends_the_row() {
    let mut link = talking();
    link.speaks(20);
    link.tell(AgentCommand::Pressed(Digit('1')));
    link.tell(AgentCommand::Pressed(Digit('#')));
    link.line(SILENCE, 200);
    assert!(link.messages().is_empty());
    link.server("AgentAudioDone");
    link.line(SILENCE, 200);
    assert_eq!(types(&link.messages()), ["InjectUserMessage"]);
    // A bare request takes them at once.
    link.speaks(20);
    link.server("AgentAudioDone");
    link.tell(AgentCommand::Pressed(Digit('5')));
    link.tell(AgentCommand::Reply);
    assert_eq!(link.messages()[0]["content"], "(The caller pressed these keys on the telephone: 5)");
}

#[test]
fn the_callers_unanswered_words_are_what_an_agent_that_came_back_answers() {
    let before = [(Speaker::Agent, Some("Hello.")), (Speaker::Caller, Some("Can I check in early?"))];
    let mut link = resumed(&conversation(&before));
    link.tell(AgentCommand::Reply);
    assert_eq!(link.messages(), [golden_json("deepgram/client.InjectUserMessage")]);
}

#[test]
fn an_agent_that_goes_on_otherwise_is_told_of_them() {
    let before = [(Speaker::Agent, Some("Hello.")), (Speaker::Caller, Some("Can I check in early?"))];
    let mut cued = resumed(&conversation(&before));
    cued.tell(AgentCommand::Cue(Cue::Resumed));
    let mut interrupted = resumed(&conversation(&before));
    interrupted.server("UserStartedSpeaking");
    for (link, wanted) in
        [(&mut cued, &["UpdateThink", "InjectAgentMessage"][..]), (&mut interrupted, &["UpdateThink"])]
    {
        let sent = link.messages();
        assert_eq!(types(&sent), wanted);
        let prompt = sent[0]["think"]["prompt"].as_str().expect("text");
        assert!(prompt.ends_with("not answered yet: Can I check in early?"), "{prompt}");
        link.tell(AgentCommand::Reply);
        assert_ne!(link.messages()[0]["content"], "Can I check in early?");
    }
}

fn types(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["type"].as_str().expect("a type")).collect()
}
