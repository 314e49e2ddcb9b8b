//! The state in this process keeps what the port promises, on simulated time.

use adapters::state::Embedded;
use common::ids::{BootId, Epoch, WorkerId};
use common::ports::contract::{self, PATIENCE, event, fresh_call};
use common::ports::{State, StateError};

macro_rules! embedded {
    ($suite:ident: $($sentence:ident),* $(,)?) => {
        mod $suite {
            $(
                #[tokio::test(start_paused = true)]
                async fn $sentence() {
                    common::ports::contract::$suite::$sentence(&adapters::state::Embedded::new()).await;
                }
            )*
        }
    };
}

common::state_contract!(embedded);

#[tokio::test(start_paused = true)]
async fn epochs_grow_across_a_flush() {
    let state = Embedded::new();
    contract::session::epochs_grow_across_a_flush(&state, async || state.flush()).await;
}

#[tokio::test(start_paused = true)]
async fn no_live_call_is_fenced_by_a_flush() {
    let state = Embedded::new();
    contract::session::no_live_call_is_fenced_by_a_flush(&state, async || state.flush()).await;
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_entry_is_passed_over() {
    let state = Embedded::new();
    contract::outbox::an_unreadable_entry_is_passed_over(&state, async |call| state.spoil_outbox(call)).await;
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_away_says_so_and_comes_back_with_what_it_had() {
    let state = Embedded::new();
    let call = fresh_call();
    let claimed = state.claim(&call).await.unwrap();
    state.set_away(true);
    assert!(matches!(state.session(&call).await, Err(StateError::Away(_))));
    assert!(matches!(state.check().await, Err(StateError::Away(_))));
    assert!(matches!(state.enqueue(&[event(&call, Epoch(1), 0)]).await, Err(StateError::Away(_))));
    state.set_away(false);
    assert_eq!(state.session(&call).await.unwrap(), Some(claimed));
}

#[tokio::test(start_paused = true)]
async fn a_full_state_refuses_what_needs_room_and_still_renews() {
    let state = Embedded::new();
    let (worker, boot) = (WorkerId::parse("worker-0").unwrap(), BootId::fresh());
    state.set_full(true);
    assert!(matches!(state.claim(&fresh_call()).await, Err(StateError::Refused(_))));
    assert!(state.renew(&worker, &boot, PATIENCE).await.is_ok());
    assert!(state.forget(&[]).await.is_ok());
}
