//! How a call gets its TwiML documents.
//!
//! `call.rs` asks for them one after the other; what comes back is checked as Twilio checks it, and a failure leads to
//! the fallback address, once. Nothing is executed here.

use std::time::Duration;

use tokio::time::Instant;

use super::call::Call;
use super::event::PhoneEvent;
use super::plan::WebhookDelivery;
use super::truth::{DocumentTruth, DuplicateCheck, nanos};
use super::twiml::{self, Element};
use crate::network::{Answer, Method, NoAnswer, Params, Source};

/// A document to be asked for, and what the request says beside the standard parameters.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    source: Source,
    extra: Params,
}

impl Ask {
    pub(super) fn of(source: Source) -> Self {
        Self { source, extra: Vec::new() }
    }

    pub(super) fn with(source: Source, extra: Params) -> Self {
        Self { source, extra }
    }

    /// The same, saying more.
    pub(super) fn and(mut self, extra: Params) -> Self {
        self.extra.extend(extra);
        self
    }
}

/// A document on its way through the verbs, and the address its own addresses are relative to.
pub(super) struct Page {
    pub(super) verbs: Vec<Element>,
    pub(super) base: String,
}

impl Call {
    /// Gets a document, from the fallback if need be.
    pub(super) async fn fetch(&mut self, ask: Ask) -> Result<Page, NoAnswer> {
        let url = match &ask.source {
            Source::Url { url, .. } => url.clone(),
            Source::Twiml(_) => String::new(),
        };
        let fault = match self.fetch_from(ask).await {
            Ok(page) => return Ok(page),
            Err(fault) => fault,
        };
        self.notice(fault.code, fault.text.clone());
        let Some(fallback) = self.plan.fallback_url.clone() else { return Err(fault) };
        let extra = vec![("ErrorCode".to_owned(), fault.code.to_string()), ("ErrorUrl".to_owned(), url)];
        let source = Source::Url { url: fallback, method: Method::Post };
        let again = self.fetch_from(Ask::with(source, extra)).await;
        if let Err(fault) = &again {
            self.notice(fault.code, fault.text.clone());
        }
        again
    }

    async fn fetch_from(&mut self, ask: Ask) -> Result<Page, NoAnswer> {
        let at_ns = nanos(self.begun, Instant::now());
        let mut document = DocumentTruth {
            at_ns,
            url: String::new(),
            status: 0,
            took: Duration::ZERO,
            body: String::new(),
            verbs: Vec::new(),
        };
        let (url, method) = match ask.source {
            Source::Twiml(body) => {
                document.body.clone_from(&body);
                self.keep(document);
                return self.understand(&body, String::new());
            }
            Source::Url { url, method } => (url, method),
        };
        document.url.clone_from(&url);
        let is_first = self.truth.documents.is_empty();
        let question = self.question(url.clone(), method, self.params(ask.extra));
        let answer = if is_first && self.plan.webhook_delivery == WebhookDelivery::Twice {
            let (one, other) = tokio::join!(self.network.ask(&question), self.network.ask(&question));
            self.truth.duplicate = compare(&one, &other);
            one
        } else {
            self.network.ask(&question).await
        };
        if let Ok(answer) = &answer {
            (document.status, document.took) = (answer.status, answer.took);
            document.body = String::from_utf8_lossy(&answer.body).into_owned();
        }
        let body = document.body.clone();
        self.keep(document);
        self.check(&answer?)?;
        self.understand(&body, url)
    }

    fn keep(&mut self, document: DocumentTruth) {
        self.watcher.tell(|| PhoneEvent::Document(document.body.clone()));
        self.truth.documents.push(document);
    }

    fn check(&mut self, answer: &Answer) -> Result<(), NoAnswer> {
        let refuse = |code, text: String| Err(NoAnswer { code, text });
        if answer.was_redirected {
            self.notice(12200, "the webhook was redirected and lost its form");
        }
        if !(200..300).contains(&answer.status) {
            return refuse(11200, format!("the answer has status {}", answer.status));
        }
        if answer.body.len() > twiml::DOCUMENT_LIMIT {
            return refuse(11750, format!("the document has {} bytes", answer.body.len()));
        }
        match answer.content_type.split(';').next().map(str::trim) {
            Some("text/xml" | "application/xml") => Ok(()),
            other => refuse(12300, format!("the content type is {:?}", other.unwrap_or_default())),
        }
    }

    fn understand(&mut self, body: &str, base: String) -> Result<Page, NoAnswer> {
        let document = twiml::read(body).map_err(|text| NoAnswer { code: 12100, text })?;
        document.warnings.into_iter().for_each(|warning| self.notice(12200, warning));
        if let Some(truth) = self.truth.documents.last_mut() {
            truth.verbs = document.verbs.iter().map(|verb| verb.name.clone()).collect();
        }
        Ok(Page { verbs: document.verbs, base })
    }
}

fn compare(one: &Result<Answer, NoAnswer>, other: &Result<Answer, NoAnswer>) -> DuplicateCheck {
    match (one, other) {
        (Ok(one), Ok(other))
            if (one.status, &one.content_type, &one.body) == (other.status, &other.content_type, &other.body) =>
        {
            DuplicateCheck::Identical
        }
        _ => DuplicateCheck::Different,
    }
}
