//! Steps 3 to 6: the worker carries calls. One task a call owns both sockets; see [`session`].
//!
//! Before it: a gateway reserves a seat and the telephone network opens a media stream. After it: the recorder stores
//! what [`publish`] sends. The absence of the state store, the bus or the record never stops or delays a live call.

pub mod http;
pub mod meter;
mod moments;
pub mod orders;
pub mod prepare;
pub mod provider;
pub mod publish;
pub mod recording;
pub mod seats;
pub mod session;
pub mod socket;
pub mod stream;
pub mod tools;
mod upgrade;

use ::tools::{Secrets, Settings, Texter, Toolbox};
use call::{ControlInput, NextStep};
use common::config::Config;
use common::health::Readiness;
use common::ids::{BootId, WorkerId};
use common::lifecycle::Lifecycle;
use common::ports::{Agents, Lines, Ports, Recordings as NetworkRecordings, State, Telephone};
use common::prices::Prices;
use common::private::SecretString;
use common::token::Keys;
use orders::Orders;
use publish::Publisher;
use recording::Recordings;
use seats::{Beat, Seats};
use session::SessionOrder;
use std::sync::Arc;
use std::time::Duration;
use stream::UsedTokens;
use tokio::net::TcpListener;

/// How long calls that were told to go on elsewhere may take to leave: the farewell's own deadline and a little.
const LEAVING: Duration = Duration::from_secs(30);

/// After the last call has ended, how long a tool that must not run twice may take to end, and then the last news to be
/// written.
const LAST_NEWS: Duration = Duration::from_secs(10);

/// What every request handler of this worker shares.
pub struct WorkerContext {
    /// Its name.
    pub id: WorkerId,
    /// This start of it.
    pub boot: BootId,
    /// Checks tokens.
    pub keys: Keys,
    /// The URL the telephone network signs.
    pub public_url: String,
    /// Tokens that may sign.
    pub twilio_tokens: Vec<SecretString>,
    /// Stream tokens used.
    pub used_tokens: UsedTokens,
    /// Seats.
    pub seats: Arc<Seats>,
    /// Remembers used tokens for all workers.
    pub state: Arc<dyn State>,
    /// Voice agents.
    pub agents: Arc<dyn Agents>,
    /// The line's protocol.
    pub lines: Arc<dyn Lines>,
    /// Call control.
    pub telephone: Option<Arc<dyn Telephone>>,
    /// Runs tools.
    pub toolbox: Arc<Toolbox>,
    /// What calls cost.
    pub prices: Arc<Prices>,
    /// Takes news.
    pub publisher: Publisher,
    /// Records calls here.
    pub recordings: Recordings,
    /// Has the telephone network record them.
    pub network_recordings: Option<Arc<dyn NetworkRecordings>>,
    /// Starts tasks of calls.
    pub lifecycle: Lifecycle,
}

/// Runs a worker on this listener until the lifecycle stops: then no new calls, live calls may finish for
/// `config.worker.drain`, then each is handed to another worker at its next pause.
pub async fn run(config: &Config, listener: TcpListener, ports: Ports, readiness: Readiness, lifecycle: Lifecycle) {
    let address = config.worker.address.clone().unwrap_or_else(|| own_address(&listener));
    let toolbox = match Toolbox::new(tool_settings(config), ports.directory.clone()) {
        Ok(toolbox) => Arc::new(match texter(config, &ports) {
            Some(texter) => toolbox.with_texter(texter),
            None => toolbox,
        }),
        // Without a beat the worker never becomes ready.
        Err(error) => return moments::toolbox_failed(&error),
    };
    let calls = Lifecycle::new();
    let news = Lifecycle::new();
    let worker = Arc::new(context(config, &ports, toolbox, &calls, &news));
    let beat = Beat {
        state: ports.state.clone(),
        seats: worker.seats.clone(),
        worker: worker.id.clone(),
        boot: worker.boot.clone(),
        address,
        readiness,
    };
    lifecycle.start("beat", beat.run(lifecycle.clone()));
    let serving = Lifecycle::new();
    serving.start("media listener", serve(listener, worker.clone()));
    // Until the last call has ended, also while the worker drains.
    let orders = Orders { bus: ports.bus.clone(), directory: ports.directory.clone(), seats: worker.seats.clone() };
    serving.start("orders", orders.run());
    moments::worker_started(&worker.id);
    lifecycle.stopped().await;
    drain(&worker, config.worker.drain).await;
    let cut = calls.stop_and_join(LAST_NEWS).await;
    moments::worker_drained(&worker.id, cut);
    drop(worker);
    serving.kill();
    news.stop_and_join(LAST_NEWS).await;
}

fn context(
    config: &Config,
    ports: &Ports,
    toolbox: Arc<Toolbox>,
    calls: &Lifecycle,
    news: &Lifecycle,
) -> WorkerContext {
    WorkerContext {
        id: config.worker.id.clone(),
        boot: BootId::fresh(),
        keys: Keys::new(common::private::ExposeSecret::expose_secret(&config.secret)),
        public_url: config.public_url.clone(),
        twilio_tokens: config.twilio.auth_tokens(),
        used_tokens: UsedTokens::default(),
        seats: Seats::new(config.worker.seats),
        state: ports.state.clone(),
        agents: ports.agents.clone(),
        lines: ports.lines.clone(),
        telephone: ports.telephone.clone(),
        toolbox,
        prices: config.prices.clone(),
        publisher: Publisher::start(ports.state.clone(), ports.bus.clone(), news),
        recordings: Recordings::start(config, ports, news),
        network_recordings: ports.recordings.clone(),
        lifecycle: calls.clone(),
    }
}

fn tool_settings(config: &Config) -> Settings {
    let tools = &config.tools;
    Settings {
        secrets: Secrets::new(tools.secrets_dir.clone(), tools.secrets.clone()),
        private_hosts: tools.private_hosts.clone(),
    }
}

/// Sends text messages; without credentials nobody does.
fn texter(config: &Config, ports: &Ports) -> Option<Arc<Texter>> {
    let keys = Keys::new(common::private::ExposeSecret::expose_secret(&config.secret));
    let messages = ports.messages.clone()?;
    Some(Arc::new(Texter::new(messages, ports.state.clone(), keys, &config.public_url)))
}

fn own_address(listener: &TcpListener) -> String {
    let address = listener.local_addr().map(|address| address.to_string());
    format!("http://{}", address.unwrap_or_default().replace("0.0.0.0", "127.0.0.1"))
}

async fn serve(listener: TcpListener, worker: Arc<WorkerContext>) {
    use axum::serve::ListenerExt;
    // Nagle's algorithm would hold small audio frames back.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    if let Err(error) = axum::serve(listener, http::router(worker)).await {
        moments::listener_failed("media", &error);
    }
}

/// First no new calls; then wait for the live ones (a reserved seat counts, so a stream that was promised a moment before
/// still connects); then let the rest go on at another worker.
async fn drain(worker: &WorkerContext, patience: Duration) {
    worker.seats.drain();
    if worker.seats.emptied(patience).await {
        return;
    }
    worker.seats.tell_all(&SessionOrder::Control(ControlInput::Leave(NextStep::Resume)));
    worker.seats.emptied(LEAVING).await;
}
