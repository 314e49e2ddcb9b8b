//! Live calls that are sent elsewhere or ended by REST, and streams that are opened again.

use loadtest::network::{InterruptedAction, Network, NetworkConfig};
use loadtest::phone::{self, CallEnd, CallPlan, Step, StreamEnd};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::application::{Application, NUMBER, Stream};

const TWO_STREAMS: [(&str, &str); 3] = [
    ("/voice", r#"<Response><Connect action="{http}/next"><Stream url="{ws}/media/one"/></Connect></Response>"#),
    ("/next", r#"<Response><Connect><Stream url="{ws}/media/two"/></Connect><Say>Goodbye.</Say></Response>"#),
    ("/elsewhere", r#"<Response><Say>One moment.</Say><Hangup/></Response>"#),
];

async fn order(base: &str, call: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{base}/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/{call}.json");
    let answer = reqwest::Client::new()
        .post(url)
        .basic_auth("SK00000000000000000000000000000001", Some("secret"))
        .form(form)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Runs one call; at the first message of its stream the call is given this order.
async fn ordered(form: &[(&str, &str)]) -> (phone::CallTruth, Application, Vec<Value>, u16) {
    ordered_with(InterruptedAction::NotAsked, form).await
}

async fn ordered_with(
    interrupted: InterruptedAction,
    form: &[(&str, &str)],
) -> (phone::CallTruth, Application, Vec<Value>, u16) {
    let (messages, mut received) = mpsc::unbounded_channel();
    let (application, _) =
        Application::start(&TWO_STREAMS, move |stream: Stream| stream.pass_on(messages.clone())).await;
    let network =
        Network::start(NetworkConfig { interrupted_action: interrupted, ..application.config() }).await.unwrap();
    let host = application.host.clone();
    let form: Vec<_> =
        form.iter().map(|(name, value)| (*name, value.replace("{http}", &format!("http://{host}")))).collect();
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let api = network.api_base_url().to_owned();
    let (watcher, mut events) = mpsc::channel(1000);
    let mut plan = CallPlan::new(1, NUMBER, vec![Step::AwaitEnd]);
    plan.watcher = Some(watcher);
    let call = phone::call(&network, plan);
    let orders = async {
        let Some(phone::PhoneEvent::Ringing(sid)) = events.recv().await else { panic!("a call begins with ringing") };
        let first = received.recv().await.unwrap();
        assert_eq!(first["event"], "media");
        order(&api, &sid, &form).await.0
    };
    let (truth, status) = tokio::join!(call, orders);
    let mut rest = Vec::new();
    while let Ok(message) = received.try_recv() {
        rest.push(message);
    }
    (truth, application, rest, status)
}

#[tokio::test]
async fn a_call_redirected_by_rest_stops_its_stream_and_runs_the_new_document() {
    let (truth, application, rest, status) = ordered(&[("Url", "{http}/elsewhere")]).await;
    assert_eq!((status, &truth.end, &truth.streams[0].end), (200, &CallEnd::Completed, &StreamEnd::Stopped));
    assert_eq!(rest.last().unwrap()["event"], "stop");
    assert_eq!(truth.spoken, ["One moment."]);
    assert!(application.hits("/next").is_empty());
}

#[tokio::test]
async fn the_old_action_of_a_redirected_call_may_be_asked_for_and_is_not_followed() {
    let (truth, application, ..) = ordered_with(InterruptedAction::Asked, &[("Url", "{http}/elsewhere")]).await;
    assert_eq!((truth.spoken, truth.streams.len()), (vec!["One moment.".to_owned()], 1));
    let (old, new) = (application.hits("/next"), application.hits("/elsewhere"));
    assert_eq!((old.len(), new.len()), (1, 1));
    assert_eq!(old[0].params["CallStatus"], "in-progress");
}

#[tokio::test]
async fn a_call_may_be_given_its_new_document_in_place() {
    let (truth, ..) = ordered(&[("Twiml", "<Response><Say>Hello &amp; goodbye.</Say></Response>")]).await;
    assert_eq!((truth.spoken, truth.end), (vec!["Hello & goodbye.".to_owned()], CallEnd::Completed));
    assert_eq!(truth.documents[1].url, "");
}

#[tokio::test]
async fn a_call_completed_by_rest_is_over() {
    let (truth, application, rest, _) = ordered(&[("Status", "completed")]).await;
    assert_eq!((&truth.end, &truth.streams[0].end), (&CallEnd::Completed, &StreamEnd::Stopped));
    assert_eq!(rest.last().unwrap()["event"], "stop");
    assert!(application.hits("/next").is_empty());
    assert_eq!(application.hits("/status").len(), 1);
}

#[tokio::test]
async fn a_call_goes_on_with_a_new_stream_when_the_server_closes_the_first() {
    let (application, network) = Application::start(&TWO_STREAMS, |mut stream: Stream| async move {
        stream.speak(20).await;
        stream.mark("heard").await;
        stream.next_event("mark").await;
        stream.close().await;
    })
    .await;
    let truth = phone::call(&network, CallPlan::new(1, NUMBER, vec![Step::AwaitEnd])).await;
    let sids: Vec<_> = truth.streams.iter().map(|stream| stream.stream_sid.clone()).collect();
    assert!(sids.len() == 2 && sids[0] != sids[1], "{sids:?}");
    assert_eq!(truth.spoken, ["Goodbye."]);
    assert_eq!(truth.streams.iter().map(|stream| stream.received.len()).sum::<usize>(), 2);
    assert_eq!(application.hits("/media/two").len(), 1);
}
