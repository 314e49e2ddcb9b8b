//! `<Dial><Conference>`: a caller and a person called by REST meet in a room.

use std::time::Duration;

use loadtest::network::{Human, Network};
use loadtest::phone::{self, CallEnd, CallPlan, CallTruth, PhoneEvent, Step};
use tokio::sync::mpsc;

use crate::application::{Application, NUMBER, no_stream, rest};

const ANNA: &str = "+15005550071";
const ROOM: &str = r#"<Response><Say>A caller wants a refund.</Say><Dial><Conference endConferenceOnExit="true">room</Conference></Dial></Response>"#;
const DOCUMENTS: [(&str, &str); 3] = [
    (
        "/voice",
        r#"<Response><Dial action="/after"><Conference waitUrl="/hold" statusCallback="/room" statusCallbackEvent="start join leave end">room</Conference></Dial></Response>"#,
    ),
    ("/hold", "<Response><Say>Please hold.</Say><Pause length=\"2\"/></Response>"),
    ("/after", "<Response><Say>Back.</Say></Response>"),
];

/// A caller waits in the room; `then` is given its SID once it hears the hold document.
async fn caller<F: Future<Output = ()>>(
    network: &Network,
    steps: Vec<Step>,
    then: impl FnOnce(String) -> F,
) -> CallTruth {
    let (watcher, mut events) = mpsc::channel(1_000);
    let mut plan = CallPlan::new(1, NUMBER, steps);
    plan.watcher = Some(watcher);
    let orders = async {
        let Some(PhoneEvent::Ringing(sid)) = events.recv().await else { panic!("a call begins with ringing") };
        while events.recv().await != Some(PhoneEvent::Verb("Pause".into())) {}
        then(sid).await;
    };
    tokio::join!(phone::call(network, plan), orders).0
}

async fn call_anna(network: &Network) {
    assert_eq!(rest(network, "", &[("To", ANNA), ("From", NUMBER), ("Twiml", ROOM)]).await.0, 201);
}

#[tokio::test]
async fn a_caller_on_hold_meets_the_person_who_comes_and_goes_on_when_they_end_it() {
    let (application, network) = Application::start(&DOCUMENTS, no_stream).await;
    network.list(ANNA, Human::after_ms(4_000).talking(Duration::from_secs(6)));
    let truth = caller(&network, vec![], async |_| call_anna(&network).await).await;

    let legs = network.legs_when(|legs| legs.iter().all(|leg| leg.truth.is_some())).await;
    assert_eq!((legs.len(), legs[0].heard.as_slice()), (1, ["A caller wants a refund.".to_owned()].as_slice()));
    assert_eq!(legs[0].connected_with, [truth.call_sid.as_str()]);
    let room = &truth.conferences[0];
    assert_eq!((room.name.as_str(), room.with.as_slice()), ("room", [legs[0].call_sid.clone()].as_slice()));
    assert!(room.started_ns.unwrap() > room.joined_ns);
    assert!(truth.connections[0].lasted >= Duration::from_secs(6), "{:?}", truth.connections);
    assert!(truth.spoken.iter().filter(|words| *words == "Please hold.").count() > 1, "{:?}", truth.spoken);
    assert_eq!((truth.spoken.last().unwrap().as_str(), truth.end), ("Back.", CallEnd::Completed));

    assert_eq!(application.told("/after", "DialCallStatus"), "answered");
    assert_eq!(application.told("/after", "DialCallSid"), "", "a conference has none");
    let mut events: Vec<_> =
        application.hits("/room").iter().map(|hit| hit.params["StatusCallbackEvent"].clone()).collect();
    events.sort();
    assert_eq!(events, ["participant-join", "participant-leave"], "the rest is told to those who caused it");
    assert!(network.conference("room").is_empty());
}

#[tokio::test]
async fn a_caller_on_hold_can_be_fetched_back() {
    let (application, network) = Application::start(&DOCUMENTS, no_stream).await;
    network.list(ANNA, Human::default());
    let truth = caller(&network, vec![], async |sid| {
        let form = [("Twiml", "<Response><Say>Nobody is there.</Say></Response>")];
        assert_eq!(rest(&network, &format!("/{sid}"), &form).await.0, 200);
    })
    .await;
    assert_eq!((truth.spoken.last().unwrap().as_str(), truth.conferences[0].started_ns), ("Nobody is there.", None));
    assert!(truth.connections.is_empty() && application.hits("/after").is_empty());
}

#[tokio::test]
async fn a_person_left_alone_in_a_room_stays_there() {
    let (_, network) = Application::start(&DOCUMENTS, no_stream).await;
    network.list(ANNA, Human::after_ms(1_000));
    let steps = vec![Step::AwaitPerson, Step::Silence { ms: 2_000 }, Step::HangUp];
    let truth = caller(&network, steps, async |_| call_anna(&network).await).await;
    assert_eq!(truth.end, CallEnd::HungUp);
    let anna = &network.legs()[0];
    assert_eq!(network.conference("room"), [anna.call_sid.as_str()]);
    let form = [("Status", "completed")];
    assert_eq!(rest(&network, &format!("/{}", anna.call_sid), &form).await.0, 200);
    let legs = network.legs_when(|legs| legs[0].truth.is_some()).await;
    assert!(legs[0].talked >= Duration::from_secs(2), "{:?}", legs[0].talked);
}

#[tokio::test]
async fn a_room_that_is_over_before_it_began_connected_nobody() {
    let mut documents = DOCUMENTS;
    documents[0].1 = r#"<Response><Dial action="/after"><Conference startConferenceOnEnter="false" waitUrl="/hold">room</Conference></Dial></Response>"#;
    let (_, network) = Application::start(&documents, no_stream).await;
    let steps = vec![Step::AwaitVerb("Dial".into()), Step::Silence { ms: 1_000 }, Step::HangUp];
    network.list(ANNA, Human { steps, ..Human::default() });
    let room = ROOM.replace("endConferenceOnExit", r#"startConferenceOnEnter="false" endConferenceOnExit"#);
    let truth = caller(&network, vec![], async |_| {
        assert_eq!(rest(&network, "", &[("To", ANNA), ("From", NUMBER), ("Twiml", &room)]).await.0, 201);
    })
    .await;
    assert!(truth.connections.is_empty() && truth.conferences[0].started_ns.is_none(), "{:?}", truth.conferences);
    assert_eq!(truth.spoken.last().unwrap(), "Back.");
}
