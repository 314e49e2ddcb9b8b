//! Sums calls up without a model: deterministic, offline, and honest about it. It shows the ways of a summary, it does
//! not understand a word.

use async_trait::async_trait;
use call::Usage;
use common::ports::summarizer::{SummaryAnswer, SummaryRequest};
use common::ports::{Health, Summarizer, SummaryError};
use common::private::Spoken;
use serde_json::{Map, Value, json};

/// What it is called, where people read which model was asked.
const MODEL: &str = "simulated";
/// How much of what the caller said first is quoted.
const QUOTED: usize = 160;
/// Characters a token has on average: what it would have billed is told as if it were one.
const PER_TOKEN: usize = 4;
/// How deep a schema is followed; deeper values are left out.
const DEEPEST: u32 = 8;

/// The simulated model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scripted;

#[async_trait]
impl Summarizer for Scripted {
    async fn check(&self) -> Result<Health, SummaryError> {
        Ok(Health { server: "simulated summary model".into(), faults: Vec::new() })
    }

    async fn ask(&self, request: &SummaryRequest) -> Result<SummaryAnswer, SummaryError> {
        let call = Conversation::read(request.transcript.reveal());
        let mut answer = filled(&request.schema, "", &call, 0).unwrap_or_else(|| json!({}));
        if let Some(answer) = answer.as_object_mut() {
            call.put_into(answer, &request.schema);
        }
        let text = answer.to_string();
        let tokens = |text: &str| text.chars().count().div_ceil(PER_TOKEN) as u64;
        let usage = Usage {
            text_in: tokens(&request.instructions) + tokens(request.transcript.reveal()),
            text_out: tokens(&text),
            ..Usage::default()
        };
        Ok(SummaryAnswer { text: Spoken::new(text), model: MODEL.into(), usage })
    }
}

/// What can be seen of a call without understanding it.
struct Conversation<'t> {
    first: &'t str,
    turns: usize,
    left: bool,
}

impl<'t> Conversation<'t> {
    /// From lines `caller: …`, `agent: …` and `[…]`.
    fn read(transcript: &'t str) -> Self {
        let said = || transcript.lines().filter_map(|line| line.strip_prefix("caller: "));
        let left =
            |line: &str| ["[transfer ", "[queue ", "[tool create_ticket"].iter().any(|way| line.starts_with(way));
        Self { first: said().next().unwrap_or_default(), turns: said().count(), left: transcript.lines().any(left) }
    }

    /// The fields every summary has, where the schema asks for them.
    fn put_into(&self, answer: &mut Map<String, Value>, schema: &Value) {
        let quoted: String = self.first.chars().take(QUOTED).collect();
        let summary = format!("Simulated summary: the caller spoke {} times, first: \"{quoted}\"", self.turns);
        let outcome = if self.left { "escalated" } else { "resolved" };
        for (name, value) in [("summary", summary.as_str()), ("outcome", outcome), ("sentiment", "neutral")] {
            if schema["properties"].get(name).is_some() {
                answer.insert(name.into(), value.into());
            }
        }
    }
}

/// A value that fits a schema, as far as it is simple: the first choice, the least number, the caller's first words.
/// `None` where it goes too deep.
fn filled(schema: &Value, name: &str, call: &Conversation<'_>, depth: u32) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let of = |key: &str| schema.get(key);
    if let Some(value) = of("const").or_else(|| of("default")) {
        return Some(value.clone());
    }
    if let Some(first) = of("enum").and_then(Value::as_array).and_then(|choices| choices.first()) {
        return Some(first.clone());
    }
    if let Some(choices) = of("anyOf").or_else(|| of("oneOf")).and_then(Value::as_array) {
        return filled(choices.first()?, name, call, depth + 1);
    }
    let kind = match of("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None => None,
    };
    Some(match kind {
        Some("object") => object(schema, call, depth)?,
        Some("array") => array(schema, name, call, depth)?,
        Some("string") => text(schema, call).into(),
        Some("integer" | "number") => of("minimum").cloned().unwrap_or_else(|| 0.into()),
        Some("boolean") => false.into(),
        _ => Value::Null,
    })
}

/// Required properties only: what is not required is not made up.
fn object(schema: &Value, call: &Conversation<'_>, depth: u32) -> Option<Value> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let value = |name: &str| {
        let schema = schema["properties"].get(name).unwrap_or(&Value::Null);
        Some((name.to_owned(), filled(schema, name, call, depth + 1)?))
    };
    required.map(value).collect::<Option<Map<_, _>>>().map(Value::Object)
}

fn array(schema: &Value, name: &str, call: &Conversation<'_>, depth: u32) -> Option<Value> {
    let least = schema["minItems"].as_u64().unwrap_or_default().min(16);
    let item = || filled(schema.get("items").unwrap_or(&Value::Null), name, call, depth + 1);
    (0..least).map(|_| item()).collect::<Option<Vec<_>>>().map(Value::Array)
}

fn text(schema: &Value, call: &Conversation<'_>) -> String {
    let day = match schema["format"].as_str() {
        Some("date") => Some("1970-01-01"),
        Some("date-time") => Some("1970-01-01T00:00:00Z"),
        _ => None,
    };
    let most = schema["maxLength"].as_u64().map_or(QUOTED, |most| (most as usize).min(QUOTED));
    day.map_or_else(|| call.first.chars().take(most).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_fills_what_is_required_from_the_transcript_and_says_what_it_is() {
        let schema = json!({
            "type": "object",
            "properties": {
                "summary": {"type": "string"},
                "outcome": {"enum": ["resolved", "escalated"]},
                "sentiment": {"enum": ["positive", "neutral"]},
                "fields": {
                    "type": "object",
                    "properties": {
                        "reason": {"enum": ["order", "refund"]}, "nights": {"type": "integer", "minimum": 1},
                        "note": {"type": "string", "maxLength": 8}, "email": {"type": "string"},
                    },
                    "required": ["reason", "nights", "note"],
                },
            },
            "required": ["summary", "outcome", "sentiment", "fields"],
        });
        let transcript = "agent: Good morning.\ncaller: A room, please.\n[transfer to desk: answered]\n";
        let request = SummaryRequest { instructions: String::new(), transcript: Spoken::new(transcript), schema };
        let answer = Scripted.ask(&request).await.unwrap();
        let said: Value = serde_json::from_str(answer.text.reveal()).unwrap();
        assert_eq!(said["fields"], json!({"reason": "order", "nights": 1, "note": "A room, "}));
        assert_eq!((said["outcome"].as_str(), said["sentiment"].as_str()), (Some("escalated"), Some("neutral")));
        assert!(said["summary"].as_str().unwrap().contains("A room, please."), "{said}");
        assert_eq!(answer.model, "simulated");
        assert!(answer.usage.text_in > 0 && answer.usage.text_out > 0);
        assert_eq!(Scripted.ask(&request).await.unwrap(), answer, "the same call has the same summary");
    }
}
