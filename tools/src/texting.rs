//! Sends text messages: only a company's own wording, only to the person on the telephone, and no more than it allows.
//!
//! Before it: the tool `send_sms`, and the recorder after a call. After it: the telephone network. A message costs money
//! and can be asked for by anybody who talks to an agent, so every bound is checked here, in one place: the country, the
//! messages to one number in a day (by the state store for all workers together; with the store away by this process),
//! the messages of the company in a day (by this process).

use common::clock;
use common::company::{Texting, filled};
use common::ids::{CallId, CompanyId};
use common::ports::telephone::TextMessage;
use common::ports::{Messages, Spend, State, TelephoneError};
use common::prices::country;
use common::private::{PhoneNumber, Spoken};
use common::token::{CallToken, Keys};
use common::twilio::address;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const DAY_MS: u64 = 86_400_000;
/// A day's counts are forgotten a little after the day.
const KEPT: Duration = Duration::from_secs(25 * 3_600);

/// Sends text messages. Shared by all calls of a process.
pub struct Texter {
    messages: Arc<dyn Messages>,
    state: Arc<dyn State>,
    keys: Keys,
    public_url: String,
    today: Mutex<Today>,
}

/// What this process sent today.
#[derive(Default)]
struct Today {
    day: u64,
    by_company: BTreeMap<CompanyId, u32>,
    /// Counted only while the state store is away.
    by_number: BTreeMap<String, u32>,
}

impl fmt::Debug for Texter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texter").finish_non_exhaustive()
    }
}

/// A message that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'w> {
    /// In or after which call.
    pub call: &'w CallId,
    /// Whose.
    pub company: &'w CompanyId,
    /// What the company may send.
    pub texting: &'w Texting,
    /// Name of the template.
    pub template: &'w str,
    /// Language of the conversation, and those to take where the wording lacks it.
    pub languages: Vec<&'w str>,
    /// What stands in the wording's fields. Personal data.
    pub fields: BTreeMap<String, String>,
    /// The person on the telephone.
    pub to: Option<&'w PhoneNumber>,
    /// Our number in the call.
    pub ours: Option<&'w PhoneNumber>,
}

/// A message ready to be sent: everything but the day's counts was checked.
pub struct Ready {
    message: TextMessage,
    company: CompanyId,
    template: String,
    country: String,
    per_number_day: u32,
    per_day: u32,
}

/// Who it was for and what it says is nobody's business here.
impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("template", &self.template).finish_non_exhaustive()
    }
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The telephone network's id of it.
    pub message: common::ids::MessageId,
    /// Name of its template.
    pub template: String,
    /// Country it went to.
    pub country: String,
    /// Parts it was cut into.
    pub segments: u32,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// The company has no such message.
    #[error("the company has no message of this name")]
    NoTemplate,
    /// Something that stands in its wording was not given, or is too long.
    #[error("the field {0} is missing or too long")]
    Field(String),
    /// Nobody knows the number, or it is in no country messages may go to.
    #[error("messages may not be sent to this number")]
    NotThere,
    /// The company or the person has had as many as they may have today.
    #[error("no more messages {0} today")]
    Enough(&'static str),
    /// The telephone network did not take it, or may have.
    #[error(transparent)]
    Network(TelephoneError),
}

impl Texter {
    /// On these ports. `public_url` is the address Twilio reaches.
    pub fn new(messages: Arc<dyn Messages>, state: Arc<dyn State>, keys: Keys, public_url: &str) -> Self {
        Self { messages, state, keys, public_url: public_url.to_owned(), today: Mutex::default() }
    }

    /// Checks what can be checked without asking anybody.
    pub fn ready(&self, wanted: &Wanted<'_>) -> Result<Ready, Unsent> {
        let texting = wanted.texting;
        let template = texting.templates.get(wanted.template).ok_or(Unsent::NoTemplate)?;
        let wording = wanted.languages.iter().find_map(|language| template.texts.get(*language));
        let wording = wording.or_else(|| template.texts.values().next()).ok_or(Unsent::NoTemplate)?;
        for (field, most) in template.fields.iter().filter(|(field, _)| wording.contains(&format!("{{{field}}}"))) {
            let fits = |value: &String| !value.is_empty() && value.chars().count() <= *most as usize;
            if !wanted.fields.get(field).is_some_and(fits) {
                return Err(Unsent::Field(field.clone()));
            }
        }
        let to = wanted.to.ok_or(Unsent::NotThere)?;
        let allowed = |country: &&str| texting.countries.iter().any(|own| own == country);
        let country = country(to).filter(allowed).ok_or(Unsent::NotThere)?;
        let from = texting.from.as_ref().or(wanted.ours).ok_or(Unsent::NotThere)?;
        let token = self.keys.sign_call(&CallToken { call: wanted.call.clone() });
        let status_url = address::webhook_url(&self.public_url, &format!("/twilio/message-status/{token}"));
        let body = Spoken::new(filled(wording, &wanted.fields));
        Ok(Ready {
            message: TextMessage { to: to.clone(), from: from.clone(), body, status_url: Some(status_url) },
            company: wanted.company.clone(),
            template: wanted.template.to_owned(),
            country: country.to_owned(),
            per_number_day: texting.per_number_day,
            per_day: texting.per_day,
        })
    }

    /// Sends it, if the day's counts allow. Asked once: a message that may have been taken is not sent again.
    pub async fn send(&self, ready: &Ready) -> Result<Sent, Unsent> {
        let day = clock::unix_ms() / DAY_MS;
        if !self.company_may(ready, day) {
            return Err(Unsent::Enough("by this company"));
        }
        if !self.number_may(ready, day).await {
            return Err(Unsent::Enough("to this number"));
        }
        let sent = self.messages.send(&ready.message).await.map_err(Unsent::Network)?;
        let (template, country) = (ready.template.clone(), ready.country.clone());
        Ok(Sent { message: sent.message, template, country, segments: sent.segments })
    }

    fn company_may(&self, ready: &Ready, day: u64) -> bool {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        today.begin(day);
        take(today.by_company.entry(ready.company.clone()).or_default(), ready.per_day)
    }

    /// One of the number's places of this day is used up; the state store knows which are left.
    async fn number_may(&self, ready: &Ready, day: u64) -> bool {
        let hash = Sha256::digest(format!("{}:{}", ready.company, ready.message.to.reveal()));
        let who: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        for place in 0..ready.per_number_day {
            match self.state.spend(&format!("sms:{who}:{day}:{place}"), KEPT).await {
                Ok(Spend::First) => return true,
                Ok(Spend::Again) => {}
                Err(_) => {
                    let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
                    today.begin(day);
                    return take(today.by_number.entry(who).or_default(), ready.per_number_day);
                }
            }
        }
        false
    }
}

impl Today {
    fn begin(&mut self, day: u64) {
        if self.day != day {
            *self = Self { day, ..Self::default() };
        }
    }
}

/// Counts one more, if it fits.
fn take(count: &mut u32, most: u32) -> bool {
    let fits = *count < most;
    *count += u32::from(fits);
    fits
}
