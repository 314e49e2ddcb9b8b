//! A call comes in and is connected to the worker that was reserved for it.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{World, call, kinds};
use common::clock;
use common::event::{Event, GatewayEvent};
use common::ports::{SessionStatus, State};
use gateway::dossier::Dossier;

#[tokio::test]
async fn a_signed_webhook_connects_the_caller_to_the_reserved_worker() {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-3", Manner::Willing).await;

    let answer = gateway.answer(Question::voice(&call(1)).post()).await;

    let (action, _, status_callback) = answer.document().connect();
    let own = action.strip_prefix("/twilio/next/").unwrap();
    assert_eq!(gateway.keys.open_call(own).unwrap().call, call(1));
    assert_eq!(status_callback, format!("/twilio/stream-status/{own}"));
    let (name, token) = answer.document().stream();
    let token = gateway.keys.open_stream(&token, clock::unix_ms()).unwrap();
    assert_eq!((name.as_str(), &token.call, &token.worker), ("worker-3", &call(1), &worker.id));
    assert_eq!(token.boot, worker.boot, "only this start of the worker may open it");
    let reserved = worker.reservations();
    assert_eq!((reserved.len(), reserved[0].epoch), (1, token.epoch));
    assert_eq!(worker.bearer(), Some(gateway.keys.internal()));
}

#[tokio::test]
async fn a_call_is_on_record_before_the_network_has_its_answer() {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;

    gateway.answer(Question::voice(&call(1)).post()).await;

    // No waiting: what stands here was written before the answer.
    let session = world.state.session(&call(1)).await.unwrap().unwrap();
    assert_eq!((session.status, session.worker), (SessionStatus::Reserved, Some(worker.id.clone())));
    let dossier: Dossier = serde_json::from_slice(&session.dossier.unwrap()).unwrap();
    assert_eq!(dossier.agent, worker.reservations()[0].agent);
    let outbox: Vec<_> = world.outbox().await.into_iter().map(|(_, event)| event).collect();
    assert_eq!(kinds(&outbox), ["gateway.accepted", "gateway.assigned"]);
    assert_eq!(outbox.iter().map(|event| event.key.sequence).collect::<Vec<_>>(), [0, 1]);
    assert!(outbox.iter().all(|event| event.key.epoch == session.epoch));
    let Event::Gateway(GatewayEvent::Accepted { from, to, agent, .. }) = &outbox[0].event else { panic!() };
    assert_eq!((from.reveal(), to.reveal()), ("+15005550010", "+15005550001"));
    assert_eq!(agent.as_ref().map(ToString::to_string).as_deref(), Some("reception"));
    gateway.settle().await;
    assert_eq!(world.events().await, outbox, "the bus carries the same events");
}

#[tokio::test]
async fn every_address_a_number_may_be_set_to_answers_by_either_method() {
    let world = World::new();
    let gateway = world.gateway();
    FakeWorker::start(&world, "worker-0", Manner::Willing).await;
    let paths = [
        "/twilio/voice",
        "/incoming-call",
        "/twiml",
        "/inbound_call",
        "/twilio/inbound_call",
        "/twilio/demo/en/voice",
        "/twilio/demo/en-GB/voice",
    ];
    for (n, path) in (0..).zip(paths) {
        let posted = gateway.answer(Question::ask(path, &call(2 * n), "ringing").post()).await;
        assert_eq!(posted.document().stream().0, "worker-0", "POST {path}");
        let got = gateway.answer(Question::ask(path, &call(2 * n + 1), "ringing").get()).await;
        assert_eq!(got.document().stream().0, "worker-0", "GET {path}");
    }
}

#[tokio::test]
async fn the_path_names_company_and_language_whatever_number_was_called() {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;

    let question = Question::ask("/twilio/harbour/en/voice", &call(1), "ringing").with("To", "+15005559999");
    gateway.answer(question.post()).await.document().stream();

    let agent = worker.reservations().remove(0).agent;
    assert_eq!((agent.company.as_str(), agent.language.as_str()), ("harbour", "en"));
}
