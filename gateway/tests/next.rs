//! The network asks what comes after a stream: the answer is read from the call's state.

use crate::support::bench::{Bench, conversation};
use crate::support::request::Question;
use crate::support::{call, kinds};
use axum::http::StatusCode;
use call::NextStep;
use common::clock;
use common::ports::{SessionStatus, State};
use common::token::CallToken;

#[tokio::test]
async fn an_ended_call_is_hung_up() {
    let bench = Bench::new().await;
    bench.write(|write| write.status = Some(SessionStatus::Ended)).await;
    bench.check_hung_up("in-progress").await;
}

#[tokio::test]
async fn a_call_whose_agent_said_goodbye_is_hung_up() {
    let bench = Bench::new().await;
    bench.write(|write| write.next = Some(NextStep::HangUp)).await;
    bench.check_hung_up("in-progress").await;
}

#[tokio::test]
async fn a_caller_who_has_hung_up_wakes_no_worker() {
    let bench = Bench::new().await;
    bench.write(|write| write.status = Some(SessionStatus::Live)).await;
    for status in ["completed", "busy", "failed", "no-answer", "canceled"] {
        bench.check_hung_up(status).await;
    }
}

#[tokio::test]
async fn a_call_nobody_knows_is_hung_up() {
    let bench = Bench::new().await;
    let token = bench.gateway.keys.sign_call(&CallToken { call: call(7) });
    let question = Question::ask(&format!("/twilio/next/{token}"), &call(7), "in-progress");
    assert!(bench.gateway.answer(question.post()).await.document().is_hangup());
    assert_eq!(bench.world.state.session(&call(7)).await.unwrap(), None, "asking claims nothing");
}

#[tokio::test]
async fn a_lost_worker_s_call_goes_on_at_another_with_the_conversation() {
    let bench = Bench::new().await;
    let conversation = conversation();
    let before = bench.session().await.epoch;
    bench
        .write(|write| {
            write.status = Some(SessionStatus::Live);
            write.checkpoint = Some(serde_json::to_vec(&conversation).unwrap().into());
        })
        .await;

    let (worker, token) = bench.ask("in-progress").await.document().stream();

    assert_eq!(worker, "worker-1", "the one that waited longest");
    let token = bench.gateway.keys.open_stream(&token, clock::unix_ms()).unwrap();
    assert!(token.epoch > before);
    let reserved = bench.workers[1].reservations().remove(0);
    assert_eq!((reserved.epoch, reserved.conversation), (token.epoch, Some(conversation)));
    assert_eq!(reserved.agent, bench.workers[0].reservations()[0].agent, "the agent the call was accepted with");
    let session = bench.session().await;
    assert_eq!((session.epoch, session.resumes), (token.epoch, 1));
    bench.gateway.settle().await;
    assert_eq!(kinds(&bench.world.events().await), ["gateway.accepted", "gateway.assigned", "gateway.assigned"]);
}

#[tokio::test]
async fn a_draining_worker_s_call_goes_on_at_another() {
    let bench = Bench::new().await;
    bench
        .write(|write| {
            write.status = Some(SessionStatus::Live);
            write.next = Some(NextStep::Resume);
        })
        .await;
    assert_eq!(bench.ask("in-progress").await.document().stream().0, "worker-1");
}

#[tokio::test]
async fn a_call_that_comes_back_again_and_again_ends_with_an_apology() {
    let bench = Bench::new().await;
    for n in 0..5 {
        bench.write(|write| write.status = Some(SessionStatus::Live)).await;
        let (worker, _) = bench.ask("in-progress").await.document().stream();
        assert_eq!(worker, format!("worker-{}", (n + 1) % 2));
    }
    bench.write(|write| write.status = Some(SessionStatus::Live)).await;

    let sentence = bench.ask("in-progress").await.document().sentence();

    assert_eq!(sentence, "I am sorry, I cannot help you right now. Please call again later.");
    bench.gateway.settle().await;
    assert_eq!(kinds(&bench.world.events().await).last().map(String::as_str), Some("gateway.refused"));
    assert_eq!(bench.session().await.status, SessionStatus::Ended);
}

#[tokio::test]
async fn a_repeated_question_gets_the_same_answer_and_one_claim() {
    let bench = Bench::new().await;
    bench.write(|write| write.status = Some(SessionStatus::Live)).await;
    let question = bench.question("in-progress").header("i-twilio-idempotency-token", "one-and-the-same");
    let first = bench.gateway.answer(question.post()).await;
    let second = bench.world.gateway().answer(question.post()).await;
    first.document().stream();
    assert_eq!(first, second);
    assert_eq!(bench.session().await.resumes, 1);
}

#[tokio::test]
async fn a_token_that_is_forged_or_of_another_call_is_refused() {
    let bench = Bench::new().await;
    bench.write(|write| write.status = Some(SessionStatus::Live)).await;
    let own = bench.gateway.keys.sign_call(&CallToken { call: call(1) });
    let other = bench.gateway.keys.sign_call(&CallToken { call: call(2) });
    for token in ["x", "x.y", &own[..own.len() - 2], &other] {
        let question = Question::ask(&format!("/twilio/next/{token}"), &call(1), "in-progress");
        assert_eq!(bench.gateway.answer(question.post()).await.status, StatusCode::FORBIDDEN, "{token}");
    }
    assert_eq!(bench.session().await.resumes, 0);
}

#[tokio::test]
async fn a_call_without_any_agent_hears_an_apology_and_ends() {
    let bench = Bench::new().await;
    bench
        .write(|write| {
            write.status = Some(SessionStatus::Live);
            write.next = Some(NextStep::Apologize);
        })
        .await;
    let sentence = bench.ask("in-progress").await.document().sentence();
    assert_eq!(sentence, "I am sorry, I cannot help you right now. Please call again later.");
    assert_eq!(bench.session().await.status, SessionStatus::Ended);
}
