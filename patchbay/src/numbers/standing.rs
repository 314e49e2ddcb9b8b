//! Who answers a number as it is set now. Pure: it knows the gateway's public paths, and no server.

use common::company::{Agent, Company, Roster};
use common::ids::CompanyId;
use common::ports::telephone::OwnNumber;

/// The path that answers by the called number.
pub(super) const VOICE: &str = "/twilio/voice";
/// The path that is told how a call went.
pub(super) const STATUS: &str = "/twilio/status";

/// Other paths of the gateway for the same, kept for numbers of systems that it replaces.
const VOICE_ALIASES: [&str; 5] = [VOICE, "/incoming-call", "/twiml", "/inbound_call", "/twilio/inbound_call"];
const STATUS_ALIASES: [&str; 2] = [STATUS, "/call-status"];

/// How an address of ours takes calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The agent of the called number.
    Number,
    /// The agent of a company for a language.
    Path { company: String, language: String },
}

/// Who answers a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answered<'r> {
    /// An agent of ours.
    By(&'r Company, &'r Agent),
    /// It leads here, and nobody is there.
    Nobody,
    /// It leads somewhere else, or nowhere.
    Elsewhere,
}

/// Who answers it.
pub(super) fn answered<'r>(base: &str, roster: &'r Roster, own: &OwnNumber) -> Answered<'r> {
    let way = way(base, &own.setup.voice_url).filter(|_| own.overridden_by.is_empty());
    let found = match way {
        None => return Answered::Elsewhere,
        Some(Way::Number) => roster.by_number(&own.number),
        Some(Way::Path { company, language }) => {
            CompanyId::parse(company).ok().and_then(|company| roster.by_path(&company, &language))
        }
    };
    found.map_or(Answered::Nobody, |(company, agent)| Answered::By(company, agent))
}

/// How an address takes calls, if it is ours.
pub(super) fn way(base: &str, url: &str) -> Option<Way> {
    let path = path(base, url)?;
    if VOICE_ALIASES.contains(&path) {
        return Some(Way::Number);
    }
    let (company, language) = path.strip_prefix("/twilio/")?.strip_suffix("/voice")?.split_once('/')?;
    let whole = !company.is_empty() && !language.is_empty() && !language.contains('/');
    whole.then(|| Way::Path { company: company.to_owned(), language: language.to_owned() })
}

/// Whether an address of ours is told how calls went.
pub(super) fn takes_status(base: &str, url: &str) -> bool {
    path(base, url).is_some_and(|path| STATUS_ALIASES.contains(&path))
}

/// The path of an address of ours.
fn path<'u>(base: &str, url: &'u str) -> Option<&'u str> {
    let rest = url.trim().strip_prefix(base).filter(|rest| rest.starts_with('/'))?;
    rest.split(['?', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://calls.example.com";

    #[test]
    fn addresses_are_taken_apart() {
        let path = |company: &str, language: &str| Way::Path { company: company.into(), language: language.into() };
        for (url, wanted) in [
            ("https://calls.example.com/twilio/voice", Some(Way::Number)),
            ("https://calls.example.com/twilio/voice?x=1", Some(Way::Number)),
            ("https://calls.example.com/incoming-call", Some(Way::Number)),
            ("https://calls.example.com/twilio/harbour/de/voice", Some(path("harbour", "de"))),
            ("https://calls.example.com/twilio/harbour/voice", None),
            ("https://calls.example.com/twilio/harbour/de/x/voice", None),
            ("https://calls.example.com/twilio//de/voice", None),
            ("https://calls.example.com/", None),
            ("https://calls.example.com", None),
            ("https://calls.example.community/twilio/voice", None),
            ("https://calls.example.com:8443/twilio/voice", None),
            ("http://calls.example.com/twilio/voice", None),
            ("https://demo.twilio.com/welcome/voice/", None),
            ("", None),
        ] {
            assert_eq!(way(BASE, url), wanted, "{url}");
        }
    }
}
