//! Looking up what the company knows, and samples of services that have no address.

use crate::shelf::Health;
use crate::support::{Phone, http_tool, with_http};
use call::ToolOutcome::{Failed, TimedOut};
use common::company::{BuiltIn, Sample, Tool, ToolKind};
use common::ports::directory::Record;
use common::testing;
use serde_json::{Value, json};

fn lookup() -> Tool {
    let does = BuiltIn::LookupRecord { record: "order".into(), argument: "order_id".into() };
    testing::tool("lookup_order", ToolKind::BuiltIn(does))
}

fn phone(tools: Vec<Tool>) -> Phone {
    let phone = Phone::new(tools, None);
    for (kind, key, body) in [
        ("order", "ABC123", json!({"status": "Delivered"})),
        ("customer", "+12025550143", json!({"name": "Ada"})),
        ("article", "hours", json!({"text": "Open from seven"})),
        ("article", "parking", json!({"text": "Parking is free"})),
    ] {
        let record = Record { company: testing::company_id(), kind: kind.into(), key: key.into(), body };
        phone.shelf.records.lock().unwrap().push(record);
    }
    phone
}

#[tokio::test]
async fn a_record_is_found_by_its_key_as_the_model_spells_it() {
    let mut phone = phone(vec![lookup()]);
    for key in [json!("ABC123"), json!("abc 123"), json!(" a b c 1 2 3 ")] {
        phone.ask("lookup_order", &json!({"order_id": key})).await.is_result(&json!({"status": "Delivered"}));
    }
    phone.ask("lookup_order", &json!({"order_id": "XYZ"})).await.is_error("not_found", Failed);
}

#[tokio::test]
async fn whoever_calls_is_the_key_where_none_is_given() {
    let does = BuiltIn::LookupRecord { record: "customer".into(), argument: "phone".into() };
    let mut phone = phone(vec![testing::tool("lookup_customer", ToolKind::BuiltIn(does))]);
    phone.ask("lookup_customer", &json!({})).await.is_result(&json!({"name": "Ada"}));
    phone.caller = None;
    let unknown = phone.ask("lookup_customer", &json!({})).await;
    unknown.is_error("invalid_arguments", call::ToolOutcome::Refused);
}

#[tokio::test]
async fn records_are_found_by_words() {
    let does = BuiltIn::SearchRecords { record: "article".into(), most: 1 };
    let mut phone = phone(vec![testing::tool("knowledge_base", ToolKind::BuiltIn(does))]);
    let answer = phone.ask("knowledge_base", &json!({"query": "is parking free"})).await;
    answer.is_result(&json!([{"key": "parking", "fields": {"text": "Parking is free"}}]));
    phone.ask("knowledge_base", &json!({"query": "helicopter"})).await.is_result(&json!([]));
}

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be_and_one_that_hangs_is_not_waited_for() {
    let mut tool = lookup();
    tool.timeout_ms = 50;
    let mut phone = phone(vec![tool]);
    *phone.shelf.health.lock().unwrap() = Health::Away;
    phone.ask("lookup_order", &json!({"order_id": "ABC123"})).await.is_error("unavailable", Failed);
    *phone.shelf.health.lock().unwrap() = Health::Hanging;
    phone.ask("lookup_order", &json!({"order_id": "ABC123"})).await.is_error("timeout", TimedOut);
}

#[tokio::test]
async fn a_service_without_an_address_answers_its_sample_and_says_so() {
    let sampled = |name: &str, sample: Option<Sample>| {
        with_http(http_tool(name, "GET", "{weather}/v1?lat={lat}"), |http| http.sample = sample)
    };
    let record = Sample::Record { record: "order".into(), argument: "id".into() };
    let mut phone = phone(vec![
        sampled("weather", Some(Sample::Answer(json!({"degrees": 21})))),
        sampled("order", Some(record)),
        sampled("nothing", None),
    ]);
    let answer = phone.ask("weather", &json!({})).await;
    assert_eq!((&answer.json["result"], &answer.json["sample"]), (&json!({"degrees": 21}), &Value::Bool(true)));
    let answer = phone.ask("order", &json!({"id": "ABC123"})).await;
    assert_eq!((&answer.json["result"]["status"], &answer.json["sample"]), (&json!("Delivered"), &Value::Bool(true)));
    phone.ask("nothing", &json!({})).await.is_error("unavailable", Failed);
}
