//! How many calls a company may have at once.

use super::{LONG, SHORT, eventually, fresh_call};
use crate::ids::CompanyId;
use crate::ports::{Admission, State};
use futures_util::future::join_all;

fn company(name: &str) -> CompanyId {
    CompanyId::parse(name).unwrap()
}

/// The bound is the company's own.
pub async fn a_company_has_no_more_calls_than_it_may(state: &dyn State) {
    let harbour = company("harbour");
    assert_eq!(state.admit(&harbour, &fresh_call(), 2, LONG).await.unwrap(), Admission::Admitted);
    assert_eq!(state.admit(&harbour, &fresh_call(), 2, LONG).await.unwrap(), Admission::Admitted);
    assert_eq!(state.admit(&harbour, &fresh_call(), 2, LONG).await.unwrap(), Admission::Full);
}

/// A webhook may be answered twice.
pub async fn a_call_is_counted_once(state: &dyn State) {
    let (harbour, call) = (company("harbour"), fresh_call());
    for _ in 0..3 {
        assert_eq!(state.admit(&harbour, &call, 1, LONG).await.unwrap(), Admission::Admitted);
    }
}

/// Whoever says so, and however often.
pub async fn a_dismissed_call_makes_room(state: &dyn State) {
    let (harbour, first) = (company("harbour"), fresh_call());
    state.admit(&harbour, &first, 1, LONG).await.unwrap();
    state.dismiss(&harbour, &first).await.unwrap();
    state.dismiss(&harbour, &first).await.unwrap();
    assert_eq!(state.admit(&harbour, &fresh_call(), 1, LONG).await.unwrap(), Admission::Admitted);
}

/// Asking and counting are one step.
pub async fn of_many_calls_at_once_no_more_than_allowed_come_in(state: &dyn State) {
    let harbour = company("harbour");
    let calls: Vec<_> = (0..50).map(|_| fresh_call()).collect();
    let asked = join_all(calls.iter().map(|call| state.admit(&harbour, call, 7, LONG))).await;
    let admitted = asked.into_iter().filter(|answer| *answer.as_ref().unwrap() == Admission::Admitted).count();
    assert_eq!(admitted, 7);
}

/// Each has its own count.
pub async fn companies_do_not_count_for_each_other(state: &dyn State) {
    assert_eq!(state.admit(&company("harbour"), &fresh_call(), 1, LONG).await.unwrap(), Admission::Admitted);
    assert_eq!(state.admit(&company("loans"), &fresh_call(), 1, LONG).await.unwrap(), Admission::Admitted);
}

/// A call whose end nobody saw does not take a place for ever.
pub async fn a_forgotten_call_makes_room(state: &dyn State) {
    let harbour = company("harbour");
    state.admit(&harbour, &fresh_call(), 1, SHORT).await.unwrap();
    let next = fresh_call();
    eventually("the call was forgotten", async || {
        state.admit(&harbour, &next, 1, LONG).await.unwrap() == Admission::Admitted
    })
    .await;
}
