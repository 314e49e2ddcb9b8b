//! No number, message, address or credential is in an error, whatever happens.

use super::support::{
    ACCOUNT, CALL, THEM, Twilio, US, account, call, cutting, json, message, nobody, number, placement,
};
use super::support::{recording, rest, text};
use adapters::twilio::TwilioRest;
use common::ports::telephone::NumberSetup;
use common::ports::{Messages as _, Numbers as _, Recordings as _, Telephone as _, TelephoneError};
use serde_json::json;

#[tokio::test]
async fn a_refusal_that_repeats_the_number_does_not_pass_it_on() {
    let words = format!("The number {THEM} of {ACCOUNT} is unverified, token the-token, from {US}");
    let refusal = || json(400, json!({"code": 21219, "message": words, "detail": words, "status": 400}));
    let twilio = Twilio::answering((0..9).map(|_| refusal())).await;
    silent(every_error(&twilio.rest()).await);
}

#[tokio::test]
async fn nonsense_with_a_number_in_it_is_not_passed_on() {
    let words = format!("{{\"sid\": \"{THEM}\", \"calls\": [{{\"sid\": \"{THEM}\", \"status\": \"the-token\"}}]}}");
    let twilio = Twilio::answering((0..30).map(|_| text(201, &words))).await;
    silent(every_error(&twilio.rest()).await);
}

#[tokio::test]
async fn a_connection_that_fails_does_not_name_where_it_led() {
    silent(every_error(&rest(&account(&nobody().await))).await);
    silent(every_error(&rest(&account(&cutting("HTTP/1.1 banana\r\n\r\n").await.0))).await);
}

#[tokio::test]
async fn the_client_itself_does_not_print_its_secret() {
    let twilio = Twilio::answering([]).await;
    assert!(!format!("{:?}", twilio.rest()).contains("the-token"));
    assert!(!format!("{:?}", twilio.rest_with_key()).contains("key-secret"));
}

/// Every operation, and what it says when it fails.
async fn every_error(rest: &TwilioRest) -> Vec<TelephoneError> {
    let (them, us) = (number(THEM), number(US));
    let tries = [
        rest.place(&placement()).await.err(),
        rest.call(&them, &us, "https://calls.example.com/secret", 20).await.err(),
        rest.redirect(&call(), "https://calls.example.com/secret").await.err(),
        rest.look(&call()).await.err(),
        rest.calls_between(&us, &them, 0).await.err(),
        rest.send(&message()).await.err(),
        rest.fetch(&recording()).await.err(),
        rest.list().await.err(),
        rest.set("PN1", &NumberSetup::default()).await.err(),
    ];
    tries.into_iter().flatten().collect()
}

fn silent(errors: Vec<TelephoneError>) {
    assert!(errors.len() >= 7, "{errors:?}");
    for error in errors {
        let said = format!("{error} {error:?}");
        for secret in [THEM, US, ACCOUNT, CALL, "the-token", "secret", "127.0.0.1", "table & chairs"] {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
    }
}
