//! Calls whose end nobody told of are closed by the telephone network's own word; others are left alone.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "support/story.rs"]
mod story;

use adapters::db::Sqlite;
use async_trait::async_trait;
use call::{CallEvent, Resumed};
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::event::{Direction, Envelope, Event, Source, TwilioEvent};
use common::ids::{AgentId, CallId};
use common::ports::telephone::{CallState, Placement};
use common::ports::{Db, Health, Telephone, TelephoneError};
use common::private::PhoneNumber;
use recorder::reconcile::{Pace, Reconciler};
use std::sync::{Arc, Mutex};
use story::{EPOCH, call, event, fold, gateway, worker};

#[tokio::test]
async fn a_call_whose_callbacks_were_lost_is_closed_by_the_networks_word() {
    let bench = Bench::new().await;
    bench.network.says(Ok(Some(state("completed", Some(37)))));
    assert_eq!(bench.reconciler().round().await.unwrap(), 1);
    let cdr = bench.cdr().await;
    assert_eq!(
        (cdr.is_open(), cdr.twilio_status.as_deref(), cdr.duration_ms),
        (false, Some("completed"), Some(37_000))
    );
    assert_eq!(cdr.ended_ms, Some(EPOCH + 40_000), "three seconds of ringing and 37 of talking, not when it was asked");
    assert_eq!(bench.reconciler().round().await.unwrap(), 0, "it is closed");
    assert_eq!(bench.network.asked(), 1);
}

#[tokio::test]
async fn two_recorders_and_a_late_callback_change_nothing() {
    let bench = Bench::new().await;
    bench.network.says(Ok(Some(state("completed", Some(37)))));
    let (mut one, mut other) = (bench.reconciler(), bench.reconciler());
    let _ = tokio::join!(one.round(), other.round());
    let before = bench.cdr().await;
    let status =
        TwilioEvent::Status { status: "completed".into(), duration_s: Some(37), sip_code: Some(200), attempt: None };
    bench.store(&[event(Source::Twilio, 0, 3, 40_000, Event::Twilio(status))]).await;
    let after = bench.cdr().await;
    let told = |cdr: &Cdr| (cdr.duration_ms, cdr.ended_ms, cdr.end_reason.clone(), cdr.costs.clone());
    assert_eq!(told(&before), told(&after));
    let words = bench.db.events(&call(1)).await.unwrap();
    assert_eq!(words.iter().filter(|event| event.key.source == Source::Twilio).count(), 2, "one of them, one callback");
}

#[tokio::test]
async fn a_call_that_goes_on_is_left_alone_for_a_while() {
    let bench = Bench::new().await;
    bench.network.says(Ok(Some(state("in-progress", None))));
    let mut reconciler = bench.reconciler();
    for _ in 0..3 {
        assert_eq!(reconciler.round().await.unwrap(), 0);
    }
    assert_eq!((bench.network.asked(), bench.cdr().await.is_open()), (1, true));
}

#[tokio::test]
async fn a_call_that_was_heard_of_lately_is_not_asked_for() {
    let bench = Bench::new().await;
    let mut lately = worker(EPOCH, 1, 0, CallEvent::FirstWord { after_ms: 100 });
    lately.at_ms = unix_ms();
    bench.store(&[lately]).await;
    bench.reconciler().round().await.unwrap();
    assert_eq!(bench.network.asked(), 0);
}

#[tokio::test]
async fn a_network_that_is_away_is_asked_again_and_one_that_does_not_know_the_call_is_not() {
    for (answer, asked) in [(Err(TelephoneError::Away("no answer".into())), 2), (Ok(None), 1)] {
        let bench = Bench::new().await;
        bench.network.says(answer);
        let mut reconciler = bench.reconciler();
        for _ in 0..2 {
            assert_eq!(reconciler.round().await.unwrap(), 0);
        }
        assert_eq!((bench.network.asked(), bench.cdr().await.is_open()), (asked, true));
    }
}

fn state(status: &str, duration_s: Option<u64>) -> CallState {
    CallState {
        call: call(1),
        status: status.into(),
        direction: Direction::Inbound,
        to: PhoneNumber::new("+15005550006"),
        from: PhoneNumber::new("+15005550010"),
        created_ms: EPOCH + 3_000,
        duration_s,
        answered_by: None,
    }
}

/// A network that says of every call what the test wants.
struct Network {
    answer: Mutex<Result<Option<CallState>, TelephoneError>>,
    asked: Mutex<u32>,
}

impl Network {
    fn says(&self, answer: Result<Option<CallState>, TelephoneError>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
}

fn unasked<T>() -> Result<T, TelephoneError> {
    panic!("calls that were left open are only looked at")
}

#[async_trait]
impl Telephone for Network {
    async fn hang_up(&self, _: &CallId) -> Result<(), TelephoneError> {
        unasked()
    }

    async fn redirect(&self, _: &CallId, _: &str) -> Result<(), TelephoneError> {
        unasked()
    }

    async fn call(&self, _: &PhoneNumber, _: &PhoneNumber, _: &str, _: u32) -> Result<CallId, TelephoneError> {
        unasked()
    }

    async fn place(&self, _: &Placement) -> Result<CallId, TelephoneError> {
        unasked()
    }

    async fn look(&self, _: &CallId) -> Result<Option<CallState>, TelephoneError> {
        *self.asked.lock().unwrap() += 1;
        self.answer.lock().unwrap().clone()
    }

    async fn calls_between(&self, _: &PhoneNumber, _: &PhoneNumber, _: u64) -> Result<Vec<CallState>, TelephoneError> {
        unasked()
    }

    async fn check(&self) -> Result<Health, TelephoneError> {
        unasked()
    }
}

/// A database with one call that was left open, and the network.
struct Bench {
    db: Arc<Sqlite>,
    network: Arc<Network>,
}

impl Bench {
    async fn new() -> Self {
        let db = Arc::new(Sqlite::memory());
        db.migrate().await.unwrap();
        let network = Network { answer: Mutex::new(Ok(None)), asked: Mutex::new(0) };
        let bench = Self { db, network: Arc::new(network) };
        let accepted = common::event::GatewayEvent::Accepted {
            direction: Direction::Inbound,
            from: PhoneNumber::new("+15005550010"),
            to: PhoneNumber::new("+15005550006"),
            agent: AgentId::parse("reception").ok(),
            agent_version: None,
            language: None,
            attempt: None,
        };
        let answered = CallEvent::Answered { resumed: Resumed::No };
        bench.store(&[gateway(EPOCH, 0, 0, accepted), worker(EPOCH, 0, 3_000, answered)]).await;
        bench
    }

    fn reconciler(&self) -> Reconciler {
        Reconciler::new(self.db.clone(), self.network.clone(), fold(), Pace::default())
    }

    async fn store(&self, events: &[Envelope]) {
        let fold = fold();
        self.db.record(events, &|cdr, envelope| fold.merge(cdr, envelope)).await.unwrap();
    }

    async fn cdr(&self) -> Cdr {
        self.db.cdr(&call(1)).await.unwrap().unwrap()
    }
}
