//! Sessions over sockets in memory, on a clock that only waits when nobody has anything to do: so a call of half a minute
//! takes no time, and every sample has its place.

use super::log::Log;
use super::phone::{Caller, Phone, Played};
use super::{PATIENCE, Store, demo_agent};
use adapters::agent::Providers;
use adapters::db::Opened;
use adapters::line::TwilioLines;
use adapters::{bus, state};
use bytes::Bytes;
use call::{Call, CallEvent, Conversation, Fact, RecordingState, Resumed};
use common::clock;
use common::company::{AgentLimits, AgentSnapshot, RecordBy, Recording};
use common::config::Config;
use common::event::{Envelope, Event, TapEvent};
use common::ids::{CallId, Epoch};
use common::lifecycle::Lifecycle;
use common::ports::{Lines, Ports};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tools::{Settings, Toolbox};
use worker::meter::{Line, Meter};
use worker::provider::AgentLink;
use worker::publish::{Identity, Publisher, SessionNews};
use worker::recording::Recordings;
use worker::session::{Hand, Session, Taping};
use worker::socket::{Socket, SocketLimits};
use worker::tools::{Tools, Whose};

/// What sessions need, and a folder for their recordings.
pub(crate) struct Studio {
    pub(crate) folder: TempDir,
    pub(crate) store: Arc<Store>,
    config: Config,
    ports: Ports,
    recordings: Recordings,
    publisher: Publisher,
    calls: Lifecycle,
    news: Lifecycle,
    pub(crate) log: Log,
}

/// Everything that came of some calls.
pub(crate) struct Takes {
    folder: TempDir,
    pub(crate) events: Vec<Envelope>,
}

impl Studio {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(tempfile::tempdir().unwrap(), settings).await
    }

    /// On a folder that may hold what an earlier start has left.
    pub(crate) async fn on(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        // Two tests at once: the second finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let log = Log::keep();
        let (kept, spool) = (folder.path().join("kept"), folder.path().join("spool"));
        let own = [
            ("recordings.url", kept.to_str().unwrap()),
            ("recordings.spool_dir", spool.to_str().unwrap()),
            ("worker.seats", "4"),
        ];
        let config = common::testing::config(&[&own[..], settings].concat());
        let Opened { db, directory, outbound, aftercare } = adapters::db::open(None).unwrap();
        let store = Arc::new(Store::open(&config));
        let ports = Ports {
            state: Arc::new(state::Embedded::new()),
            bus: Arc::new(bus::Embedded::new()),
            db,
            directory,
            agents: Arc::new(Providers::new(config.openai.clone())),
            lines: Arc::new(TwilioLines),
            outbound,
            aftercare,
            vault: store.clone(),
            summarizer: Arc::new(adapters::summary::Scripted),
            telephone: None,
            messages: None,
            recordings: None,
            numbers: None,
        };
        let (calls, news) = (Lifecycle::new(), Lifecycle::new());
        let publisher = Publisher::start(ports.state.clone(), ports.bus.clone(), &news);
        let recordings = Recordings::start(&config, &ports, &news);
        Self { folder, store, config, ports, recordings, publisher, calls, news, log }
    }

    /// A call that is recorded like this, by this caller; what the telephone played and sent.
    pub(crate) async fn call(&self, call: &CallId, recording: Recording, caller: &[Caller]) -> Played {
        let agent = recorded(recording);
        self.resumed(call, Epoch(1), agent, None, caller).await
    }

    /// One claim of a call that may have this behind it.
    pub(crate) async fn resumed(
        &self,
        call: &CallId,
        epoch: Epoch,
        agent: AgentSnapshot,
        heard: Option<Conversation>,
        caller: &[Caller],
    ) -> Played {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let session = self.session(call, epoch, agent, heard, ours).await;
        let publisher = self.publisher.clone();
        self.calls.start("call", async move {
            let mut session = session;
            session.run_with(Vec::new()).await;
            if let Some(news) = session.news.take() {
                publisher.hand_over(news);
            }
        });
        let socket = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        Phone::new(socket).talk(caller).await
    }

    async fn session(
        &self,
        call: &CallId,
        epoch: Epoch,
        agent: AgentSnapshot,
        heard: Option<Conversation>,
        socket: DuplexStream,
    ) -> Session<DuplexStream> {
        let stream = WebSocketStream::from_raw_socket(socket, Role::Server, Some(SocketLimits::LINE.config())).await;
        let mut codec = TwilioLines.open();
        codec.read(Bytes::from(super::telephone::Telephone::start_frame(call).to_string())).unwrap();
        let mut link = AgentLink::new(self.ports.agents.clone(), Arc::new(agent.clone()));
        link.dial(heard.clone().unwrap_or_default(), 0);
        let resumed = if heard.is_some() { Resumed::Yes } else { Resumed::No };
        let core = match heard {
            Some(heard) => Call::resume(agent.core_limits(), heard, resumed),
            None => Call::answer(agent.core_limits()),
        };
        let settings = Settings { secrets: tools::Secrets::new(None, Default::default()), private_hosts: Vec::new() };
        let toolbox = Arc::new(Toolbox::new(settings, self.ports.directory.clone()).unwrap());
        let whose = Whose { call: call.clone(), epoch, caller: None, ours: None };
        let identity = Identity { call: call.clone(), epoch, company: agent.company.clone(), trace: String::new() };
        let hand = match agent.recording.by {
            RecordBy::Patchbay => Hand::Tap(Box::new(self.recordings.tap(&identity).unwrap())),
            RecordBy::Nobody | RecordBy::Twilio => Hand::Nobody,
        };
        let (fence, orders) = mpsc::channel(8);
        Session {
            line: Socket::new(stream),
            codec,
            link,
            tools: Tools::new(toolbox, self.calls.clone(), whose, core.conversation()),
            taping: Taping::new(hand, &agent.recording, core.conversation(), resumed),
            meter: Meter::new(self.config.prices.clone(), Line::default(), agent.voice(0), clock::unix_ms()),
            call: core,
            agent: Arc::new(agent),
            news: SessionNews::new(identity, fence),
            publisher: self.publisher.clone(),
            orders,
            telephone: None,
            frames: Arc::new(AtomicU64::new(0)),
            answered: Instant::now(),
        }
    }

    /// Ends as a process that is killed so long after this call began; what is left of it.
    pub(crate) async fn killed(self, after: Duration, call: &CallId, recording: Recording) -> TempDir {
        self.log.expect_errors(&["events given up"]);
        let mut calling = Box::pin(self.call(call, recording, &[Caller::Listen, Caller::Quiet(100_000)]));
        assert!(tokio::time::timeout(after, &mut calling).await.is_err(), "the call is over already");
        // Nobody writes any more when the call ends.
        self.news.kill();
        self.news.join(PATIENCE).await;
        drop(calling);
        self.calls.kill();
        self.calls.join(PATIENCE).await;
        self.folder
    }

    /// Ends as a worker ends: everything that was said is recorded and stored.
    pub(crate) async fn close(self) -> Takes {
        let Self { folder, ports, recordings, publisher, calls, news, .. } = self;
        assert_eq!(calls.stop_and_join(PATIENCE).await, 0, "a call goes on");
        drop((recordings, publisher));
        assert_eq!(news.stop_and_join(PATIENCE).await, 0, "somebody still writes");
        let mut consumer = ports.bus.consumer("test").await.unwrap();
        let batch = consumer.batch(10_000, Duration::ZERO).await.unwrap();
        let events = batch.iter().map(|delivery| serde_json::from_slice(&delivery.payload).unwrap()).collect();
        Takes { folder, events }
    }
}

