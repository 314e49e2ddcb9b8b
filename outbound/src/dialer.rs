//! One round of dialling: look at what is under way, then begin as many calls as pace, concurrency and hours allow.
//!
//! Before it: [`crate::lead`], which makes round after round while this process leads. After it: `place`, which asks the
//! network, and `chase`, which follows. What must survive a kill is the order of steps, noted where it matters; nothing
//! here is known to the process alone but the pace, and what it has asked so far.

use crate::chase::{self, Chase, Live};
use crate::outcome::Ended;
use crate::pace::Bucket;
use crate::patience::{Patience, ms};
use crate::place::{self, Answer};
use crate::plan::{self, When};
use crate::{Reach, moments};
use common::config::Config;
use common::ids::{AttemptId, BatchId};
use common::ports::DbError;
use common::ports::outbound::{Batch, BatchRow, BatchStatus, Outcome};
use common::private::ExposeSecret;
use common::token::Keys;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// Rows of one batch that may be put back in a round because their hour has not come: a batch that is begun at night is
/// gone through at this speed, once. More delays the calls of other batches.
const PUT_BACK_MOST: usize = 200;
/// Rows claimed at once. More would have to be looked for at the network after a crash in between.
const CLAIM_MOST: u32 = 20;
/// Refusals in a row, with the same code and nothing placed between, after which a batch waits for a person: a list may
/// hold bad numbers, but not so many.
const REFUSALS: u32 = 20;

/// How this installation dials.
#[derive(Clone)]
pub struct Settings {
    /// The address Twilio reaches.
    pub public_url: String,
    /// Signs the addresses of a call.
    pub keys: Keys,
    /// Calls begun a minute, all batches together.
    pub per_minute: u32,
    /// Calls at the same time, all batches together.
    pub concurrency: u32,
    /// How long things may take.
    pub patience: Patience,
}

impl Settings {
    /// As configured.
    pub fn of(config: &Config) -> Self {
        Self {
            public_url: config.public_url.clone(),
            keys: Keys::new(config.secret.expose_secret()),
            per_minute: config.outbound.per_minute,
            concurrency: config.outbound.concurrency,
            patience: Patience::default(),
        }
    }
}

/// Whether there was anything to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Calls are under way, or rows wait.
    Busy,
    /// There is no live batch.
    Idle,
}

/// Dials, round by round, while its process leads.
pub struct Dialer {
    reach: Reach,
    settings: Settings,
    chase: Chase,
    whole: Option<Bucket>,
    buckets: BTreeMap<BatchId, Bucket>,
    refusals: BTreeMap<BatchId, (String, u32)>,
    wait: BackOff,
    /// Which batch begins; they take turns.
    turn: usize,
}

/// How long nobody is called because the network takes nothing.
#[derive(Default)]
struct BackOff {
    until_ms: u64,
    last_ms: u64,
}

/// What became of the rows of one claim.
#[derive(Clone, Copy, Debug, Default)]
struct Begun {
    placed: u32,
    put_back: usize,
    /// No more rows of this batch in this round.
    stop: Stop,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stop {
    #[default]
    No,
    Yes,
}

impl Dialer {
    /// One that knows nothing yet.
    pub fn new(reach: Reach, settings: Settings) -> Self {
        Self {
            reach,
            settings,
            chase: Chase::default(),
            whole: None,
            buckets: BTreeMap::new(),
            refusals: BTreeMap::new(),
            wait: BackOff::default(),
            turn: 0,
        }
    }

    /// One round. It may be dropped at any await: the next one, of any process, goes on from what the database holds.
    pub async fn round(&mut self, now_ms: u64) -> Result<Round, DbError> {
        let mut live = Vec::new();
        for batch in self.reach.outbound.live_batches().await? {
            let ways = self.reach.outbound.under_way(&batch.id).await?;
            live.push(Live { batch, ways });
        }
        self.fill_buckets(&live, now_ms);
        self.chase.round(&self.reach, &mut live, now_ms, &self.settings.patience).await?;
        let mut under_way: usize = live.iter().map(|live| live.ways.len()).sum();
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn % live.len().max(1);
        for live in live[first..].iter().chain(&live[..first]) {
            if now_ms < self.wait.until_ms || live.batch.status != BatchStatus::Running {
                continue;
            }
            under_way += self.dial(live, under_way, now_ms).await?;
        }
        moments::under_way(under_way);
        Ok(if live.is_empty() { Round::Idle } else { Round::Busy })
    }

