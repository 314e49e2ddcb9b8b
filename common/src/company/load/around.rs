//! What goes on around calls, as packs say it: `[messages]` and `[hooks]` of `company.toml`, `[recording]`, `[budget]` and
//! `[after_call]` of `agent.toml`.

use super::agent::is_number;
use super::sheet::Sheet;
use crate::company::{
    AfterCall, AfterMessage, AtTwilio, Budget, Company, HOOK_EVENTS, Hook, Language, MessageTemplate, RecordBy,
    RecordFrom, Recording, SecretRef, SummaryWish, Texting, Tool,
};
use crate::mistakes::unknown;
use crate::money::Money;
use crate::private::PhoneNumber;
use std::collections::BTreeMap;

/// Longest text message: Twilio takes no longer one.
const LONGEST_MESSAGE: usize = 1_600;

/// What the company may send as text messages.
pub(super) fn texting(sheet: &mut Sheet<'_>) -> Texting {
    let usual = Texting::default();
    let Some(mut table) = sheet.table("messages") else { return usual };
    let from = table.text("from", "+15005550006").and_then(|number| {
        if is_number(&number) {
            return Some(PhoneNumber::new(&number));
        }
        table.wrong("from", format!("is {number:?}, but must be a number in E.164"), "+15005550006")
    });
    let countries = if table.has("countries") { countries(&mut table) } else { usual.countries };
    let texting = Texting {
        from,
        countries,
        per_call: table.number("per_call", 0..=20, usual.per_call.into()) as u32,
        per_number_day: table.number("per_number_day", 0..=100, usual.per_number_day.into()) as u32,
        per_day: table.number("per_day", 0..=1_000_000, usual.per_day.into()) as u32,
        templates: table.named("templates").into_iter().map(template).collect(),
    };
    table.finish();
    texting
}

fn countries(table: &mut Sheet<'_>) -> Vec<String> {
    let listed = table.list("countries", "[\"US\"]");
    for (line, country) in &listed {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            table.note(*line, "countries", format!("holds {country:?}, but must hold two capital letters each"), "US");
        }
    }
    listed.into_iter().map(|(_, country)| country).collect()
}

