//! `docs/CONFIGURATION.md`, made from the table of settings; a test keeps the two the same.

use super::setting::{Kind, Setting};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

Settings come from `patchbay.toml`, the environment and the command line; each is stronger than the one before it. All
mistakes are reported at once when a process starts, each with its key, what is wrong with it and an example.

A secret can also be given as a file: `OPENAI_API_KEY_FILE=/run/secrets/openai` in the environment, or
`api_key_file` beside `api_key` in `patchbay.toml`. Secrets are never shown, neither in mistakes nor in logs.

Two kinds of settings have names of your own. `PATCHBAY_SERVICES__LOANS=https://…` (in the file: `services.loans`) replaces the address of the service `loans` that packs or the database name, for every company;
`PATCHBAY_SERVICES__ACME__LOANS` (`services.acme.loans`) does so for the company `acme` only. `PATCHBAY_SECRET_LOANS_KEY`, or
`PATCHBAY_SECRET_LOANS_KEY_FILE`, is the secret that a tool names `loans_key`.

`RUST_LOG` says what is logged, for example `RUST_LOG=info,worker=debug`; the default is `info`.

This page is made from the table in `common/src/config/setting.rs`: `UPDATE_DOCS=1 cargo test -p common configuration`.
";

/// The whole page.
pub fn document() -> String {
    let mut page = HEAD.to_owned();
    let mut section = None;
    for setting in Setting::all() {
        if section != Some(setting.section()) {
            section = Some(setting.section());
            let _ = match setting.section() {
                "" => write!(page, "\n## At the top of the file\n"),
                name => write!(page, "\n## `[{name}]`\n"),
            };
        }
        page += &entry(setting);
    }
    page
}

fn entry(setting: &Setting) -> String {
    let key = setting.key.rsplit('.').next().unwrap_or_default();
    let mut text = format!("\n### `{key}`\n\n{}\n\n", setting.about);
    let file = if setting.kind.is_secret() { format!(", or `{}_FILE`", setting.variable) } else { String::new() };
    let _ = writeln!(text, "- variable: `{}`{file}", setting.variable);
    let _ = writeln!(text, "- value: {}", kind(setting));
    if let Some(default) = setting.default {
        let _ = writeln!(text, "- default: `{default}`");
    }
    let _ = match setting.example.contains(' ') {
        true => writeln!(text, "- example: {}", setting.example),
        false => writeln!(text, "- example: `{}`", setting.example),
    };
    text
}

fn kind(setting: &Setting) -> String {
    let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match setting.kind {
        Kind::Text => "text".into(),
        Kind::Secret => "secret text".into(),
        Kind::Url(schemes) => format!("URL: {}", words(schemes)),
        Kind::SecretUrl(schemes) => format!("URL, secret: {}", words(schemes)),
        Kind::SafeUrl(schemes) => format!("URL: {}; unencrypted only on this machine", words(schemes)),
        Kind::Origin => "URL of scheme, host and port: `https`, `http`".into(),
        Kind::Listener => "address and port".into(),
        Kind::Number(least, most) => format!("{} from {least} to {most}", setting.unit),
        Kind::Choice(choices) => format!("one of {}", words(choices)),
        Kind::Name => "1 to 63 lower-case letters, digits or dashes".into(),
        Kind::Sid(prefix) => format!("`{prefix}` and 32 hexadecimal digits"),
        Kind::Folder => "folder".into(),
        Kind::Hosts => "`host:port`, several separated by commas".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_configuration_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFIGURATION.md");
        if crate::config::environment().contains_key("UPDATE_DOCS") {
            std::fs::write(&path, document()).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == document(), "docs/CONFIGURATION.md is old: UPDATE_DOCS=1 cargo test -p common configuration");
    }
}
