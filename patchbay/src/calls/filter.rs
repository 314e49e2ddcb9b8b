//! Which calls a person asks for.

use crate::agents::parse_company;
use clap::Args;
use common::event::Direction;
use common::ids::{AgentId, BatchId, CompanyId};
use common::ports::CallFilter;
use common::private::PhoneNumber;
use jiff::{Span, Timestamp, Zoned};

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct FilterArgs {
    /// Only this company's
    #[arg(long, value_name = "COMPANY", value_parser = parse_company)]
    company: Option<CompanyId>,
    /// Only this agent's
    #[arg(long, value_name = "AGENT", value_parser = parse_agent)]
    agent: Option<AgentId>,
    /// Only calls from or to this number
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Only calls that ended so: `caller_hung_up`, `agent_hung_up`, `silence`, `budget`, `no-answer`, …
    #[arg(long, value_name = "REASON", conflicts_with = "open")]
    end: Option<String>,
    /// Only calls that go on
    #[arg(long)]
    open: bool,
    /// Only calls in this direction
    #[arg(long, value_name = "DIRECTION", value_parser = parse_direction)]
    direction: Option<Direction>,
    /// Only calls of this outbound batch
    #[arg(long, value_name = "BATCH", value_parser = parse_batch)]
    batch: Option<BatchId>,
    /// Begun at or after: `2026-11-21`, `2026-11-21T08:00Z`, or how long ago, `2h`, `3d`
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    since: Option<u64>,
    /// Begun before, spelt as `--since`
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    until: Option<u64>,
}

impl FilterArgs {
    /// For the record.
    pub(crate) fn filter(&self) -> CallFilter {
        CallFilter {
            company: self.company.clone(),
            agent: self.agent.clone(),
            number: self.number.as_deref().map(PhoneNumber::new),
            end_reason: if self.open { Some("open".to_owned()) } else { self.end.clone() },
            direction: self.direction,
            batch: self.batch.clone(),
            since_ms: self.since,
            until_ms: self.until,
            after: None,
        }
    }
}

fn parse_agent(text: &str) -> Result<AgentId, String> {
    AgentId::parse(text).map_err(|error| error.to_string())
}

fn parse_batch(text: &str) -> Result<BatchId, String> {
    BatchId::parse(text).map_err(|error| error.to_string())
}

fn parse_direction(text: &str) -> Result<Direction, String> {
    match text {
        "inbound" => Ok(Direction::Inbound),
        "outbound" => Ok(Direction::Outbound),
        _ => Err("must be inbound or outbound".into()),
    }
}

/// A moment, or how long ago, as milliseconds since 1970.
fn parse_when(text: &str) -> Result<u64, String> {
    when(text, &Zoned::now()).ok_or_else(|| {
        "must be a day (2026-11-21), a moment (2026-11-21T08:00Z) or how long ago (90m, 2h, 3d)".to_owned()
    })
}

fn when(text: &str, now: &Zoned) -> Option<u64> {
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => match text.parse::<jiff::civil::DateTime>() {
            Ok(local) => local.to_zoned(now.time_zone().clone()).ok()?.timestamp(),
            Err(_) => now.checked_sub(ago(text)?).ok()?.timestamp(),
        },
    };
    u64::try_from(at.as_millisecond()).ok()
}

fn ago(text: &str) -> Option<Span> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| (0..=100_000).contains(number))?;
    Some(match unit {
        "m" => Span::new().minutes(number),
        "h" => Span::new().hours(number),
        "d" => Span::new().days(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_in_many_ways() {
        let now: Zoned = "2026-11-21T12:00:00+00:00[UTC]".parse().unwrap();
        let at = |text: &str| when(text, &now).map(moment);
        let moment_of = |text: &str| Some(text.to_owned());
        assert_eq!(at("2h"), moment_of("2026-11-21T10:00:00Z"));
        assert_eq!(at("3d"), moment_of("2026-11-18T12:00:00Z"));
        assert_eq!(at("90m"), moment_of("2026-11-21T10:30:00Z"));
        assert_eq!(at("2026-11-20"), moment_of("2026-11-20T00:00:00Z"));
        assert_eq!(at("2026-11-20T08:00"), moment_of("2026-11-20T08:00:00Z"));
        assert_eq!(at("2026-11-20T08:00:00+02:00"), moment_of("2026-11-20T06:00:00Z"));
        for wrong in ["", "h", "yesterday", "-2h", "2w", "2026-13-01", "é"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    fn moment(ms: u64) -> String {
        super::super::moment(ms)
    }
}
