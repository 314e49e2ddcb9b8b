//! The bank, the workflows and the weather answer like what they stand for, and every request is remembered.

use loadtest::services::{
    faults::{Fault, Rule},
    memory::Ending,
    weather::Now,
    webhooks::{CUSTOMER_SECRET, KNOWLEDGE_SECRET},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::client::{ask, client, services};

#[tokio::test]
async fn the_bank_knows_three_numbers_until_it_is_told_otherwise() {
    let services = services().await;
    let number = |aba: &str| client().get(format!("{}/routing-numbers/{aba}", services.bank.server.url()));
    for aba in ["021000021", "011401533", "091000019"] {
        let (status, answer) = ask(number(aba)).await;
        assert_eq!((status, &answer["routing_number"]), (200, &json!(aba)));
        assert!(answer["bank"].is_string());
    }
    assert_eq!(ask(number("122105155")).await.0, 404);
    services.bank.put("122105155", "U.S. Bank");
    services.bank.remove("021000021");
    assert_eq!(ask(number("122105155")).await.1["bank"], "U.S. Bank");
    assert_eq!(ask(number("021000021")).await.0, 404);
}

#[tokio::test]
async fn a_workflow_demands_its_own_secret() {
    let services = services().await;
    let url = services.webhooks.server.url();
    let customer = || client().post(format!("{url}/webhook/customer")).json(&json!({"phone": "+15005550010"}));
    assert_eq!(ask(customer()).await.0, 401);
    assert_eq!(ask(customer().header("X-Webhook-Secret", KNOWLEDGE_SECRET)).await.0, 401);
    assert_eq!(services.webhooks.customer("+15005550010").unwrap().lookups, 0);
    assert_eq!(ask(customer().header("X-Webhook-Secret", CUSTOMER_SECRET)).await.0, 200);
    assert_eq!(services.webhooks.customer("+15005550010").unwrap().lookups, 1);
}

#[tokio::test]
async fn a_customer_is_known_by_telephone() {
    let services = services().await;
    let url = format!("{}/webhook/customer", services.webhooks.server.url());
    let look = |phone: &str| {
        ask(client().post(&url).header("X-Webhook-Secret", CUSTOMER_SECRET).json(&json!({"phone": phone})))
    };
    let (_, maria) = look("+15005550010").await;
    assert_eq!(maria["customer"]["name"], "Maria Lopez");
    assert_eq!(maria["customer"]["recent_activity"][0]["summary"], "Order ABC123 was delivered.");
    let (_, arjun) = look("+15005550011").await;
    assert_eq!(arjun["customer"]["name"], "Arjun Mehta");
    assert_eq!(look("+15005550099").await, (200, json!({"found": false})));
}

#[tokio::test]
async fn questions_are_answered_in_three_languages() {
    let services = services().await;
    let url = format!("{}/webhook/knowledge", services.webhooks.server.url());
    let knows = |query: &str| {
        ask(client().post(&url).header("X-Webhook-Secret", KNOWLEDGE_SECRET).json(&json!({"query": query})))
    };
    for (query, source) in [
        ("What are your opening hours on Saturday?", "opening-hours"),
        ("¿A qué hora abren?", "opening-hours"),
        ("Can I return a broken lamp?", "return-policy"),
        ("Main saaman wapas kar sakta hoon?", "return-policy"),
        ("Is there a late fee?", "fees"),
        ("¿Cuánto cuesta el envío?", "fees"),
    ] {
        assert_eq!(knows(query).await.1["source"], source, "{query}");
    }
    assert_eq!(knows("Who won the election?").await.1, json!({"found": false, "answer": null}));
    assert_eq!(services.webhooks.answers()["fees"], 2);
}

#[tokio::test]
async fn the_weather_has_the_shape_of_open_meteos() {
    let services = services().await;
    services.weather.set(52.5, 13.375, Now { temperature: 7.5, weather_code: 61 });
    let (status, answer) =
        ask(forecast(&services, "latitude=52.52&longitude=13.41&current=temperature_2m,weather_code")).await;
    assert_eq!(status, 200);
    assert_eq!(answer["current"]["temperature_2m"], 7.5);
    assert_eq!(answer["current"]["weather_code"], 61);
    assert_eq!(answer["current"]["interval"], 900);
    assert_eq!(answer["current"]["time"].as_str().unwrap().len(), "2026-11-21T06:15".len());
    assert_eq!(
        answer["current_units"],
        json!({"time": "iso8601", "interval": "seconds", "temperature_2m": "°C", "weather_code": "wmo code"})
    );
    for member in ["latitude", "longitude", "generationtime_ms", "utc_offset_seconds", "elevation"] {
        assert!(answer[member].is_number(), "{member}");
    }
    let warm = "latitude=52.52&longitude=13.41&current=temperature_2m&temperature_unit=fahrenheit";
    assert_eq!(ask(forecast(&services, warm)).await.1["current"]["temperature_2m"], 45.5);
}

#[tokio::test]
async fn the_weather_of_nowhere_is_refused_with_a_reason() {
    let services = services().await;
    for query in [
        "latitude=300&longitude=13.41&current=temperature_2m",
        "latitude=52.52&longitude=-181",
        "latitude=here&longitude=13.41",
        "latitude=NaN&longitude=13.41",
        "longitude=13.41",
        "latitude=52.52&longitude=13.41&current=mood",
    ] {
        let (status, answer) = ask(forecast(&services, query)).await;
        assert_eq!((status, &answer["error"]), (400, &Value::Bool(true)), "{query}");
        assert!(answer["reason"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn every_request_is_remembered_as_it_came() {
    let services = services().await;
    services.weather.server.fail(Rule::next(1, "/v1", Fault::Status(503)));
    ask(forecast(&services, "latitude=1&longitude=2").header("Idempotency-Key", "k-1").body("why?")).await;
    let elsewhere = client().get(format!("{}/else", services.weather.server.url()));
    assert_eq!(elsewhere.header("x-twice", "1").header("x-twice", "2").send().await.unwrap().status(), 404);
    let [first, second] = services.weather.server.requests().try_into().unwrap();
    assert_eq!(
        (first.method.as_str(), first.path(), first.uri.query()),
        ("GET", "/v1/forecast", Some("latitude=1&longitude=2"))
    );
    assert_eq!((first.idempotency_key(), &first.body[..]), (Some("k-1"), &b"why?"[..]));
    assert_eq!((first.fault, first.ending), (Some(Fault::Status(503)), Ending::Answered(503)));
    assert_eq!(second.headers.get_all("x-twice").iter().count(), 2);
    assert_eq!((second.fault, second.ending), (None, Ending::Answered(404)));
    assert!(first.at <= second.at);
}

fn forecast(services: &loadtest::services::Services, query: &str) -> RequestBuilder {
    client().get(format!("{}/v1/forecast?{query}", services.weather.server.url()))
}
