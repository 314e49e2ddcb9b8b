//! Who answers when: one answer at a time, whoever began it.

use crate::support::{Link, golden_json, snapshot};
use call::{AgentCommand, Cue, Digit, ItemId, ReplyId, Spoken};
use serde_json::{Value, json};

#[test]
fn a_cue_is_said_word_for_word_by_an_agent_that_knows_who_it_is() {
    let mut link = Link::talking();
    link.tell(AgentCommand::Cue(Cue::Greeting));
    let sent = link.sent();
    let golden = golden_json("openai/client.response.create__greeting");
    assert_eq!(sent[0]["type"], golden["type"]);
    assert_eq!(sent[0]["response"]["metadata"]["purpose"], golden["response"]["metadata"]["purpose"]);
    assert_eq!(sent[0]["response"]["tool_choice"], "none");
    let instructions = sent[0]["response"]["instructions"].as_str().expect("text");
    assert!(instructions.starts_with(snapshot().instructions().trim()), "{instructions}");
    assert!(instructions.ends_with("Say exactly: Hello. How can I help you?"), "{instructions}");
}

#[test]
fn an_operators_words_are_said() {
    let mut link = Link::talking();
    link.tell(AgentCommand::Say(Spoken::new("A \"colleague\" will call you.")));
    let sent = link.sent();
    let instructions = sent[0]["response"]["instructions"].as_str().expect("text");
    assert!(instructions.ends_with("Say exactly: A \"colleague\" will call you."), "{instructions}");
}

#[test]
fn a_bare_request_is_the_golden_one() {
    let mut link = Link::talking();
    link.tell(AgentCommand::Reply);
    assert_eq!(link.sent(), [golden_json("openai/client.response.create")]);
}

#[test]
fn a_request_waits_until_the_running_answer_is_done() {
    let mut link = Link::talking();
    link.hear("openai/server.response.created");
    link.tell(AgentCommand::Reply);
    assert!(link.sent().is_empty());
    link.hear("openai/server.response.done__completed");
    assert_eq!(link.sent_types(), ["response.create"]);
}

#[test]
fn a_request_that_met_a_running_answer_is_made_again_once() {
    let mut link = Link::talking();
    link.tell(AgentCommand::Reply);
    assert_eq!(link.sent()[0]["event_id"], "resp-0001");
    link.hear("openai/server.error__active_response");
    link.hear("openai/server.error__active_response");
    assert!(link.sent().is_empty());
    link.hear("openai/server.response.done__completed");
    assert_eq!(link.sent_types(), ["response.create"]);
    link.hear("openai/server.response.done__completed");
    assert!(link.sent().is_empty());
}

#[test]
fn a_request_that_is_refused_is_an_answer_that_failed() {
    let mut link = Link::talking();
    link.tell(AgentCommand::Reply);
    link.hear_json(&error("rate_limit_exceeded", "resp-0001"));
    assert_eq!(link.events(), ["complained: rate_limit_exceeded", "reply 1 starts", "reply 1 done: Failed"]);
    link.sent();
    link.tell(AgentCommand::Reply);
    assert_eq!(link.sent_types(), ["response.create"]);
}

#[test]
fn the_answer_to_the_callers_words_also_answers_a_waiting_request() {
    let mut link = Link::talking();
    link.hear("openai/server.input_audio_buffer.speech_started");
    link.tell(AgentCommand::Reply);
    assert!(link.sent().is_empty(), "nobody talks over the caller");
    link.hear("openai/server.input_audio_buffer.speech_stopped");
    link.hear("openai/server.response.created");
    link.hear("openai/server.response.done__completed");
    assert!(link.sent().is_empty());
}

#[test]
fn an_answer_is_told_to_stop_by_its_name_while_it_runs() {
    let mut link = Link::talking();
    link.hear("openai/server.response.created");
    link.tell(AgentCommand::Cancel { reply: ReplyId(1) });
    let mut golden = golden_json("openai/client.response.cancel__by_id");
    golden["event_id"] = json!("stop-0001");
    assert_eq!(link.sent(), [golden]);
    link.hear("openai/server.response.done__cancelled_by_client");
    link.tell(AgentCommand::Cancel { reply: ReplyId(1) });
    link.tell(AgentCommand::Cancel { reply: ReplyId(9) });
    assert!(link.sent().is_empty());
}

#[test]
fn an_utterance_is_truncated_by_its_name() {
    let mut link = Link::talking();
    link.hear("openai/server.response.output_audio.delta__pcmu");
    link.tell(AgentCommand::Truncate { item: ItemId(1), heard_ms: 1_340 });
    link.tell(AgentCommand::Truncate { item: ItemId(7), heard_ms: 10 });
    let mut golden = golden_json("openai/client.conversation.item.truncate");
    golden["item_id"] = json!("item_9fW2aReply0004");
    assert_eq!(link.sent(), [golden]);
}

#[test]
fn a_pressed_key_is_told_and_asks_for_nothing() {
    let mut link = Link::talking();
    link.tell(AgentCommand::Pressed(Digit('5')));
    let sent = link.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["item"]["content"][0]["text"], "The caller pressed 5 on the telephone.");
    assert_eq!(sent[0]["item"]["role"], "user");
}

#[test]
fn an_answer_that_was_never_announced_is_announced() {
    let mut link = Link::talking();
    link.hear("openai/server.response.output_audio.delta__pcmu");
    link.hear("openai/server.response.created");
    link.hear("openai/server.response.done__cancelled_turn_detected");
    link.hear("openai/server.response.done__cancelled_turn_detected");
    let events = link.events();
    assert_eq!(events[..2], ["reply 1 starts", "audio of reply 1 item 1: 100 ms"]);
    assert_eq!(events.len(), 3, "{events:?}");
}

#[test]
fn how_an_answer_ended_may_be_told_in_a_word() {
    let mut done = golden_json("openai/server.response.done__cancelled_turn_detected");
    done["response"]["status_details"] = json!("turn_detected");
    done["response"]["usage"] = Value::Null;
    let mut link = Link::talking();
    link.hear_json(&done);
    assert_eq!(link.events(), ["reply 1 starts", "reply 1 done: Cancelled"]);
}

#[test]
fn an_utterance_without_a_name_stays_the_same_through_its_answer() {
    let mut link = Link::talking();
    let mut delta = golden_json("openai/server.response.output_audio.delta__pcmu");
    delta["item_id"] = Value::Null;
    delta["response_id"] = Value::Null;
    link.hear("openai/server.response.created");
    link.hear_json(&delta);
    link.hear_json(&delta);
    assert_eq!(link.events()[1..], ["audio of reply 1 item 1: 100 ms", "audio of reply 1 item 1: 100 ms"]);
}

#[test]
fn cached_tokens_without_classes_are_taken_for_text_first() {
    let mut done = golden_json("openai/server.response.done__completed");
    let details = &mut done["response"]["usage"]["input_token_details"];
    details["cached_tokens"] = json!(450);
    details.as_object_mut().expect("object").remove("cached_tokens_details");
    let mut link = Link::talking();
    link.hear_json(&done);
    let wanted = "reply 1 done: Completed, 412 text in, 412 cached, 129 audio in, 38 cached, 27 text out, 84 audio out";
    assert_eq!(link.events()[1], wanted);
}

fn error(code: &str, event_id: &str) -> Value {
    json!({"type": "error", "error": {"type": "requests", "code": code, "message": "m", "event_id": event_id}})
}
