//! A call from the first ring to its record: every role in one process, a telephone and a voice agent around them.

use crate::support::record::Recorded;
use crate::support::{caller, hotel, stores};
use call::Speaker::{Agent, Caller};
use common::testing::{self, quiet};
use loadtest::ledger::{self, Sessions};
use loadtest::network::{Network, NetworkConfig};
use loadtest::phone::{self, CallEnd, CallPlan, CallTruth, Keep};
use loadtest::provider::Provider;
use loadtest::provider::truth::SessionTruth;
use patchbay::up::{self, Running};
use xtask::servers::Servers;

#[tokio::test]
async fn a_caller_talks_to_the_scripted_agent_and_the_record_tells_it() {
    let _quiet = quiet();
    scripted_call(None).await;
}

#[tokio::test]
async fn the_same_call_on_real_stores() {
    let Some(servers) = stores::start("a scripted call").await else { return };
    scripted_call(Some(&servers)).await;
}

#[tokio::test]
async fn a_caller_talks_to_openai_byte_for_byte_and_is_heard_when_they_interrupt() {
    let _quiet = quiet();
    openai_call(None).await;
}

#[tokio::test]
async fn the_same_openai_call_on_real_stores() {
    let Some(servers) = stores::start("an OpenAI call").await else { return };
    openai_call(Some(&servers)).await;
}

async fn scripted_call(servers: Option<&Servers>) {
    let stage = Stage::open(servers, "wss://127.0.0.1:9/v1").await;
    let mut plan = caller::who_listens(hotel::SCRIPTED, stage.url());
    plan.keep = Keep::Heard;
    let (truth, recorded) = stage.play(plan).await;

    assert_eq!(truth.end, CallEnd::Completed);
    let heard = truth.heard.as_deref().unwrap();
    let greeting = hotel::greeting_sound();
    assert!(heard.windows(greeting.len()).any(|part| part == greeting), "the greeting was heard as it was recorded");
    check_conversation(&recorded);
    assert_eq!(recorded.cdr.interruptions, 0);
    check_record(&recorded);
    stage.close().await;
}

async fn openai_call(servers: Option<&Servers>) {
    let provider = Provider::start(hotel::provider()).await.unwrap();
    let stage = Stage::open(servers, &provider.base_url).await;
    let (truth, recorded) = stage.play(caller::who_interrupts(hotel::OPENAI, stage.url())).await;

    assert_eq!(truth.end, CallEnd::Completed);
    let sessions = provider.until(|sessions| sessions.iter().all(|session| session.closed_at.is_some())).await;
    check_audio(&truth, sessions);
    check_conversation(&recorded);
    assert_eq!(recorded.cdr.interruptions, 1);
    check_record(&recorded);
    stage.close().await;
}

/// What the provider received is what the caller said, what the caller heard is what the provider sent, and the
/// provider knows how much of the interrupted answer was heard.
fn check_audio(truth: &CallTruth, sessions: Vec<SessionTruth>) {
    let account = ledger::settle(truth, &Sessions::new(sessions, std::slice::from_ref(truth)));
    assert_eq!((account.up.lost, account.up.different, account.up.added), (0, 0, 0), "frames up");
    assert!(account.up.sent > 100, "the caller spoke");
    assert_eq!((account.down.lost, account.down.foreign), (0, 0), "audio down");
    assert_eq!((account.talk.truncations.len(), account.talk.refused), (1, 0));
    let cut = account.talk.truncations[0];
    assert!(cut.error_ms() <= 40, "told {} ms, played {} ms", cut.told_ms, cut.played_ms);
    assert_eq!(account.notices, [0_u32; 0], "the telephone network has no complaint");
    assert_eq!(account.provider_errors, [""; 0]);
}

fn check_conversation(recorded: &Recorded) {
    let said = recorded.said();
    let whole = [
        (Agent, hotel::GREETING),
        (Caller, caller::BREAKFAST),
        (Agent, hotel::LONG_ANSWER),
        (Caller, caller::PRICE),
        (Agent, hotel::GOODBYE),
    ];
    assert_eq!(said.len(), whole.len(), "{said:?}");
    for (said, whole) in said.iter().zip(whole) {
        // Of an interrupted answer only what was heard stands there.
        assert!(said.0 == whole.0 && !said.1.is_empty() && whole.1.starts_with(said.1), "{said:?} of {whole:?}");
    }
}

fn check_record(recorded: &Recorded) {
    let cdr = &recorded.cdr;
    assert_eq!(cdr.end_reason.as_deref(), Some("agent_hung_up"));
    assert_eq!(cdr.twilio_status.as_deref(), Some("completed"));
    assert_eq!((cdr.turns, cdr.workers.len(), cdr.agent_losses), (5, 1, 0));
    assert!(cdr.duration_ms.is_some_and(|ms| ms > 3_000) && cdr.first_word_ms.is_some());
}

/// Every role in this process, and the telephone network.
struct Stage {
    network: Network,
    running: Running,
    _hotel: tempfile::TempDir,
}

impl Stage {
    async fn open(servers: Option<&Servers>, openai: &str) -> Self {
        let hotel = hotel::open();
        let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await.unwrap();
        let agents = hotel.path().display().to_string();
        let mut settings = vec![
            ("agents.dir", agents.as_str()),
            ("twilio.api_base_url", network.api_base_url()),
            ("openai.base_url", openai),
            ("openai.api_key", hotel::KEY),
        ];
        if let Some(servers) = servers {
            let keys = ["stores.redis_url", "stores.nats_url", "stores.database_url"];
            settings.extend(keys.into_iter().zip([&*servers.redis_url, &*servers.nats_url, &*servers.database_url]));
        }
        let running = up::start(testing::config(&settings), 2).await.unwrap();
        running.until_ready().await.unwrap();
        Self { network, running, _hotel: hotel }
    }

    fn url(&self) -> &str {
        &self.running.config.public_url
    }

    /// The call, and what the record tells of it.
    async fn play(&self, plan: CallPlan) -> (CallTruth, Recorded) {
        let truth = phone::call(&self.network, plan).await;
        let recorded = Recorded::of(&truth, self.running.ports.db.as_ref()).await;
        recorded.check_exactly_once(self.running.ports.db.as_ref()).await;
        assert_eq!(self.network.rest_counts().completed, 1, "the agent hung up by REST");
        (truth, recorded)
    }

    async fn close(self) {
        self.running.stop().await;
    }
}
