//! `patchbay up` as a child process on free ports, for a telephone network and a hotel of the test.

use super::program::Program;
use super::system::ANYWHERE;
use loadtest::network::Network;
use tempfile::TempDir;

/// Where it can be reached.
pub(crate) struct Addresses {
    /// The gateway's public listener.
    pub(crate) public: String,
    /// `/readyz` and `/metrics`.
    pub(crate) ops: String,
}

/// Starts it, with more variables than every test needs.
pub(crate) fn start(network: &Network, hotel: &TempDir, more: &[(&str, &str)]) -> Program {
    let agents = hotel.path().display().to_string();
    let mut variables = vec![
        ("PATCHBAY_AGENTS__DIR", agents.as_str()),
        ("PATCHBAY_GATEWAY__LISTEN", ANYWHERE),
        ("PATCHBAY_WORKER__LISTEN", ANYWHERE),
        ("PATCHBAY_OPS__LISTEN", ANYWHERE),
        ("PATCHBAY_LOG__FORMAT", "json"),
        ("TWILIO_ACCOUNT_SID", network.account_sid()),
        ("TWILIO_AUTH_TOKEN", network.auth_token()),
        ("TWILIO_API_BASE_URL", network.api_base_url()),
    ];
    variables.extend(more);
    Program::start(&["up"], &variables)
}

/// Waits until it is up and reads its banner.
pub(crate) async fn addresses(up: &mut Program) -> Addresses {
    let banner = up.says("Stop it").await;
    Addresses { public: origin(&banner, "webhook", "/twilio/voice"), ops: origin(&banner, "ops", "/readyz") }
}

/// The origin the banner names in this row.
fn origin(banner: &str, row: &str, path: &str) -> String {
    let line = banner.lines().find(|line| line.trim_start().starts_with(row)).expect(row);
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
    url.trim_end_matches(path).to_owned()
}
