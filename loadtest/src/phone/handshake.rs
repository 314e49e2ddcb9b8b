//! How the network opens a media stream: a signed upgrade, plain and without extensions.
//!
//! `stream.rs` asks for a socket here. A refusal carries Twilio's error number, for the stream's status callback.
//!
//! The handshake as seen on the wire in the field: no subprotocol, no extension, no origin, a signature over the
//! `wss` spelling of the address.

use std::time::Duration;

use http::Request;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::error::TlsError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, http::Uri};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::network::address;
use crate::network::{Network, Signing, sign, signed_stream_form};

/// What carries a stream.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Time for connection and upgrade together. Twilio's own limit is not published.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// The library clears its whole read buffer before each read; the default of 128 KiB would cost more than all else.
const READ_BUFFER: usize = 4 * 1024;
/// What may wait for the kernel before frames are thrown away: half a second of caller audio beyond the kernel's own
/// buffers. More would hide a server that does not read, less would lose frames to a busy moment.
const WRITE_BUFFER: usize = 8 * 1024;

/// Why there is no stream.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) text: String,
    pub(crate) status: Option<u16>,
}

impl Refusal {
    pub(crate) fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), status: None }
    }
}

/// Opens a stream at its public address.
pub(crate) async fn open(network: &Network, url: &str, signing: Signing) -> Result<Socket, Refusal> {
    if !url.starts_with("wss://") && !url.starts_with("ws://") {
        return Err(Refusal::new(31922, "the stream's address is neither wss nor ws"));
    }
    if url.contains('?') {
        return Err(Refusal::new(31920, "the stream's address has a query"));
    }
    match tokio::time::timeout(OPEN_TIMEOUT, connect(network, url, signing)).await {
        Ok(opened) => opened,
        Err(_) => Err(Refusal::new(31901, "no answer to the connection request")),
    }
}

async fn connect(network: &Network, url: &str, signing: Signing) -> Result<Socket, Refusal> {
    let actual = address::actual(network.routes(), url);
    let (host, port) = peer(&actual)?;
    let stream = TcpStream::connect((host.as_str(), port))
        .await
        .map_err(|error| Refusal::new(31902, format!("the connection was refused: {}", error.kind())))?;
    // A frame that waits for the acknowledgement of the one before it would be late by up to 40 ms.
    stream.set_nodelay(true).map_err(|error| Refusal::new(31902, error.to_string()))?;
    let request = upgrade(network, url, &actual, signing)?;
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER);
    let (socket, _) = client_async_tls_with_config(request, stream, Some(config), None).await.map_err(refusal)?;
    Ok(socket)
}

fn peer(actual: &str) -> Result<(String, u16), Refusal> {
    let invalid = || Refusal::new(31920, "the stream's address is invalid");
    let uri: Uri = actual.parse().map_err(|_| invalid())?;
    let host = uri.host().ok_or_else(invalid)?.trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("wss") { 443 } else { 80 });
    Ok((host, port))
}

fn upgrade(network: &Network, public: &str, actual: &str, signing: Signing) -> Result<Request<()>, Refusal> {
    let host = public.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let mut request = Request::get(actual)
        .header("Host", host)
        .header("User-Agent", "Twilio.TmeWs/1.0")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Key", generate_key())
        .header("Sec-WebSocket-Version", "13");
    let token = match signing {
        Signing::Right => Some(network.auth_token()),
        Signing::Forged => Some("not-the-token-of-this-account"),
        Signing::Missing => None,
    };
    if let Some(token) = token {
        request = request.header("X-Twilio-Signature", sign(token, &signed_stream_form(public), &[]));
    }
    request.body(()).map_err(|error| Refusal::new(31920, error.to_string()))
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Http(response) => {
            let status = response.status().as_u16();
            Refusal {
                code: 31920,
                text: format!("the upgrade was answered with status {status}"),
                status: Some(status),
            }
        }
        Error::Tls(TlsError::Rustls(error)) => Refusal::new(31910, error.to_string()),
        Error::Tls(error) => Refusal::new(31910, error.to_string()),
        error => Refusal::new(31920, error.to_string()),
    }
}
