//! What every database must do with batches of outbound calls: keep them, say how far they are, who dials and who must
//! not be called. `dialing` goes on where rows are called. Each function takes an empty, migrated database.

use super::{LONG, PATIENCE, SHORT, dialing, eventually};
use crate::ids::{AgentId, BatchId, CompanyId};
use crate::ports::outbound::*;
use crate::ports::{DbError, Directory};
use crate::private::PhoneNumber;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::time::Duration;

/// The time of these tests. Batches are begun a second before.
pub const NOW_MS: u64 = 1_764_000_000_123;

/// A batch and its rows come back as they were given, whatever they hold.
pub async fn a_batch_comes_back_as_it_was_begun(store: &impl Outbound) {
    let mut batch = batch("spring");
    batch.name = "Frühling \"2026\" \\u0000 ☎".into();
    batch.plan.until_ms = Some(NOW_MS + 1);
    batch.plan.machine = OnMachine::LeaveMessage("Hello {name}".into());
    batch.status = BatchStatus::Paused;
    let odd = BatchRow {
        language: Some("de-CH".into()),
        zones: vec![],
        columns: BTreeMap::from([("".into(), "a\"b\\u0000".into()), ("größe".into(), "☕\n".into())]),
        ..row(u32::MAX)
    };
    assert_eq!(store.begin_batch(&batch, &[odd.clone(), row(2)]).await.expect("begin"), Begun::New);
    assert_eq!(store.batch(&batch.id).await.expect("batch"), Some(batch.clone()));
    let rows = store.rows(&batch.id, 0, 10).await.expect("rows");
    let waiting = |row| RowState {
        row,
        status: RowStatus::Waiting,
        attempts: 0,
        due_ms: batch.created_ms,
        claimed_ms: None,
        call: None,
        outcome: None,
        detail: String::new(),
    };
    assert_eq!(rows, [waiting(row(2)), waiting(odd)]);
    assert_eq!(store.batch(&id("summer")).await.expect("batch"), None);
}

/// Whoever asks again, because the answer was lost, begins nothing; of many who ask at once one does.
pub async fn a_batch_begun_twice_is_begun_once(store: &impl Outbound) {
    let (batch, rows) = (batch("spring"), rows(20));
    let asked = join_all((0..8).map(|_| store.begin_batch(&batch, &rows))).await;
    let new = asked.into_iter().filter(|begun| *begun.as_ref().expect("begin") == Begun::New).count();
    assert_eq!(new, 1);
    let later = Batch { name: "again".into(), by: "somebody".into(), created_ms: NOW_MS + 5, ..batch.clone() };
    let mut turned = rows;
    turned.reverse();
    dialing::claim(store, &batch, 1).await;
    assert_eq!(store.begin_batch(&later, &turned).await.expect("begin"), Begun::Before);
    assert_eq!(store.batch(&batch.id).await.expect("batch"), Some(batch.clone()));
    assert_eq!(store.progress(&batch.id).await.expect("progress").under_way, 1);
}

/// Another batch of the same id is refused, with what differs and without whose number it is.
pub async fn another_batch_of_the_same_id_is_refused(store: &impl Outbound) {
    let known = begun(store, "spring", 3).await;
    let refused = async |batch: &Batch, rows: &[BatchRow], what: &str| {
        let answer = store.begin_batch(batch, rows).await;
        let named = |why: &str| why.contains(what) && !why.contains("+1500");
        assert!(matches!(&answer, Err(DbError::Refused(why)) if named(why)), "{what}: {answer:?}");
    };
    refused(&known, &rows(4), "rows").await;
    refused(&known, &[], "rows").await;
    let mut other = rows(3);
    other[1].columns.insert("name".into(), "Bob".into());
    refused(&known, &other, "rows").await;
    let mut slower = known.clone();
    slower.plan.per_minute -= 1;
    refused(&slower, &rows(3), "plan").await;
    let elsewhere = Batch { company: company("bank"), from: PhoneNumber::new("+15005550009"), ..known.clone() };
    refused(&elsewhere, &rows(3), "company, number").await;
    assert_eq!(store.progress(&known.id).await.expect("progress").rows, 3);
}

/// What no database can keep, and what could not be followed, leaves no trace.
pub async fn a_batch_that_cannot_be_kept_is_refused(store: &impl Outbound) {
    let mut secret = rows(2);
    secret[1].columns.insert("note".into(), "secret\0".into());
    let good = batch("spring");
    for (batch, rows) in [
        (good.clone(), vec![row(1), row(2), row(1)]),
        (good.clone(), secret),
        (Batch { consent: "a\0b".into(), ..good.clone() }, rows(2)),
        (Batch { status: BatchStatus::Done, ..good.clone() }, rows(2)),
    ] {
        let answer = store.begin_batch(&batch, &rows).await;
        assert!(matches!(&answer, Err(DbError::Refused(why)) if !why.contains("secret")), "{answer:?}");
    }
    assert_eq!(store.batch(&good.id).await.expect("batch"), None);
}

