//! A listener that nobody has any business with: whoever connects was led there.
//!
//! Give its address to [`Fault::Redirect`](super::faults::Fault::Redirect), or to a tool as its URL, and look whether
//! it was visited. It answers like a service, so that whoever follows believes it has arrived.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\nconnection: close\r\n\r\n{\"secret\":\"tweet-me\"}";

/// The running listener.
#[derive(Debug)]
pub struct Canary {
    address: SocketAddr,
    connects: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

impl Canary {
    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("bind the canary's port")?;
        let address = listener.local_addr().context("read the canary's port")?;
        let connects = Arc::new(AtomicU64::new(0));
        let listening = tokio::spawn(listen(listener, Arc::clone(&connects)));
        Ok(Self { address, connects, listening })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a tool would write it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How often somebody has connected, whether a request came or not.
    #[must_use]
    pub fn connects(&self) -> u64 {
        self.connects.load(Ordering::SeqCst)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, connects: Arc<AtomicU64>) {
    let mut visits = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        connects.fetch_add(1, Ordering::SeqCst);
        visits.spawn(greet(stream));
        while visits.try_join_next().is_some() {}
    }
}

async fn greet(mut stream: TcpStream) {
    let mut request = [0; 4096];
    // Counted is counted: what a visitor says or hears does not matter.
    let _said = stream.read(&mut request).await;
    let _heard = stream.write_all(ANSWER).await;
}
