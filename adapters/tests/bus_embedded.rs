//! The bus in this process keeps what the port promises, on simulated time.

use adapters::bus::Embedded;
use common::ids::Epoch;
use common::ports::contract::{bus, event, events, fresh_call};
use common::ports::{Bus, BusError};
use std::time::Duration;

macro_rules! embedded {
    ($suite:ident: $($sentence:ident),* $(,)?) => {$(
        #[tokio::test(start_paused = true)]
        async fn $sentence() {
            $suite::$sentence(&Embedded::new()).await;
        }
    )*};
}

common::bus_contract!(embedded);

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_delivered_as_it_is() {
    let bus = Embedded::new();
    bus::what_cannot_be_read_is_delivered_as_it_is(&bus, async |poison| bus.inject(poison).unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn no_event_is_lost() {
    bus::no_event_is_lost(&Embedded::new()).await;
}

#[tokio::test(start_paused = true)]
async fn no_event_is_lost_on_an_awkward_bus() {
    bus::no_event_is_lost(&Embedded::awkward()).await;
}

#[tokio::test(start_paused = true)]
async fn an_awkward_bus_delivers_twice_and_out_of_order() {
    let bus = Embedded::awkward();
    for event in events(&fresh_call(), Epoch(1), 100) {
        bus.publish(&event, None).await.unwrap();
    }
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let mut given = Vec::new();
    loop {
        let batch = consumer.batch(100, Duration::from_secs(1)).await.unwrap();
        if batch.is_empty() {
            break;
        }
        given.extend(batch.iter().map(|delivery| delivery.payload.clone()));
        consumer.ack(&batch).await.unwrap();
    }
    let mut once = given.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), 100);
    assert!(given.len() > 100, "some come twice");
    assert!(!given[..100].is_sorted(), "some come late");
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_away_says_so_and_comes_back_with_what_it_had() {
    let bus = Embedded::new();
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let event = event(&fresh_call(), Epoch(1), 0);
    bus.publish(&event, None).await.unwrap();
    bus.set_away(true);
    assert!(matches!(bus.publish(&event, None).await, Err(BusError::Away(_))));
    assert!(matches!(consumer.batch(1, Duration::from_secs(1)).await, Err(BusError::Away(_))));
    assert!(matches!(bus.check().await, Err(BusError::Away(_))));
    bus.set_away(false);
    assert_eq!(consumer.batch(1, Duration::from_secs(1)).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_bus_refuses_until_something_was_acknowledged() {
    let bus = Embedded::holding(3);
    let mut consumer = bus.consumer("recorder").await.unwrap();
    let events = events(&fresh_call(), Epoch(1), 4);
    for event in &events[..3] {
        bus.publish(event, None).await.unwrap();
    }
    assert!(matches!(bus.publish(&events[3], None).await, Err(BusError::Refused(_))));
    let batch = consumer.batch(3, Duration::from_secs(1)).await.unwrap();
    consumer.ack(&batch).await.unwrap();
    bus.publish(&events[3], None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_repeat_after_the_window_is_another_event() {
    let bus = Embedded::new();
    let event = event(&fresh_call(), Epoch(1), 0);
    bus.publish(&event, None).await.unwrap();
    tokio::time::advance(adapters::bus::DUPLICATE_WINDOW).await;
    bus.publish(&event, None).await.unwrap();
    let mut consumer = bus.consumer("recorder").await.unwrap();
    assert_eq!(consumer.batch(10, Duration::from_secs(1)).await.unwrap().len(), 2);
}
