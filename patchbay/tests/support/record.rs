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
        let call = CallId::parse(truth.call_sid.as_str()).unwrap();
        let cdr = eventually("the record is complete", async || {
            let cdr = db.cdr(&call).await.map_err(|error| error.to_string())?.ok_or("no record")?;
            let whole = cdr.complete && cdr.twilio_status.as_deref() == Some("completed");
            if whole { Ok(cdr) } else { Err(format!("{cdr:?}")) }
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
