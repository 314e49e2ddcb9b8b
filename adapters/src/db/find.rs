//! How calls are looked for: a filter as the words of a `where`, the same for both databases but for how a time is
//! written. Only what is asked for stands in it, so that each database sees which index serves.

use super::rows::{big, word};
use common::cdr::Cdr;
use common::ports::{CallFilter, DbError};

/// A value of the statement.
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// What stands behind the columns of a call.
pub(super) struct Search {
    /// `where …`, `order by …` and `limit …`, its values as `$1`, `$2`, ...
    pub(super) sql: String,
    /// The values.
    pub(super) values: Vec<Value>,
}

/// How a dialect writes the time of a value, given as `$n`, in milliseconds since 1970.
pub(super) type Moment = fn(&str) -> String;

/// The newest calls that fit. A page goes on after the last call of the one before, wherever that stands by now.
pub(super) fn search(filter: &CallFilter, max: u32, moment: Moment) -> Result<Search, DbError> {
    let mut search = Search { sql: String::new(), values: Vec::new() };
    let mut fits = Vec::new();
    if let Some(company) = &filter.company {
        fits.push(format!("company = {}", search.text(company.as_str())));
    }
    if let Some(agent) = &filter.agent {
        fits.push(format!("agent = {}", search.text(agent.as_str())));
    }
    if let Some(number) = &filter.number {
        let number = search.text(number.reveal());
        fits.push(format!("(caller = {number} or called = {number})"));
    }
    match filter.end_reason.as_deref() {
        Some(Cdr::OPEN) => fits.push("(end_reason is null or end_reason = 'open')".to_owned()),
        Some(reason) => fits.push(format!("end_reason = {}", search.text(reason))),
        None => {}
    }
    if let Some(direction) = filter.direction {
        fits.push(format!("direction = {}", search.text(&word(direction)?)));
    }
    if let Some(batch) = &filter.batch {
        // Attempts are `batch.row.number`, and `/` is what follows `.`: all of the batch stand between.
        let (first, end) = (search.text(&format!("{batch}.")), search.text(&format!("{batch}/")));
        fits.push(format!("attempt >= {first} and attempt < {end}"));
    }
    if let Some(since_ms) = filter.since_ms {
        fits.push(format!("began_at >= {}", moment(&search.number(big(since_ms, "time")?))));
    }
    if let Some(until_ms) = filter.until_ms {
        fits.push(format!("began_at < {}", moment(&search.number(big(until_ms, "time")?))));
    }
    if let Some(after) = &filter.after {
        fits.push(behind(&search.text(after.as_str())));
    }
    let fits = if fits.is_empty() { "true".to_owned() } else { fits.join(" and ") };
    let most = search.number(i64::from(max));
    search.sql = format!(" where {fits} order by began_at desc nulls last, call_sid desc limit {most}");
    Ok(search)
}

/// Standing behind this call in the list; calls of which no time is known stand last. Behind an unknown one is nothing.
fn behind(after: &str) -> String {
    let began = format!("(select began_at from calls where call_sid = {after})");
    format!(
        "((began_at, call_sid) < ({began}, {after})
          or (began_at is null and {began} is not null)
          or (began_at is null and call_sid < {after} and exists (select 1 from calls where call_sid = {after})))"
    )
}

impl Search {
    fn text(&mut self, value: &str) -> String {
        self.value(Value::Text(value.to_owned()))
    }

    fn number(&mut self, value: i64) -> String {
        self.value(Value::Number(value))
    }

    fn value(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}
