//! A model sums a call up: once, and only with an answer that fits; whatever it says, the record of the call stands.

use crate::server::{Answer, Seen};
use crate::stores::eventually;
use crate::story::call;
use crate::world::{PACE, World, call_of_today};
use call::{CallEvent, Speaker};
use common::cdr::Cdr;
use common::company::SummaryWish;
use common::costs::{CostPart, Costs};
use common::event::{Event, RecorderEvent, Source};
use common::summary::{CallOutcome, Sentiment};
use recorder::after::Pace;
use serde_json::{Value, json};
use std::time::Duration;

/// A world whose agent wants summaries with a field.
async fn world() -> World {
    let mut world = World::new().await;
    let fields = json!({
        "type": "object", "properties": {"reason": {"enum": ["appointment", "other"]}}, "required": ["reason"],
        "additionalProperties": false,
    });
    let wish = SummaryWish { instructions: "Name the tooth.".into(), fields: Some(fields) };
    world.agent().after_call.summary = Some(wish);
    world
}

/// A model's answer as the service sends it.
fn says(content: &str) -> Answer {
    Answer::json(&json!({
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{"message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 60, "prompt_tokens_details": {"cached_tokens": 300}},
    }))
}

fn good() -> Answer {
    says(
        r#"{"summary": "The caller wants an appointment.", "outcome": "partly_resolved", "sentiment": "neutral",
            "fields": {"reason": "appointment"}}"#,
    )
}

/// What of a record a summary must not touch: all but its own cost and that it was told.
fn untouched(cdr: &Cdr) -> Cdr {
    let mut cdr = cdr.clone();
    let mut costs = Costs::default();
    cdr.costs.parts().filter(|(part, _)| *part != CostPart::Summary).for_each(|(part, amount)| costs.add(part, amount));
    cdr.costs = costs;
    cdr.tally.retain(|key, _| !key.starts_with(Source::Recorder.as_str()));
    cdr.evidence = Default::default();
    cdr
}

async fn billed(world: &World) -> usize {
    let events = world.db.db.events(&call(1)).await.unwrap();
    let is_bill = |event: &Event| matches!(event, Event::Recorder(RecorderEvent::Summarized { .. }));
    events.iter().filter(|envelope| is_bill(&envelope.event)).count()
}

fn asked(seen: &Seen) -> (String, String) {
    let body = seen.json();
    let content = |at: usize| body["messages"][at]["content"].as_str().unwrap().to_owned();
    (content(0), content(1))
}

#[tokio::test]
async fn a_summary_is_made_once_when_two_recorders_run_and_told() {
    let mut world = world().await;
    let model = world.model(|_| good()).await;
    let crm = world.hook("crm", &["call.summarized"]).await;
    world.apply().await;
    let (one, other) = (world.start(), world.start());
    world.happened(&call_of_today(1)).await;
    eventually("it is told", async || crm.letters("call.summarized").len() == 1).await;
    eventually("nothing is left to do", async || world.waiting().await == 0).await;
    one.stop().await;
    other.stop().await;

    assert_eq!((model.seen().len(), billed(&world).await), (1, 1));
    let (instructions, transcript) = asked(&model.seen()[0]);
    assert!(instructions.contains("Name the tooth."), "{instructions}");
    assert!(transcript.contains("caller: I need an appointment."), "{transcript}");
    let format = &model.seen()[0].json()["response_format"]["json_schema"];
    assert_eq!(format["strict"], json!(true), "{format}");
    let summary = world.summary(&call(1)).await.unwrap();
    assert_eq!((summary.outcome, summary.sentiment), (CallOutcome::PartlyResolved, Sentiment::Neutral));
    assert_eq!(summary.fields, json!({"reason": "appointment"}));
    let told = crm.letters("call.summarized").remove(0).json();
    assert_eq!(told["data"]["summary"], "The caller wants an appointment.");
    let cdr = world.db.db.cdr(&call(1)).await.unwrap().unwrap();
    assert!(cdr.costs.part(CostPart::Summary) > common::money::Money::ZERO, "{:?}", cdr.costs);
}

