//! The far end of the relay: takes every frame and sends audio at the rate and size of a provider's.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{Instant, interval_at},
};
use tokio_tungstenite::{accept_async_with_config, tungstenite::Message};

use super::{lines::Seen, socket_config, stamp};

/// What the peer sends on each connection.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Messages a second.
    pub messages: f64,
    /// Bytes of audio in each.
    pub bytes: usize,
}

/// What the connections that have ended saw.
#[derive(Debug, Default)]
struct All {
    ended: usize,
    seen: Seen,
}

/// A running peer.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    seen: watch::Receiver<All>,
    listening: JoinHandle<()>,
}

impl Peer {
    /// Starts a peer on a free port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(rate: Rate) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("bind the peer's port")?;
        let address = listener.local_addr().context("read the peer's port")?;
        let (all, seen) = watch::channel(All::default());
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let all = all.clone();
                tokio::spawn(async move {
                    let seen = serve(stream, rate).await;
                    all.send_modify(|all| {
                        all.ended += 1;
                        all.seen.add(seen);
                    });
                });
            }
        });
        Ok(Self { address, seen, listening })
    }

    /// What the connections saw, once so many of them have ended.
    pub async fn until(&mut self, connections: usize) -> Seen {
        // The sender lives in the listening task; when that is gone nothing more will come.
        let ended = self.seen.wait_for(|all| all.ended >= connections).await;
        ended.map_or_else(|_| Seen::default(), |all| all.seen.clone())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(stream: TcpStream, rate: Rate) -> Seen {
    let mut seen = Seen::default();
    let _unsupported = stream.set_nodelay(true);
    let Ok(mut socket) = accept_async_with_config(stream, Some(socket_config())).await else { return seen };
    let audio = "A".repeat(rate.bytes.div_ceil(3) * 4);
    let every = Duration::from_secs_f64(1.0 / rate.messages.max(0.001));
    let mut ticks = interval_at(Instant::now() + every, every);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                seen.sent += 1;
                if socket.send(Message::text(delta(seen.sent, &audio))).await.is_err() {
                    return seen;
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => seen.receive(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return seen,
                Some(Ok(_)) => {}
            },
        }
    }
}

/// A delta as a provider writes it, stamped.
fn delta(count: u64, audio: &str) -> String {
    let stamp = stamp::now();
    format!(
        "{{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_{count:012}\",\"timestamp\":\"{stamp}\",\
         \"response_id\":\"resp_000000000001\",\"item_id\":\"item_000000000001\",\"output_index\":0,\
         \"content_index\":0,\"delta\":\"{audio}\"}}"
    )
}
