//! Long lists, a page at a time: fifty things a page, and the address of the next one.
//!
//! The scheme: <https://www.twilio.com/docs/usage/twilios-response#pagination> (read 2026-11).

use axum::response::{IntoResponse, Json, Response};
use reqwest::Url;
use serde_json::{Value, json};

use super::form::field;

/// Things on a page unless the request says otherwise, and at most.
const USUAL: usize = 50;
const MOST: usize = 1_000;

/// The page of `all` that a query asks for, under the name of what is listed.
pub(super) fn page(name: &str, path: &str, query: &[(String, String)], all: Vec<Value>) -> Response {
    let number = |name: &str| field(query, name).and_then(|number| number.parse::<usize>().ok());
    let size = number("PageSize").unwrap_or(USUAL).clamp(1, MOST);
    let at = number("Page").unwrap_or_default();
    let from = (at * size).min(all.len());
    let to = (from + size).min(all.len());
    let uri = |page: usize| spell(path, query, page, size);
    let next = (to < all.len()).then(|| uri(at + 1));
    let body = json!({
        name: &all[from..to],
        "page": at, "page_size": size, "start": from, "end": to.saturating_sub(1),
        "uri": uri(at), "first_page_uri": uri(0), "next_page_uri": next,
        "previous_page_uri": at.checked_sub(1).map(uri),
    });
    Json(body).into_response()
}

/// The address of a page, with all that the request asked for.
fn spell(path: &str, query: &[(String, String)], page: usize, size: usize) -> String {
    let mut url = Url::parse("list://l").expect("a constant address");
    let kept = query.iter().filter(|(name, _)| !matches!(name.as_str(), "Page" | "PageSize" | "PageToken"));
    url.query_pairs_mut().extend_pairs(kept).extend_pairs([
        ("PageSize", size.to_string()),
        ("Page", page.to_string()),
        ("PageToken", format!("PT{page:032x}")),
    ]);
    format!("{path}?{}", url.query().unwrap_or_default())
}
