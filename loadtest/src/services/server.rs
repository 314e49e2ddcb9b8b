//! One HTTP server on this machine that can be killed and started again, and under which the service does not notice.
//!
//! A service gives its routes; the server puts `witness.rs` around them. Its memory, its faults and the service's own
//! state outlive a stop, its port too; connections and what was being worked on do not.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use axum::{Extension, Router, middleware::from_fn_with_state, response::Response};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    faults::{Faults, Rule},
    line::Line,
    memory::{Memory, Request},
    witness::witness,
};

/// What the kernel may hold of an answer that the other side does not take. Small, so that `bytes_sent` says what was
/// taken: the default grows to megabytes.
const SEND_BUFFER: u32 = 64 << 10;
/// Connections the kernel may hold before they are accepted.
const BACKLOG: u32 = 1024;
/// Pause after a connection could not be accepted, which is when the process has too many files open.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);

/// A server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    router: Router,
    shared: Arc<Shared>,
    running: tokio::sync::Mutex<Option<Running>>,
}

/// What outlives a stop.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) memory: Arc<Memory>,
    pub(super) faults: Faults,
    secret: Mutex<Option<String>>,
    sent: Arc<AtomicU64>,
}

/// What does not.
#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    works: TaskTracker,
    accepting: JoinHandle<()>,
}

/// What a request may do with the connection it came by.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    torn: CancellationToken,
    stop: CancellationToken,
    works: TaskTracker,
}

impl Connection {
    /// Resets the connection; whoever awaits this goes with it.
    pub(super) async fn reset(&self) -> Response {
        self.torn.cancel();
        std::future::pending().await
    }

    /// Does work that goes on when the caller leaves, but not when the server is stopped.
    pub(super) async fn detach<W>(&self, work: W) -> Option<W::Output>
    where
        W: Future<Output: Send> + Send + 'static,
    {
        let work = self.stop.clone().run_until_cancelled_owned(work);
        self.works.spawn(work).await.ok().flatten()
    }
}

impl Shared {
    pub(super) fn secret(&self) -> Option<String> {
        self.secret.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Server {
    /// Serves these routes on a free port.
    pub(super) async fn open(routes: Router) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).context("bind a service's port")?;
        let address = listener.local_addr().context("read a service's port")?;
        let router = routes.layer(from_fn_with_state(Arc::clone(&shared), witness));
        let running = Running::begin(listener, &router, &shared);
        Ok(Self { address, router, shared, running: tokio::sync::Mutex::new(Some(running)) })
    }

    /// `http://127.0.0.1:PORT`, the same after a stop and a start.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills the server: all connections end at once, also those in the middle of a request, and new ones are refused.
    pub async fn stop(&self) {
        let Some(running) = self.running.lock().await.take() else { return };
        running.stop.cancel();
        // A task that panicked has printed why; there is nothing left to stop.
        let _ended = running.accepting.await;
        running.works.close();
        running.works.wait().await;
    }

    /// Starts a stopped server again on its port, with all it knew.
    ///
    /// # Errors
    /// When somebody else has taken the port meanwhile.
    pub async fn start(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        if running.is_none() {
            let listener = listen(self.address).context("bind a service's port again")?;
            *running = Some(Running::begin(listener, &self.router, &self.shared));
        }
        Ok(())
    }

    /// Lets something go wrong from now on, in addition to what does already.
    pub fn fail(&self, rule: Rule) {
        self.shared.faults.add(rule);
    }

    /// Lets nothing go wrong any more; requests that hang go on hanging.
    pub fn heal(&self) {
        self.shared.faults.clear();
    }

    /// From now on only requests signed with this secret are done, the others answered 401; see
    /// [`signature`](super::signature).
    pub fn demand_signatures(&self, secret: impl Into<String>) {
        *self.shared.secret.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret.into());
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.memory.requests()
    }

    /// Waits until the requests fulfil `wanted`; looked at whenever one comes or ends.
    pub async fn until(&self, wanted: impl Fn(&[Request]) -> bool) -> Vec<Request> {
        self.shared.memory.until(wanted).await
    }

    /// Bytes given to the kernel for all callers so far. At most 128 KiB a connection of them (twice the buffer that
    /// is asked for, as Linux reckons) have not left this side.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut() {
            running.stop.cancel();
        }
    }
}

impl Running {
    fn begin(listener: TcpListener, router: &Router, shared: &Shared) -> Self {
        let (stop, works) = (CancellationToken::new(), TaskTracker::new());
        let connection = Connection { torn: CancellationToken::new(), stop: stop.clone(), works: works.clone() };
        let accepting = tokio::spawn(accept(listener, router.clone(), connection, Arc::clone(&shared.sent)));
        Self { stop, works, accepting }
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    Ok(socket.listen(BACKLOG)?)
}

async fn accept(listener: TcpListener, router: Router, connection: Connection, sent: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = connection.stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection { torn: CancellationToken::new(), ..connection.clone() };
                    connections.spawn(serve(Line::new(nodelay(stream), Arc::clone(&sent)), router.clone(), connection));
                }
                Err(problem) => {
                    tracing::warn!(%problem, "a service could not accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

fn nodelay(stream: TcpStream) -> TcpStream {
    let _unsupported = stream.set_nodelay(true);
    stream
}

async fn serve(line: Line, router: Router, connection: Connection) {
    let torn = connection.torn.clone();
    let service = TowerToHyperService::new(router.layer(Extension(connection)));
    let mut served = http1::Builder::new().serve_connection(TokioIo::new(line), service);
    tokio::select! {
        // A caller that leaves in the middle is written down where its request is.
        _ = &mut served => {}
        () = torn.cancelled() => served.into_parts().io.into_inner().tear(),
    }
}
