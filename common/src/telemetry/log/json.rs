//! One log line as one JSON object: `timestamp`, `level`, `message`, `role`, `trace_id` and the fields of the event and
//! of the spans around it, spelt as in the code (`call.id`).

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes lines for a role.
pub(super) struct JsonLine {
    pub(super) role: &'static str,
}

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Map::new();
        fields.insert("target".into(), event.metadata().target().into());
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(known) = span.extensions().get::<FormattedFields<JsonFields>>()
                && let Ok(known) = serde_json::from_str::<Map<String, Value>>(&known.fields)
            {
                fields.extend(known);
            }
        }
        if let Some(trace) = trace_id() {
            fields.insert("trace_id".into(), trace.into());
        }
        event.record(&mut Fields(&mut fields));
        let message = fields.remove("message").unwrap_or_default();
        for taken in ["timestamp", "level", "role"] {
            fields.remove(taken);
        }
        let level = event.metadata().level().as_str();
        let line = Line { timestamp: now(), level, message, role: self.role, fields };
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(out, "{text}")
    }
}

/// What people look for first comes first.
#[derive(Serialize)]
struct Line {
    timestamp: String,
    level: &'static str,
    message: Value,
    role: &'static str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

fn now() -> String {
    let ms = i64::try_from(crate::clock::unix_ms()).unwrap_or_default();
    format!("{:.3}", jiff::Timestamp::from_millisecond(ms).unwrap_or_default())
}

fn trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let context = span.span_context();
        context.is_valid().then(|| context.trace_id().to_string())
    })
}

struct Fields<'l>(&'l mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_names_the_call_and_its_trace() {
        let written = Written::default();
        let writer = written.clone();
        let provider = SdkTracerProvider::builder().build();
        let lines = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine { role: "worker" })
            .with_writer(move || writer.clone());
        let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(Registry::default().with(traces).with(lines), || {
            let span = tracing::info_span!("call", call.id = "CA1");
            crate::telemetry::trace::adopt(&span, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            span.in_scope(|| tracing::info!(seats = 3, "a \"seat\"\nis taken"));
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let line: Map<String, Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["call.id"], &line["role"], &line["level"]),
            (&"CA1".into(), &"worker".into(), &"INFO".into())
        );
        assert_eq!((&line["message"], &line["seats"]), (&"a \"seat\"\nis taken".into(), &3.into()));
        assert_eq!(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert!(text.starts_with(r#"{"timestamp":""#) && text.contains(r#"Z","level":"INFO","message":""#), "{text}");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
}
