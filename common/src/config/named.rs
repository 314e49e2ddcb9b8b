//! Settings whose names people choose: addresses of services and secrets of tools. They stand in no table; the file,
//! the environment and the flags are read for them apart.

use super::LoadArgs;
use super::layers::mistake;
use crate::company::Services;
use crate::mistakes::Mistakes;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// The section of `patchbay.toml` and the beginning of a flag: `services.loans`, `services.acme.loans`.
const SECTION: &str = "services";

/// The same in the environment: `PATCHBAY_SERVICES__LOANS`, `PATCHBAY_SERVICES__ACME__LOANS`.
const SERVICE: &str = "PATCHBAY_SERVICES__";

/// A secret in the environment: `PATCHBAY_SECRET_LOANS_KEY`, or `…_FILE` for the file that holds it.
const SECRET: &str = "PATCHBAY_SECRET_";

/// What [`super::layers`] leaves to this file: a section, a variable or a flag of these names.
pub(super) fn is_named(name: &str) -> bool {
    let service = name == SECTION || name.strip_prefix(SECTION).is_some_and(|rest| rest.starts_with('.'));
    let secret = name.strip_prefix(SECRET).is_some_and(|rest| !rest.is_empty() && rest != "FILE");
    service || name.strip_prefix(SERVICE).is_some_and(|rest| !rest.is_empty()) || secret
}

/// Addresses of services.
pub(super) fn services(args: &LoadArgs, mistakes: &mut Mistakes) -> Services {
    let mut services = Services::default();
    let file = args.file.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let in_file = args.file.as_ref().map(in_file).unwrap_or_default();
    let in_file = in_file.iter().map(|(name, url)| (file.as_str(), name.as_str(), url.as_str()));
    let set = args.environment.iter().filter(|(_, url)| !url.is_empty());
    let in_environment = set.map(|(name, url)| ("environment", name.as_str(), url.as_str()));
    let in_flags = args.overrides.iter().map(|(name, url)| ("command line", name.as_str(), url.as_str()));
    for (place, name, url) in in_file.chain(in_environment).chain(in_flags) {
        let service = name.strip_prefix(SERVICE).or_else(|| name.strip_prefix(SECTION)?.strip_prefix('.'));
        let Some(service) = service.filter(|service| !service.is_empty()) else { continue };
        if url.starts_with("https://") || url.starts_with("http://") {
            services.set(service, url.trim_end_matches('/'));
        } else {
            let fault = format!("is {url:?}, but must be a URL that begins with https:// or http://");
            mistakes.add(mistake(place, name, fault, "https://loans.example.com"));
        }
    }
    services
}

/// `[services]` of the file, and `[services.company]`. What is wrong with the file as a whole is told elsewhere.
fn in_file(path: &std::path::PathBuf) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let mut services = Vec::new();
    for (name, value) in table.get(SECTION).and_then(|section| section.as_table()).into_iter().flatten() {
        match value {
            toml::Value::Table(company) => {
                services
                    .extend(company.iter().map(|(service, url)| (format!("{SECTION}.{name}.{service}"), shown(url))));
            }
            url => services.push((format!("{SECTION}.{name}"), shown(url))),
        }
    }
    services
}

fn shown(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What object stores are given under the names their own tools use.
pub(super) fn object_store(args: &LoadArgs) -> BTreeMap<String, SecretString> {
    const OWN: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];
    let own = |name: &str| OWN.iter().any(|prefix| name.starts_with(prefix));
    let set = args.environment.iter().filter(|(name, text)| own(name) && !text.is_empty());
    set.map(|(name, text)| (name.to_ascii_lowercase(), SecretString::from(text.clone()))).collect()
}

/// Secrets of tools by name. A variable has no small letters, so each is known in small letters too.
pub(super) fn secrets(args: &LoadArgs, mistakes: &mut Mistakes) -> BTreeMap<String, SecretString> {
    let mut secrets = BTreeMap::new();
    for (variable, text) in args.environment.iter().filter(|(name, text)| is_named(name) && !text.is_empty()) {
        let Some(name) = variable.strip_prefix(SECRET) else { continue };
        let (name, value) = match name.strip_suffix("_FILE") {
            None => (name, text.clone()),
            Some(name) => match std::fs::read_to_string(text) {
                Ok(content) => (name, content.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => {
                    let fault = format!("names {text}, which cannot be read: {error}");
                    mistakes.add(mistake("environment", variable, fault, "/run/secrets/name"));
                    continue;
                }
            },
        };
        secrets.insert(name.to_ascii_lowercase(), SecretString::from(value.clone()));
        secrets.insert(name.to_owned(), SecretString::from(value));
    }
    secrets
}
