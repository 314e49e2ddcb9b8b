//! A caller's turn: found on media time, written down, answered in the order of the real service.

use loadtest::{
    deepgram::{Frames, Habits, Options, Order, Provider, Reports, faults::Faults},
    phone,
    provider::{
        Marking,
        faults::Chance,
        script::{Reply, Script},
    },
};
use serde_json::json;
use std::sync::Arc;

use crate::client::{ANSWER, Client, Heard, options, outline, settings, tone};

#[tokio::test]
async fn a_turn_is_answered_in_the_order_of_the_real_service() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.take_turn().await;
    let messages = client.collect("AgentAudioDone").await;
    let expected = [
        "UserStartedSpeaking",
        "ConversationText",
        "History",
        "EndOfTurn",
        "audio",
        "ConversationText",
        "History",
        "audio",
        "AgentAudioDone",
    ];
    assert_eq!(outline(&messages), expected);
    assert_eq!(messages[3].text()["trigger"], "model");
    let truth = provider.sessions().remove(0);
    assert_eq!((truth.answers[0].text.as_str(), truth.answers[0].sent_bytes), (ANSWER, 8_000));
    assert_eq!(truth.pieces.len(), 65);
}

#[tokio::test]
async fn without_history_and_with_nova_there_is_neither_history_nor_an_end_of_turn() {
    let provider = Provider::start(options()).await.unwrap();
    let mut plain = settings();
    plain["flags"] = json!({"history": false});
    plain["agent"]["listen"]["provider"] = json!({"type": "deepgram", "model": "nova-3", "language": "en"});
    let mut client = Client::ready(&provider, plain).await;
    client.take_turn().await;
    let messages = client.collect("AgentAudioDone").await;
    let expected = ["UserStartedSpeaking", "ConversationText", "audio", "ConversationText", "audio", "AgentAudioDone"];
    assert_eq!(outline(&messages), expected);
}

#[tokio::test]
async fn a_known_clip_is_written_down_as_what_it_says() {
    let clip = phone::Clip::tone("beds", 313.0, 600);
    let script = Script::new(Reply::speech(&tone("", 400.0)), Vec::new()).hears("two beds please", &clip);
    let provider = Provider::start(Options { script: Arc::new(script), ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    let samples = (0..600 * 8).map(|n| (n as f32 * 313.0 / 8_000.0 * std::f32::consts::TAU).sin() * 12_000.0);
    let sound: Vec<u8> = samples.map(|sample| loadtest::provider::clip::ulaw_encode(sample as i16)).collect();
    client.say(&sound).await;
    client.be_silent(700).await;
    assert_eq!(client.until("ConversationText").await["content"], "two beds please");
}

#[tokio::test]
async fn known_words_have_their_own_replies_one_after_the_other() {
    let rooms = vec![Reply::call("lookup", "{}"), Reply::speech(&tone("Two.", 500.0))];
    let script = Script::new(Reply::speech(&tone("", 400.0)), vec![Reply::speech(&tone(ANSWER, 450.0))]);
    let script = Arc::new(script.answers("Any rooms?", rooms));
    let provider = Provider::start(Options { script, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.send(json!({"type": "InjectUserMessage", "content": "Any rooms?"})).await;
    let request = client.until("FunctionCallRequest").await;
    client.answer(&request["functions"][0], "2").await;
    assert_eq!(client.until("ConversationText").await["content"], "Two.");
    client.until("AgentAudioDone").await;
    client.take_turn().await;
    client.until("EndOfTurn").await;
    assert_eq!(client.until("ConversationText").await["content"], ANSWER);
}

#[tokio::test]
async fn a_turn_nobody_noticed_ends_by_its_timeout() {
    let faults = Faults { timeout_turns: Chance::ALWAYS, ..Faults::default() };
    let provider = Provider::start(Options { faults, ..options() }).await.unwrap();
    let mut patient = settings();
    patient["agent"]["listen"]["provider"]["eot_timeout_ms"] = json!(2_000);
    let mut client = Client::ready(&provider, patient).await;
    client.speak(300).await;
    client.be_silent(2_100).await;
    assert_eq!(client.until("EndOfTurn").await["trigger"], "timeout");
}

#[tokio::test]
async fn latencies_are_reported_every_240_ms_and_with_every_answer() {
    let habits = Habits { reports: Reports::Flood, ..Habits::plain() };
    let provider = Provider::start(Options { habits, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.take_turn().await;
    let messages = client.collect("AgentAudioDone").await;
    let reports = messages.iter().filter(|message| message.kind() == "LatencyReport");
    let fields: Vec<bool> = reports.map(|report| report.text().get("stt_latency").is_some()).collect();
    let listening = fields.iter().filter(|stt| **stt).count();
    assert_eq!((listening, fields.len() - listening), (5, 4));
}

#[tokio::test]
async fn audio_of_odd_sizes_is_whole_whatever_comes_first() {
    let habits = Habits { frames: Frames::Odd, order: Order::Either, ..Habits::plain() };
    let provider = Provider::start(Options { habits, marking: Marking::Numbered, ..options() }).await.unwrap();
    let mut first = Vec::new();
    for _ in 0..8 {
        let mut client = Client::ready(&provider, settings()).await;
        client.take_turn().await;
        client.until("EndOfTurn").await;
        let messages = client.collect("AgentAudioDone").await;
        first.push(messages[0].kind().to_owned());
        let audio = messages.iter().map(|message| match message {
            Heard::Audio(audio) => audio.len(),
            Heard::Text(_) => 0,
        });
        assert_eq!(audio.sum::<usize>(), 8_000);
    }
    assert!(first.iter().any(|kind| kind == "audio") && first.iter().any(|kind| kind == "ConversationText"));
    let fingerprints: std::collections::HashSet<u64> =
        provider.sessions().iter().flat_map(|truth| &truth.deltas).map(|delta| delta.fingerprint).collect();
    let sent = provider.sessions().iter().map(|truth| truth.deltas.len()).sum::<usize>();
    assert!(fingerprints.len() * 10 >= sent * 9, "{} of {sent} frames are numbered", fingerprints.len());
}
