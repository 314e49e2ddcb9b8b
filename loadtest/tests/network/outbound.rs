//! Calls created by REST and picked up by a telephone.

use std::collections::BTreeSet;
use std::time::Duration;

use loadtest::network::{CallStatus, Callee, Human, Network};
use loadtest::phone::{self, CallEnd, CallPlan, StatusDelivery, Step};

use crate::application::{Application, NUMBER, no_stream, rest};

#[tokio::test]
async fn a_call_created_by_rest_rings_and_asks_for_its_document_when_answered() {
    let (application, network) =
        Application::start(&[("/outbound", "<Response><Say>Hello.</Say></Response>")], no_stream).await;
    let (url, status) = (application.url("/outbound"), application.url("/progress"));
    let form = [
        ("To", "+15005550099"),
        ("From", "+15005550006"),
        ("Url", url.as_str()),
        ("StatusCallback", status.as_str()),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ];
    let (code, body) = rest(&network, "", &form).await;
    assert_eq!((code, &body["status"], &body["direction"]), (201, &"queued".into(), &"outbound-api".into()));
    let ring = network.next_ring().await.unwrap();
    assert_eq!((body["sid"].as_str(), ring.to.as_str()), (Some(ring.call_sid.as_str()), "+15005550099"));
    let mut plan = CallPlan::new(1, "", vec![]);
    plan.status_delivery = StatusDelivery::OutOfOrder;
    let truth = phone::answer(&network, ring, plan).await;

    assert_eq!((truth.spoken, truth.end), (vec!["Hello.".to_owned()], CallEnd::Completed));
    let asked = &application.hits("/outbound")[0].params;
    assert_eq!((asked["Direction"].as_str(), asked["CallStatus"].as_str()), ("outbound-api", "in-progress"));
    let progress = application.hits("/progress");
    assert_eq!(progress[0].params["CallStatus"], "completed", "the last event comes first");
    let told: BTreeSet<_> =
        progress.iter().map(|hit| (hit.params["SequenceNumber"].as_str(), hit.params["CallStatus"].as_str())).collect();
    assert_eq!(told, BTreeSet::from([("0", "initiated"), ("2", "in-progress"), ("3", "completed")]));
    assert!(application.hits("/status").is_empty());
}

#[tokio::test]
async fn a_call_without_a_number_or_a_document_is_refused() {
    let (_, network) = Application::start(&[], no_stream).await;
    for (form, code) in [
        (vec![("From", "+1"), ("Twiml", "<Response/>")], 21201),
        (vec![("To", "+1"), ("Twiml", "<Response/>")], 21213),
        (vec![("To", "+1"), ("From", "+1")], 21205),
        (vec![("To", "+1"), ("From", "+1"), ("Url", "ftp://x")], 21205),
    ] {
        let (status, body) = rest(&network, "", &form).await;
        assert_eq!((status, &body["code"]), (400, &code.into()));
    }
}

const ANNA: &str = "+15005550071";

/// Calls Anna, who is as the book says, and waits until that is over.
async fn call_anna(callee: Callee, form: &[(&str, &str)]) -> (Application, Network) {
    let (application, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, callee);
    let status = application.url("/progress");
    let mut all = vec![("From", NUMBER), ("StatusCallback", status.as_str())];
    all.extend_from_slice(form);
    assert_eq!(rest(&network, "", &all).await.0, 201);
    network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some())).await;
    (application, network)
}

#[tokio::test]
async fn somebody_of_the_book_picks_up_by_themselves_and_hears_what_is_said() {
    let document =
        ("Twiml", "<Response><Say>You have a caller.</Say><Pause length=\"9\"/><Say>Still.</Say></Response>");
    let steps = vec![Step::AwaitVerb("Pause".into()), Step::Silence { ms: 2_000 }, Step::HangUp];
    let anna = Human { steps, ..Human::after_ms(3_000) };
    let (application, network) = call_anna(anna.into(), &[("To", ANNA), document]).await;
    let legs = network.legs();
    assert_eq!((legs.len(), legs[0].heard.as_slice()), (1, ["You have a caller.".to_owned()].as_slice()));
    assert_eq!((legs[0].caller_id.as_str(), legs[0].parent.as_ref()), (NUMBER, None));
    assert_eq!(legs[0].truth.as_ref().unwrap().end, CallEnd::HungUp);
    assert_eq!(application.told("/progress", "CallStatus"), "completed");
}

#[tokio::test]
async fn nobody_who_picks_up_ends_in_a_status_callback() {
    let document = ("Twiml", "<Response><Say>Never.</Say></Response>");
    for (callee, to, status, sip) in [
        (Callee::Busy, ANNA, "busy", "486"),
        (Callee::NoAnswer, ANNA, "no-answer", "487"),
        (Human::after_ms(11_000).into(), ANNA, "no-answer", "487"),
        (Callee::Busy, "+15005550000", "failed", "404"),
    ] {
        let (application, network) = call_anna(callee, &[("To", to), document, ("Timeout", "10")]).await;
        assert_eq!(application.told("/progress", "CallStatus"), status);
        assert_eq!(application.told("/progress", "SipResponseCode"), sip);
        let legs = network.legs();
        assert_eq!((legs[0].to.as_str(), legs[0].status.as_str(), legs[0].heard.len()), (to, status, 0));
    }
}

#[tokio::test]
async fn a_call_that_rings_can_be_called_off() {
    let (_, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, Callee::NoAnswer);
    let form = [("To", ANNA), ("From", NUMBER), ("Twiml", "<Response/>"), ("Timeout", "600")];
    let (_, body) = rest(&network, "", &form).await;
    let tail = format!("/{}", body["sid"].as_str().unwrap());
    network.legs_when(|legs| legs[0].status == CallStatus::Ringing).await;
    let (status, body) = rest(&network, &tail, &[("Twiml", "<Response/>")]).await;
    assert_eq!((status, &body["code"]), (400, &21220.into()), "nobody is there yet to be sent elsewhere");
    assert_eq!(rest(&network, &tail, &[("Status", "canceled")]).await.0, 200);
    let legs = network.legs_when(|legs| legs[0].truth.is_some()).await;
    assert_eq!((legs[0].status, legs[0].talked), (CallStatus::Canceled, Duration::ZERO));
}

#[tokio::test]
async fn a_document_that_cannot_be_had_leads_to_the_fallback_of_the_call() {
    let (application, network) = Application::start(
        &[("/bad", "<Response><Say>"), ("/fallback", "<Response><Say>Sorry.</Say></Response>")],
        no_stream,
    )
    .await;
    network.list(ANNA, Human::default());
    let (url, fallback) = (application.url("/bad"), application.url("/fallback"));
    rest(&network, "", &[("To", ANNA), ("From", NUMBER), ("Url", &url), ("FallbackUrl", &fallback)]).await;
    let legs = network.legs_when(|legs| legs[0].truth.is_some()).await;
    assert_eq!(
        (legs[0].heard.as_slice(), application.told("/fallback", "ErrorCode")),
        (["Sorry.".to_owned()].as_slice(), "12100".into())
    );
}
