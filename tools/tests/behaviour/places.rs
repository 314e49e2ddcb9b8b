//! Sending the call elsewhere: to places of the list, and nowhere else.

use crate::support::Phone;
use call::ToolOutcome::Refused;
use call::{ControlInput, Fact, NextStep, Spoken};
use common::company::{Briefing, BuiltIn, Queue, Room, Target, ToolKind};
use common::private::PhoneNumber;
use common::testing;
use serde_json::json;
use tools::Want;

fn phone() -> Phone {
    let tool = |name: &str, does| testing::tool(name, ToolKind::BuiltIn(does));
    let tools = vec![
        tool("transfer_call", BuiltIn::Transfer),
        tool("enqueue", BuiltIn::Enqueue),
        tool("meet", BuiltIn::Conference),
    ];
    let mut phone = Phone::new(tools, None);
    for (name, number, briefing) in [
        ("sales", "+12025550143", Briefing::None),
        ("support", "+442079460123", Briefing::Spoken),
        ("hotline", "+19005551234", Briefing::None),
        ("ship", "+870773111632", Briefing::None),
        ("typo", "+1202555014", Briefing::None),
    ] {
        let number = PhoneNumber::new(number);
        let target = Target { number, description: String::new(), ring_s: 20, talk_s: 600, briefing };
        phone.agent.targets.insert(name.into(), target);
    }
    let members = |name: &str| vec![name.to_owned()];
    let queue = |member| Queue { members: members(member), wait_s: 60, music: None };
    phone.agent.queues.insert("desk".into(), queue("sales"));
    phone.agent.queues.insert("dear".into(), queue("hotline"));
    phone.agent.queues.insert("gone".into(), queue("nobody"));
    phone.agent.rooms.insert("board".into(), Room { members: members("support") });
    phone
}

async fn leaves(tool: &str, arguments: serde_json::Value) -> NextStep {
    let answer = phone().ask(tool, &arguments).await;
    let Some(Want::Control(ControlInput::Leave(step))) = answer.wants else { panic!("{}", answer.json) };
    assert!(answer.json["result"]["say"].as_str().unwrap().contains("once and briefly"));
    step
}

#[tokio::test]
async fn the_call_leaves_for_a_place_of_the_list() {
    let to_sales = NextStep::Transfer { to: "sales".into(), briefing: None };
    assert_eq!(leaves("transfer_call", json!({"to": "sales", "briefing": "not wanted there"})).await, to_sales);
    let briefing = Some(Spoken::new("Order 7 is late."));
    let to_support = NextStep::Transfer { to: "support".into(), briefing };
    assert_eq!(leaves("transfer_call", json!({"to": "support", "briefing": "Order 7 is late."})).await, to_support);
    assert_eq!(leaves("enqueue", json!({"queue": "desk"})).await, NextStep::Queue { queue: "desk".into() });
    assert_eq!(leaves("meet", json!({"room": "board"})).await, NextStep::Conference { room: "board".into() });
}

#[tokio::test]
async fn a_person_who_is_to_be_briefed_is_briefed() {
    let answer = phone().ask("transfer_call", &json!({"to": "support"})).await;
    answer.is_error("invalid_arguments", Refused);
    assert_eq!(answer.json["details"][0]["field"], "briefing");
}

#[tokio::test]
async fn what_is_not_listed_or_costs_more_is_refused_and_told() {
    for (tool, argument, place, why) in [
        ("transfer_call", "to", "+12025550143", "not_listed"),
        ("transfer_call", "to", "+19005551234", "not_listed"),
        ("transfer_call", "to", "sip:me@evil.example", "not_listed"),
        ("transfer_call", "to", "Sales", "not_listed"),
        ("transfer_call", "to", "sales\u{0}", "not_listed"),
        ("transfer_call", "to", "hotline", "premium_number"),
        ("transfer_call", "to", "ship", "premium_number"),
        ("transfer_call", "to", "typo", "invalid_number"),
        ("enqueue", "queue", "elsewhere", "not_listed"),
        ("enqueue", "queue", "dear", "premium_number"),
        ("enqueue", "queue", "gone", "not_listed"),
        ("meet", "room", "+12025550143", "not_listed"),
    ] {
        let mut arguments = json!({});
        arguments[argument] = place.into();
        let answer = phone().ask(tool, &arguments).await;
        answer.is_error(why, Refused);
        assert_eq!(answer.wants, None);
        assert_eq!(answer.whole.facts, [Fact::Refused { what: tool.into(), why: why.into() }]);
    }
}
