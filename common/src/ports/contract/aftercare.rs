//! What every database must do for what is done after calls: calls looked after once, jobs done once, summaries. Each
//! function takes an empty, migrated database.

use super::deeds::{START_MS, call, envelope, harbour, of_call};
use super::messages::{gone, stored};
use super::{LONG, SHORT, eventually};
use crate::cdr::Cdr;
use crate::clock::unix_ms;
use crate::event::{Envelope, Event, GatewayEvent, Refusal, Source};
use crate::ids::{AgentId, CompanyId};
use crate::ports::aftercare::{Job, JobWork};
use crate::ports::{Aftercare, Db, DbError};
use crate::summary::{CallOutcome, Sentiment, Summary};
use call::Spoken;
use std::time::Duration;

/// Asking at once: nobody needs to settle.
const NOW: Duration = Duration::ZERO;
/// A time long over.
const PAST_MS: u64 = START_MS;

/// A call that has ended is looked after once, by however many at the same time, and its jobs are stored with that.
pub async fn a_call_is_looked_after_once(store: &(impl Db + Aftercare)) {
    end(store, &[1]).await;
    assert_eq!(store.to_look_after(NOW, 10).await.expect("to look after"), [call(1)]);
    let (one, two) = ([job("one", PAST_MS)], [job("two", PAST_MS)]);
    let call_1 = call(1);
    let both = tokio::join!(store.look_after(&call_1, &one), store.look_after(&call_1, &two));
    assert!(matches!(both, (Ok(()), Ok(()))), "{both:?}");
    assert_eq!(store.to_look_after(NOW, 10).await.expect("to look after"), []);
    store.look_after(&call(1), &[job("three", PAST_MS)]).await.expect("again");
    assert_eq!(store.jobs().await.expect("jobs"), (1, 0));
}

/// What is told of a call later does not make anybody look after it again.
pub async fn a_late_event_does_not_bring_a_call_back(store: &(impl Db + Aftercare)) {
    end(store, &[1]).await;
    store.look_after(&call(1), &[]).await.expect("look after");
    let late = of_call(1, &refused(7));
    store.record(&[late], &over).await.expect("record");
    assert_eq!(store.to_look_after(NOW, 10).await.expect("to look after"), []);
}

/// Nobody looks after a call that goes on, nor after one that ended just now and of which something may still come,
/// unless all of it is here. The oldest come first, no more than asked for.
pub async fn only_calls_that_are_over_and_settled_are_looked_after(store: &(impl Db + Aftercare)) {
    let settled = |cdr: &mut Cdr, envelope: &Envelope| {
        over(cdr, envelope);
        cdr.complete = false;
    };
    let open = |cdr: &mut Cdr, _: &Envelope| cdr.end_reason = Some(Cdr::OPEN.into());
    store.record(&[of_call(1, &refused(1))], &open).await.expect("record");
    store.record(&[at(2, unix_ms())], &settled).await.expect("record");
    store.record(&[at(3, unix_ms())], &over).await.expect("record");
    store.record(&[at(4, PAST_MS + 9)], &settled).await.expect("record");
    store.record(&[at(5, PAST_MS)], &settled).await.expect("record");
    assert_eq!(store.to_look_after(LONG, 10).await.expect("to look after"), [call(5), call(4), call(3)]);
    assert_eq!(store.to_look_after(LONG, 1).await.expect("to look after"), [call(5)]);
}

/// A call nobody knows is not looked after, and no job comes of it.
pub async fn an_unknown_call_is_not_looked_after(store: &(impl Db + Aftercare)) {
    store.look_after(&call(1), &[job("a", PAST_MS)]).await.expect("look after");
    assert_eq!(store.jobs().await.expect("jobs"), (0, 0));
}

/// When the jobs cannot be stored the call is not looked after either.
pub async fn a_call_whose_jobs_are_refused_waits(store: &(impl Db + Aftercare)) {
    end(store, &[1]).await;
    let refused = store.look_after(&call(1), &[job("a\0b", PAST_MS)]).await;
    assert!(matches!(refused, Err(DbError::Refused(_))), "{refused:?}");
    assert_eq!(store.to_look_after(NOW, 10).await.expect("to look after"), [call(1)]);
}

