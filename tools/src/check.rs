//! What is wrong with a tool as configured: everything that can be known without running it.
//!
//! Before it: the loader of packs. It never reaches for a service.

use crate::template::{CONTEXT, holes};
use crate::{arguments, http, secrets};
use common::company::{BuiltIn, HttpTool, McpTool, Sample, SecretHeader, Tool, ToolKind};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

/// Longest name of a tool; providers take no longer one.
const LONGEST_NAME: usize = 64;
/// Longest a caller waits for a tool.
const LONGEST_TIMEOUT_MS: u64 = 60_000;
/// Headers that are the client's business.
const RESERVED: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "cookie",
    "idempotency-key",
    "patchbay-signature",
];

/// What is wrong with a tool's definition, each a sentence for the person who wrote it. Empty when nothing is.
pub fn check(tool: &Tool) -> Vec<String> {
    let mut wrong = Vec::new();
    let named = tool.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if tool.name.is_empty() || tool.name.len() > LONGEST_NAME || !named {
        wrong.push("name: letters, digits, `_` and `-`, at most 64".to_owned());
    }
    if tool.timeout_ms == 0 || tool.timeout_ms > LONGEST_TIMEOUT_MS {
        wrong.push(format!("timeout: from 1 to {LONGEST_TIMEOUT_MS} ms; most callers wait 8 s"));
    }
    schema(tool, &mut wrong);
    match &tool.kind {
        ToolKind::BuiltIn(does) => built_in(tool, does, &mut wrong),
        ToolKind::Http(http) => check_http(tool, http, &mut wrong),
        ToolKind::Mcp(mcp) => check_mcp(mcp, &mut wrong),
    }
    wrong
}

/// The service a tool's URL begins with: `{orders}/…` → `orders`.
pub fn service_of(tool: &Tool) -> Option<&str> {
    let url = match &tool.kind {
        ToolKind::BuiltIn(_) => return None,
        ToolKind::Http(http) => &http.url,
        ToolKind::Mcp(mcp) => &mcp.url,
    };
    http::service(url).map(|(service, _)| service)
}

fn schema(tool: &Tool, wrong: &mut Vec<String>) {
    if tool.parameters["type"] != "object" {
        wrong.push("parameters: the schema must be of an object: type = \"object\"".to_owned());
    }
    if let Err(error) = arguments::compile(&tool.parameters) {
        wrong.push(format!("parameters: no valid JSON Schema: {error}"));
    }
}

/// Arguments a built-in needs stand in the schema, or the model never gives them.
fn built_in(tool: &Tool, does: &BuiltIn, wrong: &mut Vec<String>) {
    let needed = match does {
        BuiltIn::HangUp => return,
        BuiltIn::Transfer => "to",
        BuiltIn::Enqueue => "queue",
        BuiltIn::Conference => "room",
        BuiltIn::SendDigits => "digits",
        BuiltIn::CreateTicket => "subject",
        BuiltIn::LookupRecord { argument, .. } => argument,
        BuiltIn::SearchRecords { .. } => "query",
        BuiltIn::ValidateRoutingNumber => "routing_number",
        BuiltIn::SetLanguage => "language",
        BuiltIn::SendSms => "message",
        BuiltIn::OptOut => return,
        BuiltIn::Recording => "do",
    };
    if !declares(tool, needed) {
        wrong.push(format!("parameters: this built-in needs the argument `{needed}`"));
    }
}

