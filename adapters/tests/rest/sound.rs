//! The sound of recordings, which may lie elsewhere.

use super::support::{RECORDING, Twilio, account, cutting, json, recording, rest, text};
use common::ports::{Recordings as _, TelephoneError};
use serde_json::json;
use std::sync::atomic::Ordering;
use wiremock::ResponseTemplate;

const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";

#[tokio::test]
async fn sound_is_fetched_with_both_channels() {
    let twilio = Twilio::answering([wav()]).await;
    assert_eq!(twilio.rest().fetch(&recording()).await.expect("fetched").as_deref(), Some(WAV));
    let seen = &twilio.seen().await[0];
    assert_eq!(seen.line(), format!("GET /Recordings/{RECORDING}.wav?RequestedChannels=2"));
    assert!(seen.login.is_some());
}

#[tokio::test]
async fn a_storage_host_is_followed_to_and_not_shown_our_credentials() {
    let storage = Twilio::answering([wav()]).await;
    let twilio = Twilio::answering([to(&format!("{}/bucket/r.wav?signature=s", storage.address()))]).await;
    assert_eq!(twilio.rest().fetch(&recording()).await.expect("fetched").as_deref(), Some(WAV));
    let seen = storage.seen().await;
    assert_eq!(seen[0].line(), "GET /bucket/r.wav?signature=s");
    assert_eq!(seen[0].login, None);
}

#[tokio::test]
async fn sound_that_is_always_somewhere_else_is_given_up() {
    let away = || to("/2010-04-01/Accounts/AC00000000000000000000000000000001/Recordings/again.wav");
    let twilio = Twilio::answering([away(), away(), away(), away(), away()]).await;
    let error = twilio.rest().fetch(&recording()).await.expect_err("given up");
    assert_eq!(error, TelephoneError::Away("the sound is always somewhere else".into()));
    assert_eq!(twilio.count().await, 4);
}

#[tokio::test]
async fn a_recording_that_twilio_does_not_have_is_none() {
    let twilio = Twilio::answering([json(404, json!({"code": 20404}))]).await;
    assert_eq!(twilio.rest().fetch(&recording()).await, Ok(None));
}

#[tokio::test]
async fn a_storage_host_that_does_not_have_it_yet_is_no_none() {
    let storage = Twilio::answering([text(404, "<Error/>")]).await;
    let twilio = Twilio::answering([to(&format!("{}/r.wav", storage.address()))]).await;
    let error = twilio.rest().fetch(&recording()).await.expect_err("refused");
    assert!(matches!(error, TelephoneError::Refused { status: 404, .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_sound_is_asked_for_again() {
    let twilio = Twilio::answering([text(200, "<html>"), text(500, ""), wav()]).await;
    assert_eq!(twilio.rest().fetch(&recording()).await.expect("fetched").as_deref(), Some(WAV));
}

#[tokio::test]
async fn sound_that_breaks_off_is_never_taken_for_whole() {
    let (address, asked) = cutting("HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\nRIFF and a little").await;
    let error = rest(&account(&address)).fetch(&recording()).await.expect_err("not whole");
    assert!(matches!(error, TelephoneError::Away(_)), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

fn wav() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(WAV, "audio/x-wav")
}

fn to(address: &str) -> ResponseTemplate {
    ResponseTemplate::new(307).insert_header("location", address)
}
