//! Sends the person on the telephone a text message of the company's wording, after the call.
//!
//! It is sent once or not at all. Where nothing was sent for certain, the job is put back as if it had never begun; any
//! other end of a try leaves open whether it was sent, and then a person decides: reviving the dead letter sends it.
//! [`tools::Texter`] bounds how many go out in a day, whether the agent sends them or this does.

use super::{Care, Trouble};
use crate::after::hear::person;
use crate::after::moments;
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::company::{Agent, Company};
use common::event::{Direction, RecorderEvent};
use common::ids::CallId;
use common::ports::TelephoneError;
use common::ports::aftercare::Job;
use common::private::PhoneNumber;
use std::collections::BTreeMap;
use std::time::Duration;
use tools::{Sent, Texter, Unsent, Wanted};

/// What is said of a message nobody knows the fate of.
pub(super) const MAYBE: &str = "it may have been sent";
/// A message later than this after its call surprises more than it helps.
const LATE: Duration = Duration::from_secs(6 * 3_600);
/// How long the network may be away.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// When it is asked again.
const AWHILE: Duration = Duration::from_secs(60);
/// How long a message waits for the summary whose fields it names.
const SUMMARY: Duration = Duration::from_secs(600);
/// How often it looks for that.
const SOON: Duration = Duration::from_secs(5);

impl Care {
    /// A try that failed before anything was sent is none.
    pub(super) async fn send(&self, job: &Job, template: &str) -> Result<(), Trouble> {
        self.send_once(job, template).await.map_err(|trouble| match trouble {
            Trouble::Again(_) => Trouble::NotBegun(AWHILE),
            Trouble::Never(_) | Trouble::NotBegun(_) => trouble,
        })
    }

    /// [`Trouble::Again`] only while nothing was sent.
    async fn send_once(&self, job: &Job, template: &str) -> Result<(), Trouble> {
        if self.was_sent(job, template).await? {
            return Ok(());
        }
        if job.attempts > 1 {
            return Err(Trouble::Never(MAYBE.into()));
        }
        let gone = || Trouble::Never(format!("the company has no message {template} any more"));
        let company = self.known.company(&job.company).await?.ok_or_else(gone)?;
        let cdr = self.means.db.cdr(&job.call).await?.ok_or_else(gone)?;
        if let Some(why) = self.withheld(&company, &cdr).await? {
            moments::withheld(&job.call, why);
            return Ok(());
        }
        let missing = || Trouble::Never("no Twilio credentials are set".into());
        let texter = self.texter.as_ref().ok_or_else(missing)?;
        let fields = self.fields(&company, &job.call, template).await?;
        match sent(texter, &company, &cdr, template, fields).await {
            Ok(sent) => self.note_sent(job, sent).await,
            Err(unsent) => unsent_is(unsent, job, agent(&company, &cdr)),
        }
    }

    /// Whether this message was sent and that is recorded.
    async fn was_sent(&self, job: &Job, template: &str) -> Result<bool, Trouble> {
        let is_it = |event: &RecorderEvent| match event {
            RecorderEvent::Messaged { template: sent, .. } => sent == template,
            RecorderEvent::Summarized { .. } | RecorderEvent::Fetched { .. } | RecorderEvent::Deleted { .. } => false,
        };
        Ok(self.noted(&job.call).await?.iter().any(is_it))
    }

