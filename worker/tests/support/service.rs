//! A service behind a tool: every request waits until a test answers it, or lets it die.

use super::PATIENCE;
use common::company::{HttpTool, Tool, ToolKind};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longest request taken.
const LONGEST: usize = 64 * 1024;

/// A server at a port of its own.
pub(crate) struct Service {
    listener: TcpListener,
}

/// A request that waits for its answer. Dropping it is what a killed server does.
pub(crate) struct Request {
    socket: TcpStream,
    head: String,
    pub(crate) body: Value,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    /// `host:port`, for `tools.private_hosts`.
    pub(crate) fn host(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// A tool that posts its arguments here and may be run again.
    pub(crate) fn look_up(&self) -> Tool {
        let url = format!("http://{}/orders", self.host());
        let kind = ToolKind::Http(HttpTool {
            method: "POST".into(),
            url,
            headers: BTreeMap::new(),
            secret: None,
            sign: None,
            body: None,
            result: BTreeMap::new(),
            sample: None,
        });
        let parameters = json!({"type": "object", "properties": {"order": {"type": "string"}}});
        Tool { parameters, ..common::testing::tool("look_up", kind) }
    }

    /// A tool that posts its arguments here and must not be run again.
    pub(crate) fn pay(&self) -> Tool {
        Tool { name: "pay".into(), idempotent: false, ..self.look_up() }
    }

    /// The next request.
    pub(crate) async fn request(&self) -> Request {
        let accepting = async {
            let (socket, _) = self.listener.accept().await.unwrap();
            Request::read(socket).await
        };
        tokio::time::timeout(PATIENCE, accepting).await.expect("nobody asks the service")
    }

    /// Whether nobody has connected since the last request was taken.
    pub(crate) fn is_left_alone(&self) -> bool {
        self.listener.accept().now_or_never().is_none()
    }
}

impl Request {
    async fn read(mut socket: TcpStream) -> Self {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && body.len() >= content_length(head)
            {
                let body = serde_json::from_str(body).unwrap_or_default();
                return Self { socket, head: head.to_ascii_lowercase(), body };
            }
            assert!(bytes.len() < LONGEST, "an endless request");
            assert!(socket.read_buf(&mut bytes).await.unwrap() > 0, "half a request");
        }
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) async fn answer(mut self, body: Value) {
        let body = body.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        self.socket.write_all(answer.as_bytes()).await.unwrap();
        self.socket.shutdown().await.unwrap();
    }

    /// Until the other side does not want the answer any more.
    pub(crate) async fn given_up(mut self) {
        let reading = async { while self.socket.read(&mut [0; 64]).await.is_ok_and(|bytes| bytes > 0) {} };
        tokio::time::timeout(PATIENCE, reading).await.expect("it still waits");
    }
}

fn content_length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    line.unwrap_or(0)
}
