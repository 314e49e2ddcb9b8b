//! The bus: what was published comes, at least once, until it is acknowledged.

use super::{PATIENCE, SHORT, event, events, fresh_call};
use crate::event::Envelope;
use crate::ids::Epoch;
use crate::ports::{Bus, BusError, Consumer, Delivery, OutboxId};
use bytes::Bytes;
use futures_util::future::join;
use futures_util::{Stream, StreamExt};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// As it was, with its place in the outbox, for the first time.
pub async fn a_published_event_is_delivered(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let all = events(&fresh_call(), Epoch(1), 2);
    let place = OutboxId("17:1764000000000-0".into());
    bus.publish(&all[0], Some(&place)).await.unwrap();
    bus.publish(&all[1], None).await.unwrap();
    let given = take(&mut *consumer, 2).await;
    assert_eq!(read(&given), all);
    assert_eq!(given.iter().map(|delivery| delivery.outbox.clone()).collect::<Vec<_>>(), [Some(place), None]);
    assert!(given.iter().all(|delivery| delivery.attempt == 1));
}

/// A recorder that dies before its commit loses nothing.
pub async fn what_is_not_acknowledged_comes_again(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let all = events(&fresh_call(), Epoch(1), 3);
    publish(bus, &all).await;
    take(&mut *consumer, 3).await;
    drop(consumer);
    let mut successor = bus.consumer("recorder").await.unwrap();
    let again = take(&mut *successor, 3).await;
    assert_eq!(keys(&read(&again)), keys(&all));
    assert!(again.iter().all(|delivery| delivery.attempt > 1));
}

/// While what was not acknowledged does.
pub async fn an_acknowledged_event_does_not_come_again(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let all = events(&fresh_call(), Epoch(1), 300);
    publish(bus, &all).await;
    let given = take(&mut *consumer, all.len()).await;
    let (open, done): (Vec<_>, Vec<_>) = given.into_iter().partition(|delivery| sequence(delivery) == 0);
    consumer.ack(&done).await.unwrap();
    consumer.ack(&done).await.unwrap();
    for attempt in 2..4 {
        let again = take(&mut *consumer, 1).await;
        assert_eq!(again.iter().map(sequence).collect::<Vec<_>>(), [0]);
        assert_eq!(again[0].attempt, attempt);
    }
    consumer.ack(&open).await.unwrap();
}

/// Not sooner, so that a database that is away is not asked all the time.
pub async fn an_event_asked_for_again_comes_after_the_delay(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    publish(bus, &events(&fresh_call(), Epoch(1), 2)).await;
    let given = take(&mut *consumer, 2).await;
    consumer.ack(&given[..1]).await.unwrap();
    let asked = Instant::now();
    consumer.again(&given[1], SHORT).await.unwrap();
    let again = take(&mut *consumer, 1).await;
    assert!(asked.elapsed() >= SHORT, "{:?}", asked.elapsed());
    assert_eq!((sequence(&again[0]), again[0].attempt), (1, 2));
}

/// What is published again because its acknowledgement was lost costs nobody anything.
pub async fn a_repeat_within_the_window_is_one_event(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 2);
    for event in [&all[0], &all[0], &all[1], &all[0]] {
        bus.publish(event, None).await.unwrap();
    }
    let mut consumer = bus.consumer("recorder").await.unwrap();
    assert_eq!(read(&take(&mut *consumer, 2).await), all);
    assert_eq!(consumer.batch(10, SHORT).await.unwrap().len(), 0);
}

/// A recorder that was never there before misses nothing.
pub async fn a_late_consumer_sees_everything(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 50);
    publish(bus, &all).await;
    let mut first = bus.consumer("first").await.unwrap();
    let given = take(&mut *first, 50).await;
    first.ack(&given).await.unwrap();
    let mut late = bus.consumer("late").await.unwrap();
    assert_eq!(read(&take(&mut *late, 50).await), all);
}

