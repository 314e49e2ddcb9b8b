//! Hears what companies want to know while it happens, and what recordings are to be fetched or deleted: a durable
//! consumer of its own on the bus, beside the recorder's.
//!
//! An event is acknowledged once its jobs are stored; a repeat makes the same jobs, which are known. What only the record
//! can say of an event, such as whose a call is, may come a moment later: then the event is asked for again.

use super::hooks::{job, letters};
use super::refused::{WHY, deletion, is_refusal};
use super::{Care, body, key, look, moments};
use crate::wait::{Stopped, Waits};
use body::News;
use call::{CallEvent, Fact};
use common::cdr::Cdr;
use common::clock::unix_ms;
use common::company::{AtTwilio, Company};
use common::event::{Direction, Envelope, Event, GatewayEvent, TapEvent, TwilioEvent};
use common::ids::RecordingId;
use common::ports::aftercare::{Job, JobWork};
use common::ports::{BusError, Consumer, DbError, Delivery};
use std::sync::Arc;
use std::time::Duration;

/// The durable consumer's name.
pub(super) const CONSUMER: &str = "aftercare";
/// Events in one go.
const BATCH: usize = 64;
/// How long the bus is asked to wait while there is nothing: bounds how late a stop is heard.
const IDLE: Duration = Duration::from_millis(500);
/// When an event is asked for again whose call is not recorded yet.
const SOON: Duration = Duration::from_secs(2);
/// How often: after that nobody will ever know whose call it is.
const PATIENCE: u64 = 60;

/// Why an event has no jobs yet.
enum NotYet {
    /// Its call is not recorded.
    Unrecorded,
    /// The database does not answer.
    Away(DbError),
}

impl From<DbError> for NotYet {
    fn from(error: DbError) -> Self {
        Self::Away(error)
    }
}

/// Hears until the lifecycle is stopped.
pub(super) async fn run(care: Arc<Care>) {
    let mut waits = Waits::new();
    loop {
        let error = match care.means.bus.consumer(CONSUMER).await {
            Ok(consumer) => match care.hear(consumer, &mut waits).await {
                Ok(error) => error,
                Err(Stopped) => return,
            },
            Err(error) => error,
        };
        moments::waits_for("bus", &error);
        if waits.wait(&care.lifecycle).await.is_err() {
            return;
        }
    }
}

impl Care {
    /// Batch after batch, until the bus fails or a stop is asked for.
    async fn hear(&self, mut consumer: Box<dyn Consumer>, bus: &mut Waits) -> Result<BusError, Stopped> {
        loop {
            if self.lifecycle.is_stopping() {
                return Err(Stopped);
            }
            let deliveries = match consumer.batch(BATCH, IDLE).await {
                Ok(deliveries) => deliveries,
                Err(error) => return Ok(error),
            };
            *bus = Waits::new();
            let mut heard = Vec::with_capacity(deliveries.len());
            for delivery in deliveries {
                match self.keep(&delivery).await? {
                    Kept::Yes => heard.push(delivery),
                    Kept::Later => {
                        if let Err(error) = consumer.again(&delivery, SOON).await {
                            moments::waits_for("bus", &error);
                        }
                    }
                }
            }
            if let Err(error) = consumer.ack(&heard).await {
                moments::waits_for("bus", &error);
            }
        }
    }

