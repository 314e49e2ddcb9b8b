//! Webhook answers: one answers, everybody gets the same.

use super::{LONG, SHORT, eventually};
use crate::ports::{Answer, State};
use futures_util::future::join_all;

const ANSWER: &[u8] = b"<?xml version=\"1.0\"?><Response/>\r\n\x00\xff";

/// The others wait for it.
pub async fn the_first_who_asks_answers(state: &dyn State) {
    assert_eq!(state.begin_answer("voice:1", LONG).await.unwrap(), Answer::Yours);
    assert_eq!(state.begin_answer("voice:1", LONG).await.unwrap(), Answer::Underway);
}

/// Also an empty one, and also when the hold was never taken.
pub async fn an_answer_is_repeated_byte_for_byte(state: &dyn State) {
    state.begin_answer("voice:1", LONG).await.unwrap();
    for (key, answer) in [("voice:1", ANSWER), ("voice:2", b"")] {
        state.give_answer(key, answer, LONG).await.unwrap();
        for _ in 0..2 {
            assert_eq!(state.begin_answer(key, LONG).await.unwrap(), Answer::Given(answer.into()));
        }
    }
}

/// Whoever began may have died; the next one answers.
pub async fn a_hold_ends(state: &dyn State) {
    assert_eq!(state.begin_answer("voice:1", SHORT).await.unwrap(), Answer::Yours);
    eventually("the hold ended", async || state.begin_answer("voice:1", LONG).await.unwrap() == Answer::Yours).await;
    assert_eq!(state.begin_answer("voice:1", LONG).await.unwrap(), Answer::Underway);
}

/// The time of the answer counts, not what was left of the hold.
pub async fn an_answer_outlives_the_hold(state: &dyn State) {
    state.begin_answer("voice:1", SHORT).await.unwrap();
    state.give_answer("voice:1", ANSWER, LONG).await.unwrap();
    state.begin_answer("clock", SHORT).await.unwrap();
    eventually("time passed", async || state.begin_answer("clock", LONG).await.unwrap() == Answer::Yours).await;
    assert_eq!(state.begin_answer("voice:1", LONG).await.unwrap(), Answer::Given(ANSWER.into()));
}

/// Nothing is kept for ever.
pub async fn an_answer_is_forgotten_after_its_time(state: &dyn State) {
    state.give_answer("voice:1", ANSWER, SHORT).await.unwrap();
    eventually("the answer ended", async || state.begin_answer("voice:1", LONG).await.unwrap() == Answer::Yours).await;
}

/// A hundred repeats of one webhook make one call.
pub async fn of_many_who_ask_at_once_one_answers(state: &dyn State) {
    let asked = join_all((0..100).map(|_| state.begin_answer("voice:1", LONG))).await;
    let answers: Vec<_> = asked.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == Answer::Yours).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Answer::Underway).count(), 99);
}

/// Keys come from outside; whatever is in them, two that differ are two.
pub async fn answers_to_different_keys_do_not_mix(state: &dyn State) {
    let long = "x".repeat(1000);
    let keys = ["", "a", "a ", "A", "{a}", "}{", "a:b", "a*", "é\r\n", "\0", &long];
    for key in keys {
        assert_eq!(state.begin_answer(key, LONG).await.unwrap(), Answer::Yours, "{key:?}");
        state.give_answer(key, key.as_bytes(), LONG).await.unwrap();
    }
    for key in keys {
        let expected = Answer::Given(key.as_bytes().to_vec().into());
        assert_eq!(state.begin_answer(key, LONG).await.unwrap(), expected, "{key:?}");
    }
}
