//! Recordings are fetched from Twilio and deleted there, deleted when they are old, and never kept of a caller who has
//! refused them.

use crate::server::{Answer, Seen, Server};
use crate::stores::eventually;
use crate::story::{EPOCH, call, event, recording, worker};
use crate::world::{World, call_of_today, today};
use call::{CallEvent, Fact, RecordingState};
use common::clock::unix_ms;
use common::company::AtTwilio;
use common::event::{Envelope, Event, Source, TapEvent, TwilioEvent};
use common::ids::RecordingId;
use common::ports::aftercare::StoredRecording;

const SOUND: &[u8] = b"RIFF and so on";

/// Twilio, with any recording.
fn twilio(seen: &Seen) -> Answer {
    match seen.method.as_str() {
        "DELETE" => Answer::status(204),
        _ => Answer::With(200, SOUND.into()),
    }
}

/// What was deleted at Twilio.
fn deleted(server: &Server) -> usize {
    server.seen().iter().filter(|seen| seen.method == "DELETE").count()
}

/// Twilio says that its recording of call 1 is complete.
fn completed() -> Envelope {
    let told = TwilioEvent::Recording {
        recording: recording(1),
        status: "completed".into(),
        duration_s: Some(9),
        channels: Some(2),
    };
    happened(event(Source::Twilio, 0, 1 << 50, 9_500, Event::Twilio(told)))
}

/// Our own recording of call 1 is stored, begun so long ago.
fn stored(place: &str, age_days: u64) -> Envelope {
    let began_ms = unix_ms() - age_days * 86_400_000;
    let told = TapEvent::Stored {
        recording: recording(2),
        place: place.into(),
        began_ms,
        length_ms: 9_000,
        bytes: 4,
        silent_ms: 0,
    };
    happened(event(Source::Tap, EPOCH, 0, 9_500, Event::Tap(told)))
}

fn refused() -> Envelope {
    happened(worker(EPOCH, 40, 1_000, CallEvent::Fact(Fact::Recording { state: RecordingState::Refused })))
}

fn happened(mut event: Envelope) -> Envelope {
    today(&mut event);
    event
}

async fn known(world: &World, id: &RecordingId) -> Option<StoredRecording> {
    let recordings = world.db.aftercare.recordings(&call(1)).await.unwrap();
    recordings.into_iter().find(|known| known.recording == *id)
}

async fn status(world: &World, id: &RecordingId) -> String {
    known(world, id).await.map(|known| known.status).unwrap_or_default()
}

#[tokio::test]
async fn twilios_recording_is_fetched_told_and_deleted_there() {
    let mut world = World::new().await;
    let server = world.twilio(twilio).await;
    let crm = world.hook("crm", &["recording.stored"]).await;
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    world.happened(&[completed()]).await;
    eventually("it is fetched", async || status(&world, &recording(1)).await == "stored").await;
    eventually("it is told, and all is done", async || {
        crm.letters("recording.stored").len() == 1 && world.waiting().await == 0
    })
    .await;
    recorder.stop().await;
    let place = format!("harbour/twilio/{}.wav", recording(1).as_str().to_ascii_lowercase());
    assert_eq!(world.vault.get(&place).await.unwrap().as_deref(), Some(SOUND));
    assert_eq!(deleted(&server), 1);
    assert_eq!(status(&world, &recording(1)).await, "stored", "ours stays");
    let data = crm.letters("recording.stored").remove(0).json()["data"].clone();
    assert_eq!((data["place"].as_str(), data["length_ms"].as_u64()), (Some(place.as_str()), Some(9_000)));
}

#[tokio::test]
async fn a_recording_that_is_to_stay_at_twilio_stays() {
    let mut world = World::new().await;
    let server = world.twilio(twilio).await;
    world.agent().recording.at_twilio = AtTwilio::Leave;
    let crm = world.hook("crm", &["call.ended"]).await;
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    world.happened(&[completed()]).await;
    eventually("the call is told", async || crm.letters("call.ended").len() == 1).await;
    recorder.stop().await;
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn nothing_is_kept_of_a_caller_who_refused() {
    let mut world = World::new().await;
    let server = world.twilio(twilio).await;
    world.apply().await;
    world.vault.put("harbour/ours.wav", SOUND.into()).await.unwrap();
    world.happened(&call_of_today(1)).await;
    world.happened(&[stored("harbour/ours.wav", 0), refused(), completed()]).await;
    let recorder = world.start();
    for id in [recording(1), recording(2)] {
        eventually("it is deleted", async || status(&world, &id).await == "deleted").await;
    }
    eventually("nothing is left to do", async || world.waiting().await == 0).await;
    recorder.stop().await;
    assert_eq!(world.vault.get("harbour/ours.wav").await.unwrap(), None);
    assert!(deleted(&server) > 0);
    assert!(server.seen().iter().all(|seen| seen.method == "DELETE"), "it is not fetched first");
}

#[tokio::test]
async fn a_recording_is_deleted_when_it_is_older_than_its_agent_keeps_it() {
    let mut world = World::new().await;
    world.agent().recording.keep_days = Some(30);
    world.apply().await;
    for (n, age_days) in [(1, 31), (2, 29)] {
        world.vault.put(&format!("harbour/{n}.wav"), SOUND.into()).await.unwrap();
        let mut events = call_of_today(n);
        let mut kept = stored(&format!("harbour/{n}.wav"), age_days);
        kept.key.call = call(n);
        if let Event::Tap(TapEvent::Stored { recording: id, .. }) = &mut kept.event {
            *id = recording(10 + n);
        }
        events.push(kept);
        world.happened(&events).await;
    }
    let recorder = world.start();
    eventually("the old one is gone", async || world.vault.get("harbour/1.wav").await.unwrap().is_none()).await;
    eventually("that is recorded", async || status(&world, &recording(11)).await == "deleted").await;
    recorder.stop().await;
    assert!(world.vault.get("harbour/2.wav").await.unwrap().is_some());
}

#[tokio::test]
async fn a_recording_left_at_twilio_is_deleted_there_when_it_is_old() {
    let mut world = World::new().await;
    let server = world.twilio(twilio).await;
    world.agent().recording.at_twilio = AtTwilio::Leave;
    world.agent().recording.keep_days = Some(30);
    world.apply().await;
    let mut old = completed();
    old.at_ms -= 31 * 86_400_000;
    world.happened(&call_of_today(1)).await;
    world.happened(&[old]).await;
    let recorder = world.start();
    eventually("it is gone", async || status(&world, &recording(1)).await == "deleted").await;
    recorder.stop().await;
    assert_eq!((deleted(&server), server.seen().len()), (1, 1));
}