/// A job is stored once under its key and comes back as it was given, with the attempt counted.
pub async fn a_job_is_stored_once_and_comes_back(store: &impl Aftercare) {
    let jobs: Vec<_> = every_work().into_iter().zip(1..).map(|(work, n)| of_work(&format!("{n}"), work)).collect();
    let count = u64::try_from(jobs.len()).expect("a few");
    assert_eq!(store.add_jobs(&jobs).await.expect("add"), count);
    let changed: Vec<_> = jobs.iter().map(|job| Job { due_ms: 1, ..job.clone() }).collect();
    assert_eq!(store.add_jobs(&changed).await.expect("add"), 0);
    assert_eq!(store.add_jobs(&[]).await.expect("add"), 0);
    let expected: Vec<_> = jobs.iter().map(|job| Job { attempts: 1, ..job.clone() }).collect();
    assert_eq!(store.take_jobs(LONG, 100).await.expect("take"), expected);
}

/// The earliest come first, no more than asked for; what is not due yet is not handed out.
pub async fn jobs_are_handed_out_when_they_are_due(store: &impl Aftercare) {
    let later = unix_ms() + 3_600_000;
    let jobs = [job("later", later), job("third", PAST_MS + 3), job("first", PAST_MS), job("second", PAST_MS + 1)];
    store.add_jobs(&jobs).await.expect("add");
    assert_eq!(keys(&store.take_jobs(LONG, 2).await.expect("take")), ["first", "second"]);
    assert_eq!(keys(&store.take_jobs(LONG, 9).await.expect("take")), ["third"]);
    assert_eq!(store.jobs().await.expect("jobs"), (4, 0));
}

/// Of many who ask at the same time each job is handed to one.
pub async fn a_job_is_handed_to_one_at_a_time(store: &impl Aftercare) {
    let jobs: Vec<_> = (0..40).map(|n| job(&format!("{n:02}"), PAST_MS)).collect();
    store.add_jobs(&jobs).await.expect("add");
    let mut taken = Vec::new();
    while taken.len() < jobs.len() {
        let ask = || take(store, 7);
        let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
        let before = taken.len();
        taken.extend([a, b, c, d].iter().flatten().map(|job| job.key.clone()));
        assert!(taken.len() > before, "nobody got any of those that are left");
    }
    taken.sort();
    assert_eq!(taken, jobs.iter().map(|job| job.key.clone()).collect::<Vec<_>>());
}

/// Whoever does not say how a job ended loses it to the next who asks.
pub async fn a_job_is_handed_out_again_after_its_hold(store: &impl Aftercare) {
    store.add_jobs(&[job("a", PAST_MS)]).await.expect("add");
    assert_eq!(keys(&store.take_jobs(SHORT, 9).await.expect("take")), ["a"]);
    let mut again = Vec::new();
    eventually("the job is handed out again", async || {
        again = store.take_jobs(LONG, 9).await.expect("take");
        !again.is_empty()
    })
    .await;
    assert_eq!((keys(&again), again[0].attempts), (vec!["a"], 2));
    assert_eq!(store.take_jobs(LONG, 9).await.expect("take"), []);
}

/// A job that is done is never handed out again, whatever anybody says of it later, and its key stays known.
pub async fn a_job_that_is_done_stays_done(store: &impl Aftercare) {
    store.add_jobs(&[job("a", PAST_MS)]).await.expect("add");
    assert_eq!(keys(&store.take_jobs(NOW, 9).await.expect("take")), ["a"]);
    store.job_done("a").await.expect("done");
    store.job_done("a").await.expect("done again");
    store.job_failed("a", "too late", Some(PAST_MS)).await.expect("failed");
    store.job_failed("a", "too late", None).await.expect("failed");
    store.put_back_jobs(&["a".into()], PAST_MS).await.expect("put back");
    assert_eq!(store.add_jobs(&[job("a", PAST_MS)]).await.expect("add"), 0);
    assert_eq!(store.revive_jobs(Some("a")).await.expect("revive"), 0);
    assert_eq!(store.take_jobs(NOW, 9).await.expect("take"), []);
    assert_eq!(store.jobs().await.expect("jobs"), (0, 0));
    store.job_done("of nobody").await.expect("an unknown key is no fault");
}