    /// Stores what an event asks for; waits for the database as long as it takes.
    async fn keep(&self, delivery: &Delivery) -> Result<Kept, Stopped> {
        // What cannot be read is in the recorder's quarantine.
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&delivery.payload) else { return Ok(Kept::Yes) };
        let mut waits = Waits::new();
        loop {
            match self.store_jobs(&envelope).await {
                Ok(()) => return Ok(Kept::Yes),
                Err(NotYet::Unrecorded) if delivery.attempt < PATIENCE => return Ok(Kept::Later),
                Err(NotYet::Unrecorded) => {
                    moments::nobodys(&envelope);
                    return Ok(Kept::Yes);
                }
                Err(NotYet::Away(DbError::Refused(_))) => {
                    moments::not_kept(&envelope);
                    return Ok(Kept::Yes);
                }
                Err(NotYet::Away(error)) => moments::waits_for("db", &error),
            }
            waits.wait(&self.lifecycle).await?;
        }
    }

    async fn store_jobs(&self, envelope: &Envelope) -> Result<(), NotYet> {
        let jobs = self.asked_by(envelope).await?;
        if !jobs.is_empty() {
            self.means.aftercare.add_jobs(&jobs).await?;
            self.work.notify_one();
        }
        Ok(())
    }

    /// The jobs of an event.
    async fn asked_by(&self, envelope: &Envelope) -> Result<Vec<Job>, NotYet> {
        let at_ms = envelope.at_ms;
        match &envelope.event {
            Event::Gateway(event @ GatewayEvent::Accepted { .. }) => {
                self.tell(envelope, body::started(at_ms, event)).await
            }
            Event::Gateway(GatewayEvent::Returned { way, place, outcome, talked_s, .. }) => {
                self.tell(envelope, Some(body::transfer(at_ms, way, place, *outcome, *talked_s))).await
            }
            Event::Worker(CallEvent::Fact(fact @ Fact::Ticket { .. })) => {
                self.tell(envelope, body::ticket(at_ms, fact)).await
            }
            Event::Worker(CallEvent::Fact(Fact::OptedOut)) => {
                let cdr = self.cdr(envelope).await?;
                self.tell(envelope, Some(body::opted_out(at_ms, person(&cdr)))).await
            }
            Event::Twilio(TwilioEvent::Message { message, status, error_code }) => {
                self.tell(envelope, Some(body::message(at_ms, message, status, *error_code))).await
            }
            Event::Tap(event @ TapEvent::Stored { recording, .. }) => {
                let mut jobs = self.tell(envelope, body::stored(at_ms, event)).await?;
                jobs.extend(self.unwanted(envelope, recording).await?);
                Ok(jobs)
            }
            Event::Twilio(TwilioEvent::Recording { recording, status, .. }) if status == "completed" => {
                self.fetching(envelope, recording).await
            }
            event if is_refusal(event) => match self.company(envelope).await? {
                Some(company) => Ok(self.deletions(&company, &envelope.key.call).await?),
                None => Ok(Vec::new()),
            },
            Event::Gateway(_) | Event::Worker(_) | Event::Twilio(_) | Event::Tap(_) | Event::Recorder(_) => {
                Ok(Vec::new())
            }
        }
    }

    /// A letter to everybody who wants it, while it is news.
    async fn tell(&self, envelope: &Envelope, news: Option<News>) -> Result<Vec<Job>, NotYet> {
        let fresh = unix_ms().saturating_sub(envelope.at_ms) <= look::STALE.as_millis() as u64;
        let Some(news) = news.filter(|_| fresh) else { return Ok(Vec::new()) };
        let company = self.company(envelope).await?;
        let letters = |company: Company| letters(&company, &envelope.key.call, &envelope.key.to_string(), &news);
        Ok(company.map(letters).unwrap_or_default())
    }

    /// A recording of a caller who had refused it.
    async fn unwanted(&self, envelope: &Envelope, recording: &RecordingId) -> Result<Option<Job>, NotYet> {
        let call = &envelope.key.call;
        if !self.has_refused(call).await? {
            return Ok(None);
        }
        Ok(self.company(envelope).await?.map(|company| deletion(&company, call, recording, WHY)))
    }

    /// Twilio has a recording: it is fetched, unless the agent leaves it there. Whether the caller has refused it is
    /// looked at again when it is fetched.
    async fn fetching(&self, envelope: &Envelope, recording: &RecordingId) -> Result<Vec<Job>, NotYet> {
        let cdr = self.cdr(envelope).await?;
        let Some(company) = self.company(envelope).await? else { return Ok(Vec::new()) };
        let agent = cdr.agent.as_ref().and_then(|agent| company.agents.get(agent));
        if agent.is_some_and(|agent| agent.recording.at_twilio == AtTwilio::Leave) {
            return Ok(self.unwanted(envelope, recording).await?.into_iter().collect());
        }
        let work = JobWork::FetchRecording { recording: recording.clone() };
        let name = key(&envelope.key.call, &format!("fetch:{recording}"));
        Ok(vec![job(&company, &envelope.key.call, name, work)])
    }

    /// Whose call it is, where that is still known. Twilio's callbacks do not say: the record does.
    async fn company(&self, envelope: &Envelope) -> Result<Option<Company>, NotYet> {
        let company = match &envelope.company {
            Some(company) => Some(company.clone()),
            None => self.cdr(envelope).await?.company,
        };
        let Some(company) = company else { return Ok(None) };
        Ok(self.known.company(&company).await?)
    }

    /// The record, once it says who answered whom.
    async fn cdr(&self, envelope: &Envelope) -> Result<Cdr, NotYet> {
        let cdr = self.means.db.cdr(&envelope.key.call).await?;
        cdr.filter(|cdr| cdr.accepted_ms.is_some()).ok_or(NotYet::Unrecorded)
    }
}

/// Whether a delivery may be acknowledged.
enum Kept {
    Yes,
    Later,
}

/// The person on the telephone.
pub(super) fn person(cdr: &Cdr) -> Option<&common::private::PhoneNumber> {
    match cdr.direction? {
        Direction::Inbound => cdr.from.as_ref(),
        Direction::Outbound => cdr.to.as_ref(),
    }
}
