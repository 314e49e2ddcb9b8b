//! Tools: what a row means, which agent has it, and every mistake with its line.

use super::*;
use crate::company::{BuiltIn, Confirm, HttpTool, Keep, Sample, ToolKind};
use serde_json::json;

const TOOLS: &str = r#"
[[tool]]
name = "lookup_loan"
description = "Look up a loan."
kind = "http"
url = "{loans}/loans/{loan_number}"
secret = { header = "Authorization", prefix = "Bearer ", name = "loans_key" }
result = { balance = "/data/balance" }
sample = { record = "loan", argument = "loan_number" }
filler = "Let me look."
[tool.parameters]
type = "object"
required = ["loan_number"]
properties.loan_number = { type = "string" }

[[tool]]
name = "make_payment"
description = "Take a payment."
kind = "http"
method = "POST"
url = "{loans}/payments"
parameters_file = "payment.json"
confirm = "read_back"
keep = "name"
timeout_ms = 5000
rate = { per_call = 2 }
sign = "loans_signing"
body = { amount = "{amount}" }
filler = { en = "One moment.", es = "Un momento.", fr = "Un instant." }

[[tool]]
name = "transfer_call"
kind = "built_in"
does = "transfer"
"#;
const TARGET: &str = "[targets.desk]\nnumber = \"+15005550009\"\ndescription = \"A person\"\n";

fn load_tools(tools: &str, named: &str) -> Result<Packs, String> {
    let agent = AGENT.replace("languages = [\"en\"]", &format!("languages = [\"en\", \"es-MX\"]\ntools = {named}"));
    load_files(&[
        ("acme/company.toml", &format!("{COMPANY}{TARGET}")),
        ("acme/agent.toml", &agent),
        ("acme/tools.toml", tools),
        ("acme/payment.json", "{\"type\": \"object\"}"),
    ])
}

#[test]
fn a_row_says_what_a_tool_does() {
    let packs = load_tools(TOOLS, "[\"lookup_loan\", \"make_payment\", \"transfer_call\", \"hang_up\"]").unwrap();
    let [loan, payment, transfer, hang_up] = &only(&packs).tools[..] else { panic!("four tools") };
    let ToolKind::Http(HttpTool { method, result, sample, secret, .. }) = &loan.kind else { panic!("http") };
    assert_eq!((method.as_str(), result["balance"].as_str(), loan.idempotent), ("GET", "/data/balance", true));
    assert_eq!(sample, &Some(Sample::Record { record: "loan".into(), argument: "loan_number".into() }));
    assert_eq!(secret.as_ref().map(|secret| secret.prefix.as_str()), Some("Bearer "));
    assert_eq!(loan.parameters["required"], json!(["loan_number"]));
    assert_eq!(loan.filler.get("en").map(String::as_str), Some("Let me look."));
    assert_eq!((payment.confirm, payment.keep, payment.idempotent), (Confirm::ReadBack, Keep::Name, false));
    assert_eq!((payment.timeout_ms, payment.rate.per_call, payment.rate.per_minute), (5_000, 2, 1_000));
    let fillers: Vec<&str> = payment.filler.keys().map(String::as_str).collect();
    assert_eq!(fillers, ["en", "es-MX"], "in the agent's spelling of the languages it speaks");
    assert_eq!(transfer.parameters["properties"]["to"]["enum"], json!(["desk"]));
    assert_eq!(hang_up.kind, ToolKind::BuiltIn(BuiltIn::HangUp));
}

#[test]
fn an_agent_that_names_no_tool_can_hang_up() {
    let names: Vec<String> = only(&load_agent(AGENT).unwrap()).tools.iter().map(|tool| tool.name.clone()).collect();
    assert_eq!(names, ["hang_up"]);
}