/// An agent without a network that is patient with a silent caller.
pub(crate) fn recorded(recording: Recording) -> AgentSnapshot {
    let limits = AgentLimits { silence_prompt_ms: 300_000, silence_end_ms: 600_000, ..AgentLimits::default() };
    AgentSnapshot { recording, limits, ..demo_agent() }
}

impl Takes {
    /// What became of the recording while the call lived.
    pub(crate) fn states(&self) -> Vec<RecordingState> {
        self.events.iter().filter_map(state).collect()
    }

    /// The folder, for another start.
    pub(crate) fn into_folder(self) -> TempDir {
        self.folder
    }

    /// What the tap told of this call.
    pub(crate) fn told(&self, call: &CallId) -> Vec<TapEvent> {
        let told = self.events.iter().filter(|event| event.key.call == *call).filter_map(|event| match &event.event {
            Event::Tap(event) => Some(event.clone()),
            _ => None,
        });
        told.collect()
    }

    /// The only recording of this call.
    pub(crate) fn recording(&self, call: &CallId) -> Wav {
        let told = self.told(call);
        let [TapEvent::Stored { place, length_ms, bytes, silent_ms, .. }] = &told[..] else { panic!("{told:?}") };
        let file = std::fs::read(self.folder.path().join("kept").join(place)).unwrap();
        assert_eq!(file.len() as u64, *bytes);
        let wav = Wav::read(&file, *silent_ms);
        assert_eq!(wav.caller.len() as u64 / 8, *length_ms);
        wav
    }

    /// Every file that is left anywhere.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files(self.folder.path())
    }
}

/// What an event says of the recording's state.
pub(crate) fn state(event: &Envelope) -> Option<RecordingState> {
    match &event.event {
        Event::Worker(CallEvent::Fact(Fact::Recording { state })) => Some(*state),
        _ => None,
    }
}

/// Every file under a folder.
pub(crate) fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return all };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// A recording, its channels apart.
#[derive(Debug)]
pub(crate) struct Wav {
    pub(crate) caller: Vec<u8>,
    pub(crate) agent: Vec<u8>,
    pub(crate) silent_ms: u64,
}

impl Wav {
    pub(crate) fn read(file: &[u8], silent_ms: u64) -> Self {
        let (header, sound) = file.split_at(58);
        let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&header[..4], &header[8..16], &header[50..54]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
        assert_eq!((number(4), number(46), number(54)), (file.len() - 8, sound.len() / 2, sound.len()));
        assert_eq!(header[20..24], [7, 0, 2, 0], "mu-law in two channels");
        let (caller, agent) = sound.chunks_exact(2).map(|both| (both[0], both[1])).unzip();
        Self { caller, agent, silent_ms }
    }
}
