//! Arguments as the model wrote them: JSON that fits the tool's schema, or a list of what is wrong.
//!
//! Before it: [`crate::toolbox`]. What is wrong is said by field and expectation; the caller's words stay out of it.

use crate::errors::{ErrorCode, Problem};
use common::company::{AgentSnapshot, Tool};
use common::ids::CompanyId;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest arguments, in bytes. A model that writes more has lost its way.
const LONGEST: usize = 32 * 1024;
/// Most mistakes the model is told at once.
const MOST_MISTAKES: usize = 8;
/// Compiled schemas kept; beyond it all are forgotten and made again when needed.
const MOST_SCHEMAS: usize = 1_024;

/// A compiled schema and the text it was made of: a new version of an agent may bring another.
type Compiled = (Value, Arc<Validator>);

/// Compiled schemas by company and tool.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Mutex<HashMap<(CompanyId, String), Compiled>>);

impl Schemas {
    /// The arguments, if they fit.
    pub(crate) fn read(&self, agent: &AgentSnapshot, tool: &Tool, text: &str) -> Result<Map<String, Value>, Problem> {
        let arguments = object(text)?;
        let Some(schema) = self.compiled(&agent.company, tool) else {
            return Err(ErrorCode::Unavailable.into());
        };
        let arguments = Value::Object(arguments);
        let mistakes: Vec<Value> = schema.iter_errors(&arguments).take(MOST_MISTAKES).map(mistake).collect();
        match arguments {
            Value::Object(arguments) if mistakes.is_empty() => Ok(arguments),
            _ => Err(Problem::new(ErrorCode::InvalidArguments, Value::Array(mistakes))),
        }
    }

    fn compiled(&self, company: &CompanyId, tool: &Tool) -> Option<Arc<Validator>> {
        let key = (company.clone(), tool.name.clone());
        let mut schemas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((text, schema)) = schemas.get(&key)
            && *text == tool.parameters
        {
            return Some(schema.clone());
        }
        let schema = Arc::new(compile(&tool.parameters).ok()?);
        if schemas.len() >= MOST_SCHEMAS {
            schemas.clear();
        }
        schemas.insert(key, (tool.parameters.clone(), schema.clone()));
        Some(schema)
    }
}

/// Compiles a schema; the error says what is wrong with it.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options().should_validate_formats(true).build(schema).map_err(|error| error.to_string())
}

fn object(text: &str) -> Result<Map<String, Value>, Problem> {
    let wrong =
        |expected: &str| Problem::new(ErrorCode::InvalidArguments, json!([{"field": "", "expected": expected}]));
    if text.len() > LONGEST {
        return Err(wrong("shorter arguments"));
    }
    // Providers send nothing at all for a tool without arguments.
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(wrong("a JSON object")),
        Err(_) => Err(wrong("valid JSON")),
    }
}

fn mistake(error: jsonschema::ValidationError<'_>) -> Value {
    let field = error.instance_path().to_string();
    let mut expected = error.masked().to_string();
    if let Some((end, _)) = expected.char_indices().nth(300) {
        expected.truncate(end);
    }
    json!({"field": field.trim_start_matches('/'), "expected": expected})
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::company::{BuiltIn, ToolKind};
    use common::testing::{agent_snapshot, tool};
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Map<String, Value>, Value> {
        let mut tool = tool("pay", ToolKind::BuiltIn(BuiltIn::HangUp));
        tool.parameters = json!({
            "type": "object",
            "properties": {
                "amount": {"type": "number", "minimum": 1, "maximum": 500},
                "card": {"type": "string", "pattern": "^[0-9]{4}$"},
                "plan": {"enum": ["gold", "silver"]},
            },
            "required": ["amount"],
            "additionalProperties": false,
        });
        Schemas::default().read(&agent_snapshot(), &tool, text).map_err(|problem| problem.to_json())
    }

    #[test]
    fn what_fits_passes() {
        assert_eq!(read(r#"{"amount": 20, "plan": "gold"}"#).unwrap()["amount"], 20);
    }

    #[test]
    fn the_field_and_what_was_expected_are_named() {
        let wrong = read(r#"{"amount": 900, "plan": "lead"}"#).unwrap_err();
        assert_eq!(wrong["error"], "invalid_arguments");
        let fields: Vec<_> = wrong["details"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
        assert_eq!(fields, ["amount", "plan"]);
        let missing = read("{}").unwrap_err().to_string();
        assert!(missing.contains("amount") && missing.contains("required"), "{missing}");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "3", "\"amount\"", "{", "{\"amount\":", "null", "\u{feff}{}"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&format!("{{\"amount\":{}}}", "1".repeat(LONGEST))).is_err());
        assert!(read(&"[".repeat(20_000)).is_err());
    }

    proptest! {
        #[test]
        fn a_callers_words_are_not_said_back(said in "[a-z]{12,40}") {
            let wrong = read(&json!({"amount": said, "card": said, "plan": said}).to_string()).unwrap_err();
            prop_assert_eq!(wrong["details"].as_array().unwrap().len(), 3);
            prop_assert!(!wrong.to_string().contains(&said));
        }

        #[test]
        fn no_text_is_a_panic(text in ".{0,200}") {
            let _ = read(&text);
        }
    }
}
