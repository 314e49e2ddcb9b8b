//! Templates of addresses and bodies: what arguments make of them, and that none of them escapes its place.

use super::*;
use proptest::prelude::*;

fn filled<T>(arguments: &Value, fill: impl Fn(Filling<'_>) -> T) -> T {
    let schema = json!({"properties": {"id": {}, "optional": {}}});
    let arguments = arguments.as_object().unwrap();
    let filling = Filling { arguments, schema: &schema, caller: Some("+12025550143"), call: "CA1", language: "en" };
    fill(filling)
}

fn url(template: &str, arguments: &Value) -> Option<String> {
    filled(arguments, |filling| filling.path_and_query(template)).ok()
}

fn body(template: &Value, arguments: &Value) -> Value {
    filled(arguments, |filling| filling.body(template)).unwrap()
}

#[test]
fn arguments_stand_escaped_in_path_and_query() {
    let arguments = json!({"id": "A 1/b&c", "n": 7, "yes": true});
    assert_eq!(url("/orders/{id}/x?n={n}&y={yes}", &arguments).unwrap(), "/orders/A%201%2Fb%26c/x?n=7&y=true");
}

#[test]
fn a_missing_argument_leaves_its_pair_out_and_spoils_a_path() {
    assert_eq!(url("/orders?id={id}&all=1&o={optional}", &json!({"id": 3})).unwrap(), "/orders?id=3&all=1");
    assert_eq!(url("/orders?o={optional}", &json!({"optional": null})).unwrap(), "/orders");
    assert_eq!(url("/orders/{optional}", &json!({})), None);
}

#[test]
fn no_argument_climbs_out_of_its_segment() {
    for climbing in ["..", ".", "", "../admin", "a/../../b", "..\\x", "a\nb", "./x"] {
        assert_eq!(url("/orders/{id}", &json!({"id": climbing})), None, "{climbing:?}");
    }
    assert_eq!(url("/orders/{id}{b}", &json!({"id": ".", "b": "."})), None);
    assert_eq!(url("/orders/{id}", &json!({"id": {"a": 1}})), None);
    assert_eq!(url("/orders/{id}", &json!({"id": "v1..v2"})).unwrap(), "/orders/v1..v2");
}

#[test]
fn the_context_fills_what_is_no_argument() {
    assert_eq!(url("/c/{caller}?call={call}&l={language}", &json!({})).unwrap(), "/c/%2B12025550143?call=CA1&l=en");
    assert_eq!(url("/c/{caller}", &json!({"caller": "me"})).unwrap(), "/c/me");
}

#[test]
fn a_whole_value_of_a_body_keeps_its_type() {
    let template =
        json!({"n": "{n}", "list": ["{id}", "{gone}", 1], "text": "order {id} of {n}", "gone": "{gone}", "k": null});
    let arguments = json!({"id": "A", "n": 7.5});
    let expected = json!({"n": 7.5, "list": ["A", 1], "text": "order A of 7.5", "k": null});
    assert_eq!(body(&template, &arguments), expected);
    assert_eq!(body(&json!("{o}"), &json!({"o": {"deep": [1]}})), json!({"deep": [1]}));
}

#[test]
fn braces_around_no_name_stand_for_themselves() {
    assert_eq!(body(&json!("{} {1a} { id} {id"), &json!({"id": "x"})), json!("{} {1a} { id} {id"));
    assert_eq!(pieces("{{id}}"), [Piece::Text("{"), Piece::Hole("id"), Piece::Text("}")]);
}

proptest! {
    #[test]
    fn an_argument_never_moves_a_request(text in "\\PC{0,40}", other in "[./%\\\\?#@:a-z]{0,12}") {
        let arguments = json!({"id": text, "n": other});
        if let Some(filled) = url("/orders/{id}/lines/{n}?q={id}", &arguments) {
            let parsed = reqwest::Url::parse(&format!("https://orders.example{filled}")).unwrap();
            prop_assert_eq!(parsed.host_str(), Some("orders.example"));
            let segments: Vec<_> = parsed.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4);
            prop_assert_eq!((segments[0], segments[2]), ("orders", "lines"));
            prop_assert_eq!(parsed.query_pairs().count(), 1);
            prop_assert_eq!(parsed.query_pairs().next().unwrap().1.into_owned(), text);
        }
    }

    #[test]
    fn a_body_is_filled_once_and_what_it_is_filled_with_is_no_template(text in "[{}a-z]{0,20}") {
        let arguments = json!({"id": text, "n": "no"});
        prop_assert_eq!(body(&json!({"a": "{id}", "b": "x{id}"}), &arguments), json!({"a": text, "b": format!("x{text}")}));
    }

    #[test]
    fn pieces_put_together_are_the_template(text in "[{}a_1 ]{0,30}") {
        let back: String = pieces(&text).iter().map(|piece| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Hole(name) => format!("{{{name}}}"),
        }).collect();
        prop_assert_eq!(back, text);
    }
}
