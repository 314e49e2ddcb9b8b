//! A request that must not be repeated goes out once: whatever happens to the server, to the answer, to the caller or to
//! the worker.

use crate::support::{Answer, Phone, pay, serve};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use call::ToolOutcome::{Failed, Refused, TimedOut};
use call::{Spoken, ToolStage};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tools::{Memory, Plan};

/// How many payments of each amount were made.
type Till = Arc<Mutex<BTreeMap<u64, u32>>>;

/// A bank that books what it is asked to, and then does what it is told with the answer.
struct Bank {
    address: SocketAddr,
    till: Till,
    booked: Arc<Notify>,
}

#[derive(Clone, Copy)]
enum After {
    /// It says so.
    Answer,
    /// Its process is killed: the connection is cut.
    Die,
    /// It never says a word.
    Hang,
}

impl Bank {
    async fn open(after: impl Fn(u64) -> After + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (till, booked) = (Till::default(), Arc::new(Notify::new()));
        let (books, bell) = (till.clone(), booked.clone());
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = vec![0; 4_096];
                let length = socket.read(&mut request).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                let amount = text.rsplit("\"amount\":").next().and_then(|rest| rest.trim_end_matches('}').parse().ok());
                let amount: u64 = amount.unwrap_or_default();
                *books.lock().unwrap().entry(amount).or_default() += 1;
                bell.notify_one();
                match after(amount) {
                    After::Answer => {
                        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\
                                      connection: close\r\n\r\ntrue";
                        let _ = socket.write_all(answer.as_bytes()).await;
                    }
                    After::Die => drop(socket),
                    After::Hang => open.push(socket),
                }
            }
        });
        Self { address, till, booked }
    }

    fn booked(&self, amount: u64) -> u32 {
        self.till.lock().unwrap().get(&amount).copied().unwrap_or_default()
    }
}

fn amount(amount: u64) -> Value {
    json!({"amount": amount})
}

#[tokio::test]
async fn a_job_may_run_on_any_thread() {
    fn moves<T: Send + 'static>(_: T) {}
    let mut phone = Phone::new(vec![pay()], Some(SocketAddr::from(([127, 0, 0, 1], 1))));
    moves(phone.job("pay", &amount(20)).run());
    moves(phone);
}

#[tokio::test]
async fn the_journal_comes_first() {
    let bank = Bank::open(|_| After::Answer).await;
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    let job = phone.job("pay", &amount(20));
    assert!(job.journal_first);
    assert_eq!(bank.booked(20), 0);
    Answer::new(job.run().await, None).is_result(&json!(true));
    phone.ask("pay", &amount(20)).await.is_result(&json!(true));
    assert_eq!(bank.booked(20), 2, "two payments that were both asked for and both answered");
}

#[tokio::test]
async fn a_server_killed_in_mid_request_is_not_asked_again() {
    let bank = Bank::open(|_| After::Die).await;
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Failed);
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Refused);
    phone.ask("pay", &json!({"amount": 20.0})).await.is_error("outcome_unknown", Refused);
    assert_eq!(bank.booked(20), 1);
    phone.ask("pay", &amount(21)).await.is_error("outcome_unknown", Failed);
    assert_eq!(bank.booked(21), 1);
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_outcome_open() {
    let bank = Bank::open(|_| After::Hang).await;
    let mut tool = pay();
    tool.timeout_ms = 100;
    let mut phone = Phone::new(vec![tool], Some(bank.address));
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", TimedOut);
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Refused);
    assert_eq!(bank.booked(20), 1);
}

#[tokio::test]
async fn a_request_taken_back_after_it_went_out_is_remembered() {
    let bank = Bank::open(|_| After::Hang).await;
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    let job = phone.job("pay", &amount(20));
    tokio::select! {
        answer = job.run() => panic!("{answer:?}"),
        () = bank.booked.notified() => {}
    }
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Refused);
    assert_eq!(bank.booked(20), 1);
}

#[tokio::test]
async fn a_request_taken_back_before_it_went_out_may_be_made_again() {
    let bank = Bank::open(|_| After::Answer).await;
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    drop(phone.job("pay", &amount(20)));
    drop(phone.job("pay", &amount(20)).run());
    phone.ask("pay", &amount(20)).await.is_result(&json!(true));
    assert_eq!(bank.booked(20), 1);
}