/// A restart begins where the last commit ended.
pub async fn a_consumer_goes_on_where_it_was(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 4);
    publish(bus, &all[..2]).await;
    let mut before = bus.consumer("recorder").await.unwrap();
    let given = take(&mut *before, 2).await;
    before.ack(&given).await.unwrap();
    drop(before);
    publish(bus, &all[2..]).await;
    let mut after = bus.consumer("recorder").await.unwrap();
    assert_eq!(read(&take(&mut *after, 2).await), all[2..]);
}

/// Two recorders record twice as fast, not everything twice.
pub async fn two_of_one_name_share_the_work(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 200);
    publish(bus, &all).await;
    let mut one = bus.consumer("recorder").await.unwrap();
    let mut other = bus.consumer("recorder").await.unwrap();
    let mut given = Vec::new();
    while given.len() < all.len() {
        let (one, other) = join(one.batch(30, SHORT), other.batch(30, SHORT)).await;
        let both: Vec<_> = one.unwrap().into_iter().chain(other.unwrap()).collect();
        assert!(!both.is_empty(), "only {} of {} came", given.len(), all.len());
        given.extend(both);
    }
    assert!(given.iter().all(|delivery| delivery.attempt == 1));
    assert_eq!(keys(&read(&given)), keys(&all));
}

/// What one acknowledges the other still gets.
pub async fn two_of_different_names_both_see_everything(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 10);
    for name in ["recorder", "console"] {
        bus.consumer(name).await.unwrap();
    }
    publish(bus, &all).await;
    for name in ["recorder", "console"] {
        let mut consumer = bus.consumer(name).await.unwrap();
        let given = take(&mut *consumer, 10).await;
        assert_eq!(read(&given), all);
        consumer.ack(&given).await.unwrap();
    }
}

/// As long as nothing has to come again.
pub async fn the_order_of_a_call_is_kept(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let (one, other) = (events(&fresh_call(), Epoch(1), 100), events(&fresh_call(), Epoch(1), 100));
    for (one, other) in one.iter().zip(&other) {
        bus.publish(one, None).await.unwrap();
        bus.publish(other, None).await.unwrap();
    }
    let given = read(&take(&mut *consumer, 200).await);
    for all in [one, other] {
        assert!(given.iter().filter(|event| event.key.call == all[0].key.call).eq(&all));
    }
}

/// And what is left over comes with the next.
pub async fn a_batch_is_no_larger_than_asked_for(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 10);
    publish(bus, &all).await;
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let mut given = Vec::new();
    while given.len() < all.len() {
        let batch = consumer.batch(3, PATIENCE).await.unwrap();
        assert!((1..=3).contains(&batch.len()), "{}", batch.len());
        given.extend(read(&batch));
    }
    assert_eq!(given, all);
}

/// It does not wait until it is full.
pub async fn a_batch_comes_as_soon_as_something_is_there(bus: &dyn Bus) {
    publish(bus, &events(&fresh_call(), Epoch(1), 3)).await;
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let asked = Instant::now();
    assert_eq!(consumer.batch(500, PATIENCE).await.unwrap().len(), 3);
    assert!(asked.elapsed() < PATIENCE / 4, "{:?}", asked.elapsed());
}

/// A recorder with nothing to do learns at once when there is.
pub async fn an_event_ends_the_wait_for_it(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let event = event(&fresh_call(), Epoch(1), 0);
    let publish_later = async {
        tokio::time::sleep(SHORT).await;
        bus.publish(&event, None).await.unwrap();
    };
    let asked = Instant::now();
    let (batch, ()) = join(consumer.batch(500, PATIENCE), publish_later).await;
    assert_eq!(read(&batch.unwrap()), std::slice::from_ref(&event));
    assert!(asked.elapsed() < PATIENCE / 4, "{:?}", asked.elapsed());
}

/// After the wait, so that whoever asks can do something else in between.
pub async fn an_empty_stream_gives_an_empty_batch(bus: &dyn Bus) {
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let asked = Instant::now();
    assert_eq!(consumer.batch(10, SHORT).await.unwrap().len(), 0);
    assert!((SHORT / 2..SHORT + PATIENCE / 4).contains(&asked.elapsed()), "{:?}", asked.elapsed());
}

