//! The API: calls are read, outbound batches are begun, watched and stopped over HTTP. It reads and writes the database
//! alone, so that nothing it does can hold up a live call.
//!
//! Before it: a client with the key. After it: the database; what a batch's calls need is done by [`outbound`], which
//! looks there. Errors are problem documents (RFC 9457) that say what is wrong and what to do.

mod api;
mod key;
mod problem;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use common::company::Roster;
use common::lifecycle::Lifecycle;
use common::ports::{Aftercare, Db, Directory, Outbound, Ports, Vault};
use common::private::SecretString;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;

/// Largest body taken: a batch of some ten thousand people.
const MOST_BODY: usize = 8 * 1024 * 1024;
/// How long answers under way may take to end when a stop is asked for.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// What every request handler shares.
pub struct ConsoleContext {
    /// What clients must show.
    pub api_key: SecretString,
    /// The record.
    pub db: Arc<dyn Db>,
    /// What companies know, and what was done in calls.
    pub directory: Arc<dyn Directory>,
    /// Batches of outbound calls.
    pub outbound: Arc<dyn Outbound>,
    /// What is done after calls.
    pub aftercare: Arc<dyn Aftercare>,
    /// Where recordings are kept.
    pub vault: Arc<dyn Vault>,
    roster: RwLock<Arc<Roster>>,
}

impl ConsoleContext {
    /// On these ports, with these companies in force.
    pub fn new(api_key: SecretString, ports: &Ports, roster: Roster) -> Self {
        Self {
            api_key,
            db: ports.db.clone(),
            directory: ports.directory.clone(),
            outbound: ports.outbound.clone(),
            aftercare: ports.aftercare.clone(),
            vault: ports.vault.clone(),
            roster: RwLock::new(Arc::new(roster)),
        }
    }

    /// Puts other companies and agents into force.
    pub fn set_roster(&self, roster: Roster) {
        *self.roster.write().expect("no code panics while it holds the roster") = Arc::new(roster);
    }

    /// The companies and agents in force.
    pub fn roster(&self) -> Arc<Roster> {
        self.roster.read().expect("no code panics while it holds the roster").clone()
    }
}

/// Every route. All ask for the key.
pub fn router(context: Arc<ConsoleContext>) -> Router {
    let api = Router::new()
        .route("/calls", get(api::calls::list).post(api::batches::call))
        .route("/calls/{sid}", get(api::calls::one))
        .route("/calls/{sid}/audio", get(api::calls::audio))
        .route("/batches", get(api::batches::list).post(api::batches::begin))
        .route("/batches/{id}", get(api::batches::one))
        .route("/batches/{id}/rows", get(api::batches::rows))
        .route("/batches/{id}/{order}", post(api::batches::order))
        .route("/opt-outs", post(api::opt_outs::add).delete(api::opt_outs::remove))
        .fallback(api::unknown)
        .layer(from_fn_with_state(context.clone(), key::check))
        .layer(axum::extract::DefaultBodyLimit::max(MOST_BODY));
    Router::new().nest("/api/v1", api).with_state(context)
}

/// Serves on this listener until the lifecycle stops.
pub async fn run(context: Arc<ConsoleContext>, listener: TcpListener, lifecycle: Lifecycle) {
    let (end, own) = (lifecycle.clone(), Lifecycle::new());
    own.start("api listener", async move {
        let stopped = async move { end.stopped().await };
        if let Err(error) = axum::serve(listener, router(context)).with_graceful_shutdown(stopped).await {
            tracing::error!(listener = "api", %error, "listener failed");
        }
    });
    lifecycle.stopped().await;
    own.join(LAST_ANSWERS).await;
    own.kill();
}
