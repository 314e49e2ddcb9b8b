//! What people set, and what they are told.

use super::*;
use secrecy::ExposeSecret;
use std::io::Write;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect()
}

fn load(environment: &[(&str, &str)]) -> Result<Config, Mistakes> {
    Config::load(LoadArgs { environment: map(environment), ..LoadArgs::default() })
}

fn file(content: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

fn mistakes(environment: &[(&str, &str)]) -> String {
    load(environment).unwrap_err().to_string()
}

#[test]
fn with_nothing_set_a_laptop_works() {
    let config = load(&[]).unwrap();
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert!(config.redis_url.is_none() && config.twilio.api_base_url.is_none());
    assert_eq!((config.worker.id.as_str(), config.worker.seats), ("worker-0", 250));
    assert!(config.secret.expose_secret().len() >= 32);
    assert_ne!(config.secret.expose_secret(), load(&[]).unwrap().secret.expose_secret());
}

#[test]
fn every_default_and_every_shown_example_is_valid() {
    for setting in Setting::all() {
        for text in setting.default.iter().chain([&setting.example].into_iter().filter(|text| !text.contains(' '))) {
            assert_eq!(check(setting.kind, text), Ok(()), "{}", setting.key);
        }
    }
}

#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() {
    let file = file("public_url = \"https://file.example/\"\n[worker]\nid = \"file\"\nseats = 1\ndrain_seconds = 7\n");
    let config = Config::load(LoadArgs {
        file: Some(file.path().into()),
        environment: map(&[("PATCHBAY_WORKER__ID", "environment"), ("PATCHBAY_WORKER__SEATS", "2")]),
        overrides: map(&[("worker.seats", "3")]),
        ..LoadArgs::default()
    });
    let config = config.unwrap();
    assert_eq!(config.public_url, "https://file.example");
    assert_eq!(config.worker.id.as_str(), "environment");
    assert_eq!((config.worker.seats, config.worker.drain), (3, Duration::from_secs(7)));
}

