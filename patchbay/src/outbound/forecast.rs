//! What would be called when: the plan played through in thought, hour by hour. Pure.

use super::moment;
use crate::agents::{line, table};
use common::ports::outbound::{Batch, BatchRow};
use outbound::plan::{self, When};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const HOUR_MS: u64 = 3_600_000;
/// Hours shown to people; all of them stand in `--json`.
const SHOWN: usize = 48;

/// First tries by the hour in which they begin. Retries, and calls that wait because others still talk, come on top.
pub(super) struct Forecast {
    rows: usize,
    hours: BTreeMap<u64, u64>,
    last_ms: Option<u64>,
    too_late: u64,
    no_hour: u64,
}

/// Plays a batch through from its beginning, at its own pace or the installation's, whichever is slower.
pub(super) fn of(batch: &Batch, rows: &[BatchRow], per_minute: u32) -> Forecast {
    let pace_ms = 60_000 / u64::from(batch.plan.per_minute.min(per_minute).max(1));
    let mut alike: BTreeMap<&[String], u64> = BTreeMap::new();
    rows.iter().for_each(|row| *alike.entry(&row.zones).or_default() += 1);
    let mut forecast = Forecast { rows: rows.len(), hours: BTreeMap::new(), last_ms: None, too_late: 0, no_hour: 0 };
    let mut queue: BinaryHeap<_> =
        alike.into_iter().map(|(zones, left)| Reverse((batch.created_ms, zones, left))).collect();
    let mut now_ms = batch.created_ms;
    while let Some(Reverse((due_ms, zones, left))) = queue.pop() {
        now_ms = now_ms.max(due_ms);
        match plan::when(&batch.plan, zones, now_ms) {
            When::Now => {
                *forecast.hours.entry(now_ms / HOUR_MS * HOUR_MS).or_default() += 1;
                forecast.last_ms = Some(now_ms);
                now_ms += pace_ms;
                if left > 1 {
                    queue.push(Reverse((now_ms, zones, left - 1)));
                }
            }
            When::At(at_ms) => queue.push(Reverse((at_ms, zones, left))),
            When::TooLate => forecast.too_late += left,
            When::NoHour => forecast.no_hour += left,
        }
    }
    forecast
}

impl Forecast {
    /// For scripts.
    pub(super) fn json(&self, batch: &Batch) -> Value {
        let hours = self.hours.iter().map(|(from_ms, calls)| json!({"from": moment(*from_ms), "calls": calls}));
        json!({
            "batch": batch.id, "dry_run": true, "rows": self.rows, "hours": hours.collect::<Vec<_>>(),
            "last": self.last_ms.map(moment), "too_late": self.too_late, "no_hour": self.no_hour,
        })
    }

    /// For people.
    pub(super) fn tell(&self) {
        let mut rows = vec![["HOUR FROM", "CALLS"].map(str::to_owned).to_vec()];
        let hours = self.hours.iter().take(SHOWN);
        rows.extend(hours.map(|(from_ms, calls)| vec![moment(*from_ms), calls.to_string()]));
        let text = table(&rows);
        line(text.trim_end());
        if self.hours.len() > SHOWN {
            line(format_args!("and {} hours more", self.hours.len() - SHOWN));
        }
        if let Some(last_ms) = self.last_ms {
            line(format_args!("the last first try begins about {}; retries come on top", moment(last_ms)));
        }
        if self.too_late > 0 {
            line(format_args!("{} would not be called before the end of the batch", self.too_late));
        }
        if self.no_hour > 0 {
            let advice =
                "their numbers may be at home in zones that share no such hour; a column `timezone` says where";
            line(format_args!("{} would never be called: {advice}", self.no_hour));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::ids::{AgentId, BatchId};
    use common::ports::outbound::{BatchStatus, Window};
    use common::private::PhoneNumber;

    #[test]
    fn everybody_is_called_in_some_hour_or_said_not_to_be() {
        let batch = Batch {
            id: BatchId::parse("spring").unwrap(),
            name: "Spring".into(),
            company: common::testing::company_id(),
            agent: AgentId::parse("reception").unwrap(),
            from: PhoneNumber::new("+15005550006"),
            consent: "asked".into(),
            plan: common::ports::outbound::DialPlan {
                per_minute: 1,
                window: Window { from_minute: 540, until_minute: 600, days: [true; 7] },
                ..outbound::wish::usual_plan()
            },
            status: BatchStatus::Running,
            by: "test".into(),
            // Noon in London.
            created_ms: 1_768_478_400_000,
        };
        let row = |zones: &[&str]| BatchRow {
            row: 2,
            to: PhoneNumber::new("+442079460001"),
            zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
            language: None,
            columns: BTreeMap::new(),
        };
        let mut rows = vec![row(&["Europe/London"]); 90];
        rows.extend(vec![row(&["America/New_York"]); 5]);
        rows.push(row(&["Europe/London", "Asia/Tokyo"]));
        let forecast = of(&batch, &rows, 60);
        let calls: Vec<u64> = forecast.hours.values().copied().collect();
        // New York's nine is at two in London; sixty of London the next morning, thirty the day after.
        assert_eq!(calls, [5, 60, 30]);
        assert_eq!((forecast.no_hour, forecast.too_late), (1, 0));
    }
}