    /// The pace of whoever dialled before goes on: their last claims stand in the database.
    fn fill_buckets(&mut self, live: &[Live], now_ms: u64) {
        let last = |live: &Live| live.ways.iter().map(|way| way.claimed_ms).max();
        let per_minute = self.settings.per_minute;
        self.whole.get_or_insert_with(|| Bucket::new(per_minute, now_ms, live.iter().filter_map(last).max()));
        let known: BTreeSet<&BatchId> = live.iter().map(|live| &live.batch.id).collect();
        self.buckets.retain(|batch, _| known.contains(batch));
        self.refusals.retain(|batch, _| known.contains(batch));
        for live in live {
            let bucket = || Bucket::new(live.batch.plan.per_minute, now_ms, last(live));
            self.buckets.entry(live.batch.id.clone()).or_insert_with(bucket);
        }
    }

    /// Calls that may begin now: the smallest of all limits.
    fn room(&mut self, live: &Live, under_way: usize, begun: u32, now_ms: u64) -> u32 {
        let free = |most: u32, taken: usize| most.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
        let batch = free(live.batch.plan.concurrency, live.ways.len()).saturating_sub(begun);
        let whole = free(self.settings.concurrency, under_way).saturating_sub(begun);
        let paces = self.whole.iter_mut().chain(self.buckets.get_mut(&live.batch.id));
        paces.map(|bucket| bucket.available(now_ms)).chain([batch, whole]).min().unwrap_or_default()
    }

    /// Begins calls of a batch; gives how many.
    async fn dial(&mut self, live: &Live, under_way: usize, now_ms: u64) -> Result<usize, DbError> {
        let (mut begun, mut put_back) = (0, 0);
        loop {
            let room = self.room(live, under_way, begun, now_ms).min(CLAIM_MOST);
            if room == 0 || put_back >= PUT_BACK_MOST {
                break;
            }
            let result = self.begin(&live.batch, room, now_ms).await?;
            begun += result.placed;
            put_back += result.put_back;
            for bucket in self.whole.iter_mut().chain(self.buckets.get_mut(&live.batch.id)) {
                bucket.take(result.placed);
            }
            if result.stop == Stop::Yes || (result.placed == 0 && result.put_back == 0) {
                break;
            }
        }
        Ok(begun as usize)
    }

    /// Claims rows and begins their calls.
    async fn begin(&mut self, batch: &Batch, most: u32, now_ms: u64) -> Result<Begun, DbError> {
        let deadline = Instant::now() + self.settings.patience.place;
        // Claimed first, placed after: whoever dies in between leaves rows that are looked for at the network, not rows
        // that are called again.
        let claimed = self.reach.outbound.claim(&batch.id, now_ms, most).await?;
        let count = claimed.len();
        let rows = self.screen(batch, claimed, now_ms).await?;
        let mut begun = Begun { put_back: count - rows.len(), ..Begun::default() };
        let (reach, settings) = (&self.reach, &self.settings);
        let asked = rows.iter().map(|(attempt, row)| place::place(reach, settings, batch, attempt, row, deadline));
        let answers = join_all(asked).await;
        // What the network has taken is noted before all else: a kill here costs half a minute each to find out.
        let (taken, others): (Vec<_>, Vec<_>) =
            rows.iter().zip(answers).partition(|(_, answer)| matches!(answer, Answer::Placed(_)));
        for ((attempt, _), answer) in taken.into_iter().chain(others) {
            self.conclude(batch, attempt, answer, now_ms, &mut begun).await?;
        }
        Ok(begun)
    }

