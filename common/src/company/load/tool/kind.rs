//! What a tool does: the fields of its row that belong to its kind.

use crate::company::load::sheet::Sheet;
use crate::company::load::standard;
use crate::company::{BuiltIn, HttpTool, McpTool, Sample, SecretHeader, SecretRef, ToolKind};

/// What a built-in tool may do.
pub(super) const DOES: [&str; 10] = [
    "hang_up",
    "transfer",
    "enqueue",
    "conference",
    "send_digits",
    "create_ticket",
    "lookup_record",
    "search_records",
    "validate_routing_number",
    "set_language",
];

/// The kind, with its fields.
pub(super) fn read(table: &mut Sheet<'_>, name: &str) -> ToolKind {
    table.must_be_there("kind", "http");
    match table.choice("kind", &["built_in", "http", "mcp"]).as_deref() {
        Some("http") => ToolKind::Http(http(table)),
        Some("mcp") => ToolKind::Mcp(mcp(table, name)),
        _ => ToolKind::BuiltIn(built_in(table)),
    }
}

/// Whether running it twice is the same as once, where its row does not say.
pub(super) fn is_idempotent(kind: &ToolKind) -> bool {
    match kind {
        ToolKind::BuiltIn(does) => standard::is_idempotent(does),
        ToolKind::Http(http) => http.method == "GET",
        ToolKind::Mcp(_) => false,
    }
}

fn built_in(table: &mut Sheet<'_>) -> BuiltIn {
    table.must_be_there("does", "transfer");
    let does = table.choice("does", &DOES);
    match does.as_deref() {
        Some("transfer") => BuiltIn::Transfer,
        Some("enqueue") => BuiltIn::Enqueue,
        Some("conference") => BuiltIn::Conference,
        Some("send_digits") => BuiltIn::SendDigits,
        Some("create_ticket") => BuiltIn::CreateTicket,
        Some("lookup_record") => BuiltIn::LookupRecord { record: record(table), argument: argument(table) },
        Some("search_records") => {
            BuiltIn::SearchRecords { record: record(table), most: table.number("most", 1..=20, 3) as u32 }
        }
        Some("validate_routing_number") => BuiltIn::ValidateRoutingNumber,
        Some("set_language") => BuiltIn::SetLanguage,
        _ => BuiltIn::HangUp,
    }
}

fn record(table: &mut Sheet<'_>) -> String {
    table.needed("record", "order").unwrap_or_default()
}

fn argument(table: &mut Sheet<'_>) -> String {
    table.needed("argument", "order_id").unwrap_or_default()
}

fn http(table: &mut Sheet<'_>) -> HttpTool {
    HttpTool {
        method: table.choice("method", &["GET", "POST", "PUT", "PATCH", "DELETE"]).unwrap_or_else(|| "GET".into()),
        url: url(table),
        headers: table.texts("headers", "application/json").into_iter().collect(),
        secret: secret(table),
        sign: table.text("sign", "loans_signing_key").map(SecretRef),
        body: table.json("body"),
        result: table.texts("result", "/data/status").into_iter().collect(),
        sample: sample(table),
    }
}

fn mcp(table: &mut Sheet<'_>, name: &str) -> McpTool {
    McpTool { url: url(table), tool: table.text("tool", name).unwrap_or_else(|| name.into()), secret: secret(table) }
}

fn url(table: &mut Sheet<'_>) -> String {
    let begins = |text: &str| text.starts_with("https://") || text.starts_with("http://") || text.starts_with('{');
    let url = table.parsed("url", "{loans}/loans/{loan_number}", |text| {
        if begins(text) {
            Ok(text.to_owned())
        } else {
            Err("a URL, or {service}/… with a service of the company".into())
        }
    });
    url.unwrap_or_default()
}

fn secret(table: &mut Sheet<'_>) -> Option<SecretHeader> {
    let mut inner = table.table("secret")?;
    let header = SecretHeader {
        name: inner.needed("header", "Authorization").unwrap_or_default(),
        prefix: inner.any_text("prefix", "Bearer ").unwrap_or_default(),
        secret: SecretRef(inner.needed("name", "loans_key").unwrap_or_default()),
    };
    inner.finish();
    Some(header)
}

fn sample(table: &mut Sheet<'_>) -> Option<Sample> {
    let mut inner = table.table("sample")?;
    let sample = match inner.json("answer") {
        Some(answer) => Sample::Answer(answer),
        None => Sample::Record { record: record(&mut inner), argument: argument(&mut inner) },
    };
    inner.finish();
    Some(sample)
}
