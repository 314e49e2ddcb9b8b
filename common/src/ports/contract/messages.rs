//! What every record must keep of text messages and recordings, in whatever order it is told of them. Each function
//! takes an empty, migrated database.

use super::deeds::{START_MS, call, envelope, harbour, of_call, record, worker};
use crate::event::{Envelope, Event, RecorderEvent, Source, TapEvent, TwilioEvent};
use crate::ids::{CallId, MessageId, RecordingId};
use crate::ports::aftercare::{StoredMessage, StoredRecording};
use crate::ports::{Aftercare, Db};
use call::{CallEvent, Fact};

/// A message is one row, whoever tells of it first and however often; a status never goes back.
pub async fn a_message_is_told_in_any_order(store: &(impl Db + Aftercare)) {
    let events = [sent(3), status(1, "queued", None), status(2, "sent", None), status(5, "delivered", None)];
    for (n, order) in (1..).zip(orders(events.len())) {
        tell(store, n, &events, &order).await;
        let delivered = StoredMessage {
            message: message(n),
            call: call(n),
            template: Some("confirmation".into()),
            status: Some("delivered".into()),
            error_code: None,
            segments: 2,
            sent_ms: Some(START_MS + 3),
        };
        assert_eq!(store.messages(&call(n)).await.expect("messages"), [delivered], "in order {order:?}");
    }
}

/// A message that the recorder sent is as one that a worker sent, and one that failed keeps Twilio's reason.
pub async fn a_message_sent_after_the_call_is_kept(store: &(impl Db + Aftercare)) {
    let (template, country) = ("survey".to_owned(), "US".to_owned());
    let told = RecorderEvent::Messaged { message: message(1), template, country, segments: 1 };
    let events = [
        envelope(Source::Recorder, 0, 1, Event::Recorder(told)),
        status(2, "sent", None),
        status(3, "undelivered", Some(30_003)),
    ];
    for (n, order) in (1..).zip(orders(events.len())) {
        tell(store, n, &events, &order).await;
        let found = store.messages(&call(n)).await.expect("messages");
        assert_eq!((found[0].template.as_deref(), found[0].segments), (Some("survey"), 1), "in order {order:?}");
        let came_to = (found[0].status.as_deref(), found[0].error_code);
        assert_eq!(came_to, (Some("undelivered"), Some(30_003)), "in order {order:?}");
    }
}

/// Of a message that nobody says to have sent its fate is kept; messages of a call stand in the order sent.
pub async fn messages_are_listed_by_time(store: &(impl Db + Aftercare)) {
    let told = |number: u32, at| with_message(&sent(at), number);
    record(store, &[told(8, 9), told(9, 2), with_message(&status(1, "sent", None), 7)]).await;
    let found = store.messages(&call(1)).await.expect("messages");
    let order: Vec<_> = found.iter().map(|row| (row.message.clone(), row.template.is_some())).collect();
    assert_eq!(order, [(message(9), true), (message(8), true), (message(7), false)]);
    assert_eq!(store.messages(&call(2)).await.expect("messages"), []);
}

/// A worker's recording is one row, whoever tells of it first: where it is kept, or that it is gone for good.
pub async fn a_recording_of_ours_is_told_in_any_order(store: &(impl Db + Aftercare)) {
    let stored = TapEvent::Stored {
        recording: recording(1),
        place: "harbour/1.wav".into(),
        began_ms: START_MS,
        length_ms: 30_000,
        bytes: 480_044,
        silent_ms: 40,
    };
    let events = [tap(1, stored), deleted(9, "retention")];
    record(store, &events[..1]).await;
    let kept = StoredRecording {
        recording: recording(1),
        call: call(1),
        company: Some(harbour()),
        source: "patchbay".into(),
        place: Some("harbour/1.wav".into()),
        began_ms: Some(START_MS),
        length_ms: Some(30_000),
        bytes: Some(480_044),
        silent_ms: 40,
        status: "stored".into(),
        why: None,
    };
    assert_eq!(store.recordings(&call(1)).await.expect("recordings"), std::slice::from_ref(&kept));
    for (n, order) in (2..).zip(orders(events.len())) {
        tell(store, n, &events, &order).await;
        let (recording, call, place) = (recording(n), call(n), None);
        let (status, why) = ("deleted".into(), Some("retention".into()));
        let gone = StoredRecording { recording, call: call.clone(), place, status, why, ..kept.clone() };
        assert_eq!(store.recordings(&call).await.expect("recordings"), [gone], "in order {order:?}");
    }
}

/// A recording of Twilio's is one row, whoever tells of it first; that Twilio's copy is deleted because it was fetched
/// does not make it gone.
pub async fn a_recording_of_twilios_is_told_in_any_order(store: &(impl Db + Aftercare)) {
    let place = "harbour/2.wav".to_owned();
    let fetched = RecorderEvent::Fetched { recording: recording(1), place, bytes: 960_044 };
    let events = [
        twilios(1, "in-progress", None),
        twilios(5, "completed", Some(30)),
        envelope(Source::Recorder, 0, 7, Event::Recorder(fetched)),
        deleted(8, "fetched"),
    ];
    for (n, order) in (1..).zip(orders(events.len())) {
        tell(store, n, &events, &order).await;
        let kept = StoredRecording {
            recording: recording(n),
            call: call(n),
            company: Some(harbour()),
            source: "twilio".into(),
            place: Some("harbour/2.wav".into()),
            began_ms: Some(START_MS + 5),
            length_ms: Some(30_000),
            bytes: Some(960_044),
            silent_ms: 0,
            status: "stored".into(),
            why: None,
        };
        assert_eq!(store.recordings(&call(n)).await.expect("recordings"), [kept], "in order {order:?}");
    }
}

