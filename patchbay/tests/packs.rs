//! Each of the packs that come along plays its conversation over the real wire: its provider's protocol, the telephone
//! network's documents, its tools' servers, and the record at the end.

use crate::support::pack::{Played, play};
use crate::support::stores;
use call::Speaker::{Agent, Caller};
use common::testing::quiet;
use loadtest::services::memory::Ending;
use xtask::servers::Servers;

macro_rules! on_both_kinds_of_stores {
    ($($pack:ident: $check:ident),* $(,)?) => {$(
        mod $pack {
            use super::*;

            #[tokio::test]
            async fn plays_its_conversation() {
                let _quiet = quiet();
                $check(None).await;
            }

            #[tokio::test]
            async fn plays_it_on_real_stores() {
                let Some(servers) = stores::start(concat!("the pack ", stringify!($pack))).await else { return };
                $check(Some(&servers)).await;
            }
        }
    )*};
}

on_both_kinds_of_stores! {
    orders: a_hinglish_order_desk,
    loans: a_loan_desk_in_two_languages,
    concierge: an_agent_whose_tools_are_webhooks,
    assistant: a_plain_assistant,
    desk: the_order_desk_s_checklist,
}

async fn a_hinglish_order_desk(servers: Option<&Servers>) {
    let played = play("orders", servers).await;
    played.check_said(&[]);
    played.check_ended("agent_hung_up");
    let names = ["lookup_order", "check_product_availability", "create_ticket", "hang_up"];
    assert_eq!(played.tools(), names.map(|name| (name, "answered")));
    assert!(played.output("lookup_order").contains("Delivered"), "{}", played.output("lookup_order"));
    assert!(played.output("check_product_availability").contains("2499"));
    let [ticket] = &played.tickets[..] else { panic!("one ticket: {:?}", played.tickets) };
    assert_eq!((ticket.subject.as_str(), ticket.priority.as_str()), ("Box damaged on delivery", "high"));
    assert!(played.output("create_ticket").contains(&ticket.number), "the caller can be told its number");
    assert_eq!(played.recorded.cdr.language.as_deref(), Some("hi-Latn"));
    assert_eq!(played.documents(), ["Connect"]);
    played.check_provider_answered().await;
}

async fn a_loan_desk_in_two_languages(servers: Option<&Servers>) {
    let played = play("loans", servers).await;
    let story = &played.outside.story;
    // Nobody takes the call: the agent says so, in the language it has gone over to, and goes on.
    played.check_said(&[(10, Agent, story.cue("nobody_answered").unwrap())]);
    played.check_ended("agent_hung_up");
    let answered = |name| (name, "answered");
    let tools = [
        answered("lookup_loan"),
        answered("validate_routing_number"),
        ("make_payment", "refused"),
        answered("make_payment"),
        answered("set_language"),
        answered("transfer_call"),
        answered("hangup_call"),
    ];
    assert_eq!(played.tools(), tools);
    let payments = played.outside.services.loans.payments();
    assert_eq!(payments.len(), 1, "one payment, after the caller agreed: {payments:?}");
    let asked = played.outside.services.loans.server.requests();
    let paid = asked.iter().find(|request| request.path() == "/payments").unwrap();
    assert!(paid.idempotency_key().is_some_and(|key| key.starts_with(played.recorded.call.as_str())));
    assert!(played.runs.iter().filter(|run| run.name == "make_payment").all(|run| run.arguments.is_none()));
    assert!(!played.everything_recorded().await.contains("\"123456789\""), "no account number in a tool's record");

    assert_eq!(played.documents(), ["Gather Redirect", "Connect", "Dial", "Connect"]);
    let [transfer] = &played.transfers[..] else { panic!("one transfer: {:?}", played.transfers) };
    let row = (transfer.kind.as_str(), transfer.target.as_str(), transfer.outcome.as_deref());
    assert_eq!(row, ("transfer", "servicing", Some("no_answer")));
    let called: Vec<_> = played.outside.network.legs().into_iter().map(|leg| leg.to).collect();
    assert_eq!(called, ["+12125550130"], "nobody else was ever called");
    assert_eq!(played.recorded.cdr.language.as_deref(), Some("es"));

    let sessions = played.outside.deepgram.sessions();
    assert_eq!(sessions.len(), 2, "one before the transfer, one after it");
    assert!(sessions[1].context.iter().any(|item| item["function_calls"].is_array()), "tools are part of the history");
    played.check_provider_answered().await;
}