#[tokio::test]
async fn nonsense_leaves_the_record_as_it_is_and_becomes_a_dead_letter() {
    let mut world = world().await;
    let mut answers = ["It went well!", r#"{"summary": 1}"#, r#"{"summary": "S.", "outcome": "great"}"#].into_iter();
    let model = world.model(move |_| answers.next().map_or_else(good, says)).await;
    world.apply().await;
    let events = call_of_today(1);
    world.happened(&events).await;
    let before = world.db.db.cdr(&call(1)).await.unwrap().unwrap();
    let recorder = world.start();
    eventually("it is dead", async || world.dead().await.len() == 1).await;
    let after = world.db.db.cdr(&call(1)).await.unwrap().unwrap();
    assert_eq!(untouched(&after), untouched(&before));
    assert_eq!(world.summary(&call(1)).await, None);
    assert_eq!((model.seen().len(), billed(&world).await), (3, 3), "every answer is billed");
    let (again, _) = asked(&model.seen()[2]);
    assert!(again.contains("cannot be used") && again.contains("/summary"), "{again}");
    let dead = world.dead().await.remove(0);
    let why = dead.last_error.clone().unwrap();
    assert!(why.starts_with("the model answered nonsense 3 times") && !why.contains("great"), "{why}");

    world.db.aftercare.revive_jobs(None).await.unwrap();
    eventually("a person had it asked again", async || world.summary(&call(1)).await.is_some()).await;
    recorder.stop().await;
}

#[tokio::test]
async fn no_model_is_asked_about_a_caller_who_said_nothing() {
    let mut world = world().await;
    let model = world.model(|_| good()).await;
    world.apply().await;
    let recorder = world.start();
    let mut events = call_of_today(1);
    let spoke =
        |event: &Event| matches!(event, Event::Worker(CallEvent::Turn(turn)) if turn.speaker == Speaker::Caller);
    events.retain(|envelope| !spoke(&envelope.event));
    world.happened(&events).await;
    eventually("it is summed up", async || world.summary(&call(1)).await.is_some()).await;
    recorder.stop().await;
    let summary = world.summary(&call(1)).await.unwrap();
    assert_eq!((summary.outcome, summary.fields), (CallOutcome::NoRequest, Value::Null));
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_killed_recorders_job_is_done_by_another() {
    let mut world = world().await;
    let model = world.model(|_| Answer::Nothing).await;
    world.apply().await;
    let pace = Pace { hold: Duration::from_millis(300), ..PACE };
    world.happened(&call_of_today(1)).await;
    let first = world.start_at(pace);
    eventually("the model is asked", async || !model.seen().is_empty()).await;
    first.kill().await;
    assert_eq!(world.summary(&call(1)).await, None);

    model.answer(|_| good());
    let second = world.start_at(PACE);
    eventually("it is summed up", async || world.summary(&call(1)).await.is_some()).await;
    second.stop().await;
}

#[tokio::test]
async fn a_model_that_refuses_the_key_is_not_asked_again() {
    let mut world = world().await;
    let model = world.model(|_| Answer::status(401)).await;
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    eventually("it is dead", async || world.dead().await.len() == 1).await;
    assert_eq!(model.seen().len(), 1);
    recorder.stop().await;
}

#[tokio::test]
async fn the_simulated_model_fits_any_agents_fields() {
    let world = world().await;
    world.apply().await;
    let recorder = world.start();
    world.happened(&call_of_today(1)).await;
    eventually("it is summed up", async || world.summary(&call(1)).await.is_some()).await;
    recorder.stop().await;
    let summary = world.summary(&call(1)).await.unwrap();
    assert_eq!((summary.model.as_str(), summary.fields["reason"].as_str()), ("simulated", Some("appointment")));
}
