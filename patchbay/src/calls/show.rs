//! `patchbay calls show`: everything the record knows of one call.

use super::{length, moment};
use crate::agents::{asked, line, table};
use crate::say::parse_call;
use crate::{assemble, show};
use call::CallEvent;
use clap::Args;
use common::cdr::{Cdr, StoredTurn};
use common::config::Config;
use common::event::{Envelope, Event};
use common::ids::CallId;
use common::ports::aftercare::{StoredMessage, StoredRecording};
use common::ports::{Ticket, ToolRun, Transfer};
use common::summary::Summary;
use serde::Serialize;

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The call
    #[arg(value_name = "CALL_SID", value_parser = parse_call)]
    call: CallId,
    /// Shows every event too
    #[arg(long)]
    events: bool,
    /// Prints everything as JSON and nothing else
    #[arg(long)]
    json: bool,
}

/// Everything the record knows of a call.
#[derive(Serialize)]
struct Whole {
    call: Cdr,
    turns: Vec<StoredTurn>,
    tools: Vec<ToolRun>,
    tickets: Vec<Ticket>,
    transfers: Vec<Transfer>,
    messages: Vec<StoredMessage>,
    recordings: Vec<StoredRecording>,
    summary: Option<Summary>,
    latency: Latency,
    events: Vec<Envelope>,
}

/// How long the caller waited.
#[derive(Serialize)]
struct Latency {
    first_word_ms: Option<u64>,
    /// Of each answer, in order.
    waits_ms: Vec<u64>,
    mean_ms: Option<u64>,
    longest_ms: Option<u64>,
}

/// Shows one call.
pub(crate) async fn run(config: &Config, args: &ShowArgs) -> anyhow::Result<()> {
    let whole = read(config, &args.call).await?;
    if args.json {
        line(serde_json::to_string_pretty(&whole)?);
        return Ok(());
    }
    line(show::cdr(&whole.call).trim_end());
    for (title, text) in [
        ("cost", costs(&whole.call)),
        ("latency", latency(&whole.latency)),
        ("transcript", transcript(&whole.turns)),
        ("tools", tools(&whole.tools)),
        ("tickets", tickets(&whole.tickets)),
        ("transfers", transfers(&whole.transfers)),
        ("text messages", messages(&whole.messages)),
        ("recordings", recordings(&whole.recordings)),
        ("summary", whole.summary.as_ref().map(summary).unwrap_or_default()),
        ("events", if args.events { events(&whole.events) } else { String::new() }),
    ] {
        if !text.is_empty() {
            line(format_args!("\n{title}\n{}", text.trim_end()));
        }
    }
    Ok(())
}

async fn read(config: &Config, call: &CallId) -> anyhow::Result<Whole> {
    let stores = assemble::database(config)?;
    let Some(cdr) = asked(stores.db.cdr(call).await)? else {
        anyhow::bail!("the record knows no call {call}; `patchbay calls list` shows the newest");
    };
    let events = asked(stores.db.events(call).await)?;
    Ok(Whole {
        turns: asked(stores.db.turns(call).await)?,
        tools: asked(stores.directory.tool_runs(call).await)?,
        tickets: asked(stores.directory.tickets(call).await)?,
        transfers: asked(stores.directory.transfers(call).await)?,
        messages: asked(stores.aftercare.messages(call).await)?,
        recordings: asked(stores.aftercare.recordings(call).await)?,
        summary: asked(stores.aftercare.summary(call).await)?,
        latency: measured(&cdr, &events),
        call: cdr,
        events,
    })
}

fn measured(cdr: &Cdr, events: &[Envelope]) -> Latency {
    let waits = events.iter().filter_map(|envelope| match envelope.event {
        Event::Worker(CallEvent::ReplyGap { gap_ms }) => Some(gap_ms),
        _ => None,
    });
    Latency {
        first_word_ms: cdr.first_word_ms,
        waits_ms: waits.collect(),
        mean_ms: cdr.reply_gap_sum_ms.checked_div(u64::from(cdr.reply_gaps)),
        longest_ms: cdr.reply_gap_max_ms,
    }
}

