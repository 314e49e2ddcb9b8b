//! What a network is like: its account, the application it serves, the people it can call, what goes wrong.

use std::time::Duration;

use super::{Book, Faults, Route};

/// What a network is made with.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// The account, `AC…`.
    pub account_sid: String,
    /// The account's token: signs webhooks, and is a password of the REST API.
    pub auth_token: String,
    /// An API key, `SK…` and its secret: the other password of the REST API.
    pub api_key: Option<(String, String)>,
    /// Where an incoming call is announced, unless its plan says otherwise.
    pub voice_url: String,
    /// Where the end of a call is reported, unless its plan says otherwise.
    pub status_callback: Option<String>,
    /// Where public addresses of the server really lead; the first that fits is taken.
    pub routes: Vec<Route>,
    /// Whether the `action` of a verb is asked for when REST sends the call elsewhere.
    pub interrupted_action: InterruptedAction,
    /// How old a call must be before lists hold it: they are made behind the calls.
    pub listing_lag: Duration,
    /// Who can be called. A network without a book hands every call created by REST to [`Network::next_ring`].
    pub book: Book,
    /// What goes wrong; can be changed by [`Network::set_faults`].
    pub faults: Faults,
    /// How many times faster than real the clock of those goes who are called by REST, outside media streams. Those who
    /// are called by `<Dial>` share their caller's clock.
    pub speed: u32,
}

impl NetworkConfig {
    /// An account with a made-up SID and token, whose calls are announced at `voice_url`.
    #[must_use]
    pub fn new(voice_url: impl Into<String>) -> Self {
        Self {
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            auth_token: "0123456789abcdef0123456789abcdef".to_owned(),
            api_key: None,
            voice_url: voice_url.into(),
            status_callback: None,
            routes: Vec::new(),
            interrupted_action: InterruptedAction::default(),
            listing_lag: Duration::ZERO,
            book: Book::new(),
            faults: Faults::default(),
            speed: crate::phone::SPEED,
        }
    }
}

/// What happens to the `action` of a verb that a REST redirect interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterruptedAction {
    /// It is not asked for.
    #[default]
    NotAsked,
    /// It is asked for and the answer thrown away, as was seen with `<Dial>` in the field.
    Asked,
}
