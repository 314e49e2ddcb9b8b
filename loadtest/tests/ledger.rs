//! The ledger finds what is wrong between telephone and provider, and nothing where nothing is.

#[path = "network/application.rs"]
#[allow(dead_code, reason = "the telephone network's tests use more of it")]
mod application;
#[path = "common/bridge.rs"]
mod bridge;
#[path = "common/client.rs"]
mod client;

use std::time::Duration;

use application::{Application, NUMBER};
use bridge::Wrong;
use client::options;
use loadtest::{
    ledger::{self, Account, Sessions},
    phone::{self, CallPlan, Clip, Step},
    provider::{Marking, Options, Provider},
};

const DOCUMENT: &str = "<Response><Connect><Stream url=\"{ws}/media\"/></Connect></Response>";

/// One call through a bridge with this fault, settled.
async fn call(wrong: Wrong, steps: Vec<Step>) -> Account {
    let provider = Provider::start(Options { marking: Marking::Numbered, ..options() }).await.expect("a free port");
    let url = provider.base_url.clone();
    let talk = move |stream| bridge::join(stream, url.clone(), wrong);
    let (_application, network) = Application::start(&[("/voice", DOCUMENT), ("/status", "")], talk).await;
    let truth = phone::call(&network, CallPlan::new(7, NUMBER, steps)).await;
    let sessions = provider.until(|sessions| sessions.iter().all(|session| session.closed_at.is_some())).await;
    ledger::settle(&truth, &Sessions::new(sessions, std::slice::from_ref(&truth)))
}

fn question() -> Vec<Step> {
    let listen = Step::Listen { quiet_ms: 200 };
    vec![listen.clone(), Step::Say(Clip::tone("question", 300.0, 400)), listen]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_changes_nothing_loses_nothing() {
    let account = call(Wrong::Nothing, question()).await;
    assert_eq!(account.dropped, None);
    let (up, down) = (&account.up, &account.down);
    assert!(up.sent > 100 && (up.lost, up.different, up.added) == (0, 0, 0), "{up:?}");
    assert_eq!((down.received, down.lost, down.foreign, down.withheld), (down.sent, 0, 0, 0));
    let talk = &account.talk;
    assert_eq!((talk.agent_turns, talk.caller_turns, talk.reply_gaps.len()), (2, 1, 1));
    // Half a second of silence ends the caller's turn; the answer cannot come before.
    assert!(talk.reply_gaps[0] >= Duration::from_millis(440), "{talk:?}");
    assert!(talk.first_word.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_is_timed_and_its_cut_compared_with_what_was_heard() {
    let clip = Clip::tone("wait", 300.0, 400);
    let steps = vec![Step::Interrupt { after_ms: 300, clip }, Step::Listen { quiet_ms: 200 }];
    let account = call(Wrong::Nothing, steps).await;
    let talk = &account.talk;
    assert_eq!((talk.interruptions.len(), talk.ignored, talk.truncations.len()), (1, 0, 1), "{talk:?}");
    let cut = talk.truncations[0];
    assert!((340..900).contains(&cut.played_ms) && cut.error_ms() <= 60, "{cut:?}");
    assert_eq!((account.down.lost, account.down.foreign), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_frame_and_a_changed_frame_are_found() {
    // Frames of the question: the silence before it looks the same whichever frame of it is lost.
    let (lost, changed) =
        tokio::join!(call(Wrong::LosesFrame(75), question()), call(Wrong::ChangesFrame(75), question()));
    let (lost, changed) = (lost.up, changed.up);
    assert_eq!((lost.lost, lost.different, lost.added), (1, 0, 0));
    assert_eq!((changed.lost, changed.different, changed.added), (0, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_delta_is_found() {
    let down = call(Wrong::LosesDelta(3), question()).await.down;
    assert_eq!((down.lost, down.foreign, down.withheld), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_talks_on_is_found() {
    let clip = Clip::tone("wait", 300.0, 200);
    let steps = vec![Step::Interrupt { after_ms: 200, clip }, Step::Listen { quiet_ms: 200 }];
    let talk = call(Wrong::TalksOn, steps).await.talk;
    assert_eq!((talk.interruptions.len(), talk.ignored), (0, 1), "{talk:?}");
}
