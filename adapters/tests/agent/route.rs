//! Who answers for an agent, and where.

use crate::support::{openai, route, snapshot};
use adapters::agent::Providers;
use common::company::{AgentSnapshot, Provider};
use common::config::Openai;
use common::ports::Agents as _;
use common::private::ExposeSecret as _;
use common::testing;
use std::path::{Path, PathBuf};

#[test]
fn openai_is_dialled_with_the_key_and_without_a_beta_header() {
    let route = route(&snapshot());
    let dial = route.dial.expect("a socket is needed");
    assert_eq!(route.provider, "openai");
    assert_eq!(dial.url, "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1");
    assert_eq!(dial.authorization.expect("a key").expose_secret(), "Bearer sk-test");
    assert!(dial.headers.is_empty());
}

#[test]
fn a_stand_in_on_this_machine_is_dialled_without_tls() {
    let config = Openai { base_url: "http://127.0.0.1:4000/v1/".into(), ..openai(Some("sk-test")) };
    let route = Providers::new(config).open(&snapshot(), 0).expect("there is a key");
    assert_eq!(route.dial.expect("a socket").url, "ws://127.0.0.1:4000/v1/realtime?model=gpt-realtime-2.1");
}

#[test]
fn without_a_key_the_script_answers() {
    let agent = AgentSnapshot { script: Some(script()), ..snapshot() };
    let route = Providers::new(openai(None)).open(&agent, 0).expect("there is a script");
    assert_eq!(route.provider, "scripted");
    assert!(route.dial.is_none());
}

#[test]
fn without_a_key_and_a_script_nobody_answers_and_the_reason_is_said() {
    let error = Providers::new(openai(None)).open(&snapshot(), 0).err().expect("nobody");
    let wanted =
        "no voice agent: agent reception of harbour cannot answer: no OPENAI_API_KEY is set and it has no script";
    assert_eq!(error.to_string(), wanted);
    let scripted = AgentSnapshot { voices: vec![testing::voice(Provider::Scripted)], ..snapshot() };
    let error = Providers::new(openai(Some("sk-test"))).open(&scripted, 0).err().expect("nobody");
    assert!(error.to_string().ends_with("its provider is `scripted` and it has no script"), "{error}");
}

#[test]
fn a_script_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("script.toml");
    for (text, wanted) in [
        (None, "cannot be read"),
        (Some("[[turn]]\ncaller = 5"), "is not understood"),
        (Some("[[cue]]\nname = \"greeting\"\ntext = \"Hello.\"\naudio = \"none.ulaw\""), "none.ulaw cannot be read"),
    ] {
        if let Some(text) = text {
            std::fs::write(&path, text).expect("written");
        }
        let agent = AgentSnapshot { script: Some(path.clone()), ..snapshot() };
        let error = Providers::new(openai(None)).open(&agent, 0).err().expect("nobody");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn a_new_key_is_used_for_the_next_dial() {
    let providers = Providers::new(openai(Some("sk-old")));
    providers.renew_openai(openai(Some("sk-new")));
    let dial = providers.open(&snapshot(), 0).expect("there is a key").dial.expect("a socket");
    assert_eq!(dial.authorization.expect("a key").expose_secret(), "Bearer sk-new");
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents/harbour/script.toml")
}
