//! Every public route, grouped by who calls it.

use crate::{GatewayContext, back, hold, machine, member, menu, next, notices, relay, webhook};
use axum::Router;
use axum::routing::{MethodFilter, MethodRouter, any, get, on};
use std::sync::Arc;

/// The public listener's router.
pub fn router(gateway: Arc<GatewayContext>) -> Router {
    let twilio = Router::new()
        .route("/twilio/voice", twilio_asks(webhook::by_number))
        .route("/twilio/{company}/{language}/voice", twilio_asks(webhook::by_path))
        .route("/twilio/next/{token}", twilio_asks(next::next))
        .route("/twilio/menu/{token}", twilio_asks(menu::chosen))
        .route("/twilio/dial-done/{token}", twilio_asks(back::dial_done))
        .route("/twilio/member/{token}", twilio_asks(member::answered))
        .route("/twilio/member-key/{token}", twilio_asks(member::pressed))
        .route("/twilio/hold/{token}", twilio_asks(hold::hold))
        .route("/twilio/status", twilio_asks(notices::status))
        .route("/twilio/stream-status/{token}", twilio_asks(notices::stream_status))
        .route("/twilio/recording", twilio_asks(notices::recording))
        .route("/twilio/recording/{token}", twilio_asks(notices::recording_of_call))
        .route("/twilio/message-status/{token}", twilio_asks(notices::message_status));
    // Calls that we make.
    let outbound = Router::new()
        .route("/twilio/outbound/{token}", twilio_asks(webhook::by_attempt))
        .route("/twilio/status/{token}", twilio_asks(notices::status_of_attempt))
        .route("/twilio/amd/{token}", twilio_asks(machine::answered_by))
        .route("/twilio/message/{token}", twilio_asks(machine::message));
    // So that a number of one of the systems this one replaces can be pointed here unchanged.
    let aliases = Router::new()
        .route("/incoming-call", twilio_asks(webhook::by_number))
        .route("/twiml", twilio_asks(webhook::by_number))
        .route("/inbound_call", twilio_asks(webhook::by_number))
        .route("/twilio/inbound_call", twilio_asks(webhook::by_number))
        .route("/call-status", twilio_asks(notices::status))
        .route("/recording_callback", twilio_asks(notices::recording));
    Router::new()
        .merge(twilio)
        .merge(outbound)
        .merge(aliases)
        .route("/audio/hold.wav", get(hold::music))
        .route("/media/{worker}/{token}", any(relay::media))
        .route("/health", get(|| async { "ok\n" }))
        .with_state(gateway)
}

/// Twilio asks by POST, or by GET where the number is set so.
fn twilio_asks<H, T>(handler: H) -> MethodRouter<Arc<GatewayContext>>
where
    H: axum::handler::Handler<T, Arc<GatewayContext>>,
    T: 'static,
{
    on(MethodFilter::GET.or(MethodFilter::POST), handler)
}
