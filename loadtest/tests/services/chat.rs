//! The service that reads calls: what it answers to a schema, what it bills, and how badly it can word things.

use loadtest::services::Services;
use loadtest::services::chat::{Habit, KEY, MODEL};
use loadtest::services::faults::{Fault, Rule};
use serde_json::{Value, json};

use crate::client::{ask, client, services};

/// A question about a call, after instructions of this many letters.
fn question(call: &str, letters: usize) -> Value {
    json!({
        "model": MODEL,
        "messages": [{"role": "system", "content": "x".repeat(letters)}, {"role": "user", "content": call}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "summary", "strict": true, "schema": {
            "type": "object", "additionalProperties": false,
            "required": ["text", "outcome", "rooms", "pets", "email"],
            "properties": {
                "text": {"type": "string", "maxLength": 40},
                "outcome": {"enum": ["resolved", "unresolved", "escalated"]},
                "rooms": {"type": "integer", "minimum": 1},
                "pets": {"type": "boolean"},
                "email": {"anyOf": [{"$ref": "#/$defs/email"}, {"type": "null"}]},
            },
            "$defs": {"email": {"type": ["string", "null"]}},
        }}},
    })
}

async fn complete(services: &Services, question: &Value) -> (u16, Value) {
    let url = format!("{}/chat/completions", services.chat.base_url());
    ask(client().post(url).bearer_auth(KEY).json(question)).await
}

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn an_answer_fits_its_schema_and_is_always_the_same() {
    let services = services().await;
    let asked = question("Caller: A room, please.\nAgent: Of course.", 10);
    let (status, first) = complete(&services, &asked).await;
    let (_, again) = complete(&services, &asked).await;
    assert_eq!((status, content(&first)), (200, content(&again)));
    let said: Value = serde_json::from_str(content(&first)).unwrap();
    assert_eq!((said["text"].as_str().unwrap(), said["rooms"].as_i64()), ("text: Agent: Of course.", Some(1)));
    assert!(["resolved", "unresolved", "escalated"].contains(&said["outcome"].as_str().unwrap()));
    assert!(said["pets"].is_boolean() && said["email"].is_string());
    services.chat.always("outcome", json!("escalated"));
    let (_, other) = complete(&services, &asked).await;
    assert_eq!(serde_json::from_str::<Value>(content(&other)).unwrap()["outcome"], "escalated");
}

#[tokio::test]
async fn a_long_beginning_that_was_asked_before_comes_out_of_the_cache() {
    let services = services().await;
    let asked = question("Hello.", 8_000);
    let cached = |answer: &Value| answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    let (_, first) = complete(&services, &asked).await;
    let (_, again) = complete(&services, &question("Something else.", 8_000)).await;
    assert_eq!((cached(&first), cached(&again)), (0, 1_920));
    let usage = &again["usage"];
    assert_eq!(usage["prompt_tokens"], 2_004, "8,015 letters, four a token");
    assert!(usage["completion_tokens"].as_u64().unwrap() > 0);
    let (_, short) = complete(&services, &question("Hello.", 100)).await;
    assert_eq!(cached(&short), 0);
}

#[tokio::test]
async fn words_may_come_in_every_wrong_shape() {
    let services = services().await;
    let asked = question("Hello.", 10);
    let (_, proper) = complete(&services, &asked).await;
    let proper = content(&proper).to_owned();
    for habit in [Habit::Fenced, Habit::Prose, Habit::Nonsense, Habit::CutShort, Habit::OtherShape] {
        services.chat.next(habit, 1);
        let (status, answer) = complete(&services, &asked).await;
        assert_eq!(status, 200);
        assert_ne!(content(&answer), proper, "{habit:?}");
        let holds = content(&answer).contains(&proper);
        assert_eq!(holds, matches!(habit, Habit::Fenced | Habit::Prose), "{habit:?}");
    }
    services.chat.next(Habit::Refusing, 1);
    let (_, answer) = complete(&services, &asked).await;
    let message = &answer["choices"][0]["message"];
    assert!(message["content"].is_null() && message["refusal"].is_string());
    assert_eq!(content(&complete(&services, &asked).await.1), proper, "once is once");
}

#[tokio::test]
async fn it_can_be_busy_or_broken_and_knows_its_key() {
    let services = services().await;
    services.chat.server.fail(Rule::next(1, "/v1/chat", Fault::Status(429)));
    services.chat.server.fail(Rule::next(1, "/v1/chat", Fault::Status(500)));
    let asked = question("Hello.", 10);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(complete(&services, &asked).await.0);
    }
    assert_eq!(statuses, [429, 500, 200]);
    let models = || client().get(format!("{}/models", services.chat.base_url()));
    assert_eq!(ask(models()).await.0, 401);
    assert_eq!(ask(models().bearer_auth(KEY)).await.1["data"][0]["id"], MODEL);
}
