//! Whether a service can hold a model to a schema. Structured outputs know only a part of JSON Schema: every object
//! closed, every property required, few keywords
//! (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>, read 2026-11). Others are a wish, and
//! the recorder checks the answer in any case.

use serde_json::{Map, Value};

/// Keywords that are known.
const KNOWN: [&str; 19] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "description",
    "title",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
];

/// Whether a model can be held to it.
pub(super) fn can_be(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return false };
    let closed = schema.get("type") != Some(&Value::from("object")) || is_closed(schema);
    closed && schema.keys().all(|keyword| KNOWN.contains(&keyword.as_str())) && below(schema).all(can_be)
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && names.all(|name| required.contains(&name.as_str()))
}

fn below(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    properties.chain(choices).chain(schema.get("items"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_closed_schema_can_be_strict() {
        let fields = json!({
            "type": "object", "properties": {"reason": {"enum": ["order", "refund"]}}, "required": ["reason"],
            "additionalProperties": false,
        });
        let whole = json!({
            "type": "object", "additionalProperties": false, "required": ["summary", "fields"],
            "properties": {"summary": {"type": "string"}, "fields": fields},
        });
        assert!(can_be(&whole));
    }

    #[test]
    fn an_open_one_an_optional_field_and_a_strange_keyword_cannot() {
        for schema in [
            json!({"type": "object", "properties": {}, "required": []}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
            json!({"type": "string", "minLength": 1}),
            json!({"type": "array", "items": {"type": "object", "properties": {}}}),
        ] {
            assert!(!can_be(&schema), "{schema}");
        }
    }
}
