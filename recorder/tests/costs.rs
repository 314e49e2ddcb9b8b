//! Fifty scripted calls cost what was worked out for them by hand, part by part: by the fold alone, and out of a
//! database that was told of them in pieces and backwards. The calls, the sums and the prices are in `costs/`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "costs/script.rs"]
mod script;
#[path = "support/story.rs"]
mod story;

use adapters::db::Sqlite;
use common::cdr::Cdr;
use common::costs::{CostPart, Costs};
use common::event::Envelope;
use common::money::Money;
use common::ports::Db;
use common::prices::Prices;
use recorder::Fold;
use script::{Bill, Scripted, all, calls};
use std::sync::Arc;

const PRICES: &str = include_str!("costs/prices.toml");

/// Events told at once to the database; small and odd, so that calls are cut anywhere.
const BATCH: usize = 7;

fn prices() -> Arc<Prices> {
    Arc::new(Prices::parse("prices.toml", PRICES).unwrap())
}

/// Asserts that something costs what its script says, part by part and in total.
fn check(what: &str, costs: &Costs, bill: &Bill) {
    for part in CostPart::ALL {
        let expected = bill.parts.get(part.as_str()).copied().unwrap_or_default();
        assert_eq!(costs.part(part), expected, "{} of {what}", part.as_str());
    }
    assert_eq!(costs.total(), bill.total, "the total of {what}");
    assert_eq!(bill.parts.values().copied().sum::<Money>(), bill.total, "the script's own sum of {what}");
}

fn check_all(costs: impl Iterator<Item = Costs>) {
    let mut sum = Costs::default();
    costs.for_each(|costs| costs.parts().for_each(|(part, amount)| sum.add(part, amount)));
    check("all calls", &sum, &all());
}

#[test]
fn fifty_calls_cost_what_was_worked_out_by_hand() {
    let prices = prices();
    let fold = Fold::new(prices.clone());
    let calls = calls();
    assert_eq!(calls.len(), 50);
    let costs = calls.iter().map(|call| {
        let cdr = story::folded_with(&fold, &call.events);
        check(&call.name, &cdr.costs, &call.bill);
        assert!(cdr.complete, "{}", call.name);
        cdr.costs
    });
    check_all(costs);
    let missing = ["message/FR/segment", "telephony/outbound/FR", "xai/voice-9/audio_in", "xai/voice-9/audio_out"];
    assert_eq!(prices.missing(), missing, "what has no price is known by name");
}

#[tokio::test]
async fn the_same_amounts_come_out_of_the_database() {
    let (db, fold, calls) = (Sqlite::memory(), Fold::new(prices()), calls());
    db.migrate().await.unwrap();
    let mut events: Vec<Envelope> = calls.iter().flat_map(|call| call.events.clone()).collect();
    events.reverse();
    let merge = |cdr: &mut Cdr, event: &Envelope| fold.merge(cdr, event);
    // Twice, as the bus does: the second time nothing is new.
    for batch in events.chunks(BATCH).chain(events.chunks(BATCH)) {
        db.record(batch, &merge).await.unwrap();
    }
    let mut costs = Vec::new();
    for Scripted { name, call, bill, .. } in &calls {
        let cdr = db.cdr(call).await.unwrap().unwrap();
        check(name, &cdr.costs, bill);
        costs.push(cdr.costs);
    }
    check_all(costs.into_iter());
}
