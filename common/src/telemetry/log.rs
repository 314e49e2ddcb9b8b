//! Where log lines go: JSON for machines, coloured text for people. Writing one never waits.
//!
//! A thread of its own writes to standard error. When it cannot keep up, because a terminal is paused or a pipe is full,
//! lines are dropped and counted: a call must not wait for a log.

mod json;

use crate::config::{LogFormat, environment};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::{IsTerminal, Write, stderr};
use std::sync::OnceLock;
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Lines waiting for the writer. Higher holds more memory when the reader is stuck (about 300 bytes a line), lower
/// drops lines in a burst.
const WAITING_LINES: usize = 16_384;

/// What is logged unless `RUST_LOG` says otherwise: drivers of servers are chatty.
const FILTER: &str = "info,async_nats=warn,fred=warn,sqlx=warn";

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Keeps logs and traces going. Dropping it writes what is left, so drop it last, outside of any runtime: the exporter
/// of traces blocks.
pub struct Guard {
    _writer: WorkerGuard,
    tracer: Option<SdkTracerProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(tracer) = &self.tracer
            && let Err(error) = tracer.shutdown()
        {
            tracing::warn!(%error, "last traces were not delivered");
        }
    }
}

/// Starts logging, and tracing where there is a tracer. `role` stands in every JSON line: `gateway`, `worker`, `up`.
/// A second call in one process changes nothing.
pub fn init(role: &'static str, format: LogFormat, tracer: Option<SdkTracerProvider>) -> Guard {
    let (writer, guard) = never_waiting(stderr());
    let _ = DROPPED.set(writer.error_counter());
    let terminal = stderr().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let traces =
        tracer.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("patchbay")));
    let lines = if json { json_lines(role, writer) } else { text_lines(writer, terminal) };
    let subscriber = Registry::default().with(filter()).with(traces).with(lines);
    let _ = subscriber.try_init();
    Guard { _writer: guard, tracer }
}

fn never_waiting(out: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES);
    builder.thread_name("log writer").finish(out)
}

/// How many lines were dropped since the start.
pub(crate) fn dropped_lines() -> u64 {
    DROPPED.get().map_or(0, |counter| counter.dropped_lines() as u64)
}

fn filter() -> EnvFilter {
    match environment().get("RUST_LOG").filter(|text| !text.is_empty()) {
        Some(text) => EnvFilter::builder().parse_lossy(text),
        None => EnvFilter::new(FILTER),
    }
}

type BoxedLayer<S> = Box<dyn Layer<S> + Send + Sync>;

fn json_lines<S>(role: &'static str, writer: NonBlocking) -> BoxedLayer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let format = json::JsonLine { role };
    tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(format).with_writer(writer).boxed()
}

fn text_lines<S>(writer: NonBlocking, terminal: bool) -> BoxedLayer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    tracing_subscriber::fmt::layer().with_target(false).with_ansi(terminal).with_writer(writer).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::mpsc::{Receiver, channel};

    /// A terminal on which somebody pressed Ctrl-S.
    struct Paused(Receiver<()>);

    impl Write for Paused {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_costs_lines_and_no_time() {
        let (resume, paused) = channel();
        let (mut writer, guard) = never_waiting(Paused(paused));
        for _ in 0..WAITING_LINES + 100 {
            writer.write_all(b"a line\n").unwrap();
        }
        assert!(writer.error_counter().dropped_lines() >= 98, "the queue and the writer hold the others");
        drop(resume);
        drop(guard);
    }
}
