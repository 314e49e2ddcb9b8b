//! Recordings that Twilio makes of live calls.

use super::support::{CALL, RECORDING, Twilio, call, json, recording, text};
use common::ports::telephone::RecordingOrder;
use common::ports::{Recordings as _, TelephoneError};
use serde_json::json;

#[tokio::test]
async fn a_call_is_recorded_a_channel_for_each_side() {
    let twilio = Twilio::answering([json(201, json!({"sid": RECORDING, "status": "in-progress"}))]).await;
    let started = twilio.rest().start(&call(), "https://calls.example.com/twilio/recording/t").await;
    assert_eq!(started, Ok(recording()));
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.line(), format!("POST /Calls/{CALL}/Recordings.json"));
    let wanted = [
        ("RecordingChannels", "dual"),
        ("RecordingTrack", "both"),
        ("RecordingStatusCallback", "https://calls.example.com/twilio/recording/t"),
        ("RecordingStatusCallbackMethod", "POST"),
        ("RecordingStatusCallbackEvent", "in-progress completed absent"),
    ];
    assert_eq!(seen.form(), wanted);
}

#[tokio::test]
async fn a_recording_that_may_have_begun_is_not_begun_again() {
    let twilio = Twilio::answering([text(500, ""), json(201, json!({"sid": RECORDING}))]).await;
    let error = twilio.rest().start(&call(), "https://x/").await.expect_err("uncertain");
    assert!(matches!(error, TelephoneError::Unknown(_)), "{error}");
    assert_eq!(twilio.count().await, 1);
}

#[tokio::test]
async fn a_recording_pauses_in_silence_goes_on_and_stops() {
    let taken = || json(200, json!({"sid": RECORDING}));
    let twilio = Twilio::answering([taken(), taken(), taken()]).await;
    let rest = twilio.rest();
    for order in [RecordingOrder::Pause, RecordingOrder::Resume, RecordingOrder::Stop] {
        rest.order(&call(), order).await.expect("taken");
    }
    let seen = twilio.seen().await;
    assert_eq!(seen[0].line(), format!("POST /Calls/{CALL}/Recordings/Twilio.CURRENT.json"));
    assert_eq!(seen[0].form(), [("Status", "paused"), ("PauseBehavior", "silence")]);
    assert_eq!(seen[1].form(), [("Status", "in-progress")]);
    assert_eq!(seen[2].form(), [("Status", "stopped")]);
}

#[tokio::test]
async fn an_order_that_timed_out_at_twilio_is_given_again() {
    let twilio = Twilio::answering([text(408, ""), json(200, json!({}))]).await;
    twilio.rest().order(&call(), RecordingOrder::Pause).await.expect("taken at the second try");
    assert_eq!(twilio.count().await, 2);
}

#[tokio::test]
async fn nothing_is_recorded_of_a_call_that_is_over() {
    let over = || json(400, json!({"code": 21220}));
    let twilio = Twilio::answering([over(), json(404, json!({"code": 20404}))]).await;
    assert_eq!(twilio.rest().start(&call(), "https://x/").await, Err(TelephoneError::AlreadyOver));
    assert_eq!(twilio.rest().order(&call(), RecordingOrder::Stop).await, Err(TelephoneError::AlreadyOver));
}

#[tokio::test]
async fn a_recording_is_deleted_also_one_that_is_gone() {
    let twilio = Twilio::answering([text(204, ""), json(404, json!({"code": 20404}))]).await;
    twilio.rest().delete(&recording()).await.expect("deleted");
    twilio.rest().delete(&recording()).await.expect("gone is deleted");
    assert_eq!(twilio.seen().await[0].line(), format!("DELETE /Recordings/{RECORDING}.json"));
}

#[tokio::test]
async fn a_deletion_is_repeated_until_it_is_done() {
    let twilio = Twilio::answering([text(500, ""), text(503, ""), text(204, "")]).await;
    twilio.rest().delete(&recording()).await.expect("deleted at the third try");
}
