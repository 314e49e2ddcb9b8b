//! The agent is configured anew in mid-call: by its own wish for another language, or by a new version of it.

use crate::support::provider::{FakeProvider, Greeted, ProviderSession, agent_with};
use crate::support::{Bench, Setup, call, demo_company, worker_event};
use ::call::{CallEvent, Conversation};
use common::company::{AgentSnapshot, BuiltIn, Company, Language, ToolKind};
use common::control::{CONFIG, ConfigChanged, Reach};
use common::ports::Bus;
use serde_json::{Value, json};

#[tokio::test]
async fn a_language_the_agent_chooses_is_spoken_from_its_next_answer_on() {
    let mut greeted = Greeted::by(bilingual(), &[]).await;

    greeted.session.ask("fc_1", "set_language", json!({"language": "es"})).await;

    // In this order: the model is configured before it hears that it is.
    let update = greeted.session.told("session.update").await;
    assert!(instructions(&update).starts_with("Habla español."));
    assert_eq!(greeted.session.output_of("fc_1").await["error"], Value::Null);
    greeted.session.told("response.create").await;
    assert_eq!(configured(&mut greeted.bench).await, (demo_agent_version(), "es".to_owned()));
    let checkpoint = greeted.bench.session(&call(1)).await.checkpoint.unwrap();
    let stored: Conversation = serde_json::from_slice(&checkpoint).unwrap();
    assert_eq!(stored.language.as_deref(), Some("es"), "for whoever goes on");
}

#[tokio::test]
async fn a_link_that_is_dialled_later_speaks_the_language_too() {
    let mut greeted = Greeted::by(bilingual(), &[]).await;
    greeted.session.ask("fc_1", "set_language", json!({"language": "es"})).await;
    greeted.session.output_of("fc_1").await;

    drop(greeted.session);

    let mut session = greeted.provider.session().await;
    assert!(opened_with(&mut session).await.starts_with("Habla español."));
}

#[tokio::test]
async fn a_call_that_comes_back_goes_on_in_the_language_it_had() {
    let provider = FakeProvider::start().await;
    let setup = Setup::new().with("openai.base_url", &provider.base_url()).with("openai.api_key", "sk-test");
    let bench = setup.start().await;
    let heard = Conversation { language: Some("es".into()), ..Conversation::default() };
    bench.reserve_resumed(&call(1), bilingual(), heard).await;
    let mut session = provider.session().await;
    assert!(opened_with(&mut session).await.starts_with("Habla español."));
}

#[tokio::test]
async fn a_new_version_reaches_a_call_under_way() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;

    change(&greeted.bench, Reach::AllCalls).await;

    let update = greeted.session.told("session.update").await;
    assert!(instructions(&update).starts_with("You know of the flood."));
    assert_eq!(configured(&mut greeted.bench).await, ("2".to_owned(), "en".to_owned()));
    greeted.session.answer("The cellar is closed.", &[0x66; 800]).await;
    greeted.telephone.hear(1).await;
    greeted.telephone.stop().await;
    greeted.telephone.closed().await;
    let events = greeted.bench.events_until("ended").await;
    let versions = events.iter().filter_map(|event| match worker_event(event) {
        CallEvent::Turn(turn) => turn.version.clone(),
        _ => None,
    });
    assert_eq!(versions.collect::<Vec<_>>(), [demo_agent_version(), "2".to_owned()]);
}

#[tokio::test]
async fn a_new_version_for_new_calls_leaves_a_call_under_way_alone() {
    let mut greeted = Greeted::by(agent_with(&[]), &[]).await;
    change(&greeted.bench, Reach::NewCalls).await;
    // Told after it, on the same connection: whatever the change did would come first.
    greeted.telephone.speak(&[0x77; 160]).await;
    greeted.session.told_first("input_audio_buffer.append").await;
}

/// Puts a new version of the demo company's agent into force and says so.
async fn change(bench: &Bench, reach: Reach) {
    let mut company: Company = demo_company();
    for agent in company.agents.values_mut() {
        agent.version = "2".into();
        agent.languages[0].instructions = "You know of the flood.".into();
    }
    let revision = bench.directory.apply(&company, "test").await.unwrap();
    let changed = ConfigChanged { company: company.id, revision, reach };
    bench.bus.tell(CONFIG, serde_json::to_vec(&changed).unwrap().into()).await.unwrap();
}

fn bilingual() -> AgentSnapshot {
    let mut tool = common::testing::tool("set_language", ToolKind::BuiltIn(BuiltIn::SetLanguage));
    tool.parameters = json!({"type": "object", "properties": {"language": {"type": "string"}}});
    let mut agent = agent_with(&[tool]);
    let spanish = Language { tag: "es".into(), instructions: "Habla español.".into(), ..agent.languages[0].clone() };
    agent.languages.push(spanish);
    agent
}

fn demo_agent_version() -> String {
    crate::support::demo_agent().version
}

fn instructions(update: &Value) -> &str {
    update["session"]["instructions"].as_str().unwrap()
}

async fn opened_with(session: &mut ProviderSession) -> String {
    session.say(json!({"type": "session.created", "session": {}})).await;
    instructions(&session.told("session.update").await).to_owned()
}

async fn configured(bench: &mut Bench) -> (String, String) {
    let events = bench.events_until("configured").await;
    let event = events.iter().find(|event| event.event.kind() == "configured").unwrap();
    let CallEvent::Configured { version, language, .. } = worker_event(event) else { panic!() };
    (version.clone(), language.clone())
}
