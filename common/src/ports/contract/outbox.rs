//! The outbox: events wait in it until they are in the record.

use super::{LONG, SHORT, event, events, eventually, fresh_call};
use crate::event::Envelope;
use crate::ids::{CallId, Epoch};
use crate::ports::{OutboxId, SessionWrite, State};
use std::collections::BTreeMap;
use std::time::Duration;

/// The places are those under which the outbox gives the events, in the order they were written.
pub async fn a_write_puts_its_events_in_order(state: &dyn State) {
    let call = fresh_call();
    let epoch = state.claim(&call).await.unwrap().epoch;
    let all = events(&call, epoch, 5);
    let mut places = Vec::new();
    for part in [&all[..2], &all[2..]] {
        let write = SessionWrite { events: part.to_vec(), ..SessionWrite::new(call.clone(), epoch) };
        places.extend(state.write(&write).await.unwrap().outbox);
    }
    let expected: Vec<_> = places.into_iter().zip(all).collect();
    assert_eq!(waiting(state).await, expected);
}

/// What a gateway or Twilio says of a call needs no claim. One step may speak of many calls.
pub async fn an_event_outside_a_session_waits_too(state: &dyn State) {
    let all: Vec<_> = (0..20).map(|_| event(&fresh_call(), Epoch(0), 0)).collect();
    let places = state.enqueue(&all).await.unwrap();
    let given: BTreeMap<_, _> = waiting(state).await.into_iter().map(|(place, event)| (place.0, event)).collect();
    let expected: BTreeMap<_, _> = places.into_iter().map(|place| place.0).zip(all).collect();
    assert_eq!(given, expected);
}

/// To give an event is not to forget it: whoever asked may die.
pub async fn an_event_waits_until_it_is_forgotten(state: &dyn State) {
    let all = events(&fresh_call(), Epoch(1), 3);
    let places = state.enqueue(&all).await.unwrap();
    assert_eq!(waiting(state).await.len(), 3);
    assert_eq!(waiting(state).await.len(), 3);
    state.forget(&places[..2]).await.unwrap();
    assert_eq!(waiting(state).await, [(places[2].clone(), all[2].clone())]);
    state.forget(&places).await.unwrap();
    assert_eq!(waiting(state).await, []);
}

/// The worker that wrote it is about to publish it itself.
pub async fn a_young_event_is_not_given_yet(state: &dyn State) {
    let places = state.enqueue(&[event(&fresh_call(), Epoch(1), 0)]).await.unwrap();
    assert_eq!(state.outbox(LONG, 10).await.unwrap(), []);
    eventually("the event grew old", async || {
        state.outbox(SHORT, 10).await.unwrap().iter().map(|(place, _)| place).eq(&places)
    })
    .await;
}

/// However many younger ones there are in however many calls.
pub async fn the_oldest_come_first_and_no_more_than_asked_for(state: &dyn State) {
    let oldest = state.enqueue(&[event(&fresh_call(), Epoch(1), 0)]).await.unwrap();
    eventually("the event grew old", async || !state.outbox(SHORT, 1).await.unwrap().is_empty()).await;
    let younger: Vec<_> = (0..300).map(|_| event(&fresh_call(), Epoch(1), 0)).collect();
    state.enqueue(&younger).await.unwrap();
    let given = state.outbox(Duration::ZERO, 50).await.unwrap();
    assert_eq!(given.len(), 50);
    assert_eq!(given[0].0, oldest[0]);
}

/// One call with more events than fit, among others that are younger.
pub async fn a_long_call_does_not_lose_its_order(state: &dyn State) {
    let long = fresh_call();
    let all = events(&long, Epoch(1), 500);
    state.enqueue(&all).await.unwrap();
    eventually("the events grew old", async || state.outbox(SHORT, 500).await.unwrap().len() == 500).await;
    let younger: Vec<_> = (0..300).map(|_| event(&fresh_call(), Epoch(1), 0)).collect();
    state.enqueue(&younger).await.unwrap();
    let given = state.outbox(Duration::ZERO, 400).await.unwrap();
    assert!(given.iter().map(|(_, event)| event).eq(&all[..400]), "the 400 oldest, in order");
}

/// Whoever gives and forgets, bite by bite, leaves nothing behind.
pub async fn everything_is_given_however_small_the_bites(state: &dyn State) {
    let calls: Vec<CallId> = (0..40).map(|_| fresh_call()).collect();
    let all: Vec<_> = calls.iter().flat_map(|call| events(call, Epoch(1), 5)).collect();
    state.enqueue(&all).await.unwrap();
    let mut given: BTreeMap<CallId, Vec<u64>> = BTreeMap::new();
    loop {
        let bite = state.outbox(Duration::ZERO, 7).await.unwrap();
        if bite.is_empty() {
            break;
        }
        let places: Vec<_> = bite.iter().map(|(place, _)| place.clone()).collect();
        state.forget(&places).await.unwrap();
        for (_, event) in bite {
            given.entry(event.key.call).or_default().push(event.key.sequence);
        }
    }
    assert_eq!(given.len(), calls.len());
    assert!(given.values().all(|sequences| sequences.iter().eq(&[0, 1, 2, 3, 4])), "{given:?}");
}

/// A recorder repeats itself, and may hand on ids that another build wrote.
pub async fn forgetting_what_is_not_there_is_no_fault(state: &dyn State) {
    let places = state.enqueue(&[event(&fresh_call(), Epoch(1), 0)]).await.unwrap();
    let foreign = ["", "x", "17:", "99:1-1", "3:1-1"].map(|id| OutboxId(id.into()));
    state.forget(&[]).await.unwrap();
    state.forget(&foreign).await.unwrap();
    assert_eq!(waiting(state).await.len(), 1);
    state.forget(&places).await.unwrap();
    state.forget(&places).await.unwrap();
}

/// One entry that cannot be read does not hold up the others. `spoil` puts one into the outbox of a call.
pub async fn an_unreadable_entry_is_passed_over(state: &dyn State, spoil: impl AsyncFn(&CallId)) {
    let call = fresh_call();
    let all = events(&call, Epoch(1), 2);
    state.enqueue(&all[..1]).await.unwrap();
    spoil(&call).await;
    state.enqueue(&all[1..]).await.unwrap();
    for _ in 0..2 {
        assert!(waiting(state).await.iter().map(|(_, event)| event).eq(&all));
    }
}

async fn waiting(state: &dyn State) -> Vec<(OutboxId, Envelope)> {
    state.outbox(Duration::ZERO, 1000).await.unwrap()
}
