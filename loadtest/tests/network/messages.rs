//! Text messages: who gets one, who cannot, and what the sender is told.

use loadtest::network::Inbox;

use crate::application::{Application, NUMBER, get, no_stream, post};

const ANNA: &str = "+15005550071";

#[tokio::test]
async fn a_message_is_taken_sent_and_delivered() {
    let (application, network) = Application::start(&[], no_stream).await;
    let status = application.url("/message");
    let form = [("To", ANNA), ("From", NUMBER), ("Body", "See you at ten."), ("StatusCallback", &status)];
    let (code, body) = post(&network, "/Messages.json", &form).await;
    assert_eq!((code, &body["status"], &body["num_segments"]), (201, &"queued".into(), &"1".into()));
    let hits = application.until_told("/message", 3).await;
    assert!(hits.iter().all(|hit| hit.is_signed && hit.params["MessageSid"] == body["sid"]));
    assert_eq!(application.all_told("/message", "MessageStatus"), ["queued", "sent", "delivered"]);
    let sent = network.messages();
    assert_eq!((sent[0].to.as_str(), sent[0].body.as_str()), (ANNA, "See you at ten."));
    let (_, fetched) = get(&network, &format!("/Messages/{}.json", sent[0].sid)).await;
    assert_eq!(fetched["status"], "delivered");
}

#[tokio::test]
async fn a_message_nobody_can_get_says_why() {
    let (application, network) = Application::start(&[], no_stream).await;
    network.set_inbox(ANNA, Inbox::Unreachable);
    let status = application.url("/message");
    let form = [("To", ANNA), ("From", NUMBER), ("Body", "Hello?"), ("StatusCallback", status.as_str())];
    post(&network, "/Messages.json", &form).await;
    let hits = application.until_told("/message", 3).await;
    let end = hits.iter().find(|hit| hit.params["MessageStatus"] == "undelivered").unwrap();
    assert_eq!(end.params["ErrorCode"], "30003");
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_refused_with_its_code() {
    let (_, network) = Application::start(&[], no_stream).await;
    network.set_inbox("+15005550072", Inbox::OptedOut);
    network.set_inbox("+15005550073", Inbox::Landline);
    let long = "a".repeat(1_601);
    for (form, code) in [
        ([("To", ""), ("From", NUMBER), ("Body", "x")], 21604),
        ([("To", ANNA), ("From", ""), ("Body", "x")], 21603),
        ([("To", ANNA), ("From", NUMBER), ("Body", "")], 21602),
        ([("To", ANNA), ("From", NUMBER), ("Body", &long)], 21617),
        ([("To", "12"), ("From", NUMBER), ("Body", "x")], 21211),
        ([("To", "+15005550072"), ("From", NUMBER), ("Body", "x")], 21610),
        ([("To", "+15005550073"), ("From", NUMBER), ("Body", "x")], 21614),
    ] {
        let (status, body) = post(&network, "/Messages.json", &form).await;
        assert_eq!((status, &body["code"]), (400, &code.into()));
    }
    assert!(network.messages().is_empty());
}
