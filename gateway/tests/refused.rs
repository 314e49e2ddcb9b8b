//! A caller who cannot be served hears a sentence within the deadline: never dead air, never a 500.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{World, call, kinds};
use common::event::{Envelope, Event, GatewayEvent, Refusal};
use common::ports::{SessionStatus, State};
use std::time::Duration;
use tokio::time::Instant;

const BUSY: &str = "All our lines are busy at the moment. Please call again in a few minutes.";
const APOLOGY: &str = "I am sorry, we cannot take your call right now. Please call again later.";

#[tokio::test]
async fn a_number_nobody_answers_gets_a_sentence_and_a_record() {
    check_unknown(Question::voice(&call(1)).with("To", "+15005559999"), Refusal::UnknownNumber).await;
    let path = "/twilio/nobody/en/voice";
    check_unknown(Question::ask(path, &call(1), "ringing"), Refusal::UnknownCompany).await;
}

async fn check_unknown(question: Question, expected: Refusal) {
    let world = World::new();
    let gateway = world.gateway();
    let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;

    let answer = gateway.answer(question.post()).await;

    assert_eq!(answer.document().sentence(), "This number is not in service.");
    gateway.settle().await;
    let events = world.events().await;
    assert_eq!(kinds(&events), ["gateway.accepted", "gateway.refused"]);
    assert_eq!(reason(&events), Some(expected));
    assert!(worker.reservations().is_empty());
    assert_eq!(world.state.session(&call(1)).await.unwrap(), None, "there is no session to resume");
}

#[tokio::test]
async fn without_any_worker_the_caller_hears_that_all_lines_are_busy() {
    let world = World::new();
    check_busy(&world).await;
}

#[tokio::test]
async fn when_every_worker_is_full_the_caller_hears_that_all_lines_are_busy() {
    let world = World::new();
    let workers = [
        FakeWorker::start(&world, "worker-0", Manner::Full).await,
        FakeWorker::start(&world, "worker-1", Manner::Full).await,
    ];
    check_busy(&world).await;
    assert!(workers.iter().all(|worker| worker.reservations().len() == 1), "both were asked");
}

#[tokio::test]
async fn the_next_worker_is_asked_when_the_best_one_cannot() {
    let world = World::new();
    FakeWorker::start(&world, "worker-0", Manner::Full).await;
    FakeWorker::start(&world, "worker-1", Manner::Broken).await;
    FakeWorker::start(&world, "worker-2", Manner::Willing).await;
    let answer = world.gateway().answer(Question::voice(&call(1)).post()).await;
    assert_eq!(answer.document().stream().0, "worker-2");
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_passed_over() {
    let world = World::new().with("gateway.reserve_deadline_ms", "50");
    FakeWorker::start(&world, "worker-0", Manner::Silent).await;
    FakeWorker::start(&world, "worker-1", Manner::Willing).await;
    let answer = world.gateway().answer(Question::voice(&call(1)).post()).await;
    assert_eq!(answer.document().stream().0, "worker-1");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_becomes_an_apology() {
    let world = World::new().with("gateway.deadline_ms", "100").with("gateway.reserve_deadline_ms", "5000");
    FakeWorker::start(&world, "worker-0", Manner::Silent).await;
    let gateway = world.gateway();
    let asked = Instant::now();

    let answer = gateway.answer(Question::voice(&call(1)).post()).await;

    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    assert_eq!(answer.document().sentence(), APOLOGY);
    gateway.settle().await;
    let events = world.events().await;
    assert_eq!(kinds(&events), ["gateway.accepted", "gateway.refused"]);
    assert_eq!(reason(&events), Some(Refusal::Internal));
}

#[tokio::test]
async fn a_signed_webhook_that_says_too_little_gets_an_apology() {
    let world = World::new();
    let question = Question::new("/twilio/voice", &call(1), &[("CallStatus", "ringing")]);
    let answer = world.gateway().answer(question.post()).await;
    assert_eq!(answer.document().sentence(), APOLOGY);
}

async fn check_busy(world: &World) {
    let gateway = world.gateway();
    let answer = gateway.answer(Question::voice(&call(1)).post()).await;
    assert_eq!(answer.document().sentence(), BUSY);
    gateway.settle().await;
    let events = world.events().await;
    assert_eq!(kinds(&events), ["gateway.accepted", "gateway.refused"]);
    assert_eq!(reason(&events), Some(Refusal::NoCapacity));
    let session = world.state.session(&call(1)).await.unwrap().unwrap();
    assert_eq!(session.status, SessionStatus::Ended);
}

fn reason(events: &[Envelope]) -> Option<Refusal> {
    events.iter().find_map(|event| match &event.event {
        Event::Gateway(GatewayEvent::Refused { reason }) => Some(*reason),
        _ => None,
    })
}