/// A job that failed is tried again at its time, and says why it failed.
pub async fn a_job_that_failed_is_tried_again_at_its_time(store: &impl Aftercare) {
    store.add_jobs(&[job("a", PAST_MS), job("b", PAST_MS)]).await.expect("add");
    store.take_jobs(LONG, 9).await.expect("take");
    store.job_failed("a", "status 503\0", Some(PAST_MS)).await.expect("failed");
    store.job_failed("b", "status 503", Some(unix_ms() + 3_600_000)).await.expect("failed");
    let again = store.take_jobs(LONG, 9).await.expect("take");
    assert_eq!((keys(&again), again[0].attempts), (vec!["a"], 2));
    assert_eq!(again[0].last_error.as_deref(), Some("status 503\u{fffd}"));
}

/// Jobs that were taken and not begun after all are due again, and the attempt does not count.
pub async fn a_job_put_back_has_lost_no_attempt(store: &impl Aftercare) {
    store.add_jobs(&[job("a", PAST_MS), job("b", PAST_MS), job("c", PAST_MS)]).await.expect("add");
    store.take_jobs(LONG, 9).await.expect("take");
    store.put_back_jobs(&["a".into(), "b".into()], PAST_MS).await.expect("put back");
    store.put_back_jobs(&["c".into()], unix_ms() + 3_600_000).await.expect("put back");
    let again = store.take_jobs(LONG, 9).await.expect("take");
    assert_eq!(keys(&again), ["a", "b"]);
    assert!(again.iter().all(|job| job.attempts == 1 && job.last_error.is_none()), "{again:?}");
}

/// Dead letters are seen, the newest first, and tried again from the beginning when a person says so.
pub async fn dead_jobs_are_seen_and_revived(store: &impl Aftercare) {
    let made = |key: &str, created_ms| Job { created_ms, ..job(key, PAST_MS) };
    store.add_jobs(&[made("a", PAST_MS), made("b", PAST_MS + 2), made("c", PAST_MS + 1)]).await.expect("add");
    store.take_jobs(LONG, 9).await.expect("take");
    for key in ["a", "b", "c"] {
        store.job_failed(key, "status 410", None).await.expect("failed");
    }
    let dead = store.dead_jobs(2).await.expect("dead");
    assert_eq!((keys(&dead), dead[0].last_error.as_deref()), (vec!["b", "c"], Some("status 410")));
    assert_eq!((store.jobs().await.expect("jobs"), store.take_jobs(LONG, 9).await.expect("take")), ((0, 3), vec![]));
    assert_eq!(store.revive_jobs(Some("c")).await.expect("revive"), 1);
    let again = store.take_jobs(LONG, 9).await.expect("take");
    assert_eq!((keys(&again), again[0].attempts), (vec!["c"], 1));
    assert_eq!(store.revive_jobs(None).await.expect("revive"), 2);
    assert_eq!(store.jobs().await.expect("jobs"), (3, 0));
}

/// The newest of what models made of a call stands, whichever came last.
pub async fn the_newest_summary_stands(store: &impl Aftercare) {
    assert_eq!(store.summary(&call(1)).await.expect("summary"), None);
    let (first, last) = (summary(1, PAST_MS, "first"), summary(1, PAST_MS + 1, "Ça va — \"last\""));
    for made in [&first, &last, &first] {
        store.store_summary(made).await.expect("store");
    }
    assert_eq!(store.summary(&call(1)).await.expect("summary"), Some(last));
    let nul = store.store_summary(&summary(2, PAST_MS, "secret\0")).await;
    assert!(matches!(&nul, Err(error @ DbError::Refused(_)) if !error.to_string().contains("secret")), "{nul:?}");
}

