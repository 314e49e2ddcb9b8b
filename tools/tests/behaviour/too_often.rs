//! Tools that run too often, or whose service fails too often.

use crate::support::{Phone, http_tool, serve};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use call::ToolOutcome::{Failed, Refused};
use common::company::Rate;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use tools::Memory;

#[tokio::test]
async fn a_tool_runs_as_often_in_a_call_and_in_a_minute_as_it_may() {
    let address = serve(Router::new().route("/x", get(|| async { "there" }))).await;
    let mut tool = http_tool("look_up", "GET", "{shop}/x");
    tool.rate = Rate { per_call: 2, per_minute: 3 };
    let mut phone = Phone::new(vec![tool], Some(address));
    for _ in 0..2 {
        phone.ask("look_up", &json!({})).await.is_result(&json!("there"));
    }
    phone.ask("look_up", &json!({})).await.is_error("rate_limited", Refused);
    // Another call of the same company.
    phone.memory = Memory::default();
    phone.ask("look_up", &json!({})).await.is_result(&json!("there"));
    phone.ask("look_up", &json!({})).await.is_error("rate_limited", Refused);
}

#[tokio::test]
async fn a_service_that_fails_five_times_is_left_alone() {
    let (asked, well) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, is_well) = (asked.clone(), well.clone());
    let failing = move || {
        count.fetch_add(1, SeqCst);
        let status = if is_well.load(SeqCst) { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
        std::future::ready((status, "text"))
    };
    let address = serve(Router::new().route("/x", get(failing))).await;
    let other = http_tool("other", "GET", "{shop}/missing");
    let mut phone = Phone::new(vec![http_tool("look_up", "GET", "{shop}/x"), other], Some(address));
    for _ in 0..5 {
        phone.ask("look_up", &json!({})).await.is_error("unavailable", Failed);
    }
    well.store(true, SeqCst);
    phone.ask("look_up", &json!({})).await.is_error("unavailable", Refused);
    assert_eq!(asked.load(SeqCst), 5);
    // An error that is the caller's does not count against a service.
    for _ in 0..10 {
        phone.ask("other", &json!({})).await.is_error("not_found", Failed);
    }
}
