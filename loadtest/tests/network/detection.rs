//! Who has picked up: a person, a machine or a fax, told to whoever asked; and what a machine records.

use std::time::Duration;

use loadtest::network::{Callee, Human, Leg, Machine, Network};
use loadtest::phone::Step;

use crate::application::{Application, NUMBER, get, no_stream, rest};

const ANNA: &str = "+15005550071";
const HELLO: (&str, &str) = ("/hello", "<Response><Pause length=\"60\"/></Response>");
const MESSAGE: (&str, &str) = ("/message", "<Response><Say>Call us back.</Say></Response>");

/// Calls somebody with detection on; a verdict goes to `/amd`.
async fn call(callee: impl Into<Callee>, how: &[(&str, &str)]) -> (Application, Network) {
    let (application, network) = Application::start(&[HELLO, MESSAGE], no_stream).await;
    network.list(ANNA, callee);
    let (url, amd) = (application.url("/hello"), application.url("/amd"));
    let mut form =
        vec![("To", ANNA), ("From", NUMBER), ("Url", url.as_str()), ("MachineDetection", "DetectMessageEnd")];
    form.extend([("AsyncAmd", "true"), ("AsyncAmdStatusCallback", amd.as_str())]);
    form.retain(|(name, _)| !how.iter().any(|(other, _)| other == name));
    form.extend_from_slice(how);
    assert_eq!(rest(&network, "", &form).await.0, 201);
    (application, network)
}

async fn over(network: &Network) -> Leg {
    network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some())).await.swap_remove(0)
}

#[tokio::test]
async fn a_machine_is_told_after_its_beep_and_records_what_is_said_then() {
    let (application, network) = call(Machine::greeting_ms(300), &[]).await;
    let told = application.until_told("/amd", 1).await;
    assert!(told[0].is_signed);
    assert_eq!(told[0].params["AnsweredBy"], "machine_end_beep");
    assert_eq!(told[0].params["MachineDetectionDuration"], "1200");
    let tail = format!("/{}", told[0].params["CallSid"]);
    rest(&network, &tail, &[("Url", &application.url("/message"))]).await;
    let leg = over(&network).await;
    let truth = leg.truth.unwrap();
    assert_eq!((truth.recorded_words(), truth.said_over_beep()), (vec!["Call us back."], false));
    assert!(truth.verdict.is_some_and(|verdict| verdict.is_told));
    let (_, body) = get(&network, &format!("/Calls/{}.json", truth.call_sid)).await;
    assert_eq!(body["answered_by"], "machine_end_beep");
}

#[tokio::test]
async fn what_is_said_before_the_beep_is_not_recorded() {
    let hasty = [("Twiml", "<Response><Say>Call us back, soon.</Say></Response>"), ("Url", "")];
    let (_, network) = call(Machine::greeting_ms(300), &hasty).await;
    let truth = over(&network).await.truth.unwrap();
    assert_eq!((truth.recorded_words(), truth.said_over_beep()), (vec![], true));
}

#[tokio::test]
async fn a_person_a_fax_and_a_machine_without_a_beep_are_told_apart() {
    for (callee, verdict) in [
        (Callee::from(Human::after_ms(100)), "human"),
        (Callee::Fax, "fax"),
        (Machine::greeting_ms(500).without_beep().into(), "machine_end_silence"),
    ] {
        let (application, _network) = call(callee, &[]).await;
        assert_eq!(application.until_told("/amd", 1).await[0].params["AnsweredBy"], verdict);
    }
}

#[tokio::test]
async fn a_call_that_ends_before_the_verdict_leaves_it_unknown() {
    let anna = Human { steps: vec![Step::HangUp], ..Human::after_ms(100) };
    let (application, network) = call(anna, &[]).await;
    let truth = over(&network).await.truth.unwrap();
    assert_eq!(application.told("/amd", "AnsweredBy"), "unknown");
    assert_eq!(truth.verdict.unwrap().answered_by, "unknown");
}

#[tokio::test]
async fn without_a_callback_of_its_own_the_document_waits_for_the_verdict() {
    let waiting = [("AsyncAmd", "false"), ("AsyncAmdStatusCallback", "")];
    let (application, network) = call(Machine::greeting_ms(200), &waiting).await;
    let asked = application.until_told("/hello", 1).await;
    assert_eq!(asked[0].params["AnsweredBy"], "machine_end_beep");
    assert_eq!(asked[0].params["MachineDetectionDuration"], "1100");
    let legs = network.legs();
    assert!(legs[0].dialled_at.elapsed() >= Duration::from_millis(1_100));
}