fn check_http(tool: &Tool, http: &HttpTool, wrong: &mut Vec<String>) {
    if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&http.method.as_str()) {
        wrong.push(format!("method: `{}` is none of GET, POST, PUT, PATCH, DELETE", http.method));
    }
    if http.body.is_some() && http.method == "GET" {
        wrong.push("body: a GET request has none".to_owned());
    }
    let rest = address(&http.url, wrong);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    for name in holes(path) {
        if !declares(tool, name) && !CONTEXT.contains(&name) {
            wrong.push(format!("url: no argument `{name}` in parameters"));
        } else if declares(tool, name) && !requires(tool, name) {
            wrong.push(format!("url: `{name}` stands in the path and must be required"));
        }
    }
    let mut used: Vec<String> = holes(query).map(str::to_owned).collect();
    used.extend(http.body.iter().flat_map(holes_of));
    for name in used.iter().filter(|name| !declares(tool, name) && !CONTEXT.contains(&name.as_str())) {
        wrong.push(format!("template: no argument `{name}` in parameters"));
    }
    headers(http, wrong);
    for (name, pointer) in &http.result {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            wrong.push(format!("result.{name}: a JSON pointer begins with `/`, for example `/data/0/status`"));
        }
    }
    if let Some(Sample::Record { argument, .. }) = http.sample.as_ref().filter(|sample| !sample_fits(tool, sample)) {
        wrong.push(format!("sample: no argument `{argument}` in parameters"));
    }
}

fn sample_fits(tool: &Tool, sample: &Sample) -> bool {
    match sample {
        Sample::Answer(_) => true,
        Sample::Record { argument, .. } => declares(tool, argument),
    }
}

fn headers(http: &HttpTool, wrong: &mut Vec<String>) {
    for (name, value) in &http.headers {
        if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
            wrong.push(format!("headers: `{name}` is no header"));
        } else if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            wrong.push(format!("headers: `{name}` is set by Patchbay"));
        }
    }
    http.secret.iter().for_each(|header| secret_header(header, wrong));
    if http.sign.as_ref().is_some_and(|secret| !secrets::is_name(&secret.0)) {
        wrong.push("sign: a secret's name is of letters, digits, `_` and `-`".to_owned());
    }
}

fn check_mcp(mcp: &McpTool, wrong: &mut Vec<String>) {
    let rest = address(&mcp.url, wrong);
    if holes(rest).next().is_some() {
        wrong.push("url: an MCP server's address takes no arguments".to_owned());
    }
    if mcp.tool.is_empty() {
        wrong.push("tool: the tool's name at the server is missing".to_owned());
    }
    mcp.secret.iter().for_each(|header| secret_header(header, wrong));
}

fn secret_header(header: &SecretHeader, wrong: &mut Vec<String>) {
    if HeaderName::from_bytes(header.name.as_bytes()).is_err() {
        wrong.push(format!("secret: `{}` is no header", header.name));
    }
    if !secrets::is_name(&header.secret.0) {
        wrong.push("secret: a secret's name is of letters, digits, `_` and `-`".to_owned());
    }
}

/// Looks at the beginning of an address; gives the template behind it.
fn address<'t>(url: &'t str, wrong: &mut Vec<String>) -> &'t str {
    if let Some((service, rest)) = http::service(url) {
        if service.is_empty() || !(rest.is_empty() || rest.starts_with(['/', '?'])) {
            wrong.push("url: a service's name in braces, then `/`: `{orders}/v1/…`".to_owned());
        }
        return rest;
    }
    let (base, rest) = http::split(url);
    let parsed = Url::parse(base).ok().filter(|parsed| parsed.has_host() && !base.contains(['{', '@']));
    match parsed.as_ref().map(Url::scheme) {
        Some("https") => {}
        Some("http") => wrong.push("url: must be https; a private service is named under `services`".to_owned()),
        _ => wrong.push("url: `https://host/…` or `{service}/…`; arguments only in path and query".to_owned()),
    }
    rest
}

fn declares(tool: &Tool, argument: &str) -> bool {
    tool.parameters["properties"].get(argument).is_some()
}

fn requires(tool: &Tool, argument: &str) -> bool {
    let required = tool.parameters["required"].as_array();
    required.is_some_and(|required| required.iter().any(|name| name == argument))
}

fn holes_of(template: &Value) -> Vec<String> {
    match template {
        Value::String(text) => holes(text).map(str::to_owned).collect(),
        Value::Array(items) => items.iter().flat_map(holes_of).collect(),
        Value::Object(fields) => fields.values().flat_map(holes_of).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