/// Not what was before: that is in the record.
pub async fn a_watcher_sees_events_from_now_on(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 3);
    bus.publish(&all[0], None).await.unwrap();
    let mut live = bus.live().await.unwrap();
    publish(bus, &all[1..]).await;
    assert_eq!([next(&mut live).await, next(&mut live).await], all[1..]);
}

/// On its topic; and telling where nobody listens is no fault.
pub async fn a_listener_hears_what_is_told(bus: &dyn Bus) {
    bus.tell("drain.worker-1", Bytes::from_static(b"nobody hears this")).await.unwrap();
    let mut listener = bus.listen("drain.worker-1").await.unwrap();
    bus.tell("drain.worker-2", Bytes::from_static(b"this is for another")).await.unwrap();
    bus.tell("drain.worker-1", Bytes::from_static(b"\x00\xff")).await.unwrap();
    bus.tell("drain.worker-1", Bytes::new()).await.unwrap();
    assert_eq!(next(&mut listener).await, Bytes::from_static(b"\x00\xff"));
    assert_eq!(next(&mut listener).await, Bytes::new());
}

/// A name that came from outside must not listen to everything.
pub async fn a_topic_with_a_wildcard_is_refused(bus: &dyn Bus) {
    for topic in ["", "*", "drain.*", "drain.>", ">", "a b", "a..b", "a\r\nPING"] {
        assert!(matches!(bus.tell(topic, Bytes::new()).await, Err(BusError::Refused(_))), "{topic:?}");
        assert!(matches!(bus.listen(topic).await, Err(BusError::Refused(_))), "{topic:?}");
    }
}

/// As it is: the recorder decides what becomes of it. `inject` puts bytes on the stream.
pub async fn what_cannot_be_read_is_delivered_as_it_is(bus: &dyn Bus, inject: impl AsyncFnOnce(Bytes)) {
    let poison = Bytes::from_static(b"{\"version\":1,\"key\":\x00\xff");
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let mut live = bus.live().await.unwrap();
    inject(poison.clone()).await;
    let after = event(&fresh_call(), Epoch(1), 0);
    bus.publish(&after, None).await.unwrap();
    let given = take(&mut *consumer, 2).await;
    assert_eq!(given[0].payload, poison);
    assert_eq!(read(&given[1..]), std::slice::from_ref(&after));
    assert_eq!(next(&mut live).await, after);
}

/// Whatever comes twice, late or out of order: whoever acknowledges all of it has seen everything and comes to an end.
pub async fn no_event_is_lost(bus: &dyn Bus) {
    let all = events(&fresh_call(), Epoch(1), 500);
    publish(bus, &all).await;
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let mut seen = BTreeSet::new();
    loop {
        let batch = consumer.batch(40, 4 * SHORT).await.unwrap();
        if batch.is_empty() {
            break;
        }
        seen.extend(keys(&read(&batch)));
        consumer.ack(&batch).await.unwrap();
    }
    assert_eq!(seen, keys(&all));
}

async fn publish(bus: &dyn Bus, events: &[Envelope]) {
    for event in events {
        bus.publish(event, None).await.unwrap();
    }
}

/// The next `count`, however many batches they come in; never more.
async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Delivery> {
    let mut given = Vec::new();
    let take = async {
        while given.len() < count {
            given.extend(consumer.batch(count - given.len(), Duration::from_secs(1)).await.unwrap());
        }
    };
    let timely = tokio::time::timeout(PATIENCE, take).await.is_ok();
    assert!(timely, "only {} of {count} came", given.len());
    given
}

async fn next<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> T {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await;
    next.expect("nothing came").expect("the stream ended")
}

fn read(batch: &[Delivery]) -> Vec<Envelope> {
    batch.iter().map(|delivery| serde_json::from_slice(&delivery.payload).unwrap()).collect()
}

fn sequence(delivery: &Delivery) -> u64 {
    serde_json::from_slice::<Envelope>(&delivery.payload).unwrap().key.sequence
}

fn keys(events: &[Envelope]) -> BTreeSet<String> {
    events.iter().map(|event| event.key.to_string()).collect()
}
