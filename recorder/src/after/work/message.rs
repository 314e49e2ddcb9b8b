//! Sends the person on the telephone a text message of the company's wording, after the call.
//!
//! It is sent once or not at all. Where nothing was sent for certain, the job is put back as if it had never begun; any
//! other end of a try leaves open whether it was sent, and then a person decides: reviving the dead letter sends it.
//! How many go out in a call and in a day is bounded, however many calls come in to make them go out.

use super::{Care, Trouble};
use crate::after::hear::person;
use crate::after::moments;
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::company::{Company, MessageTemplate};
use common::event::{Direction, RecorderEvent};
use common::ids::{CallId, CompanyId};
use common::ports::aftercare::Job;
use common::ports::telephone::TextMessage;
use common::ports::{Admission, TelephoneError};
use common::prices::country;
use common::private::{PhoneNumber, Spoken};
use common::token::CallToken;
use common::twilio::derived_sequence;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is said of a message nobody knows the fate of.
pub(super) const MAYBE: &str = "it may have been sent";
/// A message later than this after its call surprises more than it helps.
const LATE: Duration = Duration::from_secs(6 * 3_600);
/// How long the network may be away.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// When it is asked again.
const AWHILE: Duration = Duration::from_secs(60);
/// How long a message waits for the summary whose fields it names, and how often that is looked for.
const SUMMARY: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(5));
/// What a day is for its caps.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Whether a message goes out.
enum Cleared {
    /// It does.
    To(PhoneNumber, &'static str),
    /// It does not, and that is no fault.
    Withheld(&'static str),
}

impl Care {
    pub(super) async fn send(&self, job: &Job, template: &str) -> Result<(), Trouble> {
        let was_sent =
            |event: &RecorderEvent| matches!(event, RecorderEvent::Messaged { template: sent, .. } if sent == template);
        if self.noted(&job.call).await?.iter().any(was_sent) {
            return Ok(());
        }
        if job.attempts > 1 {
            return Err(Trouble::Never(MAYBE.into()));
        }
        let never = |why: String| Trouble::Never(why);
        let unknown = || never(format!("the company has no message {template} any more"));
        let company = self.known.company(&job.company).await?.ok_or_else(unknown)?;
        let wording = company.texting.templates.get(template).ok_or_else(unknown)?;
        let cdr = self.means.db.cdr(&job.call).await?.ok_or_else(unknown)?;
        let body = self.worded(job, &company, &cdr, wording).await?;
        let (to, country) = match self.cleared(&company, &cdr).await? {
            Cleared::To(to, country) => (to, country),
            Cleared::Withheld(why) => {
                moments::withheld(&job.call, why);
                return Ok(());
            }
        };
        let from = company.texting.from.clone().or_else(|| ours(&cdr));
        let from = from.ok_or_else(|| never("there is no number to send it from".into()))?;
        let status_url = Some(self.status_url(&job.call));
        let sent = self.sent(job, &TextMessage { to, from, body, status_url }).await?;
        let event = RecorderEvent::Messaged {
            message: sent.message.clone(),
            template: template.to_owned(),
            country: country.to_owned(),
            segments: sent.segments,
        };
        // Sent and not recorded is sent.
        let noted = self.note(job, &["messaged", sent.message.as_str()], event).await;
        noted.map(drop).map_err(|_| never("it was sent, and the database did not take that".into()))
    }

    async fn sent(&self, job: &Job, message: &TextMessage) -> Result<common::ports::telephone::SentMessage, Trouble> {
        let missing = || Trouble::Never("no Twilio credentials are set".into());
        let messages = self.means.messages.as_ref().ok_or_else(missing)?;
        messages.send(message).await.map_err(|error| match error {
            TelephoneError::Busy { .. } | TelephoneError::Away(_) if is_younger(job, PATIENCE) => {
                Trouble::NotBegun(AWHILE)
            }
            TelephoneError::Unknown(why) => Trouble::Never(format!("{MAYBE}: {why}")),
            TelephoneError::AlreadyOver
            | TelephoneError::Refused { .. }
            | TelephoneError::Busy { .. }
            | TelephoneError::Away(_) => Trouble::Never(error.to_string()),
        })
    }

    fn status_url(&self, call: &CallId) -> String {
        let token = self.keys.sign_call(&CallToken { call: call.clone() });
        format!("{}/twilio/message-status/{token}", self.public_url)
    }

    /// Whether a message may go out, and to whom. Counts it.
    async fn cleared(&self, company: &Company, cdr: &Cdr) -> Result<Cleared, Trouble> {
        let texting = &company.texting;
        let ended = cdr.ended_ms.unwrap_or_default();
        if unix_ms().saturating_sub(ended) > LATE.as_millis() as u64 {
            return Ok(Cleared::Withheld("late"));
        }
        let Some(to) = person(cdr).cloned() else { return Ok(Cleared::Withheld("no_number")) };
        let Some(country) = country(&to).filter(|country| texting.countries.iter().any(|allowed| allowed == country))
        else {
            return Ok(Cleared::Withheld("country"));
        };
        if self.means.aftercare.messages(&cdr.call).await?.len() >= texting.per_call as usize {
            return Ok(Cleared::Withheld("per_call"));
        }
        if !self.means.outbound.opted_out(&company.id, std::slice::from_ref(&to)).await?.is_empty() {
            return Ok(Cleared::Withheld("opted_out"));
        }
        if !self.counts(&[company.id.as_str(), to.reveal()], &cdr.call, texting.per_number_day).await? {
            return Ok(Cleared::Withheld("per_number_day"));
        }
        if !self.counts(&[company.id.as_str()], &cdr.call, texting.per_day).await? {
            return Ok(Cleared::Withheld("per_day"));
        }
        Ok(Cleared::To(to, country))
    }

    /// Counts this call's message among those of a day; says whether it is still one of `most`. The state store counts
    /// as it counts the calls of a company: each once, and until a day has passed.
    async fn counts(&self, of: &[&str], call: &CallId, most: u32) -> Result<bool, Trouble> {
        let name = format!("texts-{:x}", derived_sequence(of));
        let name = CompanyId::parse(name).map_err(|error| Trouble::Never(error.to_string()))?;
        let away = |_| Trouble::NotBegun(AWHILE);
        Ok(self.means.state.admit(&name, call, most, DAY).await.map_err(away)? == Admission::Admitted)
    }

    /// The words, in the language of the call where there are any.
    async fn worded(
        &self,
        job: &Job,
        company: &Company,
        cdr: &Cdr,
        template: &MessageTemplate,
    ) -> Result<Spoken, Trouble> {
        let agent = cdr.agent.as_ref().and_then(|agent| company.agents.get(agent));
        let default = agent.and_then(|agent| agent.languages.first()).map(|language| language.tag.as_str());
        let spoken = cdr.language.as_deref();
        let in_language = |language: Option<&str>| template.texts.get(language?);
        let text = in_language(spoken).or_else(|| in_language(spoken.and_then(|tag| tag.split('-').next())));
        let text = text.or_else(|| in_language(default)).or_else(|| template.texts.values().next());
        let text = text.ok_or_else(|| Trouble::Never("the message has no words".into()))?;

        let wants_summary = agent.is_some_and(|agent| agent.after_call.summary.is_some());
        let known = self.known_of(company, &job.call).await?;
        let mut words = text.clone();
        for (field, most) in &template.fields {
            let hole = format!("{{{field}}}");
            if !words.contains(&hole) {
                continue;
            }
            match known.get(field) {
                Some(value) => words = words.replace(&hole, &plain(value, *most)),
                None if wants_summary && is_younger(job, SUMMARY.0) => return Err(Trouble::NotBegun(SUMMARY.1)),
                None => return Err(Trouble::Never(format!("nothing is known of {hole} after the call"))),
            }
        }
        Ok(Spoken::new(words))
    }

    /// What a message may name: the company, the last ticket, and what the summary found.
    async fn known_of(&self, company: &Company, call: &CallId) -> Result<BTreeMap<String, String>, Trouble> {
        let mut known = BTreeMap::from([("company".to_owned(), company.name.clone())]);
        if let Some(ticket) = self.means.directory.tickets(call).await?.pop() {
            known.insert("ticket".into(), ticket.number);
        }
        let summary = self.means.aftercare.summary(call).await?;
        for (name, value) in summary.iter().filter_map(|summary| summary.fields.as_object()).flatten() {
            let text = value.as_str().map(str::to_owned);
            let text = text.or_else(|| (value.is_number() || value.is_boolean()).then(|| value.to_string()));
            known.extend(text.map(|text| (name.clone(), text)));
        }
        Ok(known)
    }
}

fn is_younger(job: &Job, than: Duration) -> bool {
    unix_ms().saturating_sub(job.created_ms) < than.as_millis() as u64
}

/// Our number of the call.
fn ours(cdr: &Cdr) -> Option<PhoneNumber> {
    match cdr.direction? {
        Direction::Inbound => cdr.to.clone(),
        Direction::Outbound => cdr.from.clone(),
    }
}

/// A value as it may stand in a message: on one line, as long as it may be.
fn plain(value: &str, most: u32) -> String {
    let line = value.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(most as usize).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_on_one_line_and_no_longer_than_it_may_be() {
        assert_eq!(plain(" T-7KQ2M9X\nPay\u{7}here ", 100), "T-7KQ2M9X Pay here");
        assert_eq!(plain("ééééé", 3), "ééé");
    }
}