/// A batch in which nobody is to be called is done as soon as it is stored.
pub async fn a_batch_without_rows_is_done(store: &impl Outbound) {
    let batch = begun(store, "spring", 0).await;
    assert_eq!(status(store, &batch).await, BatchStatus::Done);
    assert_eq!(store.live_batches().await.expect("live"), []);
    assert_eq!(store.progress(&batch.id).await.expect("progress"), Progress::default());
}

/// The newest batches come first, of one company or of all, and no more than asked for.
pub async fn the_newest_batches_come_first(store: &impl Outbound) {
    for (n, (name, of)) in [("b", "harbour"), ("a", "bank"), ("c", "harbour")].into_iter().enumerate() {
        let batch = Batch { company: company(of), created_ms: NOW_MS + n as u64, ..batch(name) };
        store.begin_batch(&batch, &rows(1)).await.expect("begin");
    }
    let list = async |of: Option<&str>, most: u32| {
        let batches = store.batches(of.map(company).as_ref(), most).await.expect("batches");
        batches.into_iter().map(|batch| batch.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 10).await, ["c", "a", "b"]);
    assert_eq!(list(None, 2).await, ["c", "a"]);
    assert_eq!(list(Some("harbour"), 10).await, ["c", "b"]);
    assert_eq!(list(Some("nobody"), 10).await, Vec::<String>::new());
}

/// A batch is followed while it runs or somebody is being called.
pub async fn batches_with_something_to_follow_are_live(store: &impl Outbound) {
    let running = begun(store, "running", 2).await;
    let paused = begun(store, "paused", 2).await;
    let attempts = dialing::claim(store, &paused, 1).await;
    assert_eq!(store.set_status(&paused.id, BatchStatus::Paused).await.expect("pause"), Some(BatchStatus::Paused));
    let live = async || {
        let live = store.live_batches().await.expect("live");
        live.into_iter().map(|batch| batch.id).collect::<Vec<_>>()
    };
    assert_eq!(live().await, [paused.id.clone(), running.id.clone()]);
    dialing::settle(store, &attempts[0], Outcome::Answered).await;
    assert_eq!(live().await, [running.id]);
}

/// Rows are listed by line, from any line on.
pub async fn rows_are_listed_by_line(store: &impl Outbound) {
    let batch = batch("spring");
    store.begin_batch(&batch, &[row(30), row(2), row(4), row(10)]).await.expect("begin");
    let lines = async |from: u32, most: u32| {
        let rows = store.rows(&batch.id, from, most).await.expect("rows");
        rows.into_iter().map(|state| state.row.row).collect::<Vec<_>>()
    };
    assert_eq!(lines(0, 10).await, [2, 4, 10, 30]);
    assert_eq!(lines(4, 2).await, [4, 10]);
    assert_eq!(lines(31, 2).await, Vec::<u32>::new());
}

/// Whoever waits in a batch that is cancelled has that as their outcome, also those who were called before.
pub async fn a_cancelled_batch_gives_its_waiting_rows_their_outcome(store: &impl Outbound) {
    let batch = begun(store, "spring", 12_000).await;
    let attempts = dialing::claim(store, &batch, 3).await;
    dialing::settle(store, &attempts[0], Outcome::Answered).await;
    dialing::settle_again(store, &attempts[1], Outcome::Busy, NOW_MS + 60_000).await;
    assert_eq!(
        store.set_status(&batch.id, BatchStatus::Cancelled).await.expect("cancel"),
        Some(BatchStatus::Cancelled)
    );
    let progress = adds_up(store, &batch).await;
    assert_eq!((progress.waiting, progress.under_way, progress.next_due_ms), (0, 1, None));
    assert_eq!(progress.outcomes, BTreeMap::from([(Outcome::Answered, 1), (Outcome::Cancelled, 11_998)]));
    assert_eq!(dialing::claim(store, &batch, 10).await, []);
}

