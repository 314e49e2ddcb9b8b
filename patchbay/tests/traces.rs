//! One trace a call: gateway, worker and recorder each add their part to it.

use crate::support::collector::Collector;
use crate::support::patience::eventually;
use crate::support::{caller, hotel, up};
use loadtest::network::{Network, NetworkConfig};
use loadtest::phone::{self, CallEnd};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;

#[tokio::test]
async fn a_call_is_one_trace_from_its_webhook_to_its_record() {
    let (collector, endpoint) = Collector::start().await;
    let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await.unwrap();
    let hotel = hotel::open();
    let mut up = up::start(&network, &hotel, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let addresses = up::addresses(&mut up).await;
    let truth = phone::call(&network, caller::who_interrupts(hotel::SCRIPTED, &addresses.public)).await;
    assert_eq!(truth.end, CallEnd::Completed);

    let [webhook, call, fold] = eventually("every part of the trace is exported", async || {
        let spans = collector.spans();
        parts(&spans, &truth.call_sid).ok_or_else(|| format!("{:?}", names(&spans)))
    })
    .await;
    assert_eq!(call.trace_id, webhook.trace_id, "gateway and worker");
    assert_eq!(call.parent_span_id, webhook.span_id, "the call follows from its webhook");
    assert_eq!(fold.trace_id, webhook.trace_id, "gateway and recorder");
    assert!(fold.start_time_unix_nano > webhook.start_time_unix_nano, "the record comes last");
}

/// The webhook of this call, the call itself and the transaction that recorded its end, once all are there.
fn parts(spans: &[Span], call_sid: &str) -> Option<[Span; 3]> {
    let about = |name: &str| spans.iter().find(|span| span.name == name && is_about(span, call_sid)).cloned();
    let (webhook, call) = (about("webhook")?, about("call")?);
    // Only the transaction with the end of the call joins its trace.
    let fold = spans.iter().find(|span| span.name == "recorder.fold" && span.trace_id == webhook.trace_id)?;
    Some([webhook, call, fold.clone()])
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

/// Whether the span names this call.
fn is_about(span: &Span, call_sid: &str) -> bool {
    let named = span.attributes.iter().find(|attribute| attribute.key == "call.id");
    let value = named.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
    matches!(value, Some(Value::StringValue(id)) if id == call_sid)
}
