//! A company with an agent, its stores, and recorders that look after its calls.

use crate::server::{Answer, Server};
use crate::story::{EPOCH, fold, whole_call};
use adapters::bus::Embedded as Bus;
use adapters::db::Opened;
use adapters::state::Embedded as State;
use adapters::summary::{OpenAi, Scripted};
use adapters::twilio::TwilioRest;
use adapters::vault::Store;
use common::clock::unix_ms;
use common::company::load::load;
use common::company::{Agent, Company, Hook, SecretRef, Services};
use common::config::Config;
use common::event::Envelope;
use common::ids::{AgentId, CallId};
use common::lifecycle::Lifecycle;
use common::ports::aftercare::Job;
use common::ports::{Bus as _, Summarizer, Vault};
use common::private::SecretString;
use common::summary::Summary;
use common::testing;
use recorder::after::{self, Means, Pace};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What letters are signed with.
pub(crate) const SECRET: &str = "between us";
/// Its name.
const SECRET_NAME: &str = "crm-key";

/// Fast, and patient with a slow machine.
pub(crate) const PACE: Pace = Pace {
    every: Duration::from_millis(10),
    settled: Duration::ZERO,
    deadline: Duration::from_secs(20),
    hold: Duration::from_secs(25),
    at_once: 32,
    per_lane: 4,
    first_wait: Duration::from_millis(10),
    retention: Duration::from_millis(50),
};

/// Everything around the calls of one company.
pub(crate) struct World {
    pub(crate) company: Company,
    pub(crate) db: Opened,
    pub(crate) bus: Bus,
    pub(crate) vault: Arc<dyn Vault>,
    state: Arc<State>,
    summarizer: Arc<dyn Summarizer>,
    twilio: Option<Arc<TwilioRest>>,
    config: Config,
    _folder: TempDir,
}

impl World {
    /// A company that wants nothing.
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let packs = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents"), &Services::default()).unwrap();
        let mut company = packs.roster.companies.into_values().find(|own| own.id.as_str() == "harbour").unwrap();
        let (_, mut agent) = company.agents.pop_first().unwrap();
        agent.id = AgentId::parse("front-desk").unwrap();
        company.agents = [(agent.id.clone(), agent)].into();

        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("vault").display().to_string();
        let mut config = testing::config(&[("recordings.url", place.as_str())]);
        config.tools.secrets.insert(SECRET_NAME.into(), SecretString::from(SECRET));
        let db = adapters::db::open(None).unwrap();
        db.db.migrate().await.unwrap();
        Self {
            company,
            db,
            bus: Bus::awkward(),
            vault: Arc::new(Store::open(&config.recordings).unwrap()),
            state: Arc::new(State::new()),
            summarizer: Arc::new(Scripted),
            twilio: None,
            config,
            _folder: folder,
        }
    }

    pub(crate) fn agent(&mut self) -> &mut Agent {
        self.company.agents.values_mut().next().unwrap()
    }

    /// A system of the company that wants to know this.
    pub(crate) async fn hook(&mut self, name: &str, events: &[&str]) -> Server {
        let server = Server::answering(|_| Answer::status(200)).await;
        self.reach(&server);
        self.company.services.insert(name.into(), server.url());
        let hook = Hook {
            url: format!("{{{name}}}/calls"),
            events: events.iter().map(ToString::to_string).collect(),
            secret: Some(SecretRef(SECRET_NAME.into())),
        };
        self.company.hooks.insert(name.into(), hook);
        server
    }

    fn reach(&mut self, server: &Server) {
        self.config.tools.private_hosts.push(server.host());
    }

    /// A model, by the adapter for OpenAI's interface.
    pub(crate) async fn model(
        &mut self,
        answers: impl FnMut(&crate::server::Seen) -> Answer + Send + 'static,
    ) -> Server {
        let server = Server::answering(answers).await;
        self.summarizer = Arc::new(OpenAi::new(&server.url(), "gpt-5-mini", SecretString::from("sk-1")).unwrap());
        server
    }

    /// Twilio, by its REST interface.
    pub(crate) async fn twilio(
        &mut self,
        answers: impl FnMut(&crate::server::Seen) -> Answer + Send + 'static,
    ) -> Server {
        let server = Server::answering(answers).await;
        self.config.twilio.api_base_url = Some(server.url());
        self.twilio = TwilioRest::new(&self.config.twilio).unwrap().map(Arc::new);
        server
    }

    /// Puts the company into force.
    pub(crate) async fn apply(&self) {
        self.db.directory.apply(&self.company, "test").await.unwrap();
    }

    /// Starts looking after calls.
    pub(crate) fn start(&self) -> Running {
        self.start_at(PACE)
    }

    pub(crate) fn start_at(&self, pace: Pace) -> Running {
        let Opened { db, directory, outbound, aftercare } = self.db.clone();
        let means = Means {
            state: self.state.clone(),
            bus: Arc::new(self.bus.clone()),
            db,
            directory,
            outbound,
            aftercare,
            vault: self.vault.clone(),
            summarizer: self.summarizer.clone(),
            messages: self.twilio.clone().map(|rest| rest as _),
            recordings: self.twilio.clone().map(|rest| rest as _),
        };
        let lifecycle = Lifecycle::new();
        after::start(&self.config, means, pace, &lifecycle).unwrap();
        Running(lifecycle)
    }

    /// These events happened: they are in the record and on the bus.
    pub(crate) async fn happened(&self, events: &[Envelope]) {
        let fold = fold();
        self.db.db.record(events, &|cdr, event| fold.merge(cdr, event)).await.unwrap();
        for event in events {
            self.bus.publish(event, None).await.unwrap();
        }
    }

    /// The call as far as it was summed up.
    pub(crate) async fn summary(&self, call: &CallId) -> Option<Summary> {
        self.db.aftercare.summary(call).await.unwrap()
    }

    pub(crate) async fn dead(&self) -> Vec<Job> {
        self.db.aftercare.dead_jobs(100).await.unwrap()
    }

    /// How many jobs wait.
    pub(crate) async fn waiting(&self) -> u64 {
        self.db.aftercare.jobs().await.unwrap().0
    }
}

/// A recorder that looks after calls.
pub(crate) struct Running(Lifecycle);

impl Running {
    /// Ends it as `kill -9` would.
    pub(crate) async fn kill(self) {
        self.0.kill();
        self.0.join(Duration::from_secs(10)).await;
    }

    /// Ends it politely.
    pub(crate) async fn stop(self) {
        self.0.stop();
        assert_eq!(self.0.join(Duration::from_secs(10)).await, 0, "tasks that did not hear the stop");
    }
}

/// Call `n`, over just now.
pub(crate) fn call_of_today(n: u32) -> Vec<Envelope> {
    let mut events = whole_call(n);
    events.iter_mut().for_each(today);
    events
}

/// Of a story this happened today.
pub(crate) fn today(event: &mut Envelope) {
    // The story is ten seconds long.
    event.at_ms = event.at_ms - EPOCH + unix_ms() - 10_000;
}
