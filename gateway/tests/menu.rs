//! Keys before the agent.

use crate::support::document::attribute;
use crate::support::request::Question;
use crate::support::worker::{FakeWorker, Manner};
use crate::support::{Answer, Gateway, PUBLIC, World, call, kinds};
use common::company::{Briefing, Choice, Company, Menu, Target};
use common::private::PhoneNumber;
use std::collections::BTreeMap;

#[tokio::test]
async fn the_caller_chooses_a_language() {
    let bench = Bench::new().await;
    let document = bench.voice().await.document();
    assert_eq!(document.names(), ["Gather", "Redirect"]);
    let gather = document.verb("Gather");
    assert!(gather.contains("Please press a key") && gather.contains(r#"numDigits="1""#), "{gather}");
    assert_eq!(bench.worker.reservations().len(), 0, "nobody is woken before the choice");

    bench.press(&attribute(gather, "action"), "2").await.document().stream();

    let reserved = bench.worker.reservations().remove(0);
    assert_eq!((reserved.agent.language.as_str(), reserved.conversation), ("es", None));
    bench.gateway.settle().await;
    assert_eq!(kinds(&bench.world.events().await), ["gateway.accepted", "gateway.chosen", "gateway.assigned"]);
}

#[tokio::test]
async fn whoever_presses_nothing_or_nonsense_reaches_the_agent() {
    for digits in ["", "9"] {
        let bench = Bench::new().await;
        let document = bench.voice().await.document();
        bench.press(&attribute(document.verb("Gather"), "action"), digits).await.document().stream();
        assert_eq!(bench.worker.reservations()[0].agent.language, "en");
    }
}

#[tokio::test]
async fn a_key_can_lead_straight_to_a_person() {
    let bench = Bench::new().await;
    let document = bench.voice().await.document();
    let dial = bench.press(&attribute(document.verb("Gather"), "action"), "0").await.document();
    assert!(dial.verb("Dial").contains("+15005550101"), "{dial:?}");
    assert_eq!(bench.worker.reservations().len(), 0);
}

#[tokio::test]
async fn a_key_pressed_twice_over_the_wire_is_one_choice() {
    let bench = Bench::new().await;
    let document = bench.voice().await.document();
    let action = attribute(document.verb("Gather"), "action");
    let first = bench.press(&action, "2").await;
    assert_eq!(first, bench.press(&action, "2").await);
    assert_eq!(bench.worker.reservations().len(), 1);
}

#[tokio::test]
async fn a_path_that_names_the_language_needs_no_menu() {
    let bench = Bench::new().await;
    let question = Question::ask("/twilio/demo/es/voice", &call(1), "ringing");
    bench.gateway.answer(question.post()).await.document().stream();
    assert_eq!(bench.worker.reservations()[0].agent.language, "es");
}

struct Bench {
    world: World,
    gateway: Gateway,
    worker: FakeWorker,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().with_company(add_menu);
        let gateway = world.gateway();
        let worker = FakeWorker::start(&world, "worker-0", Manner::Willing).await;
        Self { world, gateway, worker }
    }

    async fn voice(&self) -> Answer {
        self.gateway.answer(Question::voice(&call(1)).post()).await
    }

    async fn press(&self, url: &str, digits: &str) -> Answer {
        let path = url.strip_prefix(PUBLIC).unwrap();
        self.gateway.answer(Question::ask(path, &call(1), "in-progress").with("Digits", digits).post()).await
    }
}

fn add_menu(company: &mut Company) {
    let target = Target {
        number: PhoneNumber::new("+15005550101"),
        description: "For a test.".into(),
        ring_s: 15,
        talk_s: 600,
        briefing: Briefing::None,
    };
    company.targets.insert("desk".into(), target);
    for agent in company.agents.values_mut() {
        let mut spanish = agent.languages[0].clone();
        spanish.tag = "es".into();
        agent.languages.push(spanish);
        let keys = [('2', Choice::Language("es".into())), ('0', Choice::Target("desk".into()))];
        agent.menu = Some(Menu { wait_s: 5, keys: BTreeMap::from(keys) });
    }
}
