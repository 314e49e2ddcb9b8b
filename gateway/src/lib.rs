//! Steps 1 and 2: the gateway answers the telephone network and pins each call to a worker. Stateless: any gateway may
//! answer any request of any call. It never touches audio, except to copy it where a worker has no address of its own.

mod admission;
pub mod answers;
mod asked;
mod assign;
pub mod back;
pub mod dossier;
pub mod errand;
pub mod hold;
pub mod machine;
pub mod member;
pub mod menu;
mod moments;
pub mod next;
pub mod notices;
mod place;
pub mod pool;
pub mod relay;
pub mod router;
pub mod routing;
pub mod signed;
pub mod webhook;
pub mod witness;

use answers::Answers;
use common::company::Roster;
use common::config::Config;
use common::health::Readiness;
use common::lifecycle::Lifecycle;
use common::ports::{Outbound, Ports, State, Telephone};
use common::private::{ExposeSecret, SecretString};
use common::token::Keys;
use pool::Pool;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use witness::Witness;

/// After a stop is asked for, how long the listener goes on: a load balancer needs that long to look away.
const LINGER: Duration = Duration::from_millis(500);

/// How long answers under way and relayed calls may take to end.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// What every request handler shares.
pub struct GatewayContext {
    /// The address Twilio reaches.
    pub public_url: String,
    /// Our account.
    pub account_sid: String,
    /// Tokens that may sign.
    pub twilio_tokens: Vec<SecretString>,
    /// Signs stream and call tokens.
    pub keys: Keys,
    /// Deadline of an answer, then a spoken apology.
    pub deadline: Duration,
    /// The state store.
    pub state: Arc<dyn State>,
    /// The pool.
    pub pool: Arc<Pool>,
    /// Answers given.
    pub answers: Answers,
    /// Writes events.
    pub witness: Witness,
    /// Call control at the telephone network; `None` without credentials.
    pub telephone: Option<Arc<dyn Telephone>>,
    /// Batches of calls that we make.
    pub outbound: Arc<dyn Outbound>,
    /// Starts tasks.
    pub lifecycle: Lifecycle,
    roster: RwLock<Arc<Roster>>,
}

impl GatewayContext {
    /// From configuration.
    pub fn new(config: &Config, ports: &Ports, roster: Roster, lifecycle: Lifecycle) -> Result<Self, reqwest::Error> {
        let keys = Keys::new(config.secret.expose_secret());
        let pool =
            Pool::new(ports.state.clone(), keys.internal(), config.gateway.policy, config.gateway.reserve_deadline)?;
        Ok(Self {
            public_url: config.public_url.clone(),
            account_sid: config.twilio.account_sid.clone(),
            twilio_tokens: config.twilio.auth_tokens(),
            keys,
            deadline: config.gateway.deadline,
            state: ports.state.clone(),
            pool: Arc::new(pool),
            answers: Answers::new(ports.state.clone()),
            witness: Witness::new(ports.state.clone(), ports.bus.clone(), lifecycle.clone()),
            telephone: ports.telephone.clone(),
            outbound: ports.outbound.clone(),
            lifecycle,
            roster: RwLock::new(Arc::new(roster)),
        })
    }

    /// Puts other companies and agents into force: for calls that come in from now on.
    pub fn set_roster(&self, roster: Roster) {
        *self.roster.write().expect("no code panics while it holds the roster") = Arc::new(roster);
    }

    /// The companies and agents in force.
    pub fn roster(&self) -> Arc<Roster> {
        self.roster.read().expect("no code panics while it holds the roster").clone()
    }
}

/// Runs a gateway on this listener until the lifecycle stops. Whoever keeps the context may put another configuration into
/// force meanwhile.
pub async fn run(
    gateway: impl Into<Arc<GatewayContext>>,
    listener: TcpListener,
    readiness: Readiness,
    lifecycle: Lifecycle,
) {
    let gateway = gateway.into();
    lifecycle.start("watch the pool", gateway.pool.clone().watch(lifecycle.clone()));
    lifecycle.start("watch the state store", watch_state(gateway.state.clone(), readiness, lifecycle.clone()));
    let serving = Lifecycle::new();
    serving.start("public listener", serve(listener, gateway.clone(), serving.clone()));
    lifecycle.stopped().await;
    tokio::time::sleep(LINGER).await;
    serving.stop_and_join(LAST_ANSWERS).await;
    gateway.lifecycle.stop_and_join(LAST_ANSWERS).await;
}

/// Until a stop is asked for; ends when the answers that were begun before it are given.
async fn serve(listener: TcpListener, gateway: Arc<GatewayContext>, lifecycle: Lifecycle) {
    use axum::serve::ListenerExt;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let stopped = async move { lifecycle.stopped().await };
    if let Err(error) = axum::serve(listener, router::router(gateway)).with_graceful_shutdown(stopped).await {
        moments::listener_failed(&error);
    }
}

/// Ready when the state store answers. A gateway that was ready once goes on answering without it.
async fn watch_state(state: Arc<dyn State>, readiness: Readiness, lifecycle: Lifecycle) {
    while !lifecycle.is_stopping() {
        match state.check().await {
            Ok(health) if health.faults.is_empty() => readiness.ready("state"),
            Ok(health) => readiness.waiting("state", health.faults.join("; ")),
            Err(error) => readiness.waiting("state", error.to_string()),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = lifecycle.stopped() => {}
        }
    }
}