#[test]
fn all_mistakes_are_told_at_once_with_key_fault_and_example() {
    let file = file("gateway.lisen = \"x\"\n\n[worker]\nseats = \"many\"\nid = [1]\n");
    let text = Config::load(LoadArgs {
        file: Some(file.path().into()),
        environment: map(&[
            ("PUBLIC_URL", "calls.example.com"),
            ("PATCHBAY_GATEWAY__POLICY", "fastest"),
            ("PATCHBAY_WORKER_SEATS", "3"),
            ("TWILIO_API_KEY", "SK00000000000000000000000000000001"),
        ]),
        overrides: map(&[("ops.listen", "9090"), ("op.listen", "1")]),
        required: &["secret"],
    });
    let text = text.unwrap_err().to_string();
    for part in [
        "line 1: gateway.lisen is not known; did you mean gateway.listen?",
        "line 4: worker.seats is \"many\", but must be a whole number from 1 to 10000; for example 400",
        "line 5: worker.id is an array, but must be a text or a whole number; for example worker-3",
        "PUBLIC_URL is \"calls.example.com\", but must be a URL of scheme, host and port, with nothing behind; for example https://calls.example.com",
        "PATCHBAY_GATEWAY__POLICY is \"fastest\", but must be one of lru or round_robin or least_loaded or pack",
        "environment: PATCHBAY_WORKER_SEATS is not known; did you mean PATCHBAY_WORKER__SEATS?",
        "TWILIO_API_KEY is set, but TWILIO_API_SECRET is not; both are needed",
        "command line: ops.listen is \"9090\", but must be an address and a port; for example 127.0.0.1:9090",
        "command line: op.listen is not known; did you mean ops.listen?",
        "environment: PATCHBAY_SECRET is not set; for example",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(text.starts_with("10 mistakes"), "{text}");
}

#[test]
fn a_secret_may_be_a_file() {
    let secret = file("from-a-file-and-long\n");
    let path = secret.path().to_str().unwrap();
    let config = load(&[("PATCHBAY_SECRET_FILE", path)]).unwrap();
    assert_eq!(config.secret.expose_secret(), "from-a-file-and-long");
    let toml = file(&format!("secret_file = {path:?}\n"));
    let config = Config::load(LoadArgs { file: Some(toml.path().into()), ..LoadArgs::default() }).unwrap();
    assert_eq!(config.secret.expose_secret(), "from-a-file-and-long");
}

#[test]
fn a_secret_file_that_is_missing_or_doubled_is_a_mistake() {
    assert!(mistakes(&[("OPENAI_API_KEY_FILE", "/nowhere/key")]).contains("names /nowhere/key, which cannot be read"));
    let secret = file("x");
    let both = mistakes(&[("OPENAI_API_KEY", "a"), ("OPENAI_API_KEY_FILE", secret.path().to_str().unwrap())]);
    assert!(both.contains("OPENAI_API_KEY_FILE is set together with OPENAI_API_KEY"), "{both}");
    assert!(mistakes(&[("PATCHBAY_ROUTING_FILE", "/x")]).contains("PATCHBAY_ROUTING_FILE is not known"));
}

#[test]
fn no_secret_stands_in_a_mistake_or_in_debug() {
    let text =
        mistakes(&[("PATCHBAY_SECRET", "hunter2"), ("REDIS_URL", "hunter2"), ("DATABASE_URL", "mysql://hunter2@x")]);
    assert!(text.starts_with("3 mistakes") && !text.contains("hunter2"), "{text}");
    let config = load(&[("PATCHBAY_SECRET", "hunter2-hunter2-hunter2"), ("REDIS_URL", "redis://:hunter2@x")]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn a_key_is_not_sent_in_the_clear_to_another_machine() {
    assert!(load(&[("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")]).is_ok());
    assert!(load(&[("OPENAI_BASE_URL", "ws://[::1]:9/v1")]).is_ok());
    for wrong in ["http://openai.example/v1", "http://127.0.0.1@openai.example", "http://localhost.example"] {
        assert!(mistakes(&[("OPENAI_BASE_URL", wrong)]).contains("only on this machine"), "{wrong}");
    }
}

#[test]
fn a_list_of_servers_and_a_password_with_a_comma_are_taken() {
    assert!(load(&[("NATS_URL", "nats://a:4222,nats://b:4222"), ("DATABASE_URL", "postgres://u:a,b@h/db")]).is_ok());
    assert!(load(&[("DATABASE_URL", "sqlite:calls.db")]).is_ok());
}

#[test]
fn variables_of_kubernetes_services_and_of_other_programs_are_left_alone() {
    let others = [
        ("PATCHBAY_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("PATCHBAY_GATEWAY_PORT", "tcp://10.0.0.1:8080"),
        ("PATCHBAY_GATEWAY_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("PATCHBAY_PORT", "tcp://10.0.0.1:8080"),
        ("PATCHBAY_TEST_REDIS_URL", "x"),
        ("HOME", "/root"),
        ("REDIS_URL", ""),
    ];
    assert!(load(&others).is_ok());
    assert!(mistakes(&[("PATCHBAY_WORKER__PORT", "1")]).contains("PATCHBAY_WORKER__PORT is not known"));
}

#[test]
fn a_file_that_is_not_toml_is_told_with_its_line() {
    let file = file("routing = \"relay\"\nworker = {\n");
    let text =
        Config::load(LoadArgs { file: Some(file.path().into()), ..LoadArgs::default() }).unwrap_err().to_string();
    assert!(text.contains("line 2: the file is not TOML") || text.contains("line 3: the file is not TOML"), "{text}");
    let missing = Config::load(LoadArgs { file: Some("/nowhere/p.toml".into()), ..LoadArgs::default() }).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/p.toml: the file cannot be read"));
}

#[test]
fn with_an_account_calls_are_controlled_at_twilio() {
    let account = ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001");
    let config = load(&[account, ("TWILIO_AUTH_TOKEN", "0123456789abcdef"), ("TWILIO_OLD_AUTH_TOKEN", "old")]).unwrap();
    assert_eq!(config.twilio.api_base_url.as_deref(), Some("https://api.twilio.com"));
    assert_eq!(config.twilio.auth_tokens().len(), 2);
    assert!(mistakes(&[account]).contains("TWILIO_AUTH_TOKEN is not; both are needed"));
}

#[test]
fn services_have_names_of_their_own() {
    let file = file(
        "[services]\nloans = \"https://file.example/\"\nbank = \"https://bank.example\"\n[services.acme]\nloans = \"http://acme.example\"\n",
    );
    let config = Config::load(LoadArgs {
        file: Some(file.path().into()),
        environment: map(&[("PATCHBAY_SERVICES__LOANS", "https://environment.example")]),
        overrides: map(&[("services.bank", "http://127.0.0.1:1")]),
        ..LoadArgs::default()
    });
    let mut expected = Services::default();
    expected.set("loans", "https://environment.example");
    expected.set("bank", "http://127.0.0.1:1");
    expected.set("ACME__LOANS", "http://acme.example");
    assert_eq!(config.unwrap().services, expected);
    let wrong = mistakes(&[("PATCHBAY_SERVICES__LOANS", "loans.example")]);
    assert!(wrong.contains("environment: PATCHBAY_SERVICES__LOANS is \"loans.example\", but must be a URL"), "{wrong}");
}

#[test]
fn secrets_of_tools_are_found_by_the_name_a_tool_uses_and_never_shown() {
    let kept = file("from a file\n");
    let config = load(&[
        ("PATCHBAY_SECRET_LOANS_KEY", "canary-7"),
        ("PATCHBAY_SECRET_BANK_FILE", kept.path().to_str().unwrap()),
        ("PATCHBAY_SECRET", "shared by everybody"),
        ("PATCHBAY_TOOLS__PRIVATE_HOSTS", "127.0.0.1:8800, loans.internal:443"),
    ]);
    let tools = config.unwrap().tools;
    assert!(!format!("{tools:?}").contains("canary-7"));
    assert_eq!(tools.secrets["loans_key"].expose_secret(), "canary-7");
    assert_eq!(tools.secrets["bank"].expose_secret(), "from a file");
    assert_eq!(tools.private_hosts, ["127.0.0.1:8800", "loans.internal:443"]);
}
