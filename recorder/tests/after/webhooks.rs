//! Companies' systems are told what happened: once, signed, later where they were away, and none because of another.

use crate::server::{Answer, Seen, Server};
use crate::stores::eventually;
use crate::story::{EPOCH, call, event, gateway, returned, worker};
use crate::world::{PACE, SECRET, World, call_of_today, today};
use call::{CallEvent, Fact, Spoken};
use common::event::{Envelope, Event, PlaceOutcome, Source, TwilioEvent};
use common::ids::MessageId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use recorder::after::Pace;
use sha2::Sha256;
use std::collections::BTreeSet;

#[tokio::test]
async fn a_call_is_told_once_in_spite_of_repeats_and_signed() {
    let mut world = World::new().await;
    let crm = world.hook("crm", &["call.started", "call.ended"]).await;
    world.apply().await;
    let (one, other) = (world.start(), world.start());
    let events = call_of_today(1);
    world.happened(&events).await;
    for event in &events {
        world.bus.inject(serde_json::to_vec(event).unwrap().into()).unwrap();
    }
    eventually("both are told", async || told(&crm) == ["call.ended", "call.started"]).await;
    eventually("nothing is left to do", async || world.waiting().await == 0).await;
    world.happened(&events).await;
    world.happened(&call_of_today(2)).await;
    eventually("the next call is told", async || crm.letters("call.ended").len() == 2).await;
    one.stop().await;
    other.stop().await;
    assert_eq!(crm.letters("call.ended").len(), 2);
    assert_eq!(crm.letters("call.started").len(), 2);
    crm.seen().iter().for_each(check_signature);

    let ended = crm.letters("call.ended").remove(0).json();
    assert_eq!(ended["id"], format!("{}:call.ended:crm", call(1)));
    assert_eq!((ended["company"].as_str(), ended["call"].as_str()), (Some("harbour"), Some(call(1).as_str())));
    let data = &ended["data"];
    assert_eq!((data["end_reason"].as_str(), data["from"].as_str()), (Some("caller_hung_up"), Some("+15005550006")));
    assert_eq!((data["duration_ms"].as_u64(), data["turns"].as_u64()), (Some(10_000), Some(2)));
    assert!(ended["at"].as_str().unwrap().ends_with('Z') && data["cost"]["usd"].is_string(), "{ended}");
}

/// Kinds of letters a system has had, in no order.
fn told(server: &Server) -> Vec<String> {
    let kinds: BTreeSet<String> = server.seen().iter().map(|seen| seen.header("x-patchbay-event").to_owned()).collect();
    kinds.into_iter().collect()
}

/// As a company's system would check it.
fn check_signature(seen: &Seen) {
    let header = seen.header("x-patchbay-signature");
    let (time, given) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(&seen.body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(given, expected);
    assert_eq!(seen.json()["id"], seen.header("idempotency-key"));
    assert_eq!(seen.json()["event"], seen.header("x-patchbay-event"));
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/calls"));
}

#[tokio::test]
async fn a_system_that_was_away_hears_the_same_later() {
    let mut world = World::new().await;
    let crm = world.hook("crm", &["call.ended"]).await;
    let mut statuses = [503, 429, 404].into_iter();
    crm.answer(move |_| Answer::status(statuses.next().unwrap_or(204)));
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    eventually("it is told", async || crm.seen().len() == 4 && world.waiting().await == 0).await;
    recorder.stop().await;
    let bodies: BTreeSet<Vec<u8>> = crm.seen().iter().map(|seen| seen.body.to_vec()).collect();
    assert_eq!(bodies.len(), 1, "every try says the same");
    assert!(world.dead().await.is_empty());
}

#[tokio::test]
async fn a_letter_nobody_wants_is_a_dead_letter_that_can_be_revived() {
    let mut world = World::new().await;
    let crm = world.hook("crm", &["call.ended"]).await;
    crm.answer(|_| Answer::status(410));
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    eventually("it is dead", async || world.dead().await.len() == 1).await;
    let dead = world.dead().await.remove(0);
    assert_eq!(dead.last_error.as_deref(), Some("answered with status 410"));
    assert_eq!(crm.seen().len(), 1, "410 is not asked again");

    crm.answer(|_| Answer::status(200));
    assert_eq!(world.db.aftercare.revive_jobs(Some(&dead.key)).await.unwrap(), 1);
    eventually("it is told", async || crm.seen().len() == 2 && world.waiting().await == 0).await;
    assert!(world.dead().await.is_empty());
    recorder.stop().await;
}

#[tokio::test]
async fn a_system_that_keeps_refusing_is_given_up() {
    let mut world = World::new().await;
    let crm = world.hook("crm", &["call.ended"]).await;
    crm.answer(|_| Answer::status(401));
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    eventually("it is dead", async || world.dead().await.len() == 1).await;
    assert_eq!(crm.seen().len(), 5);
    recorder.stop().await;
}

#[tokio::test]
async fn a_slow_system_does_not_hold_up_another() {
    const CALLS: u32 = 12;
    let mut world = World::new().await;
    let slow = world.hook("slow", &["call.ended"]).await;
    let fast = world.hook("fast", &["call.ended"]).await;
    slow.answer(|_| Answer::Nothing);
    world.apply().await;
    let recorder = world.start_at(Pace { at_once: 4, per_lane: 2, ..PACE });
    for n in 1..=CALLS {
        world.happened(&call_of_today(n)).await;
    }
    eventually("the fast one has heard all", async || fast.seen().len() == CALLS as usize).await;
    assert_eq!(slow.seen().len(), 2, "as many as a lane has");
    recorder.kill().await;
}

#[tokio::test]
async fn what_happens_in_a_call_is_told_while_it_goes_on() {
    let mut world = World::new().await;
    let wanted = ["ticket.opened", "transfer.ended", "message.updated", "opted_out"];
    let crm = world.hook("crm", &wanted).await;
    world.apply().await;
    let recorder = world.start();
    let ticket = Fact::Ticket {
        number: "T-7KQ2M9X".into(),
        priority: "high".into(),
        category: "water".into(),
        subject: Spoken::new("A leak"),
        details: Spoken::new("Room 12"),
    };
    let update = TwilioEvent::Message {
        message: MessageId::parse("SM1").unwrap(),
        status: "delivered".into(),
        error_code: None,
    };
    // Twilio's word comes before anybody knows whose call it is.
    let first = [happened(event(Source::Twilio, 0, 7, 5_000, Event::Twilio(update)))];
    world.bus.inject(serde_json::to_vec(&first[0]).unwrap().into()).unwrap();
    world.happened(&call_of_today(1)).await;
    world
        .happened(&[
            happened(worker(EPOCH, 20, 5_000, CallEvent::Fact(ticket))),
            happened(worker(EPOCH, 21, 5_100, CallEvent::Fact(Fact::OptedOut))),
            happened(gateway(EPOCH, 30, 8_000, returned(EPOCH, "transfer", PlaceOutcome::Busy))),
        ])
        .await;
    eventually("all is told", async || told(&crm).len() == wanted.len()).await;
    recorder.stop().await;
    let data = |event: &str| crm.letters(event).remove(0).json()["data"].clone();
    assert_eq!(data("ticket.opened")["number"], "T-7KQ2M9X");
    assert_eq!(data("transfer.ended")["outcome"], "busy");
    assert_eq!(data("opted_out")["number"], "+15005550006");
    assert_eq!(data("message.updated")["status"], "delivered");
}

fn happened(mut event: Envelope) -> Envelope {
    today(&mut event);
    event
}