async fn an_agent_whose_tools_are_webhooks(servers: Option<&Servers>) {
    let played = play("concierge", servers).await;
    played.check_said(&[]);
    played.check_ended("agent_hung_up");
    let names = ["get_weather_from_coords", "lookup_customer", "knowledge_base", "hang_up"];
    assert_eq!(played.tools(), names.map(|name| (name, "answered")));
    let weather = &played.outside.services.weather.server.requests()[0];
    assert_eq!((weather.path(), weather.method.as_str()), ("/v1/forecast", "GET"));
    assert!(played.output("get_weather_from_coords").contains("temperature_celsius"));
    assert!(played.output("lookup_customer").contains("Maria"));
    let webhooks = played.outside.services.webhooks.server.requests();
    let endings: Vec<_> = webhooks.iter().map(|request| (request.path(), request.ending)).collect();
    let answered = Ending::Answered(200);
    assert_eq!(endings, [("/webhook/customer", answered), ("/webhook/knowledge", answered)], "both took the secret");
    played.check_provider_answered().await;
}

async fn a_plain_assistant(servers: Option<&Servers>) {
    let played = play("assistant", servers).await;
    let said = played.recorded.said();
    let who: Vec<_> = said.iter().map(|(who, _)| *who).collect();
    assert_eq!(who, [Agent, Caller, Agent, Caller, Agent, Caller, Agent], "{said:?}");
    let moon = &played.outside.story.turns[0].text;
    assert!(moon.starts_with(said[2].1) && said[2].1.len() < moon.len(), "only what was heard: {said:?}");
    assert_eq!(played.recorded.cdr.interruptions, 1);
    played.check_ended("agent_hung_up");
    played.check_provider_answered().await;
}

async fn the_order_desk_s_checklist(servers: Option<&Servers>) {
    let played = play("desk", servers).await;
    assert_eq!(played.documents(), ["Connect", "Dial"]);
    played.check_said(&[]);
    played.check_ended("transferred");
    let answered = |name| (name, "answered");
    let tools = [
        ("lookup_order", "failed"),
        answered("lookup_order"),
        answered("set_language"),
        answered("check_product_availability"),
        answered("create_ticket"),
        answered("transfer_to_human"),
    ];
    assert_eq!(played.tools(), tools);
    assert!(played.output("lookup_order").contains("not_found"));
    assert_eq!(played.tickets.len(), 1);
    let legs = played.outside.network.legs();
    let [leg] = &legs[..] else { panic!("one person is called: {legs:?}") };
    assert_eq!(leg.to, "+12125550150");
    assert!(leg.heard[0].contains("XYZ789"), "the briefing comes first: {:?}", leg.heard);
    assert_eq!(leg.connected_with, std::slice::from_ref(&played.truth.call_sid));
    let [transfer] = &played.transfers[..] else { panic!("one transfer: {:?}", played.transfers) };
    assert_eq!((transfer.target.as_str(), transfer.outcome.as_deref()), ("supervisor", Some("answered")));
    assert!(transfer.talked_s.is_some_and(|talked| talked >= 3), "{transfer:?}");
    assert_eq!(played.recorded.cdr.language.as_deref(), Some("hi-Latn"));
    played.check_provider_answered().await;
}

impl Played {
    /// The transcript is the conversation, word for word; `more` stands at these places besides.
    fn check_said(&self, more: &[(usize, call::Speaker, &str)]) {
        let story = &self.outside.story;
        let turns = story.turns.iter().flat_map(|turn| [(Caller, turn.caller.as_str()), (Agent, turn.text.as_str())]);
        let mut expected: Vec<_> = [(Agent, story.cue("greeting").unwrap())].into_iter().chain(turns).collect();
        for &(place, who, words) in more {
            expected.insert(place + 1, (who, words));
        }
        assert_eq!(self.recorded.said(), expected);
    }
}
