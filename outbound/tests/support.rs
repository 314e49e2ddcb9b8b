//! A database, a network, a batch, and rounds of a dialer in between.

pub(crate) mod network;
pub(crate) mod trap;

use common::cdr::Cdr;
use common::event::{ENVELOPE_VERSION, Envelope, Event, EventKey, Source, TwilioEvent};
use common::ids::{AgentId, BatchId, Epoch};
use common::lifecycle::Lifecycle;
use common::ports::outbound::*;
use common::private::PhoneNumber;
use common::testing::{Quiet, company_id, quiet};
use common::token::Keys;
use network::Network;
use outbound::{Dialer, Patience, Reach, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use trap::{Trap, Trapped};

/// Thursday, 2026-01-15, noon in London.
pub(crate) const NOON: u64 = 1_768_478_400_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// The world around a dialer.
pub(crate) struct World {
    pub(crate) network: Arc<Network>,
    pub(crate) trap: Arc<Trap>,
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) log: Quiet,
    reach: Reach,
    pub(crate) now_ms: u64,
    dialer: Dialer,
    told: BTreeMap<String, u64>,
}

impl World {
    /// An empty database at noon.
    pub(crate) async fn new() -> Self {
        let opened = adapters::db::open(None).unwrap();
        opened.db.migrate().await.unwrap();
        let (trap, log) = (Arc::new(Trap::default()), quiet());
        let network = Arc::new(Network::new(trap.clone()));
        let trapped = Arc::new(Trapped { outbound: opened.outbound.clone(), trap: trap.clone() });
        let reach = Reach { outbound: trapped, db: opened.db, telephone: network.clone() };
        let dialer = Dialer::new(reach.clone(), settings());
        let told = BTreeMap::new();
        Self { network, trap, outbound: opened.outbound, log, reach, now_ms: NOON, dialer, told }
    }

    /// Begins a batch that calls these numbers, given by their last digit, of London.
    pub(crate) async fn begin(&self, plan: DialPlan, people: &[u32]) -> BatchId {
        let rows: Vec<BatchRow> = people.iter().enumerate().map(|(at, person)| row(at as u32 + 2, *person)).collect();
        self.begin_rows(plan, &rows).await
    }

    /// Begins a batch of these rows.
    pub(crate) async fn begin_rows(&self, plan: DialPlan, rows: &[BatchRow]) -> BatchId {
        let batch = batch(plan);
        self.outbound.begin_batch(&batch, rows).await.unwrap();
        batch.id
    }

    /// One round; then callbacks for calls that are over are recorded, unless they are lost.
    pub(crate) async fn round(&mut self) {
        self.network.set_now(self.now_ms);
        self.dialer.round(self.now_ms).await.unwrap();
        self.tell().await;
    }

    /// A round that a kill may end; then another process goes on. Gives whether it was killed.
    pub(crate) async fn round_or_death(&mut self) -> bool {
        self.network.set_now(self.now_ms);
        let trap = self.trap.clone();
        let died = tokio::select! {
            biased;
            () = trap.sprung() => true,
            round = self.dialer.round(self.now_ms) => { round.unwrap(); false }
        };
        if died {
            trap.disarm();
            self.restart();
        }
        self.tell().await;
        died
    }

    /// Another process dials from now on.
    pub(crate) fn restart(&mut self) {
        self.dialer = self.another();
    }

    /// A dialer of another process.
    pub(crate) fn another(&self) -> Dialer {
        Dialer::new(self.reach.clone(), settings())
    }

