//! Text messages: the company's own wording, to the person on the telephone, and not too many.

use crate::support::Phone;
use async_trait::async_trait;
use call::ToolOutcome::{Failed, Refused};
use call::{Fact, RecordingState, ToolStage};
use common::company::{BuiltIn, MessageTemplate, Tool, ToolKind};
use common::ids::MessageId;
use common::ports::telephone::{SentMessage, TextMessage};
use common::ports::{Messages, TelephoneError};
use common::private::PhoneNumber;
use common::testing;
use common::token::Keys;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tools::{Texter, Want};

/// A network that takes messages, or does not.
#[derive(Default)]
struct Network {
    sent: Mutex<Vec<TextMessage>>,
    refuses: Mutex<Option<TelephoneError>>,
}

#[async_trait]
impl Messages for Network {
    async fn send(&self, message: &TextMessage) -> Result<SentMessage, TelephoneError> {
        if let Some(error) = self.refuses.lock().unwrap().clone() {
            return Err(error);
        }
        let mut sent = self.sent.lock().unwrap();
        sent.push(message.clone());
        Ok(SentMessage { message: MessageId::parse(format!("SM{}", sent.len())).unwrap(), segments: 1 })
    }
}

struct Bench {
    phone: Phone,
    network: Arc<Network>,
}

impl Bench {
    fn new() -> Self {
        let tools: Vec<Tool> = vec![testing::tool("send_sms", ToolKind::BuiltIn(BuiltIn::SendSms))];
        let mut phone = Phone::new(tools, None);
        phone.agent.tools[0].idempotent = false;
        let texts = [("en", "Your booking is {number}."), ("es", "Su reserva es {number}.")];
        phone.agent.texting.templates.insert(
            "confirm".into(),
            MessageTemplate {
                description: "Confirms a booking".into(),
                texts: texts.map(|(language, text)| (language.to_owned(), text.to_owned())).into(),
                fields: BTreeMap::from([("number".into(), 8)]),
            },
        );
        phone.agent.texting.per_call = 20;
        let network = Arc::new(Network::default());
        let state = Arc::new(adapters::state::Embedded::new());
        let texter = Texter::new(network.clone(), state, Keys::new("secret"), "https://calls.example.com");
        phone.toolbox =
            std::mem::replace(&mut phone.toolbox, Phone::new(Vec::new(), None).toolbox).with_texter(Arc::new(texter));
        Self { phone, network }
    }

