//! A company's own system that is told about calls: it knows whose letters it takes, and which come again.

use loadtest::services::Services;
use loadtest::services::faults::{Fault, Rule};
use loadtest::services::signature::sign;
use serde_json::json;

use crate::client::{client, services};

const SECRET: &str = "shared-secret";

async fn tell(services: &Services, key: &str, event: &str, secret: &str) -> u16 {
    let body = json!({"id": key, "event": event, "call": "CA1", "data": {}}).to_string();
    let signature = sign(secret, body.as_bytes(), jiff::Timestamp::now().as_second());
    let request = client().post(format!("{}/calls", services.hooks.server.url())).header("Idempotency-Key", key);
    request.header("Patchbay-Signature", signature).body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn letters_are_kept_in_order_and_repetitions_are_known() {
    let services = services().await;
    services.hooks.server.demand_signatures(SECRET);
    for (key, event) in [("1", "call.started"), ("2", "call.ended"), ("1", "call.started")] {
        assert_eq!(tell(&services, key, event, SECRET).await, 204);
    }
    assert_eq!(tell(&services, "3", "call.ended", "guessed").await, 401);
    assert_eq!(services.hooks.told_of("CA1"), ["call.started", "call.ended"]);
    assert_eq!((services.hooks.letters().len(), services.hooks.doubles()), (3, 1));
}

#[tokio::test]
async fn a_letter_that_was_taken_and_not_answered_for_is_kept() {
    let services = services().await;
    services.hooks.server.fail(Rule::next(1, "*", Fault::Status(503)));
    assert_eq!(tell(&services, "1", "call.ended", SECRET).await, 503);
    assert!(services.hooks.letters().is_empty(), "a refused letter is not taken");
    services.hooks.server.fail(Rule::next(1, "*", Fault::WrongType));
    assert_eq!(tell(&services, "1", "call.ended", SECRET).await, 204);
    assert_eq!(services.hooks.letters().len(), 1);
}
