//! A Twilio on loopback that answers what each test says, and one that breaks its connections.

use adapters::twilio::TwilioRest;
use common::config::Twilio as Account;
use common::ids::{CallId, RecordingId};
use common::ports::telephone::{Placement, TextMessage};
use common::private::{PhoneNumber, SecretString, Spoken};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const CALL: &str = "CA00000000000000000000000000000002";
pub(crate) const RECORDING: &str = "RE00000000000000000000000000000003";
pub(crate) const KEY: &str = "SK00000000000000000000000000000004";
/// Who is called.
pub(crate) const THEM: &str = "+13105550123";
/// Our number.
pub(crate) const US: &str = "+15005550006";

/// A Twilio that gives these answers in turn, then none.
pub(crate) struct Twilio {
    server: MockServer,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Below the account, with its query.
    pub(crate) path: String,
    /// The form, in order.
    pub(crate) form: Vec<(String, String)>,
    pub(crate) login: Option<String>,
}

impl Twilio {
    pub(crate) async fn answering(answers: impl IntoIterator<Item = ResponseTemplate>) -> Self {
        install_tls();
        let server = MockServer::start().await;
        for answer in answers {
            Mock::given(any()).respond_with(answer).up_to_n_times(1).mount(&server).await;
        }
        let never = ResponseTemplate::new(200).set_delay(Duration::from_secs(3600));
        Mock::given(any()).respond_with(never).mount(&server).await;
        Self { server }
    }

    /// With the account's token, and little patience for a server that never answers.
    pub(crate) fn rest(&self) -> TwilioRest {
        rest(&account(&self.address()))
    }

    pub(crate) fn rest_with_key(&self) -> TwilioRest {
        let api_secret = Some(SecretString::from("key-secret".to_owned()));
        rest(&Account { api_key: Some(KEY.into()), api_secret, ..account(&self.address()) })
    }

    pub(crate) fn address(&self) -> String {
        self.server.uri()
    }

    pub(crate) async fn seen(&self) -> Vec<Seen> {
        let requests = self.server.received_requests().await.expect("they are kept");
        requests.iter().map(Seen::of).collect()
    }

    pub(crate) async fn count(&self) -> usize {
        self.seen().await.len()
    }
}

impl Seen {
    fn of(request: &wiremock::Request) -> Self {
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", request.url.path());
        let login = request.headers.get("authorization").map(|login| login.to_str().expect("ASCII").to_owned());
        let form = reqwest::Url::parse(&format!("x:?{}", String::from_utf8_lossy(&request.body))).expect("a form");
        let form = form.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let below = format!("/2010-04-01/Accounts/{ACCOUNT}");
        Self { method: request.method.to_string(), path: path.replacen(&below, "", 1), form, login }
    }

    pub(crate) fn form(&self) -> Vec<(&str, &str)> {
        self.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// `POST /Calls.json`
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

pub(crate) fn json(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

pub(crate) fn text(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_string(body)
}

/// A server that takes whole requests, says this, and hangs up; how often it was asked.
pub(crate) async fn cutting(words: &'static str) -> (String, Arc<AtomicUsize>) {
    install_tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            whole_request(&mut socket).await;
            let _ = socket.write_all(words.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    (address, asked)
}

async fn whole_request(socket: &mut tokio::net::TcpStream) {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = socket.read(&mut part).await {
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return;
        }
    }
}

/// An address where nobody listens.
pub(crate) async fn nobody() -> String {
    install_tls();
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}", gone.local_addr().expect("an address"))
}

pub(crate) fn rest(account: &Account) -> TwilioRest {
    let rest = TwilioRest::new(account).expect("built").expect("there is an address");
    rest.within(Duration::from_millis(500))
}

pub(crate) fn account(base_url: &str) -> Account {
    Account {
        account_sid: ACCOUNT.into(),
        auth_token: SecretString::from("the-token".to_owned()),
        old_auth_token: None,
        api_key: None,
        api_secret: None,
        api_base_url: Some(base_url.to_owned()),
    }
}

pub(crate) fn basic(user: &str, password: &str) -> Option<String> {
    use base64::Engine as _;
    let login = format!("{user}:{password}");
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login)))
}

pub(crate) fn call() -> CallId {
    CallId::parse(CALL).expect("valid")
}

pub(crate) fn recording() -> RecordingId {
    RecordingId::parse(RECORDING).expect("valid")
}

pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::new(text)
}

pub(crate) fn placement() -> Placement {
    Placement {
        to: number(THEM),
        from: number(US),
        url: "https://calls.example.com/twilio/outbound/t".into(),
        status_url: "https://calls.example.com/twilio/status/t".into(),
        answered_by_url: None,
        ring_s: 25,
        most_s: 600,
    }
}

pub(crate) fn message() -> TextMessage {
    let status_url = Some("https://calls.example.com/twilio/message-status/t".to_owned());
    TextMessage { to: number(THEM), from: number(US), body: Spoken::new("Your table & chairs: 8 pm"), status_url }
}

pub(crate) fn install_tls() {
    // Fails when another test of this process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
