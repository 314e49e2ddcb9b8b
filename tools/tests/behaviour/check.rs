//! Mistakes in a tool's definition are found before a call meets them.

use crate::support::{http_tool, pay, with_http};
use common::company::{BuiltIn, McpTool, Sample, SecretHeader, SecretRef, Tool, ToolKind};
use common::testing;
use serde_json::json;
use tools::{check, service_of};

/// Each of these words stands in one of the mistakes found, and there are no more mistakes than words.
#[track_caller]
fn finds(tool: &Tool, words: &[&str]) {
    let found = check(tool);
    assert_eq!(found.len(), words.len(), "{found:?}");
    for word in words {
        assert!(found.iter().any(|mistake| mistake.contains(word)), "{word} is not in {found:?}");
    }
}

#[test]
fn a_good_tool_has_no_mistakes() {
    finds(&pay(), &[]);
    let mut tool = with_http(http_tool("look_up", "GET", "https://shop.example/o/{id}?c={caller}"), |http| {
        http.headers.insert("x-tenant".into(), "a".into());
        http.sample = Some(Sample::Record { record: "order".into(), argument: "id".into() });
    });
    tool.parameters = json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]});
    finds(&tool, &[]);
    assert_eq!((service_of(&pay()), service_of(&tool)), (Some("shop"), None));
}

#[test]
fn all_mistakes_of_a_tool_are_found_at_once() {
    let mut tool = with_http(http_tool("bad name", "FETCH", "http://shop.example/{id}/{other}?q={third}"), |http| {
        http.headers.insert("Host".into(), "evil".into());
        http.headers.insert("x bad".into(), "a".into());
        http.body = Some(json!({"deep": ["{fourth}"]}));
        http.secret = Some(SecretHeader {
            name: "x key".into(),
            prefix: String::new(),
            secret: SecretRef("../etc/passwd".into()),
        });
        http.result.insert("a".into(), "data/a".into());
    });
    tool.timeout_ms = 0;
    tool.parameters = json!({"type": "object", "properties": {"id": {"type": "strin"}}});
    let words = [
        "name: letters",
        "timeout",
        "no valid JSON Schema",
        "FETCH",
        "must be https",
        "`id` stands in the path",
        "`other`",
        "`third`",
        "`fourth`",
        "`Host`",
        "`x bad`",
        "`x key`",
        "a secret's name",
        "JSON pointer",
    ];
    finds(&tool, &words);
}

#[test]
fn an_address_begins_with_a_host_or_a_service() {
    for url in
        ["shop.example/x", "https://{host}/x", "https://a@b/x", "ftp://shop.example/", "{shop}evil", "{}/x", "", "/x"]
    {
        assert_eq!(check(&http_tool("t", "GET", url)).len(), 1, "{url}");
    }
}

#[test]
fn a_built_in_needs_its_argument_in_the_schema() {
    let mut tool = testing::tool("transfer_call", ToolKind::BuiltIn(BuiltIn::Transfer));
    finds(&tool, &["`to`"]);
    tool.parameters = json!({"type": "object", "properties": {"to": {"enum": ["sales"]}}});
    finds(&tool, &[]);
    let mcp = McpTool { url: "{search}/{query}".into(), tool: String::new(), secret: None };
    finds(&testing::tool("t", ToolKind::Mcp(mcp)), &["takes no arguments", "at the server is missing"]);
}
