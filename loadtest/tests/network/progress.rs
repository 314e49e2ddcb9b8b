//! Status callbacks of calls placed by REST: exactly those asked for, and as unreliable as they are made.

use std::collections::BTreeSet;
use std::time::Duration;

use loadtest::network::{CallbackFault, Callee, Faults, Network};

use crate::application::{Application, NUMBER, no_stream, rest};

const ANNA: &str = "+15005550071";

/// A call to an engaged line, with these events asked for.
async fn call(faults: Faults, events: &[&str]) -> (Application, Network) {
    let (application, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, Callee::Busy);
    network.set_faults(faults);
    let progress = application.url("/progress");
    let mut form = vec![("To", ANNA), ("From", NUMBER), ("Twiml", "<Response/>"), ("StatusCallback", &progress)];
    form.extend(events.iter().map(|event| ("StatusCallbackEvent", *event)));
    assert_eq!(rest(&network, "", &form).await.0, 201);
    network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some())).await;
    (application, network)
}

fn states(application: &Application) -> BTreeSet<(String, String)> {
    let numbers = application.all_told("/progress", "SequenceNumber");
    numbers.into_iter().zip(application.all_told("/progress", "CallStatus")).collect()
}

#[tokio::test]
async fn exactly_the_events_asked_for_are_told_each_by_itself() {
    let (application, _) = call(Faults::default(), &["initiated", "completed"]).await;
    let expected = [("0", "initiated"), ("2", "busy")].map(|(number, state)| (number.to_owned(), state.to_owned()));
    assert_eq!(states(&application), BTreeSet::from(expected));
    for hit in application.hits("/progress") {
        assert!(hit.is_signed && hit.params["Timestamp"].ends_with(" +0000"));
        assert_eq!(hit.params["CallbackSource"], "call-progress-events");
    }
    let (application, _) = call(Faults::default(), &[]).await;
    assert_eq!(application.all_told("/progress", "CallStatus"), ["busy"], "without a word only the end");
}

#[tokio::test]
async fn a_list_spelt_wrong_is_taken_and_nothing_is_told() {
    let (application, network) = call(Faults::default(), &["initiated ringing answered completed"]).await;
    assert!(application.hits("/progress").is_empty());
    assert_eq!(network.rest_counts().created, 1);
}

#[tokio::test]
async fn callbacks_are_lost_and_doubled_on_demand() {
    let all = ["initiated", "ringing", "answered", "completed"];
    let (application, network) = call(Faults::seeded(1).callback(CallbackFault::Lost, 1.0), &all).await;
    assert_eq!((application.hits("/progress").len(), network.callback_counts().lost), (0, 3));
    let (application, network) = call(Faults::seeded(1).callback(CallbackFault::Doubled, 1.0), &all).await;
    assert_eq!((application.hits("/progress").len(), network.callback_counts().doubled), (6, 3));
    assert_eq!(states(&application).len(), 3);
}

#[tokio::test]
async fn callbacks_come_late_on_demand() {
    let late = Faults::seeded(1).callback(CallbackFault::Late(Duration::from_millis(300)), 1.0);
    let (application, network) = call(late, &["completed"]).await;
    assert_eq!(application.until_told("/progress", 1).await.len(), 1);
    assert!(network.legs()[0].dialled_at.elapsed() >= Duration::from_millis(300));
}
