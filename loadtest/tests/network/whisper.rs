//! The document of `<Number url>`: heard by the person called, before the two are connected.

use std::time::Duration;

use loadtest::network::{CallStatus, Human, Leg, Network};
use loadtest::phone::{self, CallEnd, CallPlan, CallTruth};
use tokio_util::sync::CancellationToken;

use crate::application::{Application, NUMBER, no_stream};

const ANNA: &str = "+15005550071";
const DOCUMENTS: [(&str, &str); 4] = [
    ("/voice", r#"<Response><Dial action="/after"><Number url="/whisper?a=1">+15005550071</Number></Dial></Response>"#),
    (
        "/whisper",
        r#"<Response><Gather numDigits="1" timeout="3" action="/pressed"><Say>An order is missing.</Say><Say>Press one.</Say></Gather><Say>Goodbye.</Say><Hangup/></Response>"#,
    ),
    ("/pressed", "<Response><Say>Thank you.</Say></Response>"),
    ("/after", "<Response><Say>Back.</Say></Response>"),
];

async fn call(documents: &[(&str, &str)], anna: Human) -> (CallTruth, Leg, Application, Network) {
    let (application, network) = Application::start(documents, no_stream).await;
    network.list(ANNA, anna);
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![])).await;
    let legs = network.legs();
    assert_eq!(legs.len(), 1);
    (truth, legs[0].clone(), application, network)
}

#[tokio::test]
async fn a_human_hears_what_it_is_about_and_accepts() {
    let anna = Human::after_ms(100).pressing("1").talking(Duration::from_secs(2));
    let (truth, leg, application, _) = call(&DOCUMENTS, anna).await;
    assert_eq!(leg.heard, ["An order is missing.", "Press one.", "Thank you."]);
    assert_eq!((leg.pressed.as_str(), leg.connected_with.as_slice()), ("1", [truth.call_sid.clone()].as_slice()));
    assert_eq!(truth.spoken, ["Back."], "the caller hears none of it");
    let whisper = &application.hits("/whisper")[0];
    assert_eq!((whisper.params["CallSid"].as_str(), whisper.params["a"].as_str()), (leg.call_sid.as_str(), "1"));
    assert_eq!(
        (&whisper.params["ParentCallSid"], whisper.params["Direction"].as_str()),
        (&truth.call_sid, "outbound-dial")
    );
    assert_eq!(
        (application.told("/pressed", "Digits"), application.told("/after", "DialBridged")),
        ("1".into(), "true".into())
    );
}

#[tokio::test]
async fn a_human_who_does_not_accept_is_never_connected() {
    let (truth, leg, application, _) = call(&DOCUMENTS, Human::after_ms(100)).await;
    assert_eq!(leg.heard, ["An order is missing.", "Press one.", "Goodbye."]);
    assert!(!leg.was_connected() && truth.connections.is_empty());
    assert_eq!(application.told("/after", "DialBridged"), "false");
    assert_eq!(application.told("/after", "DialCallDuration"), "");
    assert_eq!((leg.status, truth.dials[0].talked), (CallStatus::Completed, None));
}

#[tokio::test]
async fn a_caller_who_hangs_up_meanwhile_ends_the_whisper() {
    let mut documents = DOCUMENTS;
    documents[1].1 = r#"<Response><Say>An order is missing.</Say><Pause length="600"/></Response>"#;
    let (_, network) = Application::start(&documents, no_stream).await;
    network.list(ANNA, Human::after_ms(100));
    let hang_up = CancellationToken::new();
    let mut plan = CallPlan::new(1, NUMBER, vec![]);
    plan.hang_up = Some(hang_up.clone());
    let listening = async {
        network.legs_when(|legs| legs.iter().any(|leg| !leg.heard.is_empty())).await;
        hang_up.cancel();
    };
    let (truth, ()) = tokio::join!(phone::call(&network, plan), listening);
    let leg = &network.legs()[0];
    assert_eq!((truth.end, truth.dials[0].status.as_str()), (CallEnd::HungUp, "canceled"));
    assert!(!leg.was_connected() && leg.status == CallStatus::Completed, "{leg:?}");
}

#[tokio::test]
async fn nobody_can_be_dialled_in_a_whisper() {
    let mut documents = DOCUMENTS;
    documents[1].1 = "<Response><Dial>+15005550072</Dial></Response>";
    let (_, leg, application, _) = call(&documents, Human::after_ms(100)).await;
    assert!(leg.truth.unwrap().noticed(13201));
    assert_eq!(application.told("/after", "DialBridged"), "false");
}
