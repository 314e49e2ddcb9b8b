//! Which faults end a link, and how.

use super::support::{route, snapshot, talking};
use call::{AgentCommand, LinkFault};
use serde_json::json;

#[test]
fn a_close_without_an_error_is_dialled_again() {
    let codec = route(&snapshot()).codec;
    for (code, wanted) in [
        (Some(1000), LinkFault::Broken),
        (Some(1001), LinkFault::Broken),
        (Some(1005), LinkFault::Broken),
        (Some(1006), LinkFault::Broken),
        (Some(1008), LinkFault::Refused),
        (Some(1011), LinkFault::Broken),
        (Some(1013), LinkFault::Busy),
        (None, LinkFault::Broken),
    ] {
        assert_eq!(codec.closed(code, ""), wanted, "{code:?}");
    }
}

#[test]
fn a_refused_upgrade_says_what_to_do() {
    let codec = route(&snapshot()).codec;
    for (status, wanted) in [
        (400, LinkFault::Refused),
        (401, LinkFault::Refused),
        (402, LinkFault::Refused),
        (403, LinkFault::Refused),
        (408, LinkFault::Broken),
        (429, LinkFault::Busy),
        (500, LinkFault::Broken),
        (503, LinkFault::Busy),
    ] {
        assert_eq!(codec.refused(status), wanted, "{status}");
    }
}

#[test]
fn an_error_that_is_new_is_dialled_again_and_never_quotes_the_caller() {
    let mut link = talking();
    link.says("Error", json!({"code": "SOMETHING_NEW", "description": "The caller said hello."}));
    assert_eq!(link.events(), ["complained: SOMETHING_NEW", "lost: Broken"]);
    for code in [json!(null), json!("my card is 4111 1111"), json!(["x"])] {
        let mut link = talking();
        link.says("Error", json!({"code": code}));
        assert_eq!(link.events(), ["complained: unnamed_error", "lost: Broken"]);
    }
}

#[test]
fn a_lost_link_is_deaf_and_mute() {
    let mut link = talking();
    link.server("Error__server_going_away");
    link.events();
    link.server("Welcome");
    link.server("ConversationText__user");
    link.speaks(20);
    link.tell(AgentCommand::Reply);
    link.caller_audio("AAAA");
    let agent = snapshot();
    link.codec.configure(&agent, &mut link.io);
    assert!(link.events().is_empty());
    assert!(link.sent().is_empty());
}