    /// Why no message is to go out after this call, if none is.
    async fn withheld(&self, company: &Company, cdr: &Cdr) -> Result<Option<&'static str>, Trouble> {
        let ended = cdr.ended_ms.unwrap_or_default();
        if unix_ms().saturating_sub(ended) > LATE.as_millis() as u64 {
            return Ok(Some("late"));
        }
        let Some(to) = person(cdr) else { return Ok(Some("no_number")) };
        if self.means.aftercare.messages(&cdr.call).await?.len() >= company.texting.per_call as usize {
            return Ok(Some("per_call"));
        }
        let opted_out = self.means.outbound.opted_out(&company.id, std::slice::from_ref(to)).await?;
        Ok((!opted_out.is_empty()).then_some("opted_out"))
    }

    /// What a message may name: the company, the last ticket, and what the summary found; on one line, and as long as it
    /// may be.
    async fn fields(
        &self,
        company: &Company,
        call: &CallId,
        template: &str,
    ) -> Result<BTreeMap<String, String>, Trouble> {
        let mut known = BTreeMap::from([("company".to_owned(), company.name.clone())]);
        let ticket = self.means.directory.tickets(call).await?.pop();
        known.extend(ticket.map(|ticket| ("ticket".to_owned(), ticket.number)));
        let summary = self.means.aftercare.summary(call).await?;
        for (name, value) in summary.iter().filter_map(|summary| summary.fields.as_object()).flatten() {
            let text = value.as_str().map(str::to_owned);
            let text = text.or_else(|| (value.is_number() || value.is_boolean()).then(|| value.to_string()));
            known.extend(text.map(|text| (name.clone(), text)));
        }
        let most = company.texting.templates.get(template).map(|template| &template.fields);
        let cut = |(name, value): (String, String)| {
            let most = *most?.get(&name)?;
            Some((name, plain(&value, most)))
        };
        Ok(known.into_iter().filter_map(cut).collect())
    }

    /// Sent and not recorded is sent: nothing that fails here may send it again.
    async fn note_sent(&self, job: &Job, sent: Sent) -> Result<(), Trouble> {
        let Sent { message, template, country, segments } = sent;
        let name = message.to_string();
        let event = RecorderEvent::Messaged { message, template, country, segments };
        let noted = self.note(job, &["messaged", &name], event).await;
        noted.map(drop).map_err(|_| Trouble::Never("it was sent, and the database did not take that".into()))
    }
}

async fn sent(
    texter: &Texter,
    company: &Company,
    cdr: &Cdr,
    template: &str,
    fields: BTreeMap<String, String>,
) -> Result<Sent, Unsent> {
    let spoken = cdr.language.iter().map(String::as_str);
    let others = agent(company, cdr).into_iter().flat_map(|agent| agent.languages.iter());
    let wanted = Wanted {
        call: &cdr.call,
        company: &company.id,
        texting: &company.texting,
        template,
        languages: spoken.chain(others.map(|language| language.tag.as_str())).collect(),
        fields,
        to: person(cdr),
        ours: ours(cdr),
    };
    texter.send(&texter.ready(&wanted)?).await
}

/// What becomes of a message that was not sent.
fn unsent_is(unsent: Unsent, job: &Job, agent: Option<&Agent>) -> Result<(), Trouble> {
    let wants_summary = agent.is_some_and(|agent| agent.after_call.summary.is_some());
    match unsent {
        Unsent::NotThere => moments::withheld(&job.call, "country"),
        Unsent::Enough(_) => moments::withheld(&job.call, "enough"),
        Unsent::Field(_) if wants_summary && is_younger(job, SUMMARY) => return Err(Trouble::NotBegun(SOON)),
        Unsent::Network(TelephoneError::Busy { .. } | TelephoneError::Away(_)) if is_younger(job, PATIENCE) => {
            return Err(Trouble::NotBegun(AWHILE));
        }
        Unsent::Network(TelephoneError::Unknown(why)) => return Err(Trouble::Never(format!("{MAYBE}: {why}"))),
        Unsent::Network(_) | Unsent::Field(_) | Unsent::NoTemplate => return Err(Trouble::Never(unsent.to_string())),
    }
    Ok(())
}

fn agent<'c>(company: &'c Company, cdr: &Cdr) -> Option<&'c Agent> {
    company.agents.get(cdr.agent.as_ref()?)
}

fn is_younger(job: &Job, than: Duration) -> bool {
    unix_ms().saturating_sub(job.created_ms) < than.as_millis() as u64
}

/// Our number of the call.
fn ours(cdr: &Cdr) -> Option<&PhoneNumber> {
    match cdr.direction? {
        Direction::Inbound => cdr.to.as_ref(),
        Direction::Outbound => cdr.from.as_ref(),
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
