//! A call is sent to a place of its company's list, and comes back when nobody is there.

use crate::support::bench::{Bench, conversation};
use crate::support::document::attribute;
use crate::support::request::Question;
use crate::support::telephone::Rung;
use crate::support::{CALLED, World, call, kinds};
use ::call::{NextStep, Resumed, Spoken};
use axum::http::StatusCode;
use common::company::{Briefing, Company, Queue, Room, Target};
use common::event::{Event, GatewayEvent, PlaceOutcome};
use common::ports::SessionStatus;
use common::private::PhoneNumber;

#[tokio::test]
async fn a_transfer_rings_the_target_and_ends_when_somebody_has_talked() {
    let bench = bench().await;
    let document = bench.leave_for(transfer("desk")).await.document();
    assert_eq!(document.names(), ["Dial"]);
    let dial = document.verb("Dial");
    assert!(dial.contains(r#"timeout="15""#) && dial.contains(r#"timeLimit="600""#), "{dial}");
    assert!(dial.contains("<Number>+15005550101</Number>"), "no briefing, no whisper: {dial}");

    let bridged = [("DialCallStatus", "completed"), ("DialBridged", "true"), ("DialCallDuration", "42")];
    assert!(bench.ask_at(&attribute(dial, "action"), &bridged).await.document().is_hangup());

    assert_eq!(bench.session().await.status, SessionStatus::Ended);
    assert_eq!(bench.returned().await, [("transfer".into(), "desk".into(), PlaceOutcome::Answered, Some(42))]);
}

#[tokio::test]
async fn when_nobody_answers_the_agent_goes_on_with_the_conversation() {
    for (status, outcome) in [
        ("no-answer", PlaceOutcome::NoAnswer),
        ("busy", PlaceOutcome::Busy),
        ("failed", PlaceOutcome::Failed),
        ("completed", PlaceOutcome::Declined),
    ] {
        let bench = bench().await;
        let left = bench.session().await.epoch;
        let document = bench.leave_for(transfer("desk")).await.document();
        let action = attribute(document.verb("Dial"), "action");

        let back = bench.ask_at(&action, &[("DialCallStatus", status), ("DialBridged", "false")]).await;

        assert_eq!(back.document().stream().0, "worker-1");
        let reserved = bench.workers[1].reservations().remove(0);
        assert_eq!((reserved.conversation, reserved.resumed), (Some(conversation()), Resumed::NobodyAnswered));
        assert_eq!(reserved.caller, Some(PhoneNumber::new("+15005550010")));
        assert!(reserved.epoch > left);
        assert_eq!(bench.returned().await[0].2, outcome, "{status}");
    }
}

#[tokio::test]
async fn the_same_end_told_twice_claims_the_call_once() {
    let bench = bench().await;
    let document = bench.leave_for(transfer("desk")).await.document();
    let action = attribute(document.verb("Dial"), "action");
    let told = [("DialCallStatus", "busy"), ("DialCallSid", "CA00000000000000000000000000000b0b")];
    let first = bench.ask_at(&action, &told).await;
    assert_eq!(first, bench.ask_at(&action, &told).await);
    assert_eq!((bench.session().await.resumes, bench.returned().await.len()), (1, 1));
}

#[tokio::test]
async fn the_person_called_hears_the_briefing_and_takes_the_call_with_a_key() {
    let bench = bench().await;
    let step = NextStep::Transfer { to: "boss".into(), briefing: Some(Spoken::new("A guest about a lost key.")) };
    let document = bench.leave_for(step).await.document();
    let whisper = attribute(document.verb("Dial"), "url");

    let heard = bench.ask_at(&whisper, &[("CallSid", call(77).as_str())]).await.document();

    assert_eq!(heard.names(), ["Gather", "Hangup"]);
    let gather = heard.verb("Gather");
    assert!(gather.contains("A guest about a lost key.") && gather.contains("Press any key"), "{gather}");
    let key = attribute(gather, "action");
    let taken = bench.ask_at(&key, &[("CallSid", call(77).as_str()), ("Digits", "1")]).await;
    assert!(taken.document().verbs.is_empty(), "the end of the document puts the caller through");
    assert!(bench.ask_at(&key, &[("CallSid", call(77).as_str())]).await.document().is_hangup(), "no key, no caller");
}

#[tokio::test]
async fn a_voicemail_that_answers_after_the_caller_has_gone_is_hung_up() {
    let bench = bench().await;
    let document = bench.leave_for(transfer("boss")).await.document();
    let whisper = attribute(document.verb("Dial"), "url");
    bench.write(|write| write.status = Some(SessionStatus::Ended)).await;
    bench.write(|write| write.next = Some(NextStep::HangUp)).await;
    assert!(bench.ask_at(&whisper, &[("CallSid", call(77).as_str())]).await.document().is_hangup());
}

#[tokio::test]
async fn a_place_that_is_not_on_the_list_is_never_dialled() {
    let bench = bench().await;
    for step in [transfer("+19005550199"), NextStep::Queue { queue: "none".into() }] {
        let document = bench.leave_for(step).await.document();
        assert_eq!(document.names(), ["Connect"], "the agent goes on");
    }
    assert_eq!(bench.world.telephone.rung(), []);
}

#[tokio::test]
async fn callers_in_a_queue_hear_their_place_and_music_and_leave_after_the_wait() {
    let bench = bench().await;
    let document = bench.leave_for(NextStep::Queue { queue: "support".into() }).await.document();
    let enqueue = document.verb("Enqueue").to_owned();
    assert!(enqueue.contains(">demo-support</Enqueue>"), "{enqueue}");
    let hold = attribute(&enqueue, "waitUrl");

    let heard = bench.ask_at(&hold, &[("QueuePosition", "3"), ("QueueTime", "5")]).await.document();
    assert_eq!(heard.names(), ["Say", "Play"]);
    assert!(format!("{heard:?}").contains("number 3 in line"), "{heard:?}");
    let waited = bench.ask_at(&hold, &[("QueuePosition", "1"), ("QueueTime", "61")]).await.document();
    assert_eq!(waited.names(), ["Leave"]);

    let back = bench.ask_at(&attribute(&enqueue, "action"), &[("QueueResult", "leave"), ("QueueTime", "61")]).await;
    assert_eq!(back.document().names(), ["Connect"]);
    assert_eq!(bench.returned().await, [("queue".into(), "support".into(), PlaceOutcome::NoAnswer, None)]);
}

#[tokio::test]
async fn members_are_called_into_queue_and_conference_and_join_with_a_key() {
    for (step, join) in [
        (NextStep::Queue { queue: "support".into() }, "<Queue>demo-support</Queue>"),
        (
            NextStep::Conference { room: "ops".into() },
            r#"<Conference beep="false" endConferenceOnExit="false">room-CA00000000000000000000000000000001</Conference>"#,
        ),
    ] {
        let bench = bench().await;
        bench.leave_for(step).await.document();
        bench.gateway.settle().await;
        let rung = bench.world.telephone.rung();
        let [Rung { to, from, url }] = &rung[..] else { panic!("one member is called: {rung:?}") };
        assert_eq!((to.as_str(), from.as_str()), ("+15005550101", CALLED));

        let own = [("CallSid", "CA00000000000000000000000000000b0b")];
        let asked = bench.ask_at(url, &own).await.document();
        let key = attribute(asked.verb("Gather"), "action");
        let joined = bench.ask_at(&key, &[own[0], ("Digits", "5")]).await.document();
        assert!(joined.verb("Dial").contains(join), "{joined:?}");
    }
}

#[tokio::test]
async fn keys_are_sent_and_the_agent_goes_on() {
    let bench = bench().await;
    let document = bench.leave_for(NextStep::Digits { keys: Spoken::new("1ww2") }).await.document();
    assert_eq!(document.names(), ["Play", "Connect"]);
    assert_eq!(attribute(document.verb("Play"), "digits"), "1ww2");
    let reserved = bench.workers[1].reservations().remove(0);
    assert_eq!((reserved.conversation, reserved.resumed), (Some(conversation()), Resumed::DigitsSent));
}

#[tokio::test]
async fn a_call_that_comes_back_from_many_places_is_not_taken_for_one_whose_workers_die() {
    let bench = bench().await;
    for _ in 0..8 {
        let document = bench.leave_for(transfer("desk")).await.document();
        let action = attribute(document.verb("Dial"), "action");
        assert_eq!(bench.ask_at(&action, &[("DialCallStatus", "busy")]).await.document().names(), ["Connect"]);
    }
}

#[tokio::test]
async fn nobody_but_twilio_learns_or_changes_anything() {
    let bench = bench().await;
    let document = bench.leave_for(transfer("desk")).await.document();
    let action = attribute(document.verb("Dial"), "action");
    let path = action.strip_prefix(crate::support::PUBLIC).unwrap();
    let mut forged = Question::ask(path, &call(1), "in-progress");
    forged.signed_by = Some("another token of thirty two chars".into());
    assert_eq!(bench.gateway.answer(forged.post()).await.status, StatusCode::FORBIDDEN);
    let other = Question::ask(path, &call(2), "in-progress");
    assert_eq!(bench.gateway.answer(other.post()).await.status, StatusCode::FORBIDDEN, "another call's form");
    assert_eq!(bench.returned().await, []);
}

fn transfer(to: &str) -> NextStep {
    NextStep::Transfer { to: to.into(), briefing: None }
}

async fn bench() -> Bench {
    Bench::of(World::new().with_company(places)).await
}

fn places(company: &mut Company) {
    let target = |number: &str, briefing| Target {
        number: PhoneNumber::new(number),
        description: "For a test.".into(),
        ring_s: 15,
        talk_s: 600,
        briefing,
    };
    company.targets.insert("desk".into(), target("+15005550101", Briefing::None));
    company.targets.insert("boss".into(), target("+15005550102", Briefing::Spoken));
    let members = vec!["desk".to_owned()];
    company.queues.insert("support".into(), Queue { members: members.clone(), wait_s: 60, music: None });
    company.rooms.insert("ops".into(), Room { members });
}

impl Bench {
    /// What the record will know of places the call has left.
    async fn returned(&self) -> Vec<(String, String, PlaceOutcome, Option<u64>)> {
        self.gateway.settle().await;
        let events = self.world.events().await;
        assert!(kinds(&events).iter().all(|kind| kind.starts_with("gateway.")));
        let returned = events.into_iter().filter_map(|envelope| match envelope.event {
            Event::Gateway(GatewayEvent::Returned { way, place, outcome, talked_s, .. }) => {
                Some((way, place, outcome, talked_s))
            }
            _ => None,
        });
        returned.collect()
    }
}
