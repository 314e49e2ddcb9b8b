//! Text messages.

use super::support::{THEM, Twilio, US, json, message, text};
use common::ids::MessageId;
use common::ports::telephone::{SentMessage, TextMessage};
use common::ports::{Messages as _, TelephoneError};
use serde_json::json;

const MESSAGE: &str = "SM00000000000000000000000000000005";

#[tokio::test]
async fn a_message_is_sent() {
    let answer = json(201, json!({"sid": MESSAGE, "status": "queued", "num_segments": "2", "error_code": null}));
    let twilio = Twilio::answering([answer]).await;
    let wanted = SentMessage { message: MessageId::parse(MESSAGE).expect("valid"), segments: 2 };
    assert_eq!(twilio.rest().send(&message()).await, Ok(wanted));
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.line(), "POST /Messages.json");
    let wanted = [
        ("To", THEM),
        ("From", US),
        ("Body", "Your table & chairs: 8 pm"),
        ("StatusCallback", "https://calls.example.com/twilio/message-status/t"),
    ];
    assert_eq!(seen.form(), wanted);
}

#[tokio::test]
async fn a_message_nobody_wants_to_hear_of_again_names_no_callback() {
    let twilio = Twilio::answering([json(201, json!({"sid": MESSAGE, "num_segments": "0"}))]).await;
    let sent = twilio.rest().send(&TextMessage { status_url: None, ..message() }).await.expect("sent");
    assert_eq!(sent.segments, 1, "a message is at least one part");
    assert_eq!(twilio.seen().await[0].form().len(), 3);
}

#[tokio::test]
async fn a_message_that_may_have_been_sent_is_not_sent_again() {
    for answer in [text(502, ""), text(201, "ok"), json(201, json!({"sid": "not a sid!"}))] {
        let twilio = Twilio::answering([answer, json(201, json!({"sid": MESSAGE}))]).await;
        let error = twilio.rest().send(&message()).await.expect_err("uncertain");
        assert!(matches!(error, TelephoneError::Unknown(_)), "{error}");
        assert_eq!(twilio.count().await, 1);
    }
}

#[tokio::test]
async fn whoever_has_opted_out_is_said_to_have() {
    let twilio = Twilio::answering([json(400, json!({"code": 21610, "status": 400}))]).await;
    let error = twilio.rest().send(&message()).await.expect_err("refused");
    assert!(matches!(&error, TelephoneError::Refused { code: Some(21610), .. }));
    assert!(error.to_string().contains("opted out"), "{error}");
}
