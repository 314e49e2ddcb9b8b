//! Which version of an agent speaks: a hash over everything that the agent is. Comments, spaces and the order of fields
//! do not count; neither do addresses that an installation sets for itself.

use crate::company::{Agent, Company, Texting};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The first 12 hexadecimal digits of the hash. The company's agents are not looked at, only the places it has.
pub(super) fn of(agent: &Agent, company: &Company, script: &Value) -> String {
    let mut numbers = agent.numbers.clone();
    numbers.sort();
    let nameless = Agent { version: String::new(), script: None, numbers, ..agent.clone() };
    let mut whole = json!({
        "agent": nameless,
        "places": [company.targets, company.queues, company.rooms, company.services],
        "company": [company.id.as_str(), company.name, company.timezone],
        "script": script,
    });
    if company.texting != Texting::default() {
        whole["messages"] = json!(company.texting);
    }
    let mut text = String::new();
    write(&whole, &mut text);
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// JSON with sorted keys, whatever the map type keeps.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in sorted {
                *text += &Value::from(name.as_str()).to_string();
                text.push(':');
                write(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => *text += &other.to_string(),
    }
}