/// Recordings that began before a time, the oldest first: those of the company that exist and that nobody deletes.
pub async fn old_recordings_are_found_once(store: &(impl Db + Aftercare)) {
    let told: Vec<_> = (1..=5).map(|n| stored(n, PAST_MS + 10 - u64::from(n))).collect();
    for (_, _, event) in &told {
        store.record(std::slice::from_ref(event), &|_: &mut Cdr, _: &Envelope| {}).await.expect("record");
    }
    let before = async |ms, most| {
        let found = store.recordings_before(&harbour(), ms, most).await.expect("recordings");
        found.into_iter().map(|row| row.recording).collect::<Vec<_>>()
    };
    let ids: Vec<_> = told.iter().map(|(_, recording, _)| recording.clone()).collect();
    assert_eq!(before(PAST_MS + 8, 9).await, [ids[4].clone(), ids[3].clone(), ids[2].clone()]);
    assert_eq!(before(PAST_MS + 8, 1).await, [ids[4].clone()]);
    let other = CompanyId::parse("other").expect("a company");
    assert_eq!(store.recordings_before(&other, PAST_MS + 8, 9).await.expect("recordings"), []);
    store.record(&[gone(5)], &|_: &mut Cdr, _: &Envelope| {}).await.expect("record");
    let delete = JobWork::DeleteRecording { recording: ids[3].clone(), why: "retention".into() };
    store.add_jobs(&[of_work("delete", delete)]).await.expect("add");
    assert_eq!(before(PAST_MS + 8, 9).await, [ids[2].clone()]);
    store.job_done("delete").await.expect("done");
    assert_eq!(before(PAST_MS + 8, 9).await, [ids[2].clone()]);
}

/// Asks for jobs; a conflict with another who asks is asked again.
async fn take(store: &impl Aftercare, most: u32) -> Vec<Job> {
    loop {
        match store.take_jobs(LONG, most).await {
            Ok(jobs) => return jobs,
            Err(DbError::Conflict(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// These calls were answered and are over, long ago and completely.
async fn end(store: &impl Db, calls: &[u32]) {
    for n in calls {
        store.record(&[at(*n, PAST_MS)], &over).await.expect("record");
    }
}

/// A fold after which the call is over when the event was seen.
fn over(cdr: &mut Cdr, envelope: &Envelope) {
    (cdr.end_reason, cdr.ended_ms, cdr.complete) = (Some("silence".into()), Some(envelope.at_ms), true);
}

fn refused(sequence: u64) -> Envelope {
    envelope(Source::Gateway, 1, sequence, Event::Gateway(GatewayEvent::Refused { reason: Refusal::NoCapacity }))
}

fn at(n: u32, at_ms: u64) -> Envelope {
    Envelope { at_ms, ..of_call(n, &refused(1)) }
}

fn job(key: &str, due_ms: u64) -> Job {
    Job { due_ms, ..of_work(key, JobWork::Summarize) }
}

fn of_work(key: &str, work: JobWork) -> Job {
    Job {
        key: key.into(),
        call: call(1),
        company: harbour(),
        work,
        due_ms: PAST_MS,
        attempts: 0,
        last_error: None,
        created_ms: PAST_MS + 1,
    }
}

fn every_work() -> Vec<JobWork> {
    let recording = crate::ids::RecordingId::parse("RE1").expect("a recording");
    let body =
        serde_json::json!({"text": "Ça va? \\u0000 'quoted'", "n": [1.5e16, 1.0, 18_446_744_073_709_551_615_u64]});
    vec![
        JobWork::Summarize,
        JobWork::Webhook { hook: "crm".into(), event: "call.ended".into(), body },
        JobWork::Message { template: "survey".into() },
        JobWork::FetchRecording { recording: recording.clone() },
        JobWork::DeleteRecording { recording, why: "asked".into() },
    ]
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.key.as_str()).collect()
}

fn summary(n: u32, made_ms: u64, text: &str) -> Summary {
    Summary {
        call: call(n),
        company: harbour(),
        agent: AgentId::parse("front-desk").expect("an agent"),
        text: Spoken::new(text),
        outcome: CallOutcome::PartlyResolved,
        sentiment: Sentiment::Negative,
        fields: serde_json::json!({"order": "ORD-1", "amount": 12.50, "again": null}),
        model: "gpt-5-mini".into(),
        made_ms,
    }
}
