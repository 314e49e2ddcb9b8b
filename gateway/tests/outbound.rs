//! Calls that we made: somebody answers, or a machine does, and Twilio tells what became of them.

use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{CALLED, Gateway, PUBLIC, World, call, kinds};
use axum::http::StatusCode;
use call::NextStep;
use common::company::Company;
use common::event::{Direction, Event, GatewayEvent, MachineDeed, TwilioEvent};
use common::ids::{AgentId, AttemptId, BatchId, CompanyId};
use common::ports::State;
use common::ports::outbound::{Batch, BatchRow, BatchStatus, DialPlan, OnMachine, Window};
use common::private::PhoneNumber;
use common::token::AttemptToken;
use std::collections::BTreeMap;

const PERSON: &str = "+15005550020";

#[tokio::test]
async fn whoever_answers_talks_to_the_agent_that_knows_them() {
    let bench = Bench::new(OnMachine::HangUp).await;
    bench.answered().await;
    let reserved = bench.worker.reservations().remove(0);
    assert_eq!(reserved.agent.phrases().greeting, "Hello Ada, your table is free.");
    assert_eq!(reserved.agent.columns["name"], "Ada");
    assert_eq!(reserved.caller, Some(PhoneNumber::new(PERSON)), "the person at the other end is the one we called");
    bench.gateway.settle().await;
    let events = bench.world.events().await;
    let Event::Gateway(GatewayEvent::Accepted { direction, attempt, .. }) = &events[0].event else { panic!() };
    assert_eq!((*direction, attempt.as_ref()), (Direction::Outbound, Some(&bench.token().attempt)));
}

#[tokio::test]
async fn without_the_batch_the_agent_talks_all_the_same() {
    let bench = Bench::without_database().await;
    bench.answered().await;
    assert_eq!(bench.worker.reservations()[0].agent.phrases().greeting, "Hello {name}, your table is free.");
}

#[tokio::test]
async fn a_status_says_which_try_it_is_about() {
    let bench = Bench::new(OnMachine::HangUp).await;
    let pairs = [("CallStatus", "no-answer"), ("SequenceNumber", "2"), ("SipResponseCode", "487")];
    let question = Question::new(&bench.path("status"), &call(1), &pairs);
    assert_eq!(bench.gateway.answer(question.post()).await.status, StatusCode::NO_CONTENT);
    bench.gateway.settle().await;
    let events = bench.world.events().await;
    let Event::Twilio(TwilioEvent::Status { attempt, .. }) = &events[0].event else { panic!() };
    assert_eq!(attempt.as_ref(), Some(&bench.token().attempt));
    assert_eq!(events[0].company, Some(bench.token().company));
}

#[tokio::test]
async fn a_machine_is_hung_up_on_once() {
    let bench = Bench::new(OnMachine::HangUp).await;
    bench.answered().await;
    for _ in 0..2 {
        bench.detected("machine_end_beep").await;
    }
    assert_eq!(bench.world.telephone.told(), ["hang up"]);
    assert_eq!(bench.deeds().await, [MachineDeed::HungUp]);
}

#[tokio::test]
async fn a_message_is_left_after_the_beep_and_no_worker_is_woken_for_it() {
    let bench = Bench::new(OnMachine::LeaveMessage("Hello {name}, please call us back.".into())).await;
    bench.answered().await;
    bench.detected("machine_end_beep").await;
    let told = bench.world.telephone.told();
    let [message] = told.as_slice() else { panic!("{told:?}") };
    let session = bench.world.state.session(&call(1)).await.unwrap().unwrap();
    assert_eq!(session.next, Some(NextStep::HangUp), "the end of its stream must not wake another worker");
    assert_eq!(bench.deeds().await, [], "nothing is said yet");

    let path = message.strip_prefix(PUBLIC).unwrap();
    let document = bench.gateway.answer(outbound(path, "in-progress").post()).await.document();
    assert_eq!(document.names(), ["Pause", "Say", "Hangup"]);
    assert!(document.says("Hello Ada, please call us back."));
    assert_eq!(bench.deeds().await, [MachineDeed::LeftMessage]);
}

#[tokio::test]
async fn a_fax_gets_no_message() {
    let bench = Bench::new(OnMachine::LeaveMessage("Hello.".into())).await;
    bench.answered().await;
    bench.detected("fax").await;
    assert_eq!(bench.world.telephone.told(), ["hang up"]);
}

#[tokio::test]
async fn a_person_is_left_alone_and_the_verdict_is_recorded() {
    let bench = Bench::new(OnMachine::HangUp).await;
    bench.answered().await;
    bench.detected("human").await;
    assert_eq!(bench.world.telephone.told(), [] as [String; 0]);
    assert_eq!(kinds(&bench.world.events().await).last().map(String::as_str), Some("twilio.answered_by"));
}