    /// A process that leads whenever it may.
    pub(crate) fn lead(&self, lifecycle: &Lifecycle) -> impl Future<Output = ()> + Send + 'static {
        outbound::lead::run(self.reach.clone(), settings(), lifecycle.clone())
    }

    /// Rounds, one after each step of time, until the batch is done; at most so many.
    pub(crate) async fn until_done(&mut self, batch: &BatchId, step_ms: u64, most: u32) {
        for _ in 0..most {
            self.round_or_death().await;
            if self.status(batch).await == BatchStatus::Done {
                return;
            }
            self.now_ms += step_ms;
        }
        panic!("not done after {most} rounds: {:?}", self.outbound.progress(batch).await.unwrap());
    }

    /// One round after each step of time, for so long.
    pub(crate) async fn for_time(&mut self, time_ms: u64, step_ms: u64) {
        let end_ms = self.now_ms + time_ms;
        while self.now_ms < end_ms {
            self.round().await;
            self.now_ms += step_ms;
        }
    }

    pub(crate) async fn status(&self, batch: &BatchId) -> BatchStatus {
        self.outbound.batch(batch).await.unwrap().unwrap().status
    }

    /// The rows, by line.
    pub(crate) async fn rows(&self, batch: &BatchId) -> Vec<RowState> {
        self.outbound.rows(batch, 0, 10_000).await.unwrap()
    }

    /// Outcomes by line.
    pub(crate) async fn outcomes(&self, batch: &BatchId) -> Vec<Option<Outcome>> {
        self.rows(batch).await.into_iter().map(|row| row.outcome).collect()
    }

    /// Twilio's callbacks, recorded once each.
    pub(crate) async fn tell(&mut self) {
        for (call, attempt, status) in self.network.callbacks(self.now_ms) {
            let key = format!("{call} {status}");
            let sequence = self.told.len() as u64;
            if self.told.insert(key, sequence).is_some() {
                continue;
            }
            let event = TwilioEvent::Status { status, duration_s: None, sip_code: None, attempt: Some(attempt) };
            let envelope = Envelope {
                version: ENVELOPE_VERSION,
                key: EventKey { call, source: Source::Twilio, epoch: Epoch(0), sequence },
                company: Some(company_id()),
                at_ms: self.now_ms,
                trace: String::new(),
                event: Event::Twilio(event),
            };
            self.reach.db.record(&[envelope], &fold).await.unwrap();
        }
    }
}

/// What the recorder makes of callbacks, as far as it matters here.
fn fold(cdr: &mut Cdr, envelope: &Envelope) {
    let Event::Twilio(TwilioEvent::Status { status, attempt, .. }) = &envelope.event else { return };
    cdr.attempt = attempt.clone();
    cdr.twilio_status = Some(status.clone());
    if status != "ringing" && status != "in-progress" {
        cdr.ended_ms = Some(envelope.at_ms);
        cdr.end_reason = Some(status.clone());
    }
}

pub(crate) fn keys() -> Keys {
    Keys::new("a secret for tests only")
}

fn settings() -> Settings {
    Settings {
        public_url: "https://calls.example.com".into(),
        keys: keys(),
        per_minute: 6_000,
        concurrency: 1_000,
        patience: Patience::default(),
    }
}

/// Calls at any hour, many at once, a busy line twice more.
pub(crate) fn plan() -> DialPlan {
    DialPlan {
        per_minute: 6_000,
        concurrency: 100,
        window: Window { from_minute: 0, until_minute: 1_440, days: [true; 7] },
        retries: BTreeMap::from([(Outcome::Busy, Retry { times: 2, after_s: 60 })]),
        machine: OnMachine::GoOn,
        ring_s: 30,
        most_s: 600,
        until_ms: None,
    }
}

pub(crate) fn batch(plan: DialPlan) -> Batch {
    Batch {
        id: BatchId::parse("spring").unwrap(),
        name: "Spring".into(),
        company: company_id(),
        agent: AgentId::parse("reception").unwrap(),
        from: PhoneNumber::new("+442079460000"),
        consent: "they asked to be called".into(),
        plan,
        status: BatchStatus::Running,
        by: "test".into(),
        created_ms: NOON,
    }
}

pub(crate) fn number(person: u32) -> PhoneNumber {
    PhoneNumber::new(&format!("+4420794{person:05}"))
}

pub(crate) fn row(line: u32, person: u32) -> BatchRow {
    BatchRow {
        row: line,
        to: number(person),
        zones: vec!["Europe/London".into()],
        language: None,
        columns: BTreeMap::new(),
    }
}