#[test]
fn every_mistake_in_a_tool_is_told() {
    let tools = "[[tool]]\nname = \"look up\"\nkind = \"htp\"\n[[tool]]\nname = \"pay\"\nkind = \"http\"\nmethod = \"post\"\n\
        url = \"loans.example\"\nparameters_file = \"nothing.json\"\nkeep = \"none\"\ntimeout_ms = 1\nurll = \"x\"\n\
        [tool.secret]\nheader = \"X\"\n[[tool]]\nname = \"pay\"\nkind = \"built_in\"\ndoes = \"lookup_record\"\nrecord = \"order\"\n\
        enabled = \"yes\"\n";
    let text = load_tools(tools, "[\"pay\", \"pays\", \"conference\"]").unwrap_err();
    for part in [
        "acme/tools.toml line 2: tool.name is \"look up\", but must be letters, digits or _, at most 64",
        "acme/tools.toml line 3: tool.kind is \"htp\", but must be one of built_in, http, mcp",
        "tool.does is missing",
        "acme/tools.toml line 4: tool.description is missing",
        "acme/tools.toml line 7: tool.method is \"post\", but must be one of GET, POST",
        "acme/tools.toml line 8: tool.url is \"loans.example\", but must be a URL, or {service}/…",
        "acme/nothing.json: the file cannot be read",
        "acme/tools.toml line 10: tool.keep is \"none\", but must be one of name, all",
        "acme/tools.toml line 11: tool.timeout_ms must be a whole number from 100 to 60000; for example 8000",
        "acme/tools.toml line 12: tool.urll is not known; did you mean url?",
        "acme/tools.toml line 13: tool.secret.name is missing",
        "acme/tools.toml line 16: tool.name is \"pay\", which another tool here has already",
        "tool.argument is missing",
        "tool.enabled is of the kind string, but must be true or false",
        "acme/agent.toml line 4: tools names \"pays\", which is not known; did you mean pay?",
        "acme/agent.toml line 4: tools names \"conference\", which needs a place to go to in company.toml; for example [rooms.ops]",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(text.starts_with("16 mistakes"), "{text}");
}

#[test]
fn a_mistake_found_later_has_its_place() {
    let packs = load_tools(TOOLS, "[\"lookup_loan\", \"make_payment\", \"transfer_call\"]").unwrap();
    let company = CompanyId::parse("acme").unwrap();
    let place = |tool: &str, key: &str| packs.tool_mistake(&company, tool, key, "is wrong", "").place;
    assert!(place("lookup_loan", "url").ends_with("acme/tools.toml line 6"));
    assert!(place("lookup_loan", "parameters.required").ends_with("acme/tools.toml line 11"));
    assert!(place("make_payment", "nothing").ends_with("acme/tools.toml line 16"));
    assert_eq!(place("hang_up", "url"), "company acme");
}

#[test]
fn a_tool_nobody_names_is_told() {
    let packs = load_tools(TOOLS, "[\"lookup_loan\", \"make_payment\"]").unwrap();
    assert!(warnings(&packs).contains(&"acme/tools.toml line 31: tool transfer_call is named by no agent; for example tools = [\"transfer_call\"] in agent.toml".to_owned()), "{:?}", warnings(&packs));
}

#[test]
fn a_tool_is_part_of_the_version_of_whoever_names_it() {
    let version = |tools: &str, named: &str| only(&load_tools(tools, named).unwrap()).version.clone();
    let changed = TOOLS.replace("Take a payment.", "Take money.");
    assert_ne!(version(TOOLS, "[\"make_payment\"]"), version(&changed, "[\"make_payment\"]"));
    assert_eq!(version(TOOLS, "[\"lookup_loan\"]"), version(&changed, "[\"lookup_loan\"]"));
    let reordered =
        TOOLS.replace("keep = \"name\"\ntimeout_ms = 5000\n", "timeout_ms = 5000\nkeep = \"name\" # money\n");
    assert_eq!(version(TOOLS, "[\"make_payment\"]"), version(&reordered, "[\"make_payment\"]"));
}

#[test]
fn a_script_uses_tools_the_agent_has_in_every_language() {
    let script = "[[turn]]\ncaller = \"Where is it?\"\ntext = \"Here.\"\naudio = \"a.ulaw\"\ntools = [{ name = \"hang_up\" }, { name = \"lookup\" }]\n";
    let files = [
        ("acme/company.toml", COMPANY),
        ("acme/agent.toml", &AGENT.replace("[\"en\"]", "[\"en\", \"es\"]")),
        ("acme/script.toml", script),
        ("acme/script.es.toml", "[[cue]]\nname = \"nobody_answers\"\ntext = \"Hola\"\naudio = \"a.ulaw\"\n"),
        ("acme/a.ulaw", ""),
    ];
    let text = load_files(&files).unwrap_err();
    assert!(
        text.contains("script.toml line 5: turn.tools.name is \"lookup\", which is not known among the agent's tools"),
        "{text}"
    );
    assert!(
        text.contains("script.es.toml line 2: cue.name is \"nobody_answers\", but must be one of greeting"),
        "{text}"
    );
    let mended = [("acme/script.toml", ""), files[0], files[1]];
    let version = |files: &[(&str, &str)]| only(&load_files(files).unwrap()).version.clone();
    let other = [
        ("acme/script.toml", "[[turn]]\ncaller = \"Hi\"\ntext = \"x\"\naudio = \"a.ulaw\"\n"),
        files[0],
        files[1],
        files[4],
    ];
    assert_ne!(version(&mended), version(&other));
}