    /// Those of the claimed rows who may be called right now; the others are settled or put back.
    async fn screen(
        &self,
        batch: &Batch,
        claimed: Vec<(AttemptId, BatchRow)>,
        now_ms: u64,
    ) -> Result<Vec<(AttemptId, BatchRow)>, DbError> {
        if claimed.is_empty() {
            return Ok(claimed);
        }
        let numbers: Vec<_> = claimed.iter().map(|(_, row)| row.to.clone()).collect();
        let opted_out = self.reach.outbound.opted_out(&batch.company, &numbers).await?;
        let mut kept = Vec::with_capacity(claimed.len());
        for (attempt, row) in claimed {
            let ended = if opted_out.contains(&row.to) {
                Ended::new(Outcome::OptedOut, "")
            } else {
                match plan::when(&batch.plan, &row.zones, now_ms) {
                    When::Now => {
                        kept.push((attempt, row));
                        continue;
                    }
                    When::At(at_ms) => {
                        self.put_back(&attempt, at_ms, "hour").await?;
                        continue;
                    }
                    When::TooLate => Ended::new(Outcome::Expired, ""),
                    When::NoHour => Ended::new(Outcome::Expired, "its time zones share no hour of the window"),
                }
            };
            chase::settle(&self.reach, batch, &attempt, ended, None, now_ms).await?;
        }
        Ok(kept)
    }

    async fn conclude(
        &mut self,
        batch: &Batch,
        attempt: &AttemptId,
        answer: Answer,
        now_ms: u64,
        begun: &mut Begun,
    ) -> Result<(), DbError> {
        match answer {
            Answer::Placed(call) => {
                begun.placed += 1;
                self.wait = BackOff::default();
                self.refusals.remove(&batch.id);
                // An error ends the round no earlier than the others are noted: this call is found by its callbacks.
                match self.reach.outbound.placed(attempt, &call).await {
                    Ok(()) => moments::placed(attempt, &call),
                    Err(error) => moments::not_noted(attempt, &call, &error),
                }
            }
            Answer::Unknown(error) => {
                // It counts for the pace: it may be ringing.
                begun.placed += 1;
                moments::unanswered(attempt, &error);
            }
            Answer::Later(why) => {
                begun.put_back += 1;
                begun.stop = Stop::Yes;
                let until_ms = self.wait.longer(why, now_ms, &self.settings.patience);
                self.put_back(attempt, due(batch, until_ms), why).await?;
            }
            Answer::Refused(code) => {
                begun.put_back += 1;
                if self.is_refused_too_often(batch, &code) {
                    begun.stop = Stop::Yes;
                    let error = format!("{REFUSALS} rows in a row were refused with {code}");
                    self.pause(batch, "refusals", error).await?;
                }
                let ended = Ended::new(Outcome::Refused, code);
                chase::settle(&self.reach, batch, attempt, ended, None, now_ms).await?;
            }
            Answer::NotUs(error) => {
                begun.put_back += 1;
                begun.stop = Stop::Yes;
                // Paused first: a row that is put back into a running batch would be claimed at once.
                self.pause(batch, "account", error.to_string()).await?;
                self.put_back(attempt, now_ms, "account").await?;
            }
        }
        Ok(())
    }

    async fn put_back(&self, attempt: &AttemptId, due_ms: u64, why: &'static str) -> Result<(), DbError> {
        self.reach.outbound.unclaim(attempt, due_ms).await?;
        moments::put_back(attempt, why);
        Ok(())
    }

    async fn pause(&self, batch: &Batch, why: &'static str, error: String) -> Result<(), DbError> {
        let before = self.reach.outbound.batch(&batch.id).await?.map(|batch| batch.status);
        if before == Some(BatchStatus::Running) {
            self.reach.outbound.set_status(&batch.id, BatchStatus::Paused).await?;
            moments::paused(&batch.id, why, &error);
        }
        Ok(())
    }

    fn is_refused_too_often(&mut self, batch: &Batch, code: &str) -> bool {
        let (last, count) = self.refusals.entry(batch.id.clone()).or_default();
        if last != code {
            (*last, *count) = (code.to_owned(), 0);
        }
        *count += 1;
        *count >= REFUSALS
    }
}

/// When a row that must wait is looked at again: not after the end of its batch, where nobody would see that it is over.
fn due(batch: &Batch, at_ms: u64) -> u64 {
    batch.plan.until_ms.map_or(at_ms, |until_ms| at_ms.min(until_ms))
}

impl BackOff {
    /// Waits, longer than the last time; the rows of one claim wait together.
    fn longer(&mut self, why: &'static str, now_ms: u64, patience: &Patience) -> u64 {
        if now_ms >= self.until_ms {
            self.last_ms = (self.last_ms * 2).clamp(ms(patience.back_off), ms(patience.back_off_most));
            self.until_ms = now_ms + self.last_ms;
            moments::backs_off(why, self.last_ms);
        }
        self.until_ms
    }
}
