//! What can be made to go wrong goes wrong, and nothing else.

use std::time::Duration;

use loadtest::{
    deepgram::{
        Options, Pace, Provider,
        codes::{ErrorCode, WarningCode},
        faults::{Break, Failure, Faults, Phase},
    },
    provider::faults::{Chance, Ending},
};
use tokio_tungstenite::tungstenite::Error;

use crate::client::{Client, code, greeted, options, settings};

async fn provider(faults: Faults) -> Provider {
    Provider::start(Options { faults, ..options() }).await.unwrap()
}

fn breaking(phase: Phase, failure: Failure) -> Faults {
    Faults { breaks: vec![Break::always(phase, failure)], ..Faults::default() }
}

#[tokio::test]
async fn an_upgrade_can_be_answered_with_any_status() {
    for status in [401, 429, 500, 503] {
        let provider = provider(Faults { upgrade: Some((Chance::ALWAYS, status)), ..Faults::default() }).await;
        let refused = Client::dial(&provider, "/v1/agent/converse", "Token dg-look-alike").await;
        assert!(matches!(refused, Err(Error::Http(response)) if response.status() == status));
    }
}

#[tokio::test]
async fn every_error_ends_the_session_in_every_phase() {
    let phases = [
        Phase::Welcome,
        Phase::Settings,
        Phase::Applied,
        Phase::Listening,
        Phase::BeforeAudio,
        Phase::MidAudio,
        Phase::Answered,
    ];
    for (index, error) in ErrorCode::ALL.into_iter().enumerate() {
        let phase = phases[index % phases.len()];
        let provider = provider(breaking(phase, Failure::Error(error))).await;
        let mut client = Client::welcome(&provider).await;
        if phase != Phase::Welcome {
            client.send(settings()).await;
        }
        if !matches!(phase, Phase::Welcome | Phase::Settings | Phase::Applied) {
            client.until("SettingsApplied").await;
            client.take_turn().await;
        }
        assert_eq!(client.fate().await, code(error), "{phase:?}");
        assert_eq!(
            (provider.sessions()[0].errors.as_slice(), provider.sessions()[0].violations.len()),
            (&[error][..], 0)
        );
    }
}

#[tokio::test]
async fn a_warning_does_not_end_the_session() {
    let provider = provider(breaking(Phase::MidAudio, Failure::Warning(WarningCode::SpeakRequestFailed))).await;
    let mut client = Client::ready(&provider, greeted()).await;
    assert_eq!(client.until("Warning").await["code"], "SPEAK_REQUEST_FAILED");
    client.until("AgentAudioDone").await;
}

#[tokio::test]
async fn a_socket_can_die_without_an_error() {
    let provider = provider(breaking(Phase::Applied, Failure::Close(Ending::Abrupt))).await;
    let client = Client::ready(&provider, settings()).await;
    assert!(client.ends().await);
    assert!(provider.sessions()[0].errors.is_empty());
}

#[tokio::test]
async fn the_settings_may_never_be_applied() {
    let faults = Faults { applied_missing: Chance::ALWAYS, ..Faults::default() };
    let pace = Pace { client_timeout: Duration::from_millis(200), ..options().pace };
    let provider = Provider::start(Options { faults, pace, ..options() }).await.unwrap();
    let mut client = Client::welcome(&provider).await;
    client.send(settings()).await;
    assert_eq!(client.next().await.unwrap().kind(), "Error");
}

#[tokio::test]
async fn a_model_that_is_slow_is_complained_about() {
    let stall = Some((Chance::ALWAYS, Duration::from_millis(250)));
    let faults = Faults { stall_before_audio: stall, ..Faults::default() };
    let pace = Pace { slow_think: Duration::from_millis(100), ..options().pace };
    let provider = Provider::start(Options { faults, pace, ..options() }).await.unwrap();
    let mut client = Client::ready(&provider, settings()).await;
    client.take_turn().await;
    client.until("audio").await;
    assert_eq!(provider.sessions()[0].warnings, [WarningCode::SlowThinkRequest; 2]);
}

#[tokio::test]
async fn messages_fields_and_texts_nobody_expects_change_nothing() {
    let always = Chance::ALWAYS;
    let faults = Faults { unknown_messages: always, unknown_fields: always, huge_text: always, ..Faults::default() };
    let provider = provider(faults).await;
    let mut client = Client::ready(&provider, greeted()).await;
    let messages = client.collect("AgentAudioDone").await;
    assert!(messages.iter().any(|message| message.kind() == "WeatherUpdated"));
    let words = messages.iter().find(|message| message.kind() == "ConversationText").unwrap().text();
    assert!(words["content"].as_str().unwrap().len() > 65_536 && words["weather"].is_object());
}
