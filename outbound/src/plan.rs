//! When a row may be called, and whether it is called again. Pure: no clock, no database.
//!
//! Before it: the batch's plan and the zones of a row's clock. After it: the dialer, which asks again right before it
//! calls, and people who want to see what would happen (`--dry-run`). The careful rule: a person is called only while
//! the hour is right in every zone their clock may show.

use common::ports::outbound::{DialPlan, Outcome, Window};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// How far ahead a time is looked for: every day of the week, and once more around a change of the clocks. Zones that
/// share no hour within it share none.
const AHEAD_MS: u64 = 15 * 24 * 3_600 * 1_000;

/// When a row may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Right now.
    Now,
    /// Not before this, milliseconds since 1970.
    At(u64),
    /// The batch is over before.
    TooLate,
    /// The zones of its clock share no hour of the window.
    NoHour,
}

/// When a person whose clock may show these zones may be called, from this time on.
pub fn when(plan: &DialPlan, zones: &[String], from_ms: u64) -> When {
    match next_within(&plan.window, zones, from_ms) {
        None => When::NoHour,
        Some(at_ms) if plan.until_ms.is_some_and(|until_ms| at_ms > until_ms) => When::TooLate,
        Some(at_ms) if at_ms == from_ms => When::Now,
        Some(at_ms) => When::At(at_ms),
    }
}

/// When a row is called again after its attempt of this number, from 1, has ended so; `None`: the outcome is the row's.
pub fn again(plan: &DialPlan, outcome: Outcome, attempt: u32, zones: &[String], now_ms: u64) -> Option<u64> {
    let retry = plan.retries.get(&outcome).filter(|_| may_be_tried_again(outcome))?;
    if attempt > retry.times {
        return None;
    }
    let earliest_ms = now_ms + u64::from(retry.after_s) * 1_000;
    match when(plan, zones, earliest_ms) {
        When::Now => Some(earliest_ms),
        When::At(at_ms) => Some(at_ms),
        When::TooLate | When::NoHour => None,
    }
}

/// Whether a plan may ask for another try: never where somebody was reached, does not want to be, or may have been.
pub fn may_be_tried_again(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::NoAnswer | Outcome::Busy | Outcome::Failed | Outcome::Machine)
}

/// The first moment from this one on at which the window is open in every zone. Each zone's own next moment never lies
/// before another's, so going from one to the next until none objects finds the first they share.
fn next_within(window: &Window, zones: &[String], from_ms: u64) -> Option<u64> {
    let clocks: Vec<TimeZone> = zones.iter().map(|zone| TimeZone::get(zone).ok()).collect::<Option<_>>()?;
    if clocks.is_empty() {
        return None;
    }
    let mut at_ms = from_ms;
    loop {
        let mut latest_ms = at_ms;
        for clock in &clocks {
            latest_ms = latest_ms.max(next_in_zone(window, clock, at_ms)?);
        }
        if latest_ms == at_ms {
            return Some(at_ms);
        }
        at_ms = latest_ms;
        if at_ms > from_ms.saturating_add(AHEAD_MS) {
            return None;
        }
    }
}

fn next_in_zone(window: &Window, clock: &TimeZone, from_ms: u64) -> Option<u64> {
    if is_open(window, clock, from_ms) {
        return Some(from_ms);
    }
    let today = timestamp(from_ms)?.to_zoned(clock.clone()).date();
    // The day before: where clocks jump over midnight its window may still begin. A week ahead: one day a week is open.
    let days = (-1..=8).filter_map(|days| today.checked_add(Span::new().days(days)).ok());
    let starts = days.flat_map(|day| starts(window, clock, day));
    starts.filter(|start_ms| *start_ms >= from_ms && is_open(window, clock, *start_ms)).min()
}

/// When the clock shows the window's beginning on that day: twice where it is set back, not at all where it jumps.
fn starts(window: &Window, clock: &TimeZone, day: Date) -> impl Iterator<Item = u64> {
    let minute = window.from_minute;
    let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).ok();
    let shown = time.map(|time| clock.to_ambiguous_timestamp(day.to_datetime(time)));
    let both = shown.map(|shown| [shown.earlier(), shown.later()]);
    both.into_iter().flatten().filter_map(|start| u64::try_from(start.ok()?.as_millisecond()).ok())
}

/// Whether the window is open on this clock.
pub fn is_open(window: &Window, clock: &TimeZone, at_ms: u64) -> bool {
    let Some(at) = timestamp(at_ms) else { return false };
    let shown = at.to_zoned(clock.clone());
    let minute = shown.hour() as u16 * 60 + shown.minute() as u16;
    let day = shown.weekday().to_monday_zero_offset() as usize;
    window.days[day] && (window.from_minute..window.until_minute).contains(&minute)
}

fn timestamp(at_ms: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()
}

#[cfg(test)]
mod tests;
