//! The least a relay can do: what the worker's cost is compared with.
//!
//! `relay` takes a WebSocket, opens another and passes messages both ways without looking at them. It has no features,
//! and the settings that make a relay fast (no 128 KiB read buffer to clear before each read, no delay on the socket),
//! so that a ratio against it is honest. `lines` and `peer` are its two ends in a load run: telephones that speak, and a
//! far end that listens and answers at the rate and size of a provider's audio.

pub mod lines;
pub mod peer;
mod stamp;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, accept_async_with_config, connect_async_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

/// Bytes cleared before each read. tungstenite's default of 128 KiB costs half of a bare relay's CPU.
const READ_BUFFER: usize = 4 * 1024;

/// The WebSocket settings of both ends and the middle.
#[must_use]
pub fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(READ_BUFFER)
}

/// A relay that has its port and is not serving yet.
#[derive(Debug)]
pub struct Relay {
    listener: TcpListener,
    to: String,
}

impl Relay {
    /// Takes the port; `to` is the WebSocket URL every connection is passed on to.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn bind(listen: &str, to: &str) -> Result<Self> {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}"))?;
        Ok(Self { listener, to: to.to_owned() })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("read the relay's port")
    }

    /// Passes messages on until the process ends.
    pub async fn serve(self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let to = self.to.clone();
                    tokio::spawn(async move {
                        if let Err(problem) = pass(stream, &to).await {
                            tracing::debug!(%problem, "a relayed connection ended");
                        }
                    });
                }
                Err(problem) => tracing::warn!(%problem, "the relay could not accept a connection"),
            }
        }
    }
}

/// One connection: two sockets, one task, messages passed as they come.
async fn pass(stream: TcpStream, to: &str) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let near = accept_async_with_config(stream, Some(socket_config())).await?;
    let (far, _) = connect_async_with_config(to, Some(socket_config()), true).await?;
    let (mut near, mut far): (WebSocketStream<TcpStream>, WebSocketStream<MaybeTlsStream<TcpStream>>) = (near, far);
    loop {
        tokio::select! {
            message = near.next() => match wanted(message)? {
                Some(message) => far.send(message).await?,
                None => return far.close(None).await,
            },
            message = far.next() => match wanted(message)? {
                Some(message) => near.send(message).await?,
                None => return near.close(None).await,
            },
        }
    }
}

/// The message to pass on; nothing at the end. Pings are answered by the library on each side.
fn wanted(message: Option<Result<Message, Error>>) -> Result<Option<Message>, Error> {
    match message.transpose()? {
        None | Some(Message::Close(_)) => Ok(None),
        message => Ok(message),
    }
}
