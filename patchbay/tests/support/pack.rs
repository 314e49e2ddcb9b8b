//! A pack's conversation, played once with everything around it, and all that is known of it afterwards.

use super::record::Recorded;
use common::company::Services;
use common::company::load::load;
use common::ports::{Directory, Ticket, ToolRun, Transfer};
use common::private::SecretString;
use common::testing;
use loadtest::outside::Outside;
use loadtest::phone::{self, CallEnd, CallTruth};
use loadtest::story::Story;
use patchbay::demo;
use patchbay::up::{self, Running};
use std::path::Path;
use xtask::servers::Servers;

/// A conversation that was played.
pub(crate) struct Played {
    pub(crate) outside: Outside,
    pub(crate) truth: CallTruth,
    pub(crate) recorded: Recorded,
    pub(crate) runs: Vec<ToolRun>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) transfers: Vec<Transfer>,
    running: Option<Running>,
}

/// Plays the conversation of a pack, on these stores or on the embedded ones.
pub(crate) async fn play(pack: &str, servers: Option<&Servers>) -> Played {
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents");
    let outside = Outside::start(Story::read(&agents.join(pack)).unwrap()).await.unwrap();
    if let Some(servers) = servers {
        put_into_force(&agents, &servers.database_url).await;
    }
    let agents = agents.display().to_string();
    let mut settings = vec![("agents.dir", agents.as_str())];
    if let Some(servers) = servers {
        let keys = ["stores.redis_url", "stores.nats_url", "stores.database_url"];
        settings.extend(keys.into_iter().zip([&*servers.redis_url, &*servers.nats_url, &*servers.database_url]));
    }
    let mut config = testing::config(&settings);
    demo::point(&mut config, &outside);
    let running = up::start(config, 2).await.unwrap();
    running.until_ready().await.unwrap();
    let truth = phone::call(&outside.network, outside.plan(&running.config.public_url).unwrap()).await;
    let recorded = Recorded::of(&truth, running.ports.db.as_ref()).await;
    recorded.check_exactly_once(running.ports.db.as_ref()).await;
    let directory = running.ports.directory.clone();
    let directory: &dyn Directory = directory.as_ref();
    Played {
        runs: directory.tool_runs(&recorded.call).await.unwrap(),
        tickets: directory.tickets(&recorded.call).await.unwrap(),
        transfers: directory.transfers(&recorded.call).await.unwrap(),
        outside,
        truth,
        recorded,
        running: Some(running),
    }
}

/// What `patchbay agents apply` does: the companies and what they know stand in the database.
async fn put_into_force(agents: &Path, database_url: &str) {
    let packs = load(agents, &Services::default()).unwrap();
    let adapters::db::Opened { db, directory, .. } =
        adapters::db::open(Some(&SecretString::from(database_url))).unwrap();
    db.migrate().await.unwrap();
    for company in packs.roster.companies.values() {
        directory.apply(company, "a test").await.unwrap();
    }
    directory.store(&packs.records).await.unwrap();
}

impl Played {
    /// The call ended for this reason, and the telephone network has nothing to complain of but that a server closed a
    /// stream to send the call elsewhere.
    pub(crate) fn check_ended(&self, reason: &str) {
        assert_eq!(self.truth.end, CallEnd::Completed);
        assert_eq!(self.recorded.cdr.end_reason.as_deref(), Some(reason));
        let complaints: Vec<_> = self.truth.notices.iter().filter(|notice| notice.code != 31921).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    /// Tools that were run and how each ended, in order.
    pub(crate) fn tools(&self) -> Vec<(&str, &str)> {
        self.runs.iter().map(|run| (run.name.as_str(), run.outcome.as_str())).collect()
    }

    /// What the model was told by the first run of a tool.
    pub(crate) fn output(&self, tool: &str) -> &str {
        let run = self.runs.iter().find(|run| run.name == tool).unwrap_or_else(|| panic!("{tool} was not run"));
        run.output.as_deref().unwrap_or_default()
    }

    /// The verbs of each document the network was given.
    pub(crate) fn documents(&self) -> Vec<String> {
        self.truth.documents.iter().map(|document| document.verbs.join(" ")).filter(|verbs| verbs != "Hangup").collect()
    }

    /// Every event of the call as it is stored.
    pub(crate) async fn everything_recorded(&self) -> String {
        let running = self.running.as_ref().unwrap();
        let events = running.ports.db.events(&self.recorded.call).await.unwrap();
        let tools = events.iter().filter(|event| event.event.kind() == "tool_run");
        tools.map(|event| serde_json::to_string(event).unwrap()).collect()
    }

    /// Every function the provider asked for was answered once, and it has no complaint; then all roles are stopped.
    pub(crate) async fn check_provider_answered(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        for session in self.outside.openai.sessions() {
            let mut asked: Vec<_> = session.called.iter().map(|(call, _)| call.clone()).collect();
            let mut answered: Vec<_> = session.outputs.iter().map(|(call, _)| call.clone()).collect();
            asked.sort();
            answered.sort();
            assert_eq!(asked, answered, "every function is answered once");
            assert_eq!(session.errors, [""; 0]);
        }
        for session in self.outside.deepgram.sessions() {
            let open: Vec<_> = session.calls.iter().filter(|call| call.answered_at.is_none()).collect();
            assert!(open.is_empty(), "unanswered: {open:?}");
        }
    }
}
