//! Text messages after calls: the first that fits, in the language of the call, once or not at all.

use crate::server::{Answer, Seen, Server};
use crate::stores::eventually;
use crate::story::call;
use crate::world::{PACE, World, call_of_today};
use common::company::{AfterMessage, MessageTemplate};
use common::event::{Envelope, Event, GatewayEvent};
use common::private::PhoneNumber;
use recorder::after::Pace;
use serde_json::json;
use std::time::Duration;

/// A company that thanks everybody who hung up.
async fn world(answers: impl FnMut(&Seen) -> Answer + Send + 'static) -> (World, Server) {
    let mut world = World::new().await;
    let server = world.twilio(answers).await;
    let template = |texts: &[(&str, &str)]| MessageTemplate {
        description: "Thanks.".into(),
        texts: texts.iter().map(|(language, text)| ((*language).to_owned(), (*text).to_owned())).collect(),
        fields: [("company".to_owned(), 40)].into(),
    };
    world.company.name = "Harbour Rooms".into();
    world.company.texting.templates = [
        ("sorry".to_owned(), template(&[("en-US", "Sorry.")])),
        ("thanks".to_owned(), template(&[("de", "Danke."), ("en-US", "Thank you for calling {company}.")])),
    ]
    .into();
    world.agent().after_call.messages = vec![
        AfterMessage { template: "sorry".into(), when: vec!["agent_unavailable".into()] },
        AfterMessage { template: "thanks".into(), when: vec!["caller_hung_up".into()] },
    ];
    world.apply().await;
    (world, server)
}

fn taken(_: &Seen) -> Answer {
    Answer::With(201, json!({"sid": "SM00000000000000000000000000000001", "num_segments": "1"}).to_string().into())
}

/// Call `n` of somebody messages may go to.
fn call_of_an_american(n: u32) -> Vec<Envelope> {
    let mut events = call_of_today(n);
    for envelope in &mut events {
        if let Event::Gateway(GatewayEvent::Accepted { from, .. }) = &mut envelope.event {
            *from = PhoneNumber::new("+12125550123");
        }
    }
    events
}

#[tokio::test]
async fn the_first_message_that_fits_is_sent_once() {
    let (world, server) = world(taken).await;
    let (one, other) = (world.start(), world.start());
    world.happened(&call_of_an_american(1)).await;
    eventually("it is sent", async || !world.db.aftercare.messages(&call(1)).await.unwrap().is_empty()).await;
    eventually("nothing is left to do", async || world.waiting().await == 0).await;
    one.stop().await;
    other.stop().await;
    let [sent] = &server.seen()[..] else { panic!("sent {} times", server.seen().len()) };
    let form = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(form.contains("To=%2B12125550123") && form.contains("Body=Thank+you+for+calling+Harbour+Rooms."), "{form}");
    assert!(form.contains("StatusCallback=") && form.contains("message-status"), "{form}");
    assert!(world.dead().await.is_empty());
}

#[tokio::test]
async fn no_message_goes_to_a_country_that_is_not_listed() {
    let (mut world, server) = world(taken).await;
    world.company.texting.countries = vec!["CA".into()];
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_an_american(1)).await;
    let looked_after = async || {
        let left = world.db.aftercare.to_look_after(Duration::ZERO, 10).await.unwrap();
        left.is_empty() && world.waiting().await == 0
    };
    eventually("nothing is left to do", looked_after).await;
    recorder.stop().await;
    assert!(server.seen().is_empty() && world.dead().await.is_empty());
}

#[tokio::test]
async fn a_message_that_may_have_been_sent_is_not_sent_again() {
    let (world, server) = world(|_| Answer::Nothing).await;
    let first = world.start_at(Pace { hold: Duration::from_millis(300), ..PACE });
    world.happened(&call_of_an_american(1)).await;
    eventually("it is on its way", async || !server.seen().is_empty()).await;
    first.kill().await;
    server.answer(taken);
    let second = world.start();
    eventually("a person is to decide", async || world.dead().await.len() == 1).await;
    assert_eq!(world.dead().await[0].last_error.as_deref(), Some("it may have been sent"));
    assert_eq!(server.seen().len(), 1);

    world.db.aftercare.revive_jobs(None).await.unwrap();
    eventually("the person decided", async || server.seen().len() == 2).await;
    second.stop().await;
}