#[tokio::test]
async fn a_forged_address_is_refused() {
    let bench = Bench::new(OnMachine::HangUp).await;
    for route in ["outbound", "status", "amd"] {
        let path = format!("{}x", bench.path(route));
        assert_eq!(bench.gateway.answer(outbound(&path, "ringing").post()).await.status, StatusCode::FORBIDDEN);
    }
    assert!(bench.world.is_untouched(&call(1)).await);
}

#[tokio::test]
async fn recordings_and_messages_are_events_of_their_call_once() {
    let bench = Bench::new(OnMachine::HangUp).await;
    let token = bench.gateway.keys.sign_call(&common::token::CallToken { call: call(1) });
    let recording = [("RecordingSid", "RE01"), ("RecordingStatus", "completed"), ("RecordingDuration", "12")];
    let message = [("MessageSid", "SM01"), ("MessageStatus", "delivered")];
    for _ in 0..2 {
        for (route, pairs) in [("recording", recording.as_slice()), ("message-status", message.as_slice())] {
            let question = Question::new(&format!("/twilio/{route}/{token}"), &call(1), pairs);
            assert_eq!(bench.gateway.answer(question.post()).await.status, StatusCode::NO_CONTENT);
        }
    }
    bench.gateway.settle().await;
    assert_eq!(kinds(&bench.world.events().await), ["twilio.recording", "twilio.message"]);
}

/// A batch of one, its gateway and a worker.
struct Bench {
    world: World,
    gateway: Gateway,
    worker: FakeWorker,
    company: CompanyId,
    agent: AgentId,
}

impl Bench {
    async fn new(machine: OnMachine) -> Self {
        let bench = Self::without_database().await;
        bench.world.database.db.migrate().await.unwrap();
        let batch = bench.batch(machine);
        let row = BatchRow {
            row: 2,
            to: PhoneNumber::new(PERSON),
            zones: vec!["America/New_York".into()],
            language: None,
            columns: BTreeMap::from([("name".into(), "Ada".into())]),
        };
        bench.world.database.outbound.begin_batch(&batch, &[row]).await.unwrap();
        let claimed = bench.world.database.outbound.claim(&batch.id, u64::MAX >> 1, 1).await.unwrap();
        assert_eq!(claimed[0].0, bench.token().attempt);
        bench
    }

    async fn without_database() -> Self {
        let mut whose = None;
        let world = World::new().with_company(|company| whose = Some(greets_by_name(company)));
        let (company, agent) = whose.unwrap();
        let gateway = world.gateway();
        let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;
        Self { world, gateway, worker, company, agent }
    }

    fn batch(&self, machine: OnMachine) -> Batch {
        Batch {
            id: BatchId::parse("b1").unwrap(),
            name: "tables".into(),
            company: self.company.clone(),
            agent: self.agent.clone(),
            from: PhoneNumber::new(CALLED),
            consent: "they booked".into(),
            plan: DialPlan {
                per_minute: 60,
                concurrency: 1,
                window: Window { from_minute: 0, until_minute: 1_440, days: [true; 7] },
                retries: BTreeMap::new(),
                machine,
                ring_s: 20,
                most_s: 600,
                until_ms: None,
            },
            status: BatchStatus::Running,
            by: "test".into(),
            created_ms: 1,
        }
    }

    fn token(&self) -> AttemptToken {
        let attempt = AttemptId { batch: BatchId::parse("b1").unwrap(), row: 2, attempt: 1 };
        AttemptToken { attempt, company: self.company.clone(), agent: self.agent.clone() }
    }

    fn path(&self, route: &str) -> String {
        format!("/twilio/{route}/{}", self.gateway.keys.sign_attempt(&self.token()))
    }

    /// The person's telephone is picked up.
    async fn answered(&self) {
        let document = self.gateway.answer(outbound(&self.path("outbound"), "in-progress").post()).await.document();
        document.stream();
    }

    /// Twilio knows who picked it up.
    async fn detected(&self, by: &str) {
        let question = Question::new(&self.path("amd"), &call(1), &[("AnsweredBy", by)]);
        assert_eq!(self.gateway.answer(question.post()).await.status, StatusCode::NO_CONTENT);
        self.gateway.settle().await;
    }

    async fn deeds(&self) -> Vec<MachineDeed> {
        self.gateway.settle().await;
        let events = self.world.events().await;
        let deed = |event: &Event| match event {
            Event::Gateway(GatewayEvent::Machine { deed, .. }) => Some(*deed),
            _ => None,
        };
        events.iter().filter_map(|envelope| deed(&envelope.event)).collect()
    }
}

fn outbound(path: &str, status: &str) -> Question {
    Question::ask(path, &call(1), status).with("Direction", "outbound-api").with("From", CALLED).with("To", PERSON)
}

fn greets_by_name(company: &mut Company) -> (CompanyId, AgentId) {
    let called = PhoneNumber::new(CALLED);
    let agent = company.agents.values_mut().find(|agent| agent.numbers.contains(&called)).unwrap();
    agent.languages[0].phrases.greeting = "Hello {name}, your table is free.".into();
    (company.id.clone(), agent.id.clone())
}
