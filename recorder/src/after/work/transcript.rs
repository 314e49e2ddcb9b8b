//! A call as a model reads it: what was said, as heard, and what was done, in the order it happened.

use call::{Heard, Speaker};
use common::cdr::{Cdr, StoredTurn};
use common::ports::{ToolRun, Transfer};
use common::private::Spoken;
use std::fmt::Write as _;

/// Most characters a model is given: some hours of talk. The beginning of a longer call is left out.
const LONGEST: usize = 200_000;

/// The conversation, a line a turn.
pub(super) fn transcript(cdr: &Cdr, turns: &[StoredTurn], tools: &[ToolRun], transfers: &[Transfer]) -> Spoken {
    let mut lines: Vec<(u64, String)> = turns.iter().map(|turn| (turn.at_ms, said(turn))).collect();
    lines.extend(tools.iter().map(|run| (run.at_ms, format!("[tool {}: {}]", run.name, run.outcome))));
    let left = |transfer: &Transfer| {
        let outcome = transfer.outcome.as_deref().unwrap_or("under way");
        (transfer.asked_ms.unwrap_or(u64::MAX), format!("[{} to {}: {outcome}]", transfer.kind, transfer.target))
    };
    lines.extend(transfers.iter().map(left));
    lines.sort_by_key(|(at_ms, _)| *at_ms);
    let mut text = head(cdr);
    let mut left_out = lines.iter().map(|(_, line)| line.len() + 1).sum::<usize>().saturating_sub(LONGEST);
    for (_, line) in &lines {
        if left_out > 0 {
            left_out = left_out.saturating_sub(line.len() + 1);
            continue;
        }
        let _ = writeln!(text, "{line}");
    }
    Spoken::new(text)
}

fn head(cdr: &Cdr) -> String {
    let direction = match cdr.direction {
        Some(common::event::Direction::Outbound) => "the company called",
        Some(common::event::Direction::Inbound) | None => "the caller called the company",
    };
    let language = cdr.language.as_deref().unwrap_or("unknown");
    let end = cdr.end_reason.as_deref().unwrap_or(Cdr::OPEN);
    format!("[{direction}; language {language}; the call ended: {end}]\n")
}

fn said(turn: &StoredTurn) -> String {
    let who = match turn.turn.speaker {
        Speaker::Caller => "caller",
        Speaker::Agent => "agent",
    };
    let words = turn.turn.text.as_ref().map_or("[not understood]", Spoken::reveal);
    let cut = match turn.turn.heard {
        Heard::Whole => "",
        Heard::Part { .. } => " [interrupted]",
    };
    format!("{who}: {}{cut}", words.replace('\n', " "))
}

/// Whether the caller said anything.
pub(super) fn is_answered(turns: &[StoredTurn]) -> bool {
    turns.iter().any(|turn| turn.turn.speaker == Speaker::Caller)
}
