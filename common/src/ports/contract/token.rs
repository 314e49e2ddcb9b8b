//! Stream tokens: each opens one stream.

use super::{LONG, SHORT, eventually};
use crate::ports::{Spend, State};
use futures_util::future::join_all;

/// And using one uses no other.
pub async fn a_token_is_used_once(state: &dyn State) {
    for token in ["token-a", "token-b"] {
        assert_eq!(state.spend(token, LONG).await.unwrap(), Spend::First);
        assert_eq!(state.spend(token, LONG).await.unwrap(), Spend::Again);
    }
}

/// Whoever copied it loses the race or wins it, but there are no two winners.
pub async fn of_many_at_once_one_is_first(state: &dyn State) {
    let spent = join_all((0..100).map(|_| state.spend("token", LONG))).await;
    let first = spent.into_iter().filter(|spend| *spend.as_ref().unwrap() == Spend::First).count();
    assert_eq!(first, 1);
}

/// By then its own signature says it is too old.
pub async fn a_token_is_forgotten_after_its_time(state: &dyn State) {
    assert_eq!(state.spend("token", SHORT).await.unwrap(), Spend::First);
    eventually("the token was forgotten", async || state.spend("token", SHORT).await.unwrap() == Spend::First).await;
}
