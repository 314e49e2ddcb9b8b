//! Requests as the telephone network sends them: a form of many parameters, signed over the public URL.

use super::{ACCOUNT, CALLED, PUBLIC, TOKEN, body};
use axum::extract::Request;
use common::ids::CallId;
use common::private::SecretString;
use common::twilio::{Form, signature};

/// A request to be, as pairs and a path; change what a test is about, then send it.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) pairs: Vec<(String, String)>,
    /// Signs; `None` leaves the signature out.
    pub(crate) signed_by: Option<String>,
    /// The address the signature is over.
    pub(crate) signed_for: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Question {
    pub(crate) fn new(path: &str, call: &CallId, pairs: &[(&str, &str)]) -> Self {
        let own = [("AccountSid", ACCOUNT), ("ApiVersion", "2010-04-01"), ("CallSid", call.as_str())];
        let pairs = own.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self {
            path: path.to_owned(),
            pairs,
            signed_by: Some(TOKEN.to_owned()),
            signed_for: PUBLIC.to_owned(),
            headers: Vec::new(),
        }
    }

    /// A call that comes in at [`CALLED`].
    pub(crate) fn voice(call: &CallId) -> Self {
        Self::ask("/twilio/voice", call, "ringing")
    }

    /// Any request for a document.
    pub(crate) fn ask(path: &str, call: &CallId, status: &str) -> Self {
        let pairs = [
            ("CallStatus", status),
            ("CalledCity", ""),
            ("Direction", "inbound"),
            ("From", "+15005550010"),
            ("To", CALLED),
        ];
        Self::new(path, call, &pairs)
    }

    /// With another value for a parameter.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|(own, _)| own != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// As `POST` with a form.
    pub(crate) fn post(&self) -> Request {
        let form = Form::from_pairs(self.pairs.clone());
        let request = self.request("POST", &self.path, &form);
        request.header("content-type", "application/x-www-form-urlencoded").body(body(encode(&self.pairs))).unwrap()
    }

    /// As `GET`, everything in the query.
    pub(crate) fn get(&self) -> Request {
        let target = format!("{}?{}", self.path, encode(&self.pairs));
        self.request("GET", &target, &Form::default()).body(body("")).unwrap()
    }

    /// As `POST` with JSON, whose hash stands in the query. `promised` is what the hash is of.
    pub(crate) fn json(&self, promised: &str, sent: &str) -> Request {
        use sha2::{Digest, Sha256};
        let hash: String = Sha256::digest(promised).iter().map(|byte| format!("{byte:02x}")).collect();
        let target = format!("{}?bodySHA256={hash}", self.path);
        let request = self.request("POST", &target, &Form::default());
        request.header("content-type", "application/json").body(body(sent)).unwrap()
    }

    fn request(&self, method: &str, target: &str, form: &Form) -> axum::http::request::Builder {
        let mut request = axum::http::Request::builder().method(method).uri(target).header("host", "10.0.0.9:8080");
        if let Some(token) = &self.signed_by {
            let url = format!("{}{target}", self.signed_for);
            let signature = signature::sign_form(&SecretString::from(token.clone()), &url, form);
            request = request.header("x-twilio-signature", signature);
        }
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }
}

fn encode(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| text.bytes().map(escape).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}
