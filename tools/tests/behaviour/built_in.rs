//! What Patchbay does itself, without going anywhere.

use crate::support::Phone;
use call::ToolOutcome::Refused;
use call::{ControlInput, EndBy, Fact, NextStep, Spoken};
use common::company::{BuiltIn, Language, Tool, ToolKind};
use common::testing;
use serde_json::json;
use tools::Want;

fn built_in(name: &str, does: BuiltIn) -> Tool {
    testing::tool(name, ToolKind::BuiltIn(does))
}

#[tokio::test]
async fn hanging_up_ends_the_call_after_the_goodbye() {
    let mut phone = Phone::new(vec![built_in("hang_up", BuiltIn::HangUp)], None);
    let answer = phone.ask("hang_up", &json!({})).await;
    assert_eq!(answer.wants, Some(Want::Control(ControlInput::Finish(EndBy::Agent))));
    assert!(answer.json["result"]["say"].as_str().unwrap().contains("goodbye"));
}

#[tokio::test]
async fn keys_are_sent_and_nothing_else() {
    let mut phone = Phone::new(vec![built_in("play_dtmf", BuiltIn::SendDigits)], None);
    let answer = phone.ask("play_dtmf", &json!({"digits": "12w*#"})).await;
    let step = NextStep::Digits { keys: Spoken::new("12w*#") };
    assert_eq!(answer.wants, Some(Want::Control(ControlInput::Leave(step))));
    for digits in ["", "12a", "+1", "1 2", "1,2", "W", "1\n2", "<Dial>", &"1".repeat(65)] {
        let answer = phone.ask("play_dtmf", &json!({"digits": digits})).await;
        answer.is_error("invalid_arguments", Refused);
        assert_eq!(answer.wants, None);
    }
}

#[tokio::test]
async fn a_ticket_is_a_fact_and_its_repeat_is_the_same_ticket() {
    let mut phone = Phone::new(vec![built_in("create_ticket", BuiltIn::CreateTicket)], None);
    let words = json!({"subject": "Broken lamp", "details": "In room 12.", "priority": "high", "category": "repair"});
    let answer = phone.ask("create_ticket", &words).await;
    let [Fact::Ticket { number, priority, category, subject, details }] = &answer.whole.facts[..] else {
        panic!("{:?}", answer.whole.facts)
    };
    assert_eq!(answer.json["result"]["ticket"], number.as_str());
    assert!(number.starts_with("T-"));
    assert_eq!((priority.as_str(), category.as_str()), ("high", "repair"));
    assert_eq!((subject.reveal(), details.reveal()), ("Broken lamp", "In room 12."));

    let again = phone.ask("create_ticket", &words).await;
    assert_eq!((again.json, again.whole.facts.len()), (answer.json, 0));
    let other = phone.ask("create_ticket", &json!({"subject": "Broken chair"})).await;
    assert_ne!(other.json["result"]["ticket"], number.as_str());
    let wrong = phone.ask("create_ticket", &json!({"subject": "x", "priority": "at once"})).await;
    wrong.is_error("invalid_arguments", Refused);
}

#[tokio::test]
async fn another_worker_knows_the_ticket() {
    let mut phone = Phone::new(vec![built_in("create_ticket", BuiltIn::CreateTicket)], None);
    let words = json!({"subject": "Broken lamp"});
    let first = phone.ask("create_ticket", &words).await;
    phone.resume("create_ticket", &words, call::ToolStage::Done { output: first.whole.output });
    let again = phone.ask("create_ticket", &words).await;
    assert_eq!((again.json, again.whole.facts.len()), (first.json, 0));
}

#[tokio::test]
async fn a_routing_number_is_checked() {
    let mut phone = Phone::new(vec![built_in("check", BuiltIn::ValidateRoutingNumber)], None);
    phone.ask("check", &json!({"routing_number": "0210-0002-1"})).await.is_result(&json!({"valid": true}));
    let wrong = phone.ask("check", &json!({"routing_number": "021000022"})).await;
    assert_eq!(wrong.json["result"]["valid"], false);
    phone.ask("check", &json!({})).await.is_error("invalid_arguments", Refused);
}

#[tokio::test]
async fn the_language_is_switched_to_one_the_agent_speaks() {
    let mut phone = Phone::new(vec![built_in("set_language", BuiltIn::SetLanguage)], None);
    let spanish = Language { tag: "es".into(), ..phone.agent.languages[0].clone() };
    phone.agent.languages.push(spanish);
    let answer = phone.ask("set_language", &json!({"language": "es-MX"})).await;
    assert_eq!(answer.wants, Some(Want::Language("es".into())));
    let unknown = phone.ask("set_language", &json!({"language": "fr"})).await;
    unknown.is_error("not_spoken", Refused);
    assert_eq!(unknown.json["details"]["languages"], json!(["en", "es"]));
}
