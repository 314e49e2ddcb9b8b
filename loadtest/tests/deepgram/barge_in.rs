//! A caller who speaks while the agent does: the answer stops, and a little of it still comes.

use loadtest::{
    deepgram::{Habits, Options, Provider, faults::Faults, truth::SessionTruth},
    provider::faults::Chance,
};

use crate::client::{Client, greeted, options, outline, slow};

async fn interrupted(options: Options) -> (Provider, Client) {
    let provider = Provider::start(slow(options)).await.unwrap();
    let mut client = Client::ready(&provider, greeted()).await;
    client.until("audio").await;
    client.speak(200).await;
    client.until("UserStartedSpeaking").await;
    (provider, client)
}

#[tokio::test]
async fn an_interrupted_answer_stops() {
    let (provider, mut client) = interrupted(options()).await;
    let messages = client.collect("AgentAudioDone").await;
    assert_eq!(outline(&messages), ["AgentAudioDone"]);
    let answer = provider.sessions().remove(0).answers.remove(0);
    assert!(answer.interrupted_at.is_some() && answer.sent_bytes < answer.whole_bytes);
}

#[tokio::test]
async fn frames_come_too_late_and_the_end_of_the_audio_may_be_missing() {
    let habits = Habits { late_frames: 5, done_missing: Chance(0.5), ..Habits::plain() };
    let mut late = Vec::new();
    let mut missing = 0;
    for seed in 0..12 {
        let (provider, mut client) = interrupted(Options { habits, seed, ..options() }).await;
        client.be_silent(600).await;
        let next_begun = |truths: &[SessionTruth]| truths[0].deltas.iter().any(|delta| delta.item == 1);
        let truth = provider.until(next_begun).await.remove(0);
        let started = truth.speech_started[0];
        late.push(truth.deltas.iter().filter(|delta| delta.item == 0 && delta.at >= started).count());
        missing += usize::from(truth.answers[0].done_at.is_none());
    }
    assert!(late.iter().all(|count| *count <= 5) && late.iter().any(|count| *count > 0), "{late:?}");
    assert!((1..12).contains(&missing), "{missing}");
}

#[tokio::test]
async fn noise_stops_the_agent_and_no_words_follow() {
    let faults = Faults { false_speech: Chance::ALWAYS, ..Faults::default() };
    let provider = Provider::start(slow(Options { faults, ..options() })).await.unwrap();
    let mut client = Client::ready(&provider, greeted()).await;
    client.until("UserStartedSpeaking").await;
    assert_eq!(outline(&client.collect("AgentAudioDone").await), ["AgentAudioDone"]);
    assert!(provider.sessions()[0].heard.is_empty());
}

#[tokio::test]
async fn the_next_turn_is_answered() {
    let (provider, mut client) = interrupted(options()).await;
    client.be_silent(700).await;
    client.until("EndOfTurn").await;
    client.until("AgentAudioDone").await;
    let truth = provider.until(|sessions| sessions[0].answers.last().unwrap().done_at.is_some()).await.remove(0);
    assert_eq!((truth.answers.len(), truth.answers[1].sent_bytes), (2, 8_000));
}
