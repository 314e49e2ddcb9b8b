//! Telephones that misbehave, and applications that do.

use std::time::Duration;

use loadtest::phone::{self, CallPlan, CallTruth, Fault, SecondSocket, Step, StreamEnd};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::application::{Application, NUMBER, Stream};

const CONNECT: [(&str, &str); 1] = [(
    "/voice",
    r#"<Response><Connect action="/next"><Stream url="{ws}/media/t" statusCallback="{http}/stream"/></Connect></Response>"#,
)];
const SOON: Duration = Duration::from_millis(60);

/// A call with one fault, and the messages its stream brought.
async fn call_with(fault: Fault) -> (CallTruth, Application, Vec<Value>) {
    let (messages, mut received) = mpsc::unbounded_channel();
    let (application, network) =
        Application::start(&CONNECT, move |stream: Stream| stream.pass_on(messages.clone())).await;
    let plan = CallPlan::new(1, NUMBER, vec![Step::Silence { ms: 300 }]).with_fault(fault);
    let truth = phone::call(&network, plan).await;
    let mut all = Vec::new();
    while let Ok(message) = received.try_recv() {
        all.push(message);
    }
    (truth, application, all)
}

/// A call whose application sends this first.
async fn call_that_hears(message: fn(&Stream) -> axum::extract::ws::Message) -> CallTruth {
    let (_, network) = Application::start(&CONNECT, move |mut stream: Stream| async move {
        let bad = message(&stream);
        let _ = stream.socket.send(bad).await;
        stream.mark("after").await;
        stream.next_event("mark").await;
        stream.close().await;
    })
    .await;
    phone::call(&network, CallPlan::new(1, NUMBER, vec![Step::AwaitEnd])).await
}

fn text(value: Value) -> axum::extract::ws::Message {
    axum::extract::ws::Message::Text(value.to_string().into())
}

#[tokio::test]
async fn a_stream_without_a_valid_signature_is_refused_and_reported() {
    for fault in [Fault::ForgedStream, Fault::UnsignedStream] {
        let (truth, application, _) = call_with(fault).await;
        assert!(truth.noticed(31920) && truth.streams[0].end == StreamEnd::NotOpened);
        assert_eq!(application.hits("/stream")[0].params["StreamEvent"], "stream-error");
        assert_eq!(application.hits("/next").len(), 1);
    }
}

#[tokio::test]
async fn a_connection_cut_by_a_fault_ends_the_stream_and_not_the_call() {
    let (truth, application, messages) = call_with(Fault::Cut { after: SOON }).await;
    assert!(truth.noticed(31903) && truth.streams[0].end == StreamEnd::Broken);
    assert!(messages.iter().all(|message| message["event"] != "stop"));
    assert_eq!(application.hits("/next").len(), 1);
}

#[tokio::test]
async fn faults_reach_the_wire() {
    let starts = |messages: &[Value]| messages.iter().filter(|message| message["event"] == "start").count();
    let (_, _, messages) = call_with(Fault::SecondStart { after: SOON }).await;
    assert_eq!(starts(&messages), 1, "beside the first, which the application took");
    let (truth, _, messages) = call_with(Fault::Flood { after: SOON, messages: 500 }).await;
    assert_eq!(messages.iter().filter(|one| one["event"] == "media").count(), truth.streams[0].sent.len() + 500);
    let (_, _, messages) = call_with(Fault::OversizeFrame { after: SOON, bytes: 100_000 }).await;
    assert!(messages.iter().any(|one| one["media"]["payload"].as_str().is_some_and(|payload| payload.len() > 100_000)));
    let (truth, ..) = call_with(Fault::SecondSocket { after: SOON }).await;
    assert_eq!(truth.second_socket, Some(SecondSocket::Kept), "this application does not mind");
}

#[tokio::test]
async fn a_telephone_that_does_not_read_goes_on_sending() {
    let (truth, application) = stalled(Duration::from_millis(200)).await;
    let stream = &truth.streams[0];
    let heard_after = stream.received[0].at_ns - stream.started_ns.unwrap();
    assert!(heard_after >= 200_000_000, "{heard_after}");
    let meanwhile = stream.sent.iter().filter(|frame| frame.at_ns < stream.received[0].at_ns).count();
    assert!(meanwhile >= 8, "{meanwhile} frames");
    assert_eq!(application.hits("/next").len(), 1);
}

/// A call that reads nothing of its stream for a while.
async fn stalled(lasting: Duration) -> (CallTruth, Application) {
    let (application, network) = Application::start(&CONNECT, |mut stream: Stream| async move {
        stream.next_event("media").await;
        stream.speak(20).await;
        stream.mark("heard").await;
        stream.next_event("mark").await;
        stream.close().await;
    })
    .await;
    let stall = Fault::StallReading { after: Duration::ZERO, lasting };
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![Step::AwaitEnd]).with_fault(stall)).await;
    (truth, application)
}

#[tokio::test]
async fn what_the_application_does_wrong_is_noticed_and_the_stream_goes_on() {
    type Bad = fn(&Stream) -> axum::extract::ws::Message;
    let bad: [(Bad, u32); 4] = [
        (|_| axum::extract::ws::Message::Binary(vec![1, 2, 3].into()), 31950),
        (|_| text(json!({"event": "clear", "streamSid": "MZ1"})), 31951),
        (|stream| text(json!({"event": "mark", "streamSid": stream.sid()})), 31951),
        (|stream| text(json!({"event": "media", "streamSid": stream.sid(), "media": {"payload": "?"}})), 31951),
    ];
    for (message, code) in bad {
        let truth = call_that_hears(message).await;
        assert!(truth.noticed(code), "{:?}", truth.notices);
        assert_eq!(truth.streams[0].marks.len(), 1);
    }
}

#[tokio::test]
async fn a_line_that_loses_frames_keeps_its_time() {
    let (truth, _, messages) = call_with(Fault::LoseFrames { one_in: 4, run: 2 }).await;
    let sent: Vec<_> = truth.streams[0].sent.iter().map(|frame| frame.index).collect();
    assert_eq!(sent[..8], [0, 1, 2, 3, 6, 7, 10, 11]);
    let media = messages.iter().filter(|message| message["event"] == "media");
    let stamps: Vec<_> = media.map(|message| message["media"]["timestamp"].as_str().unwrap()).collect();
    assert_eq!(stamps[..6], ["0", "20", "40", "60", "120", "140"]);
}
