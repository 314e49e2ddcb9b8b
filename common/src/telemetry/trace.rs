//! How a call's trace travels: as W3C trace context, in reservations and in event envelopes.
//!
//! <https://www.w3.org/TR/trace-context/> (read 2026-11). Without a tracer installed both functions do nothing.

use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The trace context of the span we are in, `00-…`; empty when nothing is traced.
pub fn current() -> String {
    let mut carrier = Carrier(String::new());
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.0
}

/// Makes `span` a part of the trace that `traceparent` names; any other text is ignored.
pub fn adopt(span: &Span, traceparent: &str) {
    if !traceparent.is_empty() {
        let context = TraceContextPropagator::new().extract(&Carrier(traceparent.to_owned()));
        // A span that was started already keeps its parent: harmless.
        let _ = span.set_parent(context);
    }
}

struct Carrier(String);

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = value;
        }
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    const GATEWAY: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_span_that_adopts_a_context_hands_the_same_trace_on() {
        let provider = SdkTracerProvider::builder().build();
        let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(Registry::default().with(traces), || {
            let span = tracing::info_span!("call");
            adopt(&span, GATEWAY);
            let onward = span.in_scope(current);
            assert_eq!(onward[..36], GATEWAY[..36], "the same trace");
            assert_ne!(onward, GATEWAY, "from another span of it");
            adopt(&tracing::info_span!("other"), "nonsense");
        });
    }

    #[test]
    fn without_a_tracer_there_is_nothing_to_hand_on() {
        assert_eq!(current(), "");
    }
}
