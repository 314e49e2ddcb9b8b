//! Functions: asked for, answered, taken back, done elsewhere.

use std::time::Duration;

use loadtest::{
    deepgram::{Habits, Options, Pace, Provider, codes::ErrorCode, faults::Faults, truth::Worth},
    provider::{faults::Chance, script::Reply},
};
use serde_json::{Value, json};

use crate::client::{ANSWER, Client, code, outline, saying, settings, tone};

/// An agent whose first reply is this and whose second is the answer.
fn calling(first: Reply) -> Options {
    saying(vec![first, Reply::speech(&tone(ANSWER, 500.0))])
}

async fn asked(options: Options) -> (Provider, Client, Value) {
    let provider = Provider::start(options).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.take_turn().await;
    let request = client.until("FunctionCallRequest").await;
    (provider, client, request)
}

#[tokio::test]
async fn a_function_is_asked_for_answered_and_spoken_about() {
    let (provider, mut client, request) = asked(calling(Reply::call("lookup", "{\"beds\":2}"))).await;
    let call = &request["functions"][0];
    assert_eq!((&call["arguments"], &call["client_side"]), (&json!("{\"beds\":2}"), &json!(true)));
    client.answer(call, "{\"free\":1}").await;
    let messages = client.collect("AgentAudioDone").await;
    let expected = ["History", "audio", "ConversationText", "History", "audio", "AgentAudioDone"];
    assert_eq!(outline(&messages), expected);
    assert_eq!(messages[0].text()["function_calls"][0]["response"], "{\"free\":1}");
    let truth = provider.sessions().remove(0);
    assert_eq!((truth.responses[0].worth, truth.responses[0].content.as_str()), (Worth::Awaited, "{\"free\":1}"));
    assert_eq!(truth.open_calls().count(), 0);
}

#[tokio::test]
async fn two_functions_wait_for_two_answers() {
    let both = Reply::speech(&tone("One moment.", 450.0)).and_call("lookup", "{}").and_call("book", "{}");
    let (provider, mut client, request) = asked(calling(both)).await;
    assert_eq!(request["functions"].as_array().unwrap().len(), 2);
    client.answer(&request["functions"][1], "{}").await;
    client.until("History").await;
    assert_eq!(provider.sessions()[0].open_calls().count(), 1);
    client.answer(&request["functions"][0], "{}").await;
    assert_eq!(client.until("ConversationText").await["content"], ANSWER);
}

#[tokio::test]
async fn a_function_with_an_endpoint_is_none_of_the_clients_business() {
    let (provider, mut client, request) = asked(calling(Reply::call("weather", "{}"))).await;
    assert_eq!(request["functions"][0]["client_side"], false);
    assert_eq!(client.until("FunctionCallResponse").await["id"], request["functions"][0]["id"]);
    client.until("AgentAudioDone").await;
    client.answer(&request["functions"][0], "{}").await;
    let truth = provider.until(|sessions| !sessions[0].responses.is_empty()).await.remove(0);
    assert_eq!((truth.responses[0].worth, truth.violations.len()), (Worth::Unasked, 1));
}

#[tokio::test]
async fn a_function_nobody_defined_ends_the_session() {
    let provider = Provider::start(calling(Reply::call("fly", "{}"))).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.take_turn().await;
    assert_eq!(client.fate().await, code(ErrorCode::NonExistentFunctionCalled));
}

#[tokio::test]
async fn an_answer_counts_once() {
    let faults = Faults { duplicate_calls: Chance::ALWAYS, ..Faults::default() };
    let (provider, mut client, request) = asked(Options { faults, ..calling(Reply::call("lookup", "{}")) }).await;
    assert_eq!(client.until("FunctionCallRequest").await, request);
    client.answer(&request["functions"][0], "1").await;
    client.answer(&request["functions"][0], "2").await;
    client.until("AgentAudioDone").await;
    let truth = provider.sessions().remove(0);
    let worths: Vec<Worth> = truth.responses.iter().map(|response| response.worth).collect();
    assert_eq!((worths, truth.answers.len()), (vec![Worth::Awaited, Worth::Repeated], 1));
}

#[tokio::test]
async fn a_lost_signature_is_noticed() {
    let habits = Habits { signatures: Chance::ALWAYS, ..Habits::plain() };
    let (provider, mut client, request) = asked(Options { habits, ..calling(Reply::call("lookup", "{}")) }).await;
    assert!(request["functions"][0]["thought_signature"].is_string());
    client.answer(&request["functions"][0], "1").await;
    client.until("AgentAudioDone").await;
    assert!(provider.sessions()[0].violations[0].contains("thought_signature"));
}

/// An agent that asks ahead and is sure only after a minute.
fn hasty(function: &str) -> Options {
    let options = calling(Reply::call(function, "{}"));
    let habits = Habits { speculation: Chance::ALWAYS, ..Habits::plain() };
    Options { habits, pace: Pace { certain: Duration::from_secs(60), ..options.pace }, ..options }
}

#[tokio::test]
async fn a_caller_who_goes_on_takes_the_function_back() {
    let (provider, mut client, request) = asked(hasty("lookup")).await;
    assert!(provider.sessions()[0].heard.is_empty(), "the turn was not over");
    client.speak(200).await;
    let messages = client.collect("FunctionCallCancelled").await;
    assert_eq!(outline(&messages), ["UserStartedSpeaking", "FunctionCallCancelled"]);
    assert_eq!(messages[1].text()["functions"][0]["id"], request["functions"][0]["id"]);
    client.answer(&request["functions"][0], "{}").await;
    let truth = provider.until(|sessions| !sessions[0].responses.is_empty()).await.remove(0);
    assert_eq!((truth.responses[0].worth, truth.violations.len()), (Worth::Cancelled, 0));
}

#[tokio::test]
async fn a_function_asked_ahead_is_the_reply_to_the_turn() {
    let options = hasty("lookup");
    let pace = Pace { certain: Duration::from_millis(1), ..options.pace };
    let (_provider, mut client, request) = asked(Options { pace, ..options }).await;
    client.until("EndOfTurn").await;
    client.answer(&request["functions"][0], "{}").await;
    assert_eq!(client.until("ConversationText").await["content"], ANSWER);
}

#[tokio::test]
async fn a_deferred_function_waits_for_the_end_of_the_turn() {
    let provider = Provider::start(hasty("book")).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.take_turn().await;
    let messages = client.collect("FunctionCallRequest").await;
    assert!(outline(&messages).contains(&"EndOfTurn"));
}

#[tokio::test]
async fn a_caller_may_seem_to_have_finished() {
    let faults = Faults { resumed_speech: Chance::ALWAYS, ..Faults::default() };
    let (provider, mut client, request) = asked(Options { faults, ..calling(Reply::call("lookup", "{}")) }).await;
    client.until("FunctionCallCancelled").await;
    client.until("EndOfTurn").await;
    let again = client.until("FunctionCallRequest").await;
    assert_ne!(again["functions"][0]["id"], request["functions"][0]["id"]);
    let calls = provider.sessions().remove(0).calls;
    assert!(calls[0].cancelled_at.is_some() && calls[1].cancelled_at.is_none());
}