/// A batch that is over is neither paused nor resumed nor cancelled; of an unknown one nothing can be said.
pub async fn a_batch_that_is_over_stays_so(store: &impl Outbound) {
    use BatchStatus::{Cancelled, Done, Paused, Running};
    let (done, cancelled) = (begun(store, "done", 0).await, begun(store, "cancelled", 1).await);
    store.set_status(&cancelled.id, Cancelled).await.expect("cancel");
    for to in [Running, Paused, Cancelled] {
        assert_eq!(store.set_status(&done.id, to).await.expect("set"), Some(Done));
        assert_eq!(store.set_status(&cancelled.id, to).await.expect("set"), Some(Cancelled));
        assert_eq!(store.set_status(&id("nothing"), to).await.expect("set"), None);
    }
    assert!(matches!(store.set_status(&cancelled.id, Done).await, Err(DbError::Refused(_))));
    assert_eq!(store.progress(&id("nothing")).await.expect("progress"), Progress::default());
}

/// However a batch came where it is, its progress is the sum of its rows.
pub async fn progress_adds_up(store: &impl Outbound) {
    let batch = begun(store, "spring", 10).await;
    assert_eq!(adds_up(store, &batch).await.next_due_ms, Some(batch.created_ms));
    let attempts = dialing::claim(store, &batch, 7).await;
    adds_up(store, &batch).await;
    store.placed(&attempts[0], &super::fresh_call()).await.expect("placed");
    store.unclaim(&attempts[1], NOW_MS + 9).await.expect("put back");
    dialing::settle(store, &attempts[2], Outcome::Answered).await;
    dialing::settle(store, &attempts[3], Outcome::Answered).await;
    dialing::settle(store, &attempts[4], Outcome::OptedOut).await;
    dialing::settle_again(store, &attempts[5], Outcome::NoAnswer, NOW_MS + 7).await;
    let progress = adds_up(store, &batch).await;
    assert_eq!((progress.rows, progress.waiting, progress.under_way, progress.attempts), (10, 5, 2, 6));
    assert_eq!(progress.outcomes, BTreeMap::from([(Outcome::Answered, 2), (Outcome::OptedOut, 1)]));
    dialing::claim(store, &batch, 3).await;
    assert_eq!(adds_up(store, &batch).await.next_due_ms, Some(NOW_MS + 7));
}

/// One process leads; the others are told so until it resigns. Only who leads can resign.
pub async fn one_process_leads_at_a_time(store: &impl Outbound) {
    let asked = join_all(["a", "b", "c", "d"].map(|who| store.lead(who, LONG))).await;
    let leads: Vec<_> = asked.into_iter().map(|leads| leads.expect("lead")).collect();
    assert_eq!(leads.iter().filter(|leads| **leads).count(), 1, "{leads:?}");
    let leader = ["a", "b", "c", "d"][leads.iter().position(|leads| *leads).expect("one leads")];
    assert!(store.lead(leader, LONG).await.expect("renew"));
    store.resign("somebody").await.expect("resign");
    assert!(!store.lead("somebody", LONG).await.expect("lead"));
    store.resign(leader).await.expect("resign");
    assert!(store.lead("somebody", LONG).await.expect("lead"));
    assert!(!store.lead(leader, LONG).await.expect("lead"));
}

/// A process that has died leads until its lease runs out, and no longer.
pub async fn another_leads_when_the_lease_has_run_out(store: &impl Outbound) {
    assert!(store.lead("dead", SHORT).await.expect("lead"));
    assert!(!store.lead("other", LONG).await.expect("lead"), "it still leads");
    eventually("another leads", async || store.lead("other", LONG).await.expect("lead")).await;
    assert!(!store.lead("dead", LONG).await.expect("lead"));
    assert!(store.lead("other", Duration::ZERO).await.expect("renew for no time"));
    assert!(store.lead("dead", LONG).await.expect("lead"));
}

/// Whoever does not want to be called by a company is found, each once, and may change their mind.
pub async fn people_who_opted_out_are_found(store: &impl Outbound) {
    let (harbour, bank) = (company("harbour"), company("bank"));
    let people: Vec<_> = (0..12_000).map(number).collect();
    assert_eq!(store.opt_out(&harbour, &people[..11_000], "file").await.expect("opt out"), 11_000);
    assert_eq!(store.opt_out(&harbour, &people[10_998..11_002], "call").await.expect("opt out"), 2);
    assert_eq!(store.opt_out(&bank, &[number(1), number(1)], "command").await.expect("opt out"), 1);
    let found = async |of: &CompanyId, who: &[PhoneNumber]| store.opted_out(of, who).await.expect("opted out").len();
    assert_eq!(found(&harbour, &people).await, 11_002);
    assert_eq!(store.opted_out(&bank, &people).await.expect("opted out"), [number(1)]);
    assert_eq!(found(&company("nobody"), &people).await, 0);
    assert_eq!(store.opt_in(&harbour, &people[..6_000]).await.expect("opt in"), 6_000);
    assert_eq!(store.opt_in(&harbour, &people[..1]).await.expect("opt in"), 0);
    assert_eq!(found(&harbour, &people).await, 5_002);
    assert_eq!(found(&bank, &people).await, 1);
    assert_eq!(found(&harbour, &[]).await, 0);
}

