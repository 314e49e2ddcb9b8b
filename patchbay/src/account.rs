//! The telephone account of a laptop: where no Twilio account is set, the simulated network's own.

use common::config::Config;
use common::private::ExposeSecret;

/// The simulated network's account.
pub(crate) const LOCAL_SID: &str = "AC00000000000000000000000000000001";

/// Its token. Known to everybody, so it is only used together with loopback listeners.
pub(crate) const LOCAL_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Whether calls can only come from this machine's simulated network.
pub(crate) fn is_local(config: &Config) -> bool {
    config.twilio.auth_token.expose_secret() == LOCAL_TOKEN
}

/// Defaults that make a laptop safe and complete: the local account and loopback listeners. Nobody's own setting is
/// overridden.
pub(crate) fn laptop_defaults(environment_has_account: bool) -> Vec<(&'static str, String)> {
    if environment_has_account {
        return Vec::new();
    }
    vec![
        ("TWILIO_ACCOUNT_SID", LOCAL_SID.to_owned()),
        ("TWILIO_AUTH_TOKEN", LOCAL_TOKEN.to_owned()),
        ("PATCHBAY_GATEWAY__LISTEN", "127.0.0.1:8080".to_owned()),
        ("PATCHBAY_WORKER__LISTEN", "127.0.0.1:8090".to_owned()),
        ("PATCHBAY_OPS__LISTEN", "127.0.0.1:9090".to_owned()),
    ]
}
