//! What people write of a batch: hours, days, tries, what is done about machines. Errors are to be read behind the name of
//! what was asked.
//!
//! Before it: the command line, and the API for hours and days. After it: [`crate::wish`].

use common::ids::BatchId;
use common::ports::outbound::{OnMachine, Outcome, Retry};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A batch's name.
pub fn batch(text: &str) -> Result<BatchId, String> {
    BatchId::parse(text).map_err(|error| error.to_string())
}

/// `09:00-20:00` as minutes since midnight.
pub fn hours(text: &str) -> Result<(u16, u16), String> {
    let must = "must be like 09:00-20:00";
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
    };
    let (from, until) = text.split_once('-').ok_or(must)?;
    let (from, until) = (minute(from).ok_or(must)?, minute(until).ok_or(must)?);
    if from < until { Ok((from, until)) } else { Err("must begin before they end".into()) }
}

/// `mon-fri`, `mon,wed,sat-sun`.
pub fn days(text: &str) -> Result<Days, String> {
    let day = |name: &str| {
        let name = name.trim().to_lowercase();
        DAYS.iter().position(|day| *day == name).ok_or("must be like mon-fri or mon,wed,sat")
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (day(first)?, day(last)?),
            None => (day(part)?, day(part)?),
        };
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|step| days[(first + step) % 7] = true);
    }
    Ok(Days(days))
}

/// Days of the week, Monday first. A type of its own: the parser of flags takes a list for many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub [bool; 7]);

/// As [`days`] reads them.
pub fn shown_days(days: &[bool; 7]) -> String {
    let open: Vec<usize> = (0..7).filter(|day| days[*day]).collect();
    match (open.first(), open.last()) {
        (Some(first), Some(last)) if open.len() > 2 && last - first + 1 == open.len() => {
            format!("{}-{}", DAYS[*first], DAYS[*last])
        }
        _ => open.into_iter().map(|day| DAYS[day]).collect::<Vec<_>>().join(","),
    }
}

/// `no_answer=2@60m,busy=2@10m`.
pub fn retries(text: &str) -> Result<Retries, String> {
    let one = |part: &str| -> Result<(Outcome, Retry), String> {
        let must = || format!("{part:?} must be like no_answer=2@60m: the outcome, how often, how long after");
        let (name, rest) = part.trim().split_once('=').ok_or_else(must)?;
        let (times, after) = rest.split_once('@').ok_or_else(must)?;
        let outcome = outcome(name)?;
        Ok((outcome, Retry { times: times.parse().map_err(|_| must())?, after_s: seconds(after).ok_or_else(must)? }))
    };
    text.split(',').map(one).collect::<Result<_, _>>().map(Retries)
}

/// How often and when rows are called again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retries(pub BTreeMap<Outcome, Retry>);

/// The name of an outcome.
pub fn outcome(name: &str) -> Result<Outcome, String> {
    let known = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == name.trim());
    known.ok_or_else(|| {
        let names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        format!("{name:?} is no outcome: {}", names.join(", "))
    })
}

/// `90s`, `10m`, `2h`, `1d`.
fn seconds(text: &str) -> Option<u32> {
    let text = text.trim();
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(unit)
}

/// `hang-up`, `go-on` or `message: what is spoken after the beep`.
pub fn machine(text: &str) -> Result<OnMachine, String> {
    match text.trim() {
        "hang-up" => Ok(OnMachine::HangUp),
        "go-on" => Ok(OnMachine::GoOn),
        text => match text.strip_prefix("message:").map(str::trim) {
            Some(message) if !message.is_empty() => Ok(OnMachine::LeaveMessage(message.to_owned())),
            _ => Err("must be hang-up, go-on or \"message: what is spoken after the beep\"".into()),
        },
    }
}

/// `name=value`.
pub fn column(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be like name=Ann")?;
    let name = name.trim().to_lowercase();
    if name.is_empty() { Err("has no name before the =".into()) } else { Ok((name, value.trim().to_owned())) }
}

/// A moment: with an offset, or by this zone's clock; a day ends with its last minute.
pub fn until(text: &str, zone: &TimeZone) -> Result<u64, String> {
    let ms = |at: Timestamp| u64::try_from(at.as_millisecond()).map_err(|_| "lies before 1970".to_owned());
    if let Ok(at) = text.parse::<Timestamp>() {
        return ms(at);
    }
    let must = |_| format!("{text:?} must be like 2026-12-01, 2026-12-01T18:00 or 2026-12-01T18:00Z");
    // A day is read from a longer text too, and the hour would be lost.
    let shown = match text.contains('T') {
        true => text.parse::<DateTime>().map_err(must)?,
        false => text.parse::<Date>().map_err(must)?.at(23, 59, 59, 0),
    };
    zone.to_timestamp(shown).map_err(|error| error.to_string()).and_then(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_are_read_as_people_write_them() {
        assert_eq!(hours("09:00-20:30"), Ok((540, 1_230)));
        assert_eq!(hours("0:00 - 24:00"), Ok((0, 1_440)));
        for wrong in ["9-20", "20:00-09:00", "09:00-24:30", "09:60-10:00", "", "-", "99:99-1:1"] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
        for (text, shown) in
            [("mon-fri", "mon-fri"), ("Sat-Mon", "mon,sat,sun"), ("wed", "wed"), ("mon,tue,wed", "mon-wed")]
        {
            assert_eq!(shown_days(&days(text).unwrap().0), shown, "{text}");
        }
        assert!(days("monday").is_err() && days("").is_err());
    }

    #[test]
    fn tries_and_machines_too() {
        let read = retries("no_answer=2@60m, busy=1@90s").unwrap().0;
        assert_eq!(read[&Outcome::NoAnswer], Retry { times: 2, after_s: 3_600 });
        assert_eq!(read[&Outcome::Busy], Retry { times: 1, after_s: 90 });
        for wrong in ["busy", "busy=2", "busy=2@10", "busy=x@1m", "sleeping=1@1m", "busy=1@99999999d", "busy=1@é"] {
            assert!(retries(wrong).is_err(), "{wrong}");
        }
        assert_eq!(machine("message: Hello {name}"), Ok(OnMachine::LeaveMessage("Hello {name}".into())));
        assert!(machine("message:").is_err() && machine("leave").is_err());
        assert_eq!(column("Name=Ann = Bob"), Ok(("name".into(), "Ann = Bob".into())));
    }

    #[test]
    fn an_end_is_by_the_companys_clock() {
        let lisbon = TimeZone::get("Europe/Lisbon").unwrap();
        let at =
            |text: &str| until(text, &lisbon).map(|ms| Timestamp::from_millisecond(ms as i64).unwrap().to_string());
        assert_eq!(at("2026-07-01T18:00").as_deref(), Ok("2026-07-01T17:00:00Z"));
        assert_eq!(at("2026-07-01").as_deref(), Ok("2026-07-01T22:59:59Z"));
        assert_eq!(at("2026-07-01T18:00Z").as_deref(), Ok("2026-07-01T18:00:00Z"));
        assert!(at("tomorrow").is_err());
    }
}