fn costs(cdr: &Cdr) -> String {
    let parts: Vec<Vec<String>> = cdr
        .costs
        .parts()
        .map(|(part, amount)| vec![format!("  {}", part.as_str().replace('_', " ")), amount.to_string()])
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    let total = vec!["  total".to_owned(), format!("{} USD", cdr.costs.total())];
    table(&parts.into_iter().chain([total]).collect::<Vec<_>>())
}

fn latency(latency: &Latency) -> String {
    let Some(longest) = latency.longest_ms else { return String::new() };
    let waits: Vec<String> = latency.waits_ms.iter().map(ToString::to_string).collect();
    let mean = latency.mean_ms.unwrap_or_default();
    format!("  answers after {} ms; mean {mean} ms, longest {longest} ms\n", waits.join(", "))
}

fn transcript(turns: &[StoredTurn]) -> String {
    turns.iter().map(|stored| show::turn(&stored.turn) + "\n").collect()
}

fn tools(runs: &[ToolRun]) -> String {
    let row = |run: &ToolRun| {
        let error = run.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        let took = format!("{} ms", run.took_ms);
        vec![
            format!("  {}", run.name),
            format!("{}{error}", run.outcome),
            took,
            run.arguments.clone().unwrap_or_default(),
        ]
    };
    table(&runs.iter().map(row).collect::<Vec<_>>())
}

fn tickets(tickets: &[Ticket]) -> String {
    let row = |ticket: &Ticket| {
        vec![format!("  {}", ticket.number), ticket.priority.clone(), ticket.category.clone(), ticket.subject.clone()]
    };
    table(&tickets.iter().map(row).collect::<Vec<_>>())
}

fn transfers(transfers: &[Transfer]) -> String {
    let row = |transfer: &Transfer| {
        let outcome = transfer.outcome.clone().unwrap_or_else(|| "under way".to_owned());
        vec![format!("  {}", transfer.kind), transfer.target.clone(), outcome]
    };
    table(&transfers.iter().map(row).collect::<Vec<_>>())
}

fn messages(messages: &[StoredMessage]) -> String {
    let row = |message: &StoredMessage| {
        let code = message.error_code.map(|code| format!(" ({code})")).unwrap_or_default();
        let template = message.template.clone().unwrap_or_else(|| "-".to_owned());
        let status = message.status.clone().unwrap_or_else(|| "sent".to_owned());
        vec![format!("  {}", message.message), template, format!("{status}{code}")]
    };
    table(&messages.iter().map(row).collect::<Vec<_>>())
}

fn recordings(recordings: &[StoredRecording]) -> String {
    let row = |recording: &StoredRecording| {
        let why = recording.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        vec![
            format!("  {}", recording.recording),
            recording.source.clone(),
            recording.length_ms.map_or_else(|| "-".to_owned(), length),
            format!("{}{why}", recording.status),
            recording.place.clone().unwrap_or_default(),
        ]
    };
    table(&recordings.iter().map(row).collect::<Vec<_>>())
}

fn summary(summary: &Summary) -> String {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().replace('_', " ");
    let outcome = serde_json::to_value(summary.outcome).map(word).unwrap_or_default();
    let sentiment = serde_json::to_value(summary.sentiment).map(word).unwrap_or_default();
    let mut text = format!("  {}\n  {outcome}, {sentiment}, by {}\n", summary.text.reveal(), summary.model);
    for (name, value) in summary.fields.as_object().into_iter().flatten() {
        text += &format!("  {name}: {value}\n");
    }
    text
}

fn events(events: &[Envelope]) -> String {
    let row = |envelope: &Envelope| {
        let key = &envelope.key;
        let place = format!("{}:{}", key.epoch, key.sequence);
        vec![
            format!("  {}", moment(envelope.at_ms)),
            key.source.as_str().to_owned(),
            place,
            envelope.event.kind().to_owned(),
        ]
    };
    table(&events.iter().map(row).collect::<Vec<_>>())
}