/// A recording that could not be kept says why.
pub async fn a_lost_recording_says_why(store: &(impl Db + Aftercare)) {
    let lost = TapEvent::Lost { recording: recording(1), why: "no_space".into() };
    record(store, &[tap(1, lost), of_call(2, &with_recording(&twilios(1, "absent", None), 2))]).await;
    for (n, source, why) in [(1, "patchbay", "no_space"), (2, "twilio", "absent")] {
        let found = store.recordings(&call(n)).await.expect("recordings");
        assert_eq!((&*found[0].source, &*found[0].status, found[0].why.as_deref()), (source, "lost", Some(why)));
    }
}

/// Every order in which so many events can come.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let last = count - 1;
    let shorter = orders(last);
    shorter.iter().flat_map(|order| (0..count).map(|at| [&order[..at], &[last], &order[at..]].concat())).collect()
}

/// Tells of call `n` in this order, one event at a time, and some of it again.
async fn tell(store: &impl Db, n: u32, events: &[Envelope], order: &[usize]) {
    for at in order.iter().chain(&order[..1]) {
        let event = with_recording(&with_message(&of_call(n, &events[*at]), n), n);
        record(store, &[event]).await;
    }
}

fn message(number: u32) -> MessageId {
    MessageId::parse(format!("SM{number:032x}")).expect("a message")
}

fn recording(number: u32) -> RecordingId {
    RecordingId::parse(format!("RE{number:032x}")).expect("a recording")
}

/// A worker sent message 1.
fn sent(sequence: u64) -> Envelope {
    let (template, country) = ("confirmation".to_owned(), "US".to_owned());
    let fact = Fact::Message { message: message(1).to_string(), template, country, segments: 2 };
    worker(1, sequence, CallEvent::Fact(fact))
}

/// Twilio's word on message 1.
fn status(sequence: u64, status: &str, error_code: Option<u32>) -> Envelope {
    let told = TwilioEvent::Message { message: message(1), status: status.into(), error_code };
    envelope(Source::Twilio, 0, sequence, Event::Twilio(told))
}

/// Twilio's word on recording 1.
fn twilios(sequence: u64, status: &str, duration_s: Option<u64>) -> Envelope {
    let told = TwilioEvent::Recording { recording: recording(1), status: status.into(), duration_s, channels: Some(2) };
    envelope(Source::Twilio, 1, sequence, Event::Twilio(told))
}

fn tap(sequence: u64, event: TapEvent) -> Envelope {
    envelope(Source::Tap, 1, sequence, Event::Tap(event))
}

/// Recording 1 was deleted.
fn deleted(sequence: u64, why: &str) -> Envelope {
    let told = RecorderEvent::Deleted { recording: recording(1), why: why.into() };
    envelope(Source::Recorder, 0, sequence, Event::Recorder(told))
}

/// The same, told of this message.
fn with_message(event: &Envelope, number: u32) -> Envelope {
    let mut event = event.clone();
    event.key.sequence += u64::from(number) * 100;
    match &mut event.event {
        Event::Worker(CallEvent::Fact(Fact::Message { message: told, .. })) => *told = message(number).to_string(),
        Event::Twilio(TwilioEvent::Message { message: told, .. })
        | Event::Recorder(RecorderEvent::Messaged { message: told, .. }) => *told = message(number),
        _ => {}
    }
    event
}

/// The same, told of this recording.
fn with_recording(event: &Envelope, number: u32) -> Envelope {
    let mut event = event.clone();
    match &mut event.event {
        Event::Tap(TapEvent::Stored { recording: told, .. } | TapEvent::Lost { recording: told, .. })
        | Event::Twilio(TwilioEvent::Recording { recording: told, .. })
        | Event::Recorder(
            RecorderEvent::Fetched { recording: told, .. } | RecorderEvent::Deleted { recording: told, .. },
        ) => *told = recording(number),
        _ => {}
    }
    event
}

/// Where a test needs the recordings of a company: one of call `n` that began then.
pub(super) fn stored(n: u32, began_ms: u64) -> (CallId, RecordingId, Envelope) {
    let (place, length_ms) = (format!("harbour/{n}.wav"), 1_000);
    let told = TapEvent::Stored { recording: recording(n), place, began_ms, length_ms, bytes: 1, silent_ms: 0 };
    (call(n), recording(n), of_call(n, &tap(1, told)))
}

/// The event that the recording of [`stored`] was deleted.
pub(super) fn gone(n: u32) -> Envelope {
    of_call(n, &with_recording(&deleted(9, "asked"), n))
}
