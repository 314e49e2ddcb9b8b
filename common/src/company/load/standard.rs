//! What a built-in tool is where a pack does not say: its name, when to use it, the schema of its arguments.
//!
//! The schema of a tool that sends a call somewhere lists the company's own places, so that the model cannot name
//! another one.

use crate::company::{BuiltIn, Company, Language, Tool, ToolKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A built-in tool nobody described, as an agent may name it without a `tools.toml`; without its schema.
pub fn tool(name: &str) -> Option<Tool> {
    let does = match name {
        "hang_up" => BuiltIn::HangUp,
        "transfer" => BuiltIn::Transfer,
        "enqueue" => BuiltIn::Enqueue,
        "conference" => BuiltIn::Conference,
        "send_digits" => BuiltIn::SendDigits,
        "create_ticket" => BuiltIn::CreateTicket,
        "validate_routing_number" => BuiltIn::ValidateRoutingNumber,
        "set_language" => BuiltIn::SetLanguage,
        "send_sms" => BuiltIn::SendSms,
        "opt_out" => BuiltIn::OptOut,
        "recording" => BuiltIn::Recording,
        _ => return None,
    };
    Some(Tool {
        name: name.to_owned(),
        description: description(&does).to_owned(),
        parameters: Value::Null,
        idempotent: is_idempotent(&does),
        kind: ToolKind::BuiltIn(does),
        enabled: true,
        timeout_ms: super::tool::TIMEOUT_MS,
        confirm: Default::default(),
        keep: Default::default(),
        filler: BTreeMap::new(),
        rate: Default::default(),
    })
}

/// When the model should use it.
pub fn description(does: &BuiltIn) -> &'static str {
    match does {
        BuiltIn::HangUp => "End the call after you have said goodbye.",
        BuiltIn::Transfer => "Put the caller through to a person. Tell the caller first that you do.",
        BuiltIn::Enqueue => "Let the caller wait for the next free person. Tell the caller first that you do.",
        BuiltIn::Conference => "Bring the caller into a conference. Tell the caller first that you do.",
        BuiltIn::SendDigits => "Press keys of the telephone for the caller.",
        BuiltIn::CreateTicket => "Open a ticket for what cannot be settled in this call.",
        BuiltIn::LookupRecord { .. } => "Look up what is known under a number the caller gives.",
        BuiltIn::SearchRecords { .. } => "Search what the company knows, by words of the caller's question.",
        BuiltIn::ValidateRoutingNumber => "Check a bank routing number before it is used.",
        BuiltIn::SetLanguage => "Go on in another language when the caller asks for it or speaks it.",
        BuiltIn::SendSms => "Send the person on the telephone a text message, when they have agreed to it.",
        BuiltIn::OptOut => {
            "Take the person off the list of people who are called, when they do not want to be called again. The call ends."
        }
        BuiltIn::Recording => {
            "Pause the recording before a secret such as a card number is said, and resume it after; refuse when the caller does not want to be recorded."
        }
    }
}

/// Whether running it twice is the same as once.
pub(super) fn is_idempotent(does: &BuiltIn) -> bool {
    !matches!(does, BuiltIn::SendDigits | BuiltIn::CreateTicket | BuiltIn::SendSms)
}

/// The JSON Schema of its arguments, at this company, for an agent of these languages.
pub fn parameters(does: &BuiltIn, company: &Company, languages: &[Language]) -> Value {
    match does {
        BuiltIn::HangUp => object(json!({}), &[]),
        BuiltIn::Transfer => {
            let whom: Vec<String> =
                company.targets.iter().map(|(name, target)| format!("{name}: {}", target.description)).collect();
            let to = one_of(company.targets.keys(), &whom.join("; "));
            let briefing = text("What the person called should know about the caller's wish, in one or two sentences.");
            object(json!({"to": to, "briefing": briefing}), &["to"])
        }
        BuiltIn::Enqueue => object(json!({"queue": one_of(company.queues.keys(), "Which queue.")}), &["queue"]),
        BuiltIn::Conference => object(json!({"room": one_of(company.rooms.keys(), "Which conference.")}), &["room"]),
        BuiltIn::SendDigits => {
            let digits = json!({"type": "string", "pattern": "^[0-9*#wW]{1,32}$", "description": "Keys to press; w waits half a second."});
            object(json!({"digits": digits}), &["digits"])
        }
        BuiltIn::CreateTicket => object(
            json!({
                "subject": text("What it is about, in one line."),
                "details": text("All that somebody needs to settle it."),
                "priority": {"type": "string", "enum": ["low", "normal", "high", "urgent"]},
                "category": text("One word."),
            }),
            &["subject", "details"],
        ),
        BuiltIn::LookupRecord { argument, record } => {
            let mut properties = Map::new();
            properties.insert(argument.clone(), text(&format!("The {record}'s number, as the caller says it.")));
            object(Value::Object(properties), &[argument])
        }
        BuiltIn::SearchRecords { .. } => object(json!({"query": text("Words to look for.")}), &["query"]),
        BuiltIn::ValidateRoutingNumber => object(json!({"routing_number": text("Nine digits.")}), &["routing_number"]),
        BuiltIn::SetLanguage => {
            let tags = languages.iter().map(|language| &language.tag);
            object(json!({"language": one_of(tags, "BCP 47.")}), &["language"])
        }
        BuiltIn::SendSms => messages(company),
        BuiltIn::OptOut => object(json!({}), &[]),
        BuiltIn::Recording => {
            let what = json!({"type": "string", "enum": ["start", "pause", "resume", "stop", "refuse"]});
            object(json!({"do": what}), &["do"])
        }
    }
}

/// The company's messages by name, and every field one of them has.
fn messages(company: &Company) -> Value {
    let templates = &company.texting.templates;
    let which: Vec<String> =
        templates.iter().map(|(name, template)| format!("{name}: {}", template.description)).collect();
    let mut properties = Map::new();
    properties.insert("message".into(), one_of(templates.keys(), &which.join("; ")));
    for (field, most) in templates.values().flat_map(|template| &template.fields) {
        properties.insert(field.clone(), json!({"type": "string", "maxLength": most}));
    }
    object(Value::Object(properties), &["message"])
}

/// Which table of `company.toml` a tool needs and does not find.
pub(super) fn lacks(does: &BuiltIn, company: &Company) -> Option<&'static str> {
    match does {
        BuiltIn::Transfer if company.targets.is_empty() => Some("[targets.front_desk]"),
        BuiltIn::Enqueue if company.queues.is_empty() => Some("[queues.support]"),
        BuiltIn::SendSms if company.texting.templates.is_empty() => Some("[messages.templates.confirmation]"),
        BuiltIn::Conference if company.rooms.is_empty() => Some("[rooms.ops]"),
        _ => None,
    }
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn one_of<'n>(names: impl Iterator<Item = &'n String>, description: &str) -> Value {
    let names: Vec<&String> = names.collect();
    json!({"type": "string", "enum": names, "description": description})
}
