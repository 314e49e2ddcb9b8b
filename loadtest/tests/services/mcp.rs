//! The MCP server: a session, tools in two pages, calls, answers in both forms, and no mercy for careless clients.

use loadtest::services::{
    Services,
    faults::{Fault, Rule},
    mcp::Answers,
};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::client::{client, services};

/// A client that does what the specification says.
struct Peer<'a> {
    services: &'a Services,
    session: String,
}

impl<'a> Peer<'a> {
    async fn join(services: &'a Services) -> Self {
        let hello = post(services, &initialize("2025-11-25")).send().await.unwrap();
        let session = hello.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        assert_eq!(message(hello).await["result"]["protocolVersion"], "2025-11-25");
        let peer = Self { services, session };
        let ready = peer.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).send().await.unwrap();
        assert_eq!((ready.status().as_u16(), ready.text().await.unwrap().as_str()), (202, ""));
        peer
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        let request = post(self.services, body).header("Mcp-Session-Id", &self.session);
        request.header("MCP-Protocol-Version", "2025-11-25")
    }

    async fn request(&self, method: &str, params: Value) -> Value {
        let response = self.post(&rpc(method, params)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        message(response).await
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": tool, "arguments": arguments})).await
    }
}

fn post(services: &Services, body: &Value) -> RequestBuilder {
    client().post(services.mcp.url()).header("Accept", "application/json, text/event-stream").json(body)
}

fn rpc(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn initialize(version: &str) -> Value {
    let client = json!({"name": "test", "version": "1"});
    rpc("initialize", json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client}))
}

/// The answer, in whichever form it came.
async fn message(response: Response) -> Value {
    let events = response.headers()["content-type"] == "text/event-stream";
    let text = response.text().await.unwrap();
    if !events {
        return serde_json::from_str(&text).unwrap();
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut messages = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
    messages.rfind(|message| message.get("id").is_some()).unwrap()
}

#[tokio::test]
async fn tools_are_listed_in_two_pages() {
    let services = services().await;
    let peer = Peer::join(&services).await;
    let first = peer.request("tools/list", json!({})).await;
    let second = peer.request("tools/list", json!({"cursor": first["result"]["nextCursor"]})).await;
    assert!(second["result"].get("nextCursor").is_none());
    let pages = [&first, &second].map(|page| page["result"]["tools"].as_array().unwrap().clone());
    let names: Vec<_> = pages.iter().flatten().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["store_hours", "delivery_slots", "book_delivery_slot"]);
    assert!(pages.iter().flatten().all(|tool| tool["inputSchema"]["type"] == "object"));
}

