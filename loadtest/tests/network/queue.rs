//! `<Enqueue>`, `<Leave>` and `<Dial><Queue>`.

use std::time::Duration;

use loadtest::network::Network;
use loadtest::phone::{self, CallEnd, CallPlan, CallTruth, PhoneEvent, Step};
use tokio::sync::mpsc;

use crate::application::{Application, NUMBER, no_stream, rest};

const DOCUMENTS: [(&str, &str); 6] = [
    (
        "/voice",
        r#"<Response><Enqueue action="/after" waitUrl="/wait" maxQueueSize="2">support</Enqueue><Say>Never.</Say></Response>"#,
    ),
    (
        "/wait",
        r#"<Response><Gather numDigits="1" timeout="1" action="/pressed"><Say>Please wait.</Say></Gather><Pause length="2"/></Response>"#,
    ),
    ("/pressed", "<Response><Leave/></Response>"),
    ("/after", "<Response><Say>After.</Say></Response>"),
    (
        "/agent",
        r#"<Response><Dial action="/served" timeout="60"><Queue url="/connecting">support</Queue></Dial></Response>"#,
    ),
    ("/connecting", "<Response><Say>Somebody is there.</Say></Response>"),
];

fn plan(number: u64, steps: Vec<Step>) -> (CallPlan, mpsc::Receiver<PhoneEvent>) {
    let (watcher, events) = mpsc::channel(1_000);
    let mut plan = CallPlan::new(number, NUMBER, steps);
    plan.watcher = Some(watcher);
    (plan, events)
}

/// Waits until the caller hears the wait document.
async fn waits(events: &mut mpsc::Receiver<PhoneEvent>) -> String {
    let Some(PhoneEvent::Ringing(sid)) = events.recv().await else { panic!("a call begins with ringing") };
    while events.recv().await != Some(PhoneEvent::Verb("Gather".into())) {}
    sid
}

async fn agent(network: &Network, application: &Application, talks_ms: u64) -> CallTruth {
    let steps = vec![Step::AwaitPerson, Step::Silence { ms: talks_ms }, Step::HangUp];
    let mut plan = CallPlan::new(9, NUMBER, steps);
    plan.voice_url = Some(application.url("/agent"));
    phone::call(network, plan).await
}

#[tokio::test]
async fn callers_wait_in_line_and_are_served_in_order() {
    let (application, network) = Application::start(&DOCUMENTS, no_stream).await;
    let ((first, mut one), (second, mut two)) = (plan(1, vec![]), plan(2, vec![]));
    let agents = async {
        waits(&mut one).await;
        waits(&mut two).await;
        assert_eq!(network.queued("support"), 2);
        let served = agent(&network, &application, 5_000).await;
        // Long enough for the second to be told that it is the first now.
        while two.recv().await != Some(PhoneEvent::Verb("Pause".into())) {}
        waits_again(&mut two).await;
        (served, agent(&network, &application, 1_000).await)
    };
    let second = async {
        network_holds(&network, 1).await;
        phone::call(&network, second).await
    };
    let (first, second, (served, then)) = tokio::join!(phone::call(&network, first), second, agents);

    assert_eq!(
        (served.connections[0].with.as_str(), then.connections[0].with.as_str()),
        (first.call_sid.as_str(), second.call_sid.as_str())
    );
    assert_eq!(first.queues[0].positions.first(), Some(&1));
    assert_eq!((second.queues[0].positions.first(), second.queues[0].positions.last()), (Some(&2), Some(&1)));
    assert_eq!(first.spoken[first.spoken.len() - 2..], ["Somebody is there.", "After."]);
    assert!(first.connections[0].lasted >= Duration::from_secs(5), "{:?}", first.connections);
    let after = &application.hits("/after")[0].params;
    assert_eq!((after["QueueResult"].as_str(), &after["CallSid"]), ("bridged", &first.call_sid));
    assert!(after["QueueSid"].starts_with("QU") && after["QueueTime"].parse::<u64>().is_ok());
    let wait = application.hits("/wait");
    let of_second = wait.iter().find(|hit| hit.params["CallSid"] == second.call_sid).unwrap();
    assert_eq!((of_second.params["QueuePosition"].as_str(), of_second.params["CurrentQueueSize"].as_str()), ("2", "2"));
    assert!(of_second.params.contains_key("AvgQueueTime") && of_second.params.contains_key("QueueTime"));
    assert_eq!(application.told("/connecting", "DequeingCallSid"), served.call_sid);
    assert_eq!((served.end, served.dials[0].to.as_slice()), (CallEnd::HungUp, ["support".to_owned()].as_slice()));
}

