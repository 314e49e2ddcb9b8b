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