    fn sent(&self) -> Vec<TextMessage> {
        self.network.sent.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_caller_gets_the_companys_words_and_the_record_knows() {
    let mut bench = Bench::new();
    let answer = bench.phone.ask("send_sms", &json!({"message": "confirm", "number": "B-12"})).await;
    assert_eq!(answer.json["result"]["status"], "sent");
    let [sent] = &bench.sent()[..] else { panic!() };
    assert_eq!((sent.to.reveal(), sent.from.reveal()), ("+12025550143", "+12025550100"));
    assert_eq!(sent.body.reveal(), "Your booking is B-12.");
    assert!(sent.status_url.as_ref().unwrap().starts_with("https://calls.example.com/twilio/message-status/"));
    let fact = Fact::Message { message: "SM1".into(), template: "confirm".into(), country: "US".into(), segments: 1 };
    assert_eq!(answer.whole.facts, [fact]);
}

#[tokio::test]
async fn only_the_language_of_the_conversation_is_sent() {
    let mut bench = Bench::new();
    bench.phone.agent.language = "es".into();
    bench.phone.ask("send_sms", &json!({"message": "confirm", "number": "B-12"})).await;
    assert_eq!(bench.sent()[0].body.reveal(), "Su reserva es B-12.");
}

#[tokio::test]
async fn a_number_the_model_gives_is_never_looked_at() {
    let mut bench = Bench::new();
    let words = json!({"message": "confirm", "number": "B-12", "to": "+19005550100"});
    bench.phone.ask("send_sms", &words).await;
    assert!(bench.sent().iter().all(|sent| sent.to.reveal() == "+12025550143"));
}

#[tokio::test]
async fn nothing_is_sent_without_a_field_or_with_a_long_one() {
    let mut bench = Bench::new();
    for words in [json!({"message": "confirm"}), json!({"message": "confirm", "number": "123456789"})] {
        bench.phone.ask("send_sms", &words).await.is_error("invalid_arguments", Refused);
    }
    bench.phone.ask("send_sms", &json!({"message": "advert"})).await.is_error("not_listed", Refused);
    assert_eq!(bench.sent(), []);
}

#[tokio::test]
async fn whoever_is_elsewhere_or_withheld_gets_none() {
    let mut bench = Bench::new();
    for caller in [Some("+447700900123"), Some("+8816123456"), Some("sip:a@b"), None] {
        bench.phone.caller = caller.map(PhoneNumber::new);
        let answer = bench.phone.ask("send_sms", &json!({"message": "confirm", "number": "1"})).await;
        answer.is_error("not_textable", Refused);
    }
    assert_eq!(bench.sent(), []);
}

#[tokio::test]
async fn a_call_a_number_and_a_company_have_their_bounds() {
    let mut bench = Bench::new();
    bench.phone.agent.texting.per_call = 2;
    let ask = async |bench: &mut Bench, n: u32| {
        bench.phone.ask("send_sms", &json!({"message": "confirm", "number": n.to_string()})).await
    };
    for n in 0..2 {
        assert_eq!(ask(&mut bench, n).await.json["result"]["status"], "sent");
    }
    ask(&mut bench, 2).await.is_error("rate_limited", Refused);
    let company = bench.phone.agent.company.clone();
    bench.phone.hang_up(2);
    bench.phone.agent.company = company.clone();
    assert_eq!(ask(&mut bench, 3).await.json["result"]["status"], "sent", "another call of the same person");
    ask(&mut bench, 4).await.is_error("rate_limited", Refused);
    bench.phone.caller = Some(PhoneNumber::new("+12025550144"));
    bench.phone.hang_up(3);
    bench.phone.agent.company = company;
    bench.phone.agent.texting.per_day = 3;
    ask(&mut bench, 5).await.is_error("rate_limited", Refused);
    assert_eq!(bench.sent().len(), 3);
}

#[tokio::test]
async fn many_calls_of_one_person_at_once_get_no_more_than_a_day_allows() {
    let bench = Bench::new();
    let shared = Arc::new(tokio::sync::Mutex::new(bench));
    let jobs: Vec<_> = {
        let mut bench = shared.lock().await;
        (0..12).map(|n| bench.phone.job("send_sms", &json!({"message": "confirm", "number": n.to_string()}))).collect()
    };
    let answers = futures_util::future::join_all(jobs.into_iter().map(|job| job.run())).await;
    let sent = answers.iter().filter(|answer| answer.error.is_none()).count();
    assert_eq!((sent, shared.lock().await.sent().len()), (3, 3));
}

#[tokio::test]
async fn a_message_that_may_have_been_sent_is_not_sent_again() {
    let mut bench = Bench::new();
    let words = json!({"message": "confirm", "number": "B-12"});
    *bench.network.refuses.lock().unwrap() = Some(TelephoneError::Unknown("no answer".into()));
    bench.phone.ask("send_sms", &words).await.is_error("outcome_unknown", Failed);
    *bench.network.refuses.lock().unwrap() = None;
    bench.phone.ask("send_sms", &words).await.is_error("outcome_unknown", Refused);
    bench.phone.resume("send_sms", &words, ToolStage::Started);
    bench.phone.ask("send_sms", &words).await.is_error("outcome_unknown", Refused);
    assert_eq!(bench.sent(), []);
}

#[tokio::test]
async fn without_credentials_the_agent_is_told() {
    let mut phone = Phone::new(vec![testing::tool("send_sms", ToolKind::BuiltIn(BuiltIn::SendSms))], None);
    phone.ask("send_sms", &json!({"message": "confirm"})).await.is_error("unavailable", Failed);
}

#[tokio::test]
async fn whoever_opts_out_is_taken_off_the_list_and_the_call_ends() {
    let mut phone = Phone::new(vec![testing::tool("opt_out", ToolKind::BuiltIn(BuiltIn::OptOut))], None);
    let answer = phone.ask("opt_out", &json!({})).await;
    assert_eq!(answer.whole.facts, [Fact::OptedOut]);
    assert!(matches!(answer.wants, Some(Want::Control(_))));
}

#[tokio::test]
async fn the_recording_does_what_the_agent_is_asked() {
    let mut phone = Phone::new(vec![testing::tool("recording", ToolKind::BuiltIn(BuiltIn::Recording))], None);
    let answer = phone.ask("recording", &json!({"do": "refuse"})).await;
    assert_eq!(answer.wants, Some(Want::Recording(RecordingState::Refused)));
    phone.ask("recording", &json!({"do": "erase"})).await.is_error("invalid_arguments", Refused);
}