async fn waits_again(events: &mut mpsc::Receiver<PhoneEvent>) {
    while events.recv().await != Some(PhoneEvent::Verb("Gather".into())) {}
}

/// Resolves when so many wait in line.
async fn network_holds(network: &Network, callers: usize) {
    while network.queued("support") != callers {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_caller_may_leave_the_line_by_a_key() {
    let (application, network) = Application::start(&DOCUMENTS, no_stream).await;
    let steps = vec![
        Step::AwaitVerb("Gather".into()),
        Step::AwaitVerb("Gather".into()),
        Step::Digits("5".into()),
        Step::AwaitEnd,
    ];
    let truth = phone::call(&network, plan(1, steps).0).await;
    assert_eq!(
        (truth.queues[0].result.as_str(), truth.queues[0].positions.as_slice()),
        ("leave", [1, 1, 1].as_slice())
    );
    assert_eq!(truth.spoken, ["Please wait.", "Please wait.", "After."]);
    assert_eq!((application.told("/after", "QueueResult"), network.queued("support")), ("leave".into(), 0));
    assert_eq!(truth.end, CallEnd::Completed);
}

#[tokio::test]
async fn a_full_queue_takes_nobody() {
    let mut documents = DOCUMENTS;
    documents[0].1 = r#"<Response><Enqueue action="/after" maxQueueSize="0">support</Enqueue></Response>"#;
    let (application, network) = Application::start(&documents, no_stream).await;
    let truth = phone::call(&network, plan(1, vec![]).0).await;
    assert_eq!(
        (application.told("/after", "QueueResult"), application.told("/after", "QueueTime")),
        ("queue-full".into(), "".into())
    );
    assert_eq!(truth.spoken, ["After."]);
}

#[tokio::test]
async fn a_caller_who_hangs_up_in_the_line_is_reported() {
    let (application, network) = Application::start(&DOCUMENTS, no_stream).await;
    let steps = vec![Step::AwaitVerb("Pause".into()), Step::HangUp];
    let truth = phone::call(&network, plan(1, steps).0).await;
    assert_eq!((truth.end, truth.queues[0].result.as_str()), (CallEnd::HungUp, "hangup"));
    assert_eq!((application.told("/after", "QueueResult"), network.queued("support")), ("hangup".into(), 0));
}

#[tokio::test]
async fn a_waiting_call_can_be_sent_elsewhere() {
    let (application, network) = Application::start(&DOCUMENTS, no_stream).await;
    let (plan, mut events) = plan(1, vec![]);
    let order = async {
        let sid = waits(&mut events).await;
        rest(&network, &format!("/{sid}"), &[("Twiml", "<Response><Say>Hello again.</Say></Response>")]).await.0
    };
    let (truth, status) = tokio::join!(phone::call(&network, plan), order);
    assert_eq!((status, truth.spoken.last().unwrap().as_str()), (200, "Hello again."));
    assert_eq!(application.told("/after", "QueueResult"), "redirected");
}

#[tokio::test]
async fn an_empty_queue_is_waited_for_and_then_given_up() {
    let mut documents = DOCUMENTS;
    documents[4].1 = r#"<Response><Dial action="/after" timeout="2"><Queue>support</Queue></Dial></Response>"#;
    let (application, network) = Application::start(&documents, no_stream).await;
    let truth = agent(&network, &application, 100).await;
    assert_eq!((truth.end, application.told("/after", "DialBridged")), (CallEnd::Completed, "false".into()));
}
