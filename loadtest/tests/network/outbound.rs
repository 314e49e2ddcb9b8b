//! Calls created by REST and picked up by a telephone.

use std::collections::BTreeSet;

use loadtest::phone::{self, CallEnd, CallPlan, StatusDelivery};
use serde_json::Value;

use crate::application::{Application, no_stream};

async fn create(network: &loadtest::network::Network, form: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/2010-04-01/Accounts/{}/Calls.json", network.api_base_url(), network.account_sid());
    let request = reqwest::Client::new().post(url).basic_auth(network.account_sid(), Some(network.auth_token()));
    let answer = request.form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

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
    let (code, body) = create(&network, &form).await;
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
        let (status, body) = create(&network, &form).await;
        assert_eq!((status, &body["code"]), (400, &code.into()));
    }
}