#[tokio::test]
async fn a_doubled_tool_call_runs_once() {
    let bank = Bank::open(|_| After::Answer).await;
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    let first = phone.job("pay", &amount(20));
    phone.ask("pay", &amount(20)).await.is_error("already_running", Refused);
    Answer::new(first.run().await, None).is_result(&json!(true));
    assert_eq!(bank.booked(20), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_did_nothing_and_may_be_asked_again() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let mut phone = Phone::new(vec![pay()], Some(address));
    phone.ask("pay", &amount(20)).await.is_error("unavailable", Failed);
    let paid =
        axum::serve(TcpListener::bind(address).await.unwrap(), Router::new().route("/pay", post(|| async { "1" })));
    let again = amount(20);
    tokio::select! {
        _ = paid => unreachable!(),
        answer = phone.ask("pay", &again) => answer.is_result(&json!("1")),
    }
}

#[tokio::test]
async fn another_worker_does_not_repeat_what_the_first_left_open() {
    let bank = Bank::open(|_| After::Answer).await;
    let left_open = Spoken::new(r#"{"error":"outcome_unknown","advice":"…"}"#);
    for stage in [ToolStage::Unknown, ToolStage::Started, ToolStage::Done { output: left_open }] {
        let mut phone = Phone::new(vec![pay()], Some(bank.address));
        phone.resume("pay", &amount(20), stage);
        phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Refused);
        phone.ask("pay", &amount(21)).await.is_result(&json!(true));
    }
    assert_eq!((bank.booked(20), bank.booked(21)), (0, 3));
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    phone.resume("pay", &amount(20), ToolStage::Done { output: Spoken::new(r#"{"result":true}"#) });
    phone.ask("pay", &amount(20)).await.is_result(&json!(true));
}

#[tokio::test]
async fn the_journal_of_the_conversation_counts_without_a_memory_of_it() {
    let bank = Bank::open(|_| After::Answer).await;
    let mut phone = Phone::new(vec![pay()], Some(bank.address));
    phone.resume("pay", &amount(20), ToolStage::Unknown);
    phone.memory = Memory::default();
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Refused);
    assert_eq!(bank.booked(20), 0);
}

#[tokio::test]
async fn a_service_that_fails_inside_leaves_the_outcome_open() {
    let failing = |State(till): State<Till>| async move {
        *till.lock().unwrap().entry(0).or_default() += 1;
        (axum::http::StatusCode::INTERNAL_SERVER_ERROR, "oops")
    };
    let till = Till::default();
    let address = serve(Router::new().route("/pay", post(failing)).with_state(till.clone())).await;
    let mut phone = Phone::new(vec![pay()], Some(address));
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Failed);
    phone.ask("pay", &amount(20)).await.is_error("outcome_unknown", Refused);
    assert_eq!(till.lock().unwrap()[&0], 1);
}

/// Three hundred calls ask a bank that answers, dies or hangs, repeat themselves, hang up in mid-request and are resumed by
/// other workers: no payment is made twice that was not answered once.
#[tokio::test]
async fn no_history_pays_twice_without_an_answer_between() {
    let bank = Bank::open(|amount| match amount % 3 {
        0 => After::Answer,
        1 => After::Die,
        _ => After::Hang,
    })
    .await;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut tool = pay();
    tool.timeout_ms = 20;
    let mut phone = Phone::new(vec![tool], Some(bank.address));
    for call in 0..300_u64 {
        phone.hang_up(call);
        let paid = 1 + call;
        let mut answered = 0;
        for _ in 0..1 + rng.next_u32() % 4 {
            let Plan::Later(job) = phone.plan("pay", &amount(paid)) else { continue };
            if rng.next_u32().is_multiple_of(3) {
                let patience = Duration::from_micros(u64::from(rng.next_u32() % 3_000));
                if let Ok(answer) = tokio::time::timeout(patience, job.run()).await {
                    answered += u32::from(answer.error.is_none());
                }
            } else {
                answered += u32::from(job.run().await.error.is_none());
            }
            if rng.next_u32().is_multiple_of(4) {
                phone.resume("pay", &amount(paid), ToolStage::Started);
            }
        }
        // One of unknown outcome may come on top of those that were answered.
        assert!(bank.booked(paid) <= answered + 1, "{} booked, {answered} answered", bank.booked(paid));
    }
}
