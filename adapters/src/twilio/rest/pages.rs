//! Lists, page by page: <https://www.twilio.com/docs/usage/twilios-response#pagination> (read 2026-11).
//!
//! The next page's address comes with the page. It is followed on our own account only: a list that leads elsewhere
//! would be shown our credentials.

use super::{TwilioRest, away};
use common::ports::TelephoneError;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One page of any list.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(alias = "calls", alias = "incoming_phone_numbers")]
    rows: Vec<T>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

impl TwilioRest {
    /// The rows of a list from its first page on, in Twilio's order, of at most so many pages.
    pub(super) async fn list<T: DeserializeOwned>(&self, first: Url, most: usize) -> Result<Vec<T>, TelephoneError> {
        let mut rows = Vec::new();
        let mut next = Some(first);
        for _ in 0..most {
            let Some(address) = next.take() else { break };
            let page: Page<T> = self.read(address.as_str()).await?;
            rows.extend(page.rows);
            next = page.next_page_uri.filter(|uri| !uri.is_empty()).map(|uri| self.next_page(&uri)).transpose()?;
        }
        Ok(rows)
    }

    /// Twilio gives paths; what a base address of our own has before them stays.
    fn next_page(&self, uri: &str) -> Result<Url, TelephoneError> {
        let base = self.base.as_str().trim_end_matches('/');
        let whole = if uri.starts_with('/') { format!("{base}{uri}") } else { uri.to_owned() };
        let address = Url::parse(&whole).ok().filter(|address| address.as_str().starts_with(&self.at("")));
        address.ok_or_else(|| away("its list goes on outside our account"))
    }
}