fn template((name, mut row): (String, Sheet<'_>)) -> (String, MessageTemplate) {
    let description = row.needed("description", "Confirms a booking, with its number").unwrap_or_default();
    let texts: BTreeMap<String, String> =
        row.texts("texts", "Your booking {number} is confirmed.").into_iter().collect();
    let mut fields = BTreeMap::new();
    if let Some(mut table) = row.table("fields") {
        for field in table.keys() {
            fields.insert(field.clone(), table.number(&field, 1..=200, 40) as u32);
        }
    }
    if texts.is_empty() {
        row.wrong::<()>("texts", "must hold the wording in at least one language", "{ en = \"Thank you.\" }");
    }
    for (language, text) in &texts {
        if text.chars().count() > LONGEST_MESSAGE {
            let fault =
                format!("has {} characters in {language}, but at most {LONGEST_MESSAGE} can be sent", text.len());
            row.wrong::<()>("texts", fault, "");
        }
        for field in named_in(text).filter(|field| !fields.contains_key(*field)) {
            let fault = format!("names {{{field}}} in {language}, which is no field of this message");
            row.wrong::<()>("texts", fault, &format!("fields = {{ {field} = 40 }}"));
        }
    }
    row.finish();
    (name, MessageTemplate { description, texts, fields })
}

/// Names in braces.
fn named_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The company's own systems.
pub(super) fn hooks(sheet: &mut Sheet<'_>) -> BTreeMap<String, Hook> {
    let hook = |(name, mut row): (String, Sheet<'_>)| {
        let url = row.needed("url", "https://crm.example.com/calls").unwrap_or_default();
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with('{') {
            let fault = "must be an https URL, or begin with a service of the company in braces";
            row.wrong::<()>("url", fault, "https://crm.example.com/calls");
        }
        let events = row.list("events", "[\"call.ended\"]");
        if events.is_empty() {
            row.wrong::<()>("events", "must name what is told", "[\"call.ended\"]");
        }
        for (line, event) in events.iter().filter(|(_, event)| !HOOK_EVENTS.contains(&event.as_str())) {
            row.note(*line, "events", format!("names {event:?}, which {}", unknown(event, HOOK_EVENTS)), "call.ended");
        }
        let secret = row.text("secret", "crm_key").map(SecretRef);
        row.finish();
        (name, Hook { url, events: events.into_iter().map(|(_, event)| event).collect(), secret })
    };
    sheet.named("hooks").into_iter().map(hook).collect()
}

/// The most a call may cost.
pub(super) fn budget(sheet: &mut Sheet<'_>) -> Option<Budget> {
    let mut table = sheet.table("budget")?;
    let usd = table.parsed("usd", "1.50", |text| match text.parse::<Money>() {
        Ok(amount) if amount > Money::ZERO => Ok(amount),
        Ok(_) | Err(_) => Err("an amount of dollars above 0".into()),
    });
    table.finish();
    usd.map(|usd| Budget { usd })
}

/// Whether and how calls are recorded.
pub(super) fn recording(sheet: &mut Sheet<'_>, languages: &[Language], tools: &[Tool]) -> Recording {
    let Some(mut table) = sheet.table("recording") else { return Recording::default() };
    let by = match table.choice("by", &["patchbay", "twilio", "nobody"]).as_deref() {
        Some("patchbay") => RecordBy::Patchbay,
        Some("twilio") => RecordBy::Twilio,
        _ => RecordBy::Nobody,
    };
    let from = match table.choice("from", &["announced", "start", "asked"]).as_deref() {
        Some("start") => RecordFrom::Start,
        Some("asked") => RecordFrom::Asked,
        _ => RecordFrom::Announced,
    };
    let announcement: BTreeMap<String, String> =
        table.texts("announcement", "This call is recorded.").into_iter().collect();
    let announces = by != RecordBy::Nobody && from == RecordFrom::Announced;
    if let Some(missing) = languages.iter().find(|language| announces && !announcement.contains_key(&language.tag)) {
        let fault = format!("is missing in {}, and callers must hear that they are recorded", missing.tag);
        let example = format!("announcement = {{ {} = \"This call is recorded.\" }}", missing.tag);
        table.wrong::<()>("announcement", fault, &example);
    }
    let pause_for = table.list("pause_for", "[\"make_payment\"]");
    for (line, name) in pause_for.iter().filter(|(_, name)| tools.iter().all(|tool| tool.name != *name)) {
        let known = unknown(name, tools.iter().map(|tool| tool.name.as_str()));
        table.note(*line, "pause_for", format!("names the tool {name:?}, which {known}"), "make_payment");
    }
    let recording = Recording {
        by,
        from,
        announcement,
        pause_for: pause_for.into_iter().map(|(_, name)| name).collect(),
        keep_days: table.has("keep_days").then(|| table.number("keep_days", 1..=3_650, 90) as u32),
        at_twilio: match table.choice("at_twilio", &["fetch", "leave"]).as_deref() {
            Some("leave") => AtTwilio::Leave,
            _ => AtTwilio::Fetch,
        },
    };
    table.finish();
    recording
}

/// What is done after calls.
pub(super) fn after_call(sheet: &mut Sheet<'_>, company: &Company) -> AfterCall {
    let Some(mut table) = sheet.table("after_call") else { return AfterCall::default() };
    let summary = table.table("summary").map(|mut row| {
        let instructions = row.any_text("instructions", "Name the products asked for.").unwrap_or_default();
        let fields = row.json("fields");
        if fields.as_ref().is_some_and(|schema| schema.get("type").and_then(|kind| kind.as_str()) != Some("object")) {
            row.wrong::<()>("fields", "must be a JSON Schema of an object", "{ type = \"object\", properties = {} }");
        }
        row.finish();
        SummaryWish { instructions, fields }
    });
    let templates = &company.texting.templates;
    let rows = if table.has("messages") { table.tables("messages") } else { Vec::new() };
    let message = |mut row: Sheet<'_>| {
        let template = row.needed("template", "thanks").unwrap_or_default();
        if !template.is_empty() && !templates.contains_key(&template) {
            let known = unknown(&template, templates.keys().map(String::as_str));
            let fault = format!("is {template:?}, which {known} in [messages.templates] of company.toml");
            row.wrong::<()>("template", fault, "");
        }
        let when = row.list("when", "[\"agent_hung_up\"]").into_iter().map(|(_, reason)| reason).collect();
        row.finish();
        AfterMessage { template, when }
    };
    let messages = rows.into_iter().map(message).collect();
    table.finish();
    AfterCall { summary, messages }
}
