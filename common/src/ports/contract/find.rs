//! How every record finds calls and events. Each function takes an empty, migrated [`Db`].

use super::deeds::{START_MS, call, envelope, of_call};
use crate::cdr::Cdr;
use crate::event::{Direction, Envelope, Event, GatewayEvent, Source};
use crate::ids::{AgentId, AttemptId, BatchId, CallId, CompanyId};
use crate::ports::{CallFilter, Db};
use crate::private::PhoneNumber;
use std::collections::BTreeSet;

/// Each filter finds the calls it names and no others, the newest first; together they find what all of them name.
pub async fn calls_are_found_by_each_filter(db: &dyn Db) {
    for n in 1..=6 {
        tell(db, n).await;
    }
    let any = CallFilter::default;
    let company = |text: &str| Some(CompanyId::parse(text).expect("a company"));
    let agent = |text: &str| Some(AgentId::parse(text).expect("an agent"));
    let number = |text: &str| Some(PhoneNumber::new(text));
    let batch = |text: &str| Some(BatchId::parse(text).expect("a batch"));
    let cases = [
        (any(), vec![6, 5, 4, 3, 2, 1]),
        (CallFilter { company: company("harbour"), ..any() }, vec![6, 4, 2]),
        (CallFilter { company: company("nobody"), ..any() }, vec![]),
        (CallFilter { agent: agent("night"), ..any() }, vec![6, 3]),
        (CallFilter { number: number("+15005550004"), ..any() }, vec![4, 3]),
        (CallFilter { end_reason: Some("open".into()), ..any() }, vec![6, 5, 2, 1]),
        (CallFilter { end_reason: Some("silence".into()), ..any() }, vec![4, 3]),
        (CallFilter { direction: Some(Direction::Outbound), ..any() }, vec![5, 4]),
        (CallFilter { direction: Some(Direction::Inbound), ..any() }, vec![6, 3, 2, 1]),
        (CallFilter { batch: batch("a_b"), ..any() }, vec![4]),
        (CallFilter { batch: batch("axb"), ..any() }, vec![5]),
        (CallFilter { batch: batch("a"), ..any() }, vec![]),
        (CallFilter { since_ms: Some(began(4)), ..any() }, vec![6, 5, 4]),
        (CallFilter { until_ms: Some(began(4)), ..any() }, vec![3, 2, 1]),
        (
            CallFilter { company: company("harbour"), since_ms: Some(began(2)), until_ms: Some(began(5)), ..any() },
            vec![4, 2],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(found(db, &filter, 100).await, expected.into_iter().map(call).collect::<Vec<_>>(), "{filter:?}");
    }
    assert_eq!(found(db, &any(), 2).await, [call(6), call(5)]);
}

/// Page by page every call is given once, also those that began at the same time and those of which no time is known,
/// and though new ones come meanwhile.
pub async fn page_by_page_gives_each_call_once(db: &dyn Db) {
    for n in 1..=20 {
        tell(db, n).await;
    }
    for n in 21..=23 {
        db.record(&[of_call(n, &accepted(n))], &nothing).await.expect("record");
    }
    let expected: BTreeSet<_> = (1..=23).map(call).collect();
    for size in [1, 3, 7, 50] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = found(db, &CallFilter { after: after.clone(), ..CallFilter::default() }, size).await;
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            seen.extend(page);
            tell(db, 30 + u32::try_from(seen.len()).expect("a few")).await;
        }
        let old: Vec<_> = seen.iter().filter(|call| expected.contains(call)).cloned().collect();
        assert_eq!(old.len(), expected.len(), "in pages of {size}");
        assert_eq!(old.into_iter().collect::<BTreeSet<_>>(), expected, "in pages of {size}");
    }
    let unknown = CallFilter { after: Some(call(999)), ..CallFilter::default() };
    assert_eq!(found(db, &unknown, 9).await, [], "nothing stands behind a call that nobody knows");
}

/// Events of all calls come by time, from a time on and no more than asked for.
pub async fn events_since_a_time_come_in_order(db: &dyn Db) {
    assert_eq!(db.events_since(0, 9).await.expect("events"), []);
    let events: Vec<_> = [3, 1, 4, 2].map(|n| of_call(n, &accepted(n))).to_vec();
    db.record(&events, &nothing).await.expect("record");
    let since = async |ms, max| {
        let events = db.events_since(ms, max).await.expect("events");
        events.into_iter().map(|event| event.key.call).collect::<Vec<_>>()
    };
    assert_eq!(since(began(2), 9).await, [call(2), call(3), call(4)]);
    assert_eq!(since(0, 2).await, [call(1), call(2)]);
    assert_eq!(since(began(4) + 1, 9).await, []);
    assert_eq!(db.events_since(began(4), 1).await.expect("events"), [events[2].clone()]);
}

/// When call `n` began: two by two at the same time from the tenth on.
fn began(n: u32) -> u64 {
    START_MS + 1_000 * u64::from(if n < 10 { n } else { n / 2 * 2 })
}

async fn found(db: &dyn Db, filter: &CallFilter, max: u32) -> Vec<CallId> {
    db.find(filter, max).await.expect("find").into_iter().map(|cdr| cdr.call).collect()
}

fn accepted(n: u32) -> Envelope {
    let number = |n: u32| PhoneNumber::new(&format!("+1500555{n:04}"));
    let outbound = n == 4 || n == 5;
    let told = GatewayEvent::Accepted {
        direction: if outbound { Direction::Outbound } else { Direction::Inbound },
        from: number(n),
        to: number(n + 1),
        agent: n.is_multiple_of(3).then(|| AgentId::parse("night").expect("an agent")),
        agent_version: None,
        language: None,
        attempt: outbound.then(|| {
            let batch = if n == 4 { "a_b.1.1" } else { "axb.1.1" };
            AttemptId::parse(batch).expect("an attempt")
        }),
    };
    let event = envelope(Source::Gateway, 1, 0, Event::Gateway(told));
    Envelope { at_ms: began(n), company: event.company.filter(|_| n.is_multiple_of(2)), ..event }
}

/// Call `n` began: of harbour when even; answered by night when divisible by three; the third and fourth are over.
async fn tell(db: &dyn Db, n: u32) {
    let fold = move |cdr: &mut Cdr, envelope: &Envelope| {
        let Event::Gateway(GatewayEvent::Accepted { direction, from, to, agent, attempt, .. }) = &envelope.event else {
            return;
        };
        (cdr.company, cdr.agent, cdr.attempt) = (envelope.company.clone(), agent.clone(), attempt.clone());
        (cdr.direction, cdr.from, cdr.to) = (Some(*direction), Some(from.clone()), Some(to.clone()));
        cdr.accepted_ms = Some(envelope.at_ms);
        cdr.end_reason = match n {
            1 => None,
            3 | 4 => Some("silence".into()),
            _ => Some(Cdr::OPEN.into()),
        };
    };
    db.record(&[of_call(n, &accepted(n))], &fold).await.expect("record");
}

/// A fold that leaves everything.
fn nothing(_: &mut Cdr, _: &Envelope) {}
