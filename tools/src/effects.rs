//! What a call has set going that must not be done twice, and how far it is.
//!
//! Before it: [`crate::Memory`], which owns the list. After it: [`crate::Job`], which holds an [`Effect`] while it runs.
//! An effect that is dropped after its request went out is of unknown outcome from then on; nobody has to say so.

use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is under way.
    Running,
    /// It went out, and nobody knows how it ended.
    Unknown,
}

struct Entry {
    number: u64,
    tool: String,
    arguments: Value,
    stage: Stage,
}

#[derive(Default)]
struct List {
    next: u64,
    entries: Vec<Entry>,
}

/// Requests of a call that are under way or of unknown outcome.
#[derive(Clone, Default)]
pub(crate) struct Effects(Arc<Mutex<List>>);

/// Without what they hold: arguments are the caller's words.
impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Effects({})", self.lock().entries.len())
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Effect {
    effects: Effects,
    number: u64,
    on_drop: OnDrop,
}

/// What is known when nobody says how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDrop {
    /// It did not go out.
    Nothing,
    /// It went out.
    Unknown,
}

impl Effects {
    /// How far the same request is, if it is known.
    pub(crate) fn stage(&self, tool: &str, arguments: &Map<String, Value>) -> Option<Stage> {
        let same = |entry: &&Entry| entry.tool == tool && same_object(&entry.arguments, arguments);
        // One of unknown outcome weighs more than one under way.
        let list = self.lock();
        let stages = list.entries.iter().filter(same).map(|entry| entry.stage);
        stages.max_by_key(|stage| *stage == Stage::Unknown)
    }

    /// A request is about to go out.
    pub(crate) fn begin(&self, tool: &str, arguments: &Map<String, Value>) -> Effect {
        let number = self.add(tool, Value::Object(arguments.clone()), Stage::Running);
        Effect { effects: self.clone(), number, on_drop: OnDrop::Nothing }
    }

    /// Nobody knows how this request ended.
    pub(crate) fn add_unknown(&self, tool: &str, arguments: Value) {
        self.add(tool, arguments, Stage::Unknown);
    }

    fn add(&self, tool: &str, arguments: Value, stage: Stage) -> u64 {
        let mut list = self.lock();
        list.next += 1;
        let number = list.next;
        list.entries.push(Entry { number, tool: tool.to_owned(), arguments, stage });
        number
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Effect {
    /// The request goes out now: from here on it may have taken effect.
    pub(crate) fn goes_out(&mut self) {
        self.on_drop = OnDrop::Unknown;
    }

    /// Whether it may have taken effect.
    pub(crate) fn may_be_done(&self) -> bool {
        self.on_drop == OnDrop::Unknown
    }

    /// It is known how it ended.
    pub(crate) fn settled(&mut self) {
        self.on_drop = OnDrop::Nothing;
    }
}

impl Drop for Effect {
    fn drop(&mut self) {
        let mut list = self.effects.lock();
        let Some(place) = list.entries.iter().position(|entry| entry.number == self.number) else { return };
        match self.on_drop {
            OnDrop::Nothing => drop(list.entries.remove(place)),
            OnDrop::Unknown => list.entries[place].stage = Stage::Unknown,
        }
    }
}

/// Whether two JSON values mean the same: `20` and `20.0` do.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(_), Value::Object(b)) => same_object(one, b),
        _ => one == other,
    }
}

/// Whether a value is an object that means the same as this one.
pub(crate) fn same_object(one: &Value, other: &Map<String, Value>) -> bool {
    let Value::Object(one) = one else { return false };
    one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn arguments(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn order_and_spelling_of_numbers_make_no_difference() {
        assert!(same(&json!({"a": 20, "b": [1, {"c": null}]}), &json!({"b": [1.0, {"c": null}], "a": 20.0})));
        assert!(!same(&json!({"a": 20}), &json!({"a": 20, "b": null})));
        assert!(!same(&json!({"a": "20"}), &json!({"a": 20})));
        assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
    }

    #[test]
    fn what_is_dropped_after_it_went_out_is_of_unknown_outcome() {
        let effects = Effects::default();
        let pay = arguments(json!({"amount": 20}));
        let mut effect = effects.begin("pay", &pay);
        assert_eq!(effects.stage("pay", &pay), Some(Stage::Running));
        effect.goes_out();
        drop(effect);
        assert_eq!(effects.stage("pay", &pay), Some(Stage::Unknown));
        assert_eq!(effects.stage("pay", &arguments(json!({"amount": 21}))), None);
    }

    #[test]
    fn what_never_went_out_or_is_settled_may_be_done_again() {
        let effects = Effects::default();
        let pay = arguments(json!({"amount": 20}));
        drop(effects.begin("pay", &pay));
        let mut effect = effects.begin("pay", &pay);
        effect.goes_out();
        effect.settled();
        drop(effect);
        assert_eq!(effects.stage("pay", &pay), None);
    }
}
