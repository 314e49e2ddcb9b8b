//! Addresses of services as one installation has them: they replace those that packs or stores name.
//!
//! Read from configuration (`PATCHBAY_SERVICES__LOANS`), laid over a [`Roster`] after it was loaded. They are no part of
//! an agent's version: the same agent is tried against a stand-in and answers calls against the real service.

use super::Roster;
use std::collections::BTreeMap;

/// Addresses by service, or by company and service; the narrower name is stronger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services(BTreeMap<String, String>);

impl Services {
    /// Sets an address. The name is `loans` or `acme.loans`; `LOANS` and `ACME__LOANS` mean the same.
    pub fn set(&mut self, name: &str, url: impl Into<String>) {
        self.0.insert(plain(name), url.into());
    }

    /// Replaces the addresses in a roster; gives the names no company knows.
    pub fn lay_over(&self, roster: &mut Roster) -> Vec<String> {
        let mut unknown: Vec<String> = self.0.keys().cloned().collect();
        for company in roster.companies.values_mut() {
            for (service, address) in &mut company.services {
                let names = [plain(&format!("{}.{service}", company.id)), plain(service)];
                unknown.retain(|name| !names.contains(name));
                if let Some(url) = names.iter().find_map(|name| self.0.get(name)) {
                    address.clone_from(url);
                }
            }
        }
        unknown
    }
}

/// Names as a variable can spell them: in lower case, without dashes.
fn plain(name: &str) -> String {
    name.replace("__", ".").replace('-', "_").to_ascii_lowercase()
}
