//! Sentences put into the agent's mouth, and into the caller's.

use loadtest::deepgram::{Habits, Options, Provider, Refusing, truth::Source};
use serde_json::{Value, json};

use crate::client::{ANSWER, Client, GREETING, greeted, options, outline, settings, slow};

fn injection(behavior: &str) -> Value {
    json!({"type": "InjectAgentMessage", "message": "One moment.", "behavior": behavior})
}

#[tokio::test]
async fn a_sentence_is_said_while_nobody_speaks() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.send(json!({"type": "InjectAgentMessage", "message": "Are you still there?"})).await;
    let messages = client.collect("AgentAudioDone").await;
    assert_eq!(outline(&messages)[..2], ["audio", "ConversationText"]);
    let answer = provider.sessions().remove(0).answers.remove(0);
    assert_eq!((answer.source, answer.text.as_str()), (Source::Injected, "Are you still there?"));
    assert!(answer.sent_bytes > 0);
}

#[tokio::test]
async fn it_is_refused_while_either_side_speaks() {
    let provider = Provider::start(slow(options())).await.unwrap();
    let mut client = Client::ready(&provider, greeted()).await;
    client.until("audio").await;
    client.send(injection("default")).await;
    assert_eq!(client.until("InjectionRefused").await["message"], "Refused: the agent is speaking.");
    client.speak(200).await;
    client.until("UserStartedSpeaking").await;
    client.send(injection("default")).await;
    assert_eq!(client.until("InjectionRefused").await["message"], "Refused: the user is speaking.");
    assert_eq!(provider.sessions()[0].injections_refused, 2);
}

#[tokio::test]
async fn the_refusal_may_be_a_warning() {
    let habits = Habits { refusing: Refusing::Warning, ..Habits::plain() };
    let provider = Provider::start(slow(Options { habits, ..options() })).await.unwrap();
    let mut client = Client::ready(&provider, greeted()).await;
    client.until("audio").await;
    client.send(injection("default")).await;
    assert_eq!(client.until("Warning").await["code"], "INJECT_AGENT_MESSAGE_DURING_AGENT_SPEECH");
}

#[tokio::test]
async fn a_queued_sentence_comes_after_what_is_being_said() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, greeted()).await;
    client.send(injection("queue")).await;
    client.until("AgentAudioDone").await;
    client.until("AgentAudioDone").await;
    let answers = provider.sessions().remove(0).answers;
    assert_eq!((answers[0].text.as_str(), answers[1].text.as_str()), (GREETING, "One moment."));
    assert_eq!(answers[0].sent_bytes, answers[0].whole_bytes);
}

#[tokio::test]
async fn an_urgent_sentence_takes_the_place_of_what_is_being_said() {
    let provider = Provider::start(slow(options())).await.unwrap();
    let mut client = Client::ready(&provider, greeted()).await;
    client.until("ConversationText").await;
    client.send(injection("interrupt")).await;
    assert_eq!(client.until("ConversationText").await["content"], "One moment.");
    let answers = provider.sessions().remove(0).answers;
    assert!(answers[0].interrupted_at.is_some() && answers[0].sent_bytes < answers[0].whole_bytes);
}

#[tokio::test]
async fn words_put_into_the_callers_mouth_are_answered() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.send(json!({"type": "InjectUserMessage", "content": "Any rooms?"})).await;
    assert_eq!(client.until("ConversationText").await["content"], "Any rooms?");
    assert_eq!(client.until("EndOfTurn").await["trigger"], "manual");
    assert_eq!(client.until("ConversationText").await["content"], ANSWER);
}

#[tokio::test]
async fn the_client_ends_the_turn_with_flux_only() {
    let provider = Provider::start(options()).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.speak(400).await;
    client.send(json!({"type": "ForceEndTurn"})).await;
    assert_eq!(client.until("EndOfTurn").await["trigger"], "manual");
    assert_eq!(client.until("ConversationText").await["content"], ANSWER);
    let mut nova = settings();
    nova["agent"]["listen"]["provider"] = json!({"type": "deepgram", "model": "nova-3"});
    let mut client = Client::ready(&provider, nova).await;
    client.send(json!({"type": "ForceEndTurn"})).await;
    assert_eq!(client.until("Warning").await["code"], "FORCE_END_TURN_UNSUPPORTED");
}
