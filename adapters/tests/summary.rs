//! A model behind chat completions, against a small HTTP server that answers what each test says.

use adapters::summary::OpenAi;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use call::Usage;
use common::ports::summarizer::{SummaryAnswer, SummaryRequest};
use common::ports::{Summarizer as _, SummaryError};
use common::private::{SecretString, Spoken};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_model_is_asked_with_the_schema_and_its_words_and_bill_come_back() {
    let body = json!({
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "{\"summary\": \"S.\"}"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 1_200, "completion_tokens": 90, "total_tokens": 1_290,
            "prompt_tokens_details": {"cached_tokens": 1_024},
            "completion_tokens_details": {"reasoning_tokens": 64},
        },
    });
    let server = Server::answering(200, &body.to_string()).await;
    let answer = server.ask(&schema()).await.expect("an answer");
    let usage = Usage { text_in: 1_200, text_cached: 1_024, text_out: 90, ..Usage::default() };
    let wanted = SummaryAnswer { text: Spoken::new("{\"summary\": \"S.\"}"), model: "gpt-5-mini".into(), usage };
    assert_eq!(answer, wanted);

    let (path, login, asked) = server.seen();
    assert_eq!((path.as_str(), login.as_str()), ("POST /v1/chat/completions", "Bearer sk-secret"));
    assert_eq!(asked["model"], "gpt-5-mini");
    assert_eq!(asked["messages"][0], json!({"role": "system", "content": "Sum it up."}));
    assert_eq!(asked["messages"][1], json!({"role": "user", "content": "caller: hello"}));
    let format = &asked["response_format"];
    assert_eq!((format["type"].as_str(), &format["json_schema"]["schema"]), (Some("json_schema"), &schema()));
    assert_eq!(format["json_schema"]["strict"], true);
}

#[tokio::test]
async fn a_schema_a_service_cannot_hold_a_model_to_is_a_wish() {
    let server = Server::answering(200, r#"{"choices": []}"#).await;
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let answer = server.ask(&open).await.expect("an answer");
    assert_eq!(server.seen().2["response_format"]["json_schema"]["strict"], false);
    assert_eq!((answer.text, answer.usage), (Spoken::default(), Usage::default()), "a model that says nothing");
}

#[tokio::test]
async fn what_a_person_must_mend_is_refused_and_what_passes_is_away() {
    for status in [400, 401, 403, 404] {
        let error = Server::answering(status, "{}").await.ask(&schema()).await.expect_err("refused");
        assert!(matches!(error, SummaryError::Refused(_)), "{status}: {error}");
    }
    for status in [408, 429, 500, 503] {
        let error = Server::answering(status, "{}").await.ask(&schema()).await.expect_err("away");
        assert!(matches!(error, SummaryError::Away(_)), "{status}: {error}");
    }
    let error = Server::answering(200, "<html>").await.ask(&schema()).await.expect_err("no completion");
    assert!(matches!(error, SummaryError::Away(_)), "{error}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_away_and_no_address_is_told() {
    let model = OpenAi::new("http://127.0.0.1:1/v1", "m", SecretString::from("k")).expect("a client");
    let error = model.check().await.expect_err("away");
    assert_eq!(error.to_string(), "the summary model is away: no connection");
}

#[tokio::test]
async fn a_check_knows_a_model_the_key_may_not_use() {
    for (model, faults) in [("gpt-5-mini", 0), ("another", 1)] {
        let server = Server::answering(200, &json!({"data": [{"id": model}]}).to_string()).await;
        let health = server.model().check().await.expect("an answer");
        assert_eq!((health.faults.len(), server.seen().0.as_str()), (faults, "GET /v1/models"));
    }
}

fn schema() -> Value {
    json!({
        "type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"],
        "additionalProperties": false,
    })
}

/// Method and path, login, body.
type Seen = (String, String, Value);

#[derive(Clone)]
struct Server {
    url: String,
    answer: (u16, String),
    seen: Arc<Mutex<Option<Seen>>>,
}

impl Server {
    async fn answering(status: u16, body: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1/", listener.local_addr().expect("an address"));
        let server = Self { url, answer: (status, body.to_owned()), seen: Arc::default() };
        let app = Router::new().fallback(answer).with_state(server.clone());
        #[allow(clippy::disallowed_methods, reason = "it ends with its test")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    fn model(&self) -> OpenAi {
        OpenAi::new(&self.url, "gpt-5-mini", SecretString::from("sk-secret")).expect("a client")
    }

    async fn ask(&self, schema: &Value) -> Result<SummaryAnswer, SummaryError> {
        let (instructions, transcript) = ("Sum it up.".to_owned(), Spoken::new("caller: hello"));
        self.model().ask(&SummaryRequest { instructions, transcript, schema: schema.clone() }).await
    }

    fn seen(&self) -> Seen {
        self.seen.lock().expect("unpoisoned").clone().expect("it was asked")
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let login = parts.headers.get(header::AUTHORIZATION).and_then(|login| login.to_str().ok()).unwrap_or_default();
    let asked = serde_json::from_slice(&body).unwrap_or_default();
    let seen = (format!("{} {}", parts.method, parts.uri.path()), login.to_owned(), asked);
    *server.seen.lock().expect("unpoisoned") = Some(seen);
    let mut response = Response::new(Body::from(server.answer.1.clone()));
    *response.status_mut() = StatusCode::from_u16(server.answer.0).expect("a status");
    response
}