/// Whoever began a batch stands in the audit, once.
pub async fn who_began_a_batch_is_audited(store: &(impl Directory + Outbound)) {
    for _ in 0..2 {
        store.begin_batch(&batch("spring"), &rows(2)).await.expect("begin");
    }
    let audit = store.audit(&company("harbour"), 10).await.expect("audit");
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!((audit[0].actor.as_str(), audit[0].action.as_str()), ("ada", "began batch spring"));
}

/// Many rows are begun at once, and asking for a few of them takes no time.
pub async fn many_rows_are_begun_and_claimed_in_time(store: &impl Outbound) {
    let batch = begun(store, "spring", 20_000).await;
    let work = async {
        for _ in 0..20 {
            let attempts = dialing::claim(store, &batch, 5).await;
            assert_eq!(store.under_way(&batch.id).await.expect("under way").len(), 5);
            for attempt in &attempts {
                dialing::settle(store, attempt, Outcome::Answered).await;
            }
            store.progress(&batch.id).await.expect("progress");
        }
    };
    tokio::time::timeout(PATIENCE / 4, work).await.expect("in time");
    assert_eq!(store.progress(&batch.id).await.expect("progress").waiting, 19_900);
}

/// Says how far a batch is, and that this is what its rows say.
async fn adds_up(store: &impl Outbound, batch: &Batch) -> Progress {
    let progress = store.progress(&batch.id).await.expect("progress");
    let rows = store.rows(&batch.id, 0, u32::MAX).await.expect("rows");
    let mut counted = Progress { rows: rows.len() as u64, ..Progress::default() };
    for row in &rows {
        counted.attempts += u64::from(row.attempts);
        match (row.status, row.outcome) {
            (RowStatus::Waiting, None) => {
                counted.waiting += 1;
                counted.next_due_ms = counted.next_due_ms.into_iter().chain([row.due_ms]).min();
            }
            (RowStatus::Placing | RowStatus::Placed, None) => counted.under_way += 1,
            (RowStatus::Done, Some(outcome)) => *counted.outcomes.entry(outcome).or_default() += 1,
            _ => panic!("a row has an outcome exactly when it is done: {row:?}"),
        }
    }
    assert_eq!(progress, counted);
    progress
}

/// A batch that was begun with this many rows.
pub async fn begun(store: &impl Outbound, name: &str, lines: u32) -> Batch {
    let batch = batch(name);
    assert_eq!(store.begin_batch(&batch, &rows(lines)).await.expect("begin"), Begun::New);
    batch
}

/// Where it stands.
pub async fn status(store: &impl Outbound, batch: &Batch) -> BatchStatus {
    store.batch(&batch.id).await.expect("batch").expect("it is there").status
}

fn batch(name: &str) -> Batch {
    Batch {
        id: id(name),
        name: "Spring".into(),
        company: company("harbour"),
        agent: AgentId::parse("reception").expect("an agent"),
        from: PhoneNumber::new("+15005550006"),
        consent: "asked for a call back".into(),
        plan: DialPlan {
            per_minute: 60,
            concurrency: 5,
            window: Window {
                from_minute: 540,
                until_minute: 1_200,
                days: [true, true, true, true, true, false, false],
            },
            retries: BTreeMap::from([(Outcome::Busy, Retry { times: 2, after_s: 300 })]),
            machine: OnMachine::HangUp,
            ring_s: 25,
            most_s: 600,
            until_ms: None,
        },
        status: BatchStatus::Running,
        by: "ada".into(),
        created_ms: NOW_MS - 1_000,
    }
}

fn rows(lines: u32) -> Vec<BatchRow> {
    (1..=lines).map(row).collect()
}

fn row(line: u32) -> BatchRow {
    BatchRow {
        row: line,
        to: number(line),
        zones: vec!["Europe/Berlin".into(), "Europe/Zurich".into()],
        language: None,
        columns: BTreeMap::from([("name".into(), format!("Customer {line}"))]),
    }
}

fn number(n: u32) -> PhoneNumber {
    PhoneNumber::new(&format!("+1500{n:010}"))
}

fn id(name: &str) -> BatchId {
    BatchId::parse(name).expect("a batch id")
}

fn company(name: &str) -> CompanyId {
    CompanyId::parse(name).expect("a company")
}