#[tokio::test]
async fn a_tool_answers_the_same_in_both_forms() {
    let services = services().await;
    let peer = Peer::join(&services).await;
    let as_json = peer.call("store_hours", json!({"store": "downtown"})).await;
    services.mcp.answer_as(Answers::Events);
    let as_events = peer.call("store_hours", json!({"store": "downtown"})).await;
    assert_eq!(as_json, as_events);
    assert_eq!(as_json["result"]["structuredContent"]["weekdays"], "09:00-18:00");
    let text = as_json["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), as_json["result"]["structuredContent"]);
}

#[tokio::test]
async fn a_booking_takes_a_slot_and_a_key_takes_one_only() {
    let services = services().await;
    let peer = Peer::join(&services).await;
    let book = rpc(
        "tools/call",
        json!({"name": "book_delivery_slot",
                                        "arguments": {"slot_id": "SLOT-2", "order_id": "XYZ789"}}),
    );
    for _ in 0..2 {
        let answer = message(peer.post(&book).header("Idempotency-Key", "k-1").send().await.unwrap()).await;
        assert_eq!(answer["result"]["structuredContent"]["booking_id"], "BK-0001");
    }
    assert_eq!(services.mcp.effects_by_key()["k-1"], 1);
    let slots = peer.call("delivery_slots", json!({"zip": "78701", "date": "2026-11-24"})).await;
    assert_eq!(slots["result"]["structuredContent"]["slots"].as_array().unwrap().len(), 1);
    assert_eq!(message(peer.post(&book).send().await.unwrap()).await["result"]["isError"], true);
}

#[tokio::test]
async fn what_a_model_gets_wrong_is_told_to_the_model() {
    let services = services().await;
    let peer = Peer::join(&services).await;
    for (tool, arguments) in [
        ("store_hours", json!({})),
        ("store_hours", json!({"store": 1})),
        ("delivery_slots", json!({"zip": "1"})),
        ("book_delivery_slot", json!({"slot_id": "SLOT-1", "order_id": "ABC123"})),
        ("book_delivery_slot", json!({"slot_id": "SLOT-9", "order_id": "XYZ789"})),
    ] {
        let answer = peer.call(tool, arguments).await;
        assert_eq!(answer["result"]["isError"], true, "{tool}");
        assert!(answer["result"]["content"][0]["text"].is_string(), "{tool}");
    }
    assert_eq!(peer.call("open_vault", json!({})).await["error"]["code"], -32602);
    assert_eq!(peer.request("tools/steal", json!({})).await["error"]["code"], -32601);
    assert!(services.mcp.bookings().is_empty());
}

#[tokio::test]
async fn nothing_is_done_without_a_session() {
    let services = services().await;
    let list = rpc("tools/list", json!({}));
    assert_eq!(post(&services, &list).send().await.unwrap().status(), 400);
    assert_eq!(post(&services, &list).header("Mcp-Session-Id", "made-up").send().await.unwrap().status(), 404);
    let peer = Peer::join(&services).await;
    services.mcp.forget_sessions();
    assert_eq!(peer.post(&list).send().await.unwrap().status(), 404);
    let peer = Peer::join(&services).await;
    let leave = || client().delete(services.mcp.url()).header("Mcp-Session-Id", &peer.session).send();
    assert_eq!(leave().await.unwrap().status(), 204);
    assert_eq!(leave().await.unwrap().status(), 404);
}

#[tokio::test]
async fn careless_clients_are_turned_away() {
    let services = services().await;
    let plain = |body: &'static str| client().post(services.mcp.url()).body(body);
    assert_eq!(plain("{}").send().await.unwrap().status(), 406);
    let accepting = |body| plain(body).header("Accept", "application/json, text/event-stream");
    assert_eq!(accepting("{").send().await.unwrap().status(), 400);
    assert_eq!(accepting("[]").send().await.unwrap().status(), 400);
    assert_eq!(client().get(services.mcp.url()).send().await.unwrap().status(), 405);
    let peer = Peer::join(&services).await;
    let old = post(&services, &rpc("ping", json!({}))).header("Mcp-Session-Id", &peer.session);
    assert_eq!(old.header("MCP-Protocol-Version", "2024-01-01").send().await.unwrap().status(), 400);
    let hello = post(&services, &initialize("1999-01-01")).send().await.unwrap();
    let session = hello.headers()["mcp-session-id"].clone();
    assert_eq!(message(hello).await["result"]["protocolVersion"], "2025-11-25");
    let early = post(&services, &rpc("tools/list", json!({}))).header("Mcp-Session-Id", session);
    assert_eq!(message(early.send().await.unwrap()).await["error"]["code"], -32600);
}

#[tokio::test]
async fn one_tool_can_fail_while_the_others_work() {
    let services = services().await;
    services.mcp.server.fail(Rule::next(1, "tools/call book_delivery_slot", Fault::CommitThenReset));
    let peer = Peer::join(&services).await;
    assert_eq!(peer.call("store_hours", json!({"store": "airport"})).await["result"]["isError"], false);
    let book = rpc(
        "tools/call",
        json!({"name": "book_delivery_slot",
                                        "arguments": {"slot_id": "SLOT-1", "order_id": "XYZ789"}}),
    );
    assert!(peer.post(&book).send().await.is_err());
    assert_eq!(services.mcp.bookings().len(), 1);
}
