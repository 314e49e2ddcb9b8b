//! A durable pull consumer: batches, confirmed acknowledgements, and no limit on deliveries, for a limit is a silent
//! loss.

use super::super::{HELD_MAX, away, refused};
use super::failure::failed;
use super::{ANSWER, Nats, OUTBOX_ID};
use async_nats::jetstream::consumer::pull::{Batch, Config};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::{AckKind, Message};
use async_nats::{Request, Subject};
use async_trait::async_trait;
use bytes::Bytes;
use common::ports::{BusError, Consumer, Delivery, OutboxId};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::time::Duration;

/// How many acknowledgements are under way at once: enough to hide the way to the server and back.
const ACKS_AT_ONCE: usize = 256;

pub(super) struct NatsConsumer {
    nats: Nats,
    pull: PullConsumer,
}

/// What a delivery is acknowledged by.
struct Receipt(Subject);

impl NatsConsumer {
    /// The consumer of this name; made where it does not exist, refused where it is another than we want.
    pub(super) async fn open(nats: &Nats, name: &str) -> Result<Self, BusError> {
        let wanted = Config {
            durable_name: Some(name.to_owned()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: nats.options.ack_wait,
            max_deliver: -1,
            filter_subject: nats.options.events(),
            max_ack_pending: HELD_MAX as i64,
            ..Config::default()
        };
        let stream = nats.stream().await?;
        let pull = nats.timely(async { stream.create_consumer(wanted.clone()).await.map_err(failed) }).await?;
        // Servers before 2.10 answer success for what they do not know, and leave it out.
        let found = &pull.cached_info().config;
        let same = found.filter_subject == wanted.filter_subject
            && found.ack_policy == wanted.ack_policy
            && found.ack_wait == wanted.ack_wait
            && found.max_deliver == wanted.max_deliver
            && found.max_ack_pending == wanted.max_ack_pending;
        if !same {
            return Err(refused(format!("consumer {name} did not get the settings it was declared with")));
        }
        Ok(Self { nats: nats.clone(), pull })
    }

    /// What is there now, at most `max`.
    async fn present(&self, max: usize) -> Result<Vec<Delivery>, BusError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let batch = async { self.pull.fetch().max_messages(max).messages().await.map_err(failed) };
        let batch = self.nats.timely(batch).await?;
        collect(batch, ANSWER).await
    }

    /// The first that comes within `wait`.
    async fn first(&self, wait: Duration) -> Result<Vec<Delivery>, BusError> {
        let batch = async { self.pull.batch().max_messages(1).expires(wait).messages().await.map_err(failed) };
        let batch = self.nats.timely(batch).await?;
        collect(batch, wait + ANSWER).await
    }

    /// Tells the server about a delivery, and waits until it has heard.
    async fn confirm(&self, delivery: &Delivery, kind: AckKind) -> Result<(), BusError> {
        let receipt = delivery.receipt.downcast_ref::<Receipt>();
        let subject = receipt.ok_or_else(|| refused("a receipt of another bus"))?.0.clone();
        let request = Request::new().payload(Bytes::from(kind)).timeout(Some(ANSWER));
        self.nats.timely(async { self.nats.client.send_request(subject, request).await.map_err(failed) }).await?;
        Ok(())
    }
}

#[async_trait]
impl Consumer for NatsConsumer {
    async fn batch(&mut self, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError> {
        self.nats.reach()?;
        let mut batch = self.present(max).await?;
        if batch.is_empty() && max > 0 && !wait.is_zero() {
            // One only: a larger request would still be open at the server when we return with less, and what it
            // sends then would reach nobody.
            batch = self.first(wait).await?;
            if !batch.is_empty() {
                batch.extend(self.present(max - 1).await.unwrap_or_default());
            }
        }
        Ok(batch)
    }

    async fn ack(&mut self, done: &[Delivery]) -> Result<(), BusError> {
        self.nats.reach()?;
        let acks: Vec<_> = done.iter().map(|delivery| self.confirm(delivery, AckKind::Ack)).collect();
        stream::iter(acks).buffer_unordered(ACKS_AT_ONCE).try_collect().await
    }

    async fn again(&mut self, delivery: &Delivery, delay: Duration) -> Result<(), BusError> {
        self.nats.reach()?;
        self.confirm(delivery, AckKind::Nak(Some(delay))).await
    }
}

/// What a request brings until the server says it is over. What came before something broke is given all the same.
async fn collect(mut batch: Batch, patience: Duration) -> Result<Vec<Delivery>, BusError> {
    let mut given = Vec::new();
    let take = async {
        while let Some(message) = batch.next().await {
            given.push(delivery(message.map_err(away)?)?);
        }
        Ok(())
    };
    let outcome = tokio::time::timeout(patience, take).await.unwrap_or_else(|_| Err(away("no answer to a pull")));
    if given.is_empty() { outcome.map(|()| given) } else { Ok(given) }
}

fn delivery(message: Message) -> Result<Delivery, BusError> {
    let attempt = message.info().map_err(refused)?.delivered.unsigned_abs();
    let outbox = message.headers.as_ref().and_then(|headers| headers.get(OUTBOX_ID));
    let outbox = outbox.map(|id| OutboxId(id.as_str().to_owned()));
    let reply = message.reply.clone().ok_or_else(|| refused("a message that cannot be acknowledged"))?;
    Ok(Delivery { payload: message.message.payload, outbox, attempt, receipt: Box::new(Receipt(reply)) })
}
