//! JSON that fits a schema, made up from the letters of a question: the same question, the same answer.
//!
//! Knows what schemas of structured outputs use: types, enums, constants, properties, items, alternatives, references to
//! their own definitions, bounds. Nothing else is needed to answer, and nothing here is true.

use std::hash::Hasher as _;

use serde_json::{Map, Value, json};

/// How deep schemas that refer to themselves are followed.
const DEPTH: usize = 8;
/// The longest sentence that is quoted as an answer, in characters.
const QUOTE: usize = 80;

/// An answer that fits; fields of these names are answered as given.
pub(super) fn fitting(schema: &Value, question: &str, fields: &Map<String, Value>) -> Value {
    Answer { root: schema, question, fields }.of(schema, "", 0)
}

/// A number made of the question's letters, the same in every process of one build.
pub(super) fn number(question: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(question.as_bytes());
    hasher.finish()
}

struct Answer<'a> {
    root: &'a Value,
    question: &'a str,
    fields: &'a Map<String, Value>,
}

impl Answer<'_> {
    fn of(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if let Some(given) = self.fields.get(name) {
            return given.clone();
        }
        if depth > DEPTH {
            return Value::Null;
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(one_of) = schema["enum"].as_array().filter(|choices| !choices.is_empty()) {
            return one_of[self.pick(name, one_of.len())].clone();
        }
        if let Some(place) = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
            return self.of(self.root.pointer(place).unwrap_or(&Value::Null), name, depth + 1);
        }
        if let Some(first) = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema[*key].get(0)) {
            return self.of(first, name, depth + 1);
        }
        self.typed(schema, name, depth)
    }

    fn typed(&self, schema: &Value, name: &str, depth: usize) -> Value {
        // A value that may be absent is there: of several types the first that is not null.
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
            kind => kind.as_str(),
        };
        let bound = |key: &str| schema[key].as_i64();
        match kind {
            Some("string") => json!(self.words(name, schema["maxLength"].as_u64())),
            Some("integer" | "number") => {
                json!(bound("minimum").unwrap_or(0).min(bound("maximum").unwrap_or(i64::MAX)))
            }
            Some("boolean") => json!(self.pick(name, 2) == 1),
            Some("array") => {
                let least = usize::try_from(bound("minItems").unwrap_or(0)).unwrap_or_default();
                (0..least).map(|_| self.of(&schema["items"], name, depth + 1)).collect()
            }
            Some("null") => Value::Null,
            _ => self.object(schema, depth),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        properties.iter().map(|(name, schema)| (name.clone(), self.of(schema, name, depth + 1))).collect()
    }

    /// The last line of the question, which of a conversation is its end.
    fn words(&self, name: &str, most: Option<u64>) -> String {
        let last = self.question.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(name).trim();
        let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(QUOTE);
        format!("{name}: {last}").chars().take(most.min(QUOTE)).collect()
    }

    fn pick(&self, name: &str, of: usize) -> usize {
        let mixed = number(self.question) ^ number(name);
        usize::try_from(mixed % of as u64).expect("less than a usize")
    }
}
