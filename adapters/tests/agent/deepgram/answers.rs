//! The agent's answers: their beginnings, their ends, and audio that belongs to none.

use super::support::{SILENCE, snapshot, talking, welcomed};
use crate::support::Link;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use call::{AgentCommand, Conversation, ReplyId};
use common::ports::AgentEvent;
use serde_json::json;
use std::time::Duration;

#[test]
fn audio_of_any_length_passes_whole_in_short_pieces() {
    let mut link = talking();
    let sent: Vec<u8> = (0..20_011u32).map(|sample| (sample * 7 % 251) as u8).collect();
    let mut lengths = Vec::new();
    let mut heard = Vec::new();
    for (from, to) in [(0, 1), (1, 1), (1, 160), (160, 1_761), (1_761, 20_011)] {
        link.codec.binary(Bytes::copy_from_slice(&sent[from..to]), &mut link.io);
        for event in link.io.events.drain(..) {
            if let AgentEvent::Audio { payload, length, .. } = event {
                let piece = STANDARD.decode(&payload).expect("base64");
                assert_eq!(length, Duration::from_micros(piece.len() as u64 * 125));
                assert!(length <= Duration::from_millis(200));
                lengths.push(piece.len());
                heard.extend(piece);
            }
        }
    }
    assert_eq!(heard, sent);
    assert_eq!(lengths[..5], [1, 159, 1_600, 1, 1_600]);
}

#[test]
fn sentences_of_an_answer_are_parted_by_a_space() {
    let mut link = talking();
    link.server("ConversationText__assistant");
    link.server("ConversationText__filler");
    link.speaks(20);
    let wanted = [
        "reply 1 starts",
        "text of reply 1 item 1: Sure. What is the booking reference?",
        "text of reply 1 item 1:  Bear with me.",
        "audio of reply 1 item 1: 20 ms",
    ];
    assert_eq!(link.events(), wanted);
}

#[test]
fn words_behind_the_end_of_an_answer_without_words_are_its_words() {
    let mut link = talking();
    link.speaks(20);
    link.server("AgentAudioDone");
    link.events();
    link.server("ConversationText__filler");
    assert_eq!(link.events(), ["text of reply 1 item 1: Bear with me."]);
    // The next are of another answer.
    link.server("ConversationText__filler");
    assert_eq!(link.events(), ["reply 2 starts", "text of reply 2 item 2: Bear with me."]);
}

#[test]
fn an_answer_nobody_ends_is_over_when_nothing_came_for_a_while() {
    let mut link = talking();
    link.speaks(20);
    link.events();
    link.line(SILENCE, 7_800);
    assert!(link.news().is_empty());
    link.line(SILENCE, 400);
    assert_eq!(link.news(), ["reply 1 done: Completed"]);
    // Words without a sound are given up sooner.
    link.server("ConversationText__assistant");
    link.server("ConversationText__assistant");
    link.news();
    link.line(SILENCE, 4_200);
    assert_eq!(link.news(), ["reply 2 done: Completed"]);
}

#[test]
fn after_an_interruption_nothing_of_the_old_answer_is_heard_until_a_turn_function_or_thought() {
    for message in [
        "ConversationText__user",
        "EndOfTurn__model",
        "FunctionCallRequest__server_side",
        "AgentThinking",
        "AgentStartedSpeaking",
    ] {
        let mut link = interrupted();
        link.server("ConversationText__assistant");
        link.speaks(20);
        let late = ["text of reply 1 item 1: Sure. What is the booking reference?"];
        assert_eq!(link.events(), late, "{message}");
        link.server(message);
        assert_eq!(link.events()[0], "reply 1 done: Cancelled", "{message}");
        link.speaks(20);
        let events = link.events();
        assert_eq!(events.last().map(String::as_str), Some("audio of reply 2 item 3: 20 ms"), "{message}: {events:?}");
    }
}

#[test]
fn a_late_end_of_an_interrupted_answer_ends_it_and_lets_nothing_pass() {
    let mut link = interrupted();
    link.server("AgentAudioDone");
    link.speaks(20);
    assert_eq!(link.events(), ["reply 1 done: Cancelled"]);
}

#[test]
fn an_interruption_that_was_none_does_not_silence_the_agent_for_long() {
    let mut link = interrupted();
    link.line(SILENCE, 2_900);
    link.speaks(20);
    assert!(link.news().is_empty());
    link.line(SILENCE, 200);
    link.speaks(20);
    let wanted = ["reply 1 done: Cancelled", "caller stops item 2", "reply 2 starts", "audio of reply 2 item 3: 20 ms"];
    assert_eq!(link.news(), wanted);
}

#[test]
fn an_answer_the_core_gave_up_is_not_heard_however_long_it_is() {
    let mut link = talking();
    link.speaks(20);
    link.tell(AgentCommand::Cancel { reply: ReplyId(1) });
    link.events();
    for _ in 0..5 {
        link.speaks(200);
        link.line(SILENCE, 2_000);
    }
    assert!(link.news().is_empty());
    link.server("AgentAudioDone");
    link.speaks(20);
    let wanted = ["reply 1 done: Cancelled", "reply 2 starts", "audio of reply 2 item 2: 20 ms"];
    assert_eq!(link.news(), wanted);
    link.tell(AgentCommand::Cancel { reply: ReplyId(1) });
    link.speaks(20);
    assert_eq!(link.news(), ["audio of reply 2 item 2: 20 ms"]);
    assert!(link.messages().is_empty(), "there is no message for it");
}

#[test]
fn audio_before_the_settings_are_applied_is_not_heard() {
    let (mut link, _) = welcomed(&snapshot(), &Conversation::default());
    link.speaks(20);
    assert_eq!(link.events(), ["unknown"]);
}

#[test]
fn connected_time_is_told_in_steps_and_right_on_average() {
    let mut link = talking();
    let mut bills = Vec::new();
    for second in 1..=60 {
        link.line(SILENCE, 1_000);
        bills.extend(link.events().into_iter().map(|event| (second, event)));
    }
    // Each behind the middle of its ten seconds: what a call's last step is over or under, another's is the other way.
    let bill = |second| (second, "transcribed:, 10000 billed ms".to_owned());
    assert_eq!(bills, [6, 16, 26, 36, 46, 56].map(bill));
}

#[test]
fn reports_of_latency_cost_no_event() {
    let mut link = talking();
    for _ in 0..100 {
        link.says("LatencyReport", json!({"stt_latency": 0.02}));
    }
    assert!(link.events().is_empty());
}

/// The caller has just interrupted an answer.
fn interrupted() -> Link {
    let mut link = talking();
    link.speaks(20);
    link.server("UserStartedSpeaking");
    assert_eq!(link.events().last().map(String::as_str), Some("caller starts item 2"));
    link
}
