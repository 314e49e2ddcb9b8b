//! A worker killed with `-9` in the middle of a call: Twilio asks what comes next, and the other worker goes on.

use crate::support::record::{self, Recorded};
use crate::support::system::System;
use crate::support::{caller, hotel, stores};
use call::Speaker::{Agent, Caller};
use loadtest::phone::{CallEnd, PhoneEvent, Step};
use std::cell::{Cell, RefCell};

#[tokio::test]
async fn a_call_whose_worker_is_killed_goes_on_at_the_other_with_its_conversation() {
    let Some(servers) = stores::start("a lost worker").await else { return };
    let system = System::around(servers).await;
    let [zero, one, _recorder, _gateway] = system.start_all().await;
    let mut workers = [zero, one];

    let mut plan = caller::who_listens(hotel::OPENAI, &system.url);
    plan.steps = vec![
        Step::Listen { quiet_ms: 300 },
        Step::Say(caller::breakfast()),
        // Here, while the answer is being heard, the worker is lost; what the other says first is heard out.
        Step::AwaitAgent,
        Step::Listen { quiet_ms: 500 },
        Step::Say(caller::price()),
        Step::AwaitAgent,
        Step::Listen { quiet_ms: 500 },
    ];
    let (call, carrier, asked) = (RefCell::new(String::new()), Cell::new(None), Cell::new(false));
    let answer_is_heard = |event: &PhoneEvent| {
        match event {
            PhoneEvent::Ringing(sid) => sid.clone_into(&mut call.borrow_mut()),
            PhoneEvent::Document(twiml) if carrier.get().is_none() => carrier.set(carried_by(twiml)),
            PhoneEvent::Said(_) => asked.set(true),
            _ => {}
        }
        asked.get() && *event == PhoneEvent::AgentAudio
    };
    let db = system.db();
    let truth = caller::call(&system.network, plan, answer_is_heard, async || {
        // The question is written down while its answer is being heard; only then is it to be remembered.
        let call = call.take();
        record::until_said(&call, caller::BREAKFAST, db.as_ref()).await;
        let lost = carrier.get().expect("the stream was pinned to a worker");
        workers[lost].program.kill().await;
    })
    .await;

    assert_eq!(truth.end, CallEnd::HungUp, "{:?}", truth.spoken);
    let pinned: Vec<_> = truth.streams.iter().map(|stream| carried_by(&stream.url)).collect();
    let lost = carrier.get().unwrap();
    assert_eq!(pinned, [Some(lost), Some(1 - lost)], "the second stream leads to the other worker");
    assert!(truth.documents[1].url.contains("/twilio/next/"), "Twilio asked the action");

    let recorded = Recorded::of_lost(&truth, db.as_ref()).await;
    recorded.check_exactly_once(db.as_ref()).await;
    assert_eq!(recorded.cdr.workers.len(), 2);
    assert!(!recorded.cdr.complete, "nobody knows what the lost worker still had to tell");
    assert_eq!(recorded.cdr.end_reason.as_deref(), Some("caller_hung_up"));
    let said = recorded.said();
    let questions = said.iter().filter(|(who, _)| *who == Caller).map(|(_, words)| *words);
    assert_eq!(questions.collect::<Vec<_>>(), [caller::BREAKFAST, caller::PRICE], "{said:?}");
    assert_eq!(said[0], (Agent, hotel::GREETING));

    let sessions = system.provider.sessions();
    let restored = sessions.iter().find(|session| !session.restored.is_empty()).expect("a restored conversation");
    let words = restored.restored.join("\n");
    assert!(words.contains(hotel::GREETING) && words.contains(caller::BREAKFAST), "{words}");
    assert!(sessions[0].restored.is_empty(), "the first session began with nothing");
}

/// The worker of a media address.
fn carried_by(text: &str) -> Option<usize> {
    let behind = text.split_once("/media/worker-")?.1;
    behind.split('/').next()?.parse().ok()
}
