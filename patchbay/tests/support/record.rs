//! What the record holds of a call once it is complete.

use super::patience::eventually;
use call::Speaker;
use common::cdr::{Cdr, StoredTurn};
use common::ids::CallId;
use common::ports::Db;
use loadtest::phone::CallTruth;

/// A call as the record tells it.
pub(crate) struct Recorded {
    pub(crate) call: CallId,
    pub(crate) cdr: Cdr,
    pub(crate) turns: Vec<StoredTurn>,
}

impl Recorded {
    /// Waits until every event of the call is stored.
    pub(crate) async fn of(truth: &CallTruth, db: &dyn Db) -> Self {
        Self::once(truth, db, |cdr| cdr.complete).await
    }

    /// The same for a call of which a worker was lost: nobody knows what that one still had to tell, so the record stays
    /// marked; but the worker that ended the call has told everything.
    pub(crate) async fn of_lost(truth: &CallTruth, db: &dyn Db) -> Self {
        let told = |cdr: &Cdr| cdr.tally.values().any(|tally| tally.expected.is_some_and(|all| tally.seen >= all));
        Self::once(truth, db, told).await
    }

    async fn once(truth: &CallTruth, db: &dyn Db, whole: impl Fn(&Cdr) -> bool) -> Self {
        let call = CallId::parse(truth.call_sid.as_str()).unwrap();
        let cdr = eventually("the record is whole", async || {
            let cdr = db.cdr(&call).await.map_err(|error| error.to_string())?.ok_or("no record")?;
            let over = cdr.twilio_status.as_deref() == Some("completed");
            if over && whole(&cdr) { Ok(cdr) } else { Err(format!("{cdr:?}")) }
        })
        .await;
        let turns = db.turns(&call).await.unwrap();
        Self { call, cdr, turns }
    }

    /// Who said what, in the order heard.
    pub(crate) fn said(&self) -> Vec<(Speaker, &str)> {
        let turns = self.turns.iter().map(|stored| &stored.turn);
        turns.map(|turn| (turn.speaker, turn.text.as_ref().map_or("", |text| text.reveal()))).collect()
    }

    /// Fails unless the events in the record are exactly those that happened: none missing, none twice.
    pub(crate) async fn check_exactly_once(&self, db: &dyn Db) {
        let mut keys: Vec<_> = db.events(&self.call).await.unwrap().into_iter().map(|event| event.key).collect();
        let stored = keys.len() as u64;
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len() as u64, stored, "no event is stored twice");
        assert_eq!(self.cdr.tally.values().map(|tally| tally.seen).sum::<u64>(), stored, "each event is folded once");
        for (source, tally) in self.cdr.tally.iter().filter(|(_, tally)| tally.expected.is_some()) {
            assert_eq!(tally.expected, Some(tally.seen), "{source}");
        }
        assert_eq!(db.quarantined().await.unwrap(), 0);
    }
}

/// Waits until these words of a live call are in the record.
pub(crate) async fn until_said(call_sid: &str, words: &str, db: &dyn Db) {
    let call = CallId::parse(call_sid).unwrap();
    eventually("the words are in the record", async || {
        let turns = db.turns(&call).await.map_err(|error| error.to_string())?;
        let said = turns.iter().any(|stored| stored.turn.text.as_ref().is_some_and(|text| text.reveal() == words));
        if said { Ok(()) } else { Err(format!("{} turns", turns.len())) }
    })
    .await;
}
