//! Prices are found by item and moment, and a wrong table says all that is wrong with it.

use super::*;

const DAY_MS: u64 = 86_400_000;
/// 2026-06-01T00:00:00Z.
const JUNE_MS: u64 = 20_605 * DAY_MS;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn prices(rows: &[(&str, &str, &str, &str)]) -> Prices {
    Prices::parse("test", &text(rows)).unwrap()
}

fn text(rows: &[(&str, &str, &str, &str)]) -> String {
    let row = |(item, from, usd, per): &(&str, &str, &str, &str)| {
        format!("[[price]]\nitem = {item:?}\nfrom = {from}\nusd = {usd:?}\nper = {per:?}\n")
    };
    rows.iter().map(row).collect()
}

fn by(provider: &str, model: &str) -> UsedBy {
    UsedBy { provider: provider.into(), model: model.into() }
}

fn from_us(direction: Direction, number: &PhoneNumber) -> Leg<'_> {
    Leg { direction, ours: None, theirs: Some(number) }
}

#[test]
fn the_built_in_table_has_no_mistake() {
    if let Err(mistakes) = Prices::parse("built_in.toml", BUILT_IN) {
        panic!("{mistakes}");
    }
    assert_eq!(Prices::built_in().rows.len(), BUILT_IN.matches("[[price]]").count());
}

#[test]
fn a_price_begins_at_midnight_and_ends_with_the_next() {
    let prices = prices(&[
        ("stream/minute", "2026-06-01", "0.004", "minute"),
        ("stream/minute", "2026-06-02", "0.005", "minute"),
        ("stream/minute", "2026-06-02T12:00:00+02:00", "0.006", "minute"),
    ]);
    let at = |ms: u64| prices.stream(1, ms);
    assert_eq!(at(JUNE_MS - 1), Money::ZERO, "before the first row nothing is known");
    assert_eq!((at(JUNE_MS), at(JUNE_MS + DAY_MS - 1)), (money("0.004"), money("0.004")));
    assert_eq!(at(JUNE_MS + DAY_MS), money("0.005"));
    assert_eq!(at(JUNE_MS + DAY_MS + 10 * 3_600_000 - 1), money("0.005"));
    assert_eq!(at(JUNE_MS + DAY_MS + 10 * 3_600_000), money("0.006"));
}

#[test]
fn cached_tokens_are_a_part_of_those_that_came_in() {
    let prices = Prices::built_in();
    let usage = Usage {
        text_in: 412,
        text_cached: 320,
        audio_in: 129,
        audio_cached: 64,
        text_out: 27,
        audio_out: 84,
        ..Usage::default()
    };
    // 92 × 4 + 320 × 0.4 + 65 × 32 + 64 × 0.4 + 27 × 24 + 84 × 64 millionths
    let costs = prices.usage(&by("openai", "gpt-realtime-2.1"), &usage, JUNE_MS);
    assert_eq!(costs.part(CostPart::VoiceAi), money("0.0086256"));
    assert_eq!(costs.total(), money("0.0086256"));
    let lying = Usage { audio_in: 10, audio_cached: 99, ..Usage::default() };
    let costs = prices.usage(&by("openai", "gpt-realtime-2.1"), &lying, JUNE_MS);
    assert_eq!(costs.total(), money("0.000004"), "no more can be cached than came in");
}

#[test]
fn time_is_that_of_a_voice_or_of_words_written_down() {
    let prices = Prices::built_in();
    let time = Usage { billed_ms: 90_000, ..Usage::default() };
    let voice = prices.usage(&by("deepgram", "gpt-4.1-mini"), &time, JUNE_MS);
    assert_eq!(voice.part(CostPart::VoiceAi), money("0.1125"));
    let words = prices.usage(&by("openai", "whisper-1"), &time, JUNE_MS);
    assert_eq!(words.part(CostPart::Transcription), money("0.009"));
    let tokens = Usage { transcription: 600, ..Usage::default() };
    let words = prices.usage(&by("openai", "gpt-4o-mini-transcribe"), &tokens, JUNE_MS);
    assert_eq!(words.part(CostPart::Transcription), money("0.003"));
}

#[test]
fn every_begun_minute_on_the_telephone_is_billed() {
    let prices = prices(&[
        ("telephony/inbound/*", "2026-01-01", "0.01", "minute"),
        ("telephony/inbound/US", "2026-01-01", "0.0085", "minute"),
        ("telephony/outbound/GB", "2026-01-01", "0.02", "minute"),
        ("telephony/toll_free/*", "2026-01-01", "0.022", "minute"),
    ]);
    let (us, gb, hidden) =
        (PhoneNumber::new("+12125550100"), PhoneNumber::new("+442071838750"), PhoneNumber::new("anonymous"));
    let inbound = |number, ms| prices.telephony(&from_us(Direction::Inbound, number), ms, JUNE_MS);
    assert_eq!((inbound(&us, 0), inbound(&us, 1)), (Money::ZERO, money("0.0085")));
    assert_eq!((inbound(&us, 60_000), inbound(&us, 60_001)), (money("0.0085"), money("0.017")));
    assert_eq!((inbound(&gb, 1), inbound(&hidden, 1)), (money("0.01"), money("0.01")));
    assert_eq!(prices.telephony(&from_us(Direction::Outbound, &gb), 190_000, JUNE_MS), money("0.08"));
    let ours = PhoneNumber::new("+18005550100");
    let free = Leg { direction: Direction::Inbound, ours: Some(&ours), theirs: Some(&us) };
    assert_eq!(prices.telephony(&free, 1, JUNE_MS), money("0.022"));
}

#[test]
fn a_summary_and_messages_have_their_price() {
    let prices = Prices::built_in();
    let usage = Usage { text_in: 3_000, text_cached: 1_000, text_out: 200, ..Usage::default() };
    // 2,000 × 0.25 + 1,000 × 0.025 + 200 × 2 millionths
    assert_eq!(prices.summary("gpt-5-mini", &usage, JUNE_MS), money("0.000925"));
    assert_eq!(prices.message("US", 3, JUNE_MS), money("0.0249"));
    assert_eq!(prices.recording(61_000, JUNE_MS), money("0.005"));
    assert_eq!(prices.answering_machine(JUNE_MS), money("0.0075"));
}

#[test]
fn what_has_no_price_costs_nothing_and_is_remembered() {
    let prices = Prices::built_in();
    let usage = Usage { audio_in: 9, billed_ms: 5, ..Usage::default() };
    for _ in 0..2 {
        assert_eq!(prices.usage(&by("openai", "gpt-next"), &usage, JUNE_MS), Costs::default());
        assert_eq!(prices.message("FR", 1, JUNE_MS), Money::ZERO);
        assert_eq!(prices.message("", 1, JUNE_MS), Money::ZERO);
    }
    let expected = ["message/*/segment", "message/FR/segment", "openai/gpt-next/audio_in", "openai/gpt-next/minute"];
    assert_eq!(prices.missing(), expected);
    assert_eq!(prices.usage(&by("scripted", "any"), &usage, JUNE_MS), Costs::default());
    assert_eq!(prices.missing().len(), expected.len(), "a price of nothing is a price");
}

#[test]
fn a_file_is_laid_over_from_its_first_row_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.toml");
    std::fs::write(
        &file,
        text(&[
            ("stream/minute", "2024-06-01", "0.001", "minute"),
            ("answering_machine/call", "2026-06-01", "0.01", "call"),
            ("message/FR/segment", "2026-06-01", "0.08", "segment"),
        ]),
    )
    .unwrap();
    let prices = Prices::load(Some(&file)).unwrap();
    assert_eq!(prices.stream(1, JUNE_MS), money("0.001"), "the file's older row stands over the newer built-in one");
    assert_eq!(prices.answering_machine(JUNE_MS - 1), money("0.0075"));
    assert_eq!(prices.answering_machine(JUNE_MS), money("0.01"));
    assert_eq!(prices.message("FR", 1, JUNE_MS), money("0.08"));
    assert_eq!(prices.message("US", 1, JUNE_MS), money("0.0083"), "what the file does not name stays");
}

#[test]
fn every_mistake_is_told_with_its_line_and_an_example() {
    let text = r#"
title = "ours"

[[price]]
item = "opnai/gpt-realtime-2.1/audio_in"
from = 2026-01-01
usd = "32"
per = "million_tokens"

[[price]]
item = "openai/gpt-realtime-2.1/audio_inn"
from = "soon"
usd = 32
per = "million_tokens"

[[price]]
item = "telephony/outbound/gb"
fron = 2026-01-01
usd = "-0.1"
per = "minute"

[[price]]
item = "stream/minute"
from = 2026-01-01
usd = "0.004"
per = "call"

[[price]]
item = "message/US/segment"
from = 2026-01-01
usd = "0.0083"
per = "segment"

[[price]]
item = "message/US/segment"
from = 2026-01-01
usd = "0.0084"
per = "segment"
"#;
    let mistakes = Prices::parse("prices.toml", text).unwrap_err();
    let told: Vec<String> = mistakes.all().iter().map(|mistake| mistake.to_string()).collect();
    let expected = [
        "prices.toml line 2: title is not known; for example [[price]]",
        r#"prices.toml line 5: item "opnai/gpt-realtime-2.1/audio_in" begins with "opnai", which is not known; did you mean openai?; for example item = "openai/gpt-realtime-2.1/audio_in""#,
        r#"prices.toml line 11: item "openai/gpt-realtime-2.1/audio_inn" of gpt-realtime-2.1 ends in the class "audio_inn", which is not known; did you mean audio_in?; for example item = "openai/gpt-realtime-2.1/audio_in""#,
        "prices.toml line 12: from must be a day, which begins at midnight UTC, or a moment with its distance from UTC; for example from = 2026-01-01, or from = 2026-01-01T00:00:00-05:00",
        r#"prices.toml line 13: usd must be dollars in quotes with at most nine decimals, none below zero; for example usd = "0.0085""#,
        "prices.toml line 16: from is missing; for example from = 2026-01-01",
        r#"prices.toml line 17: item "telephony/outbound/gb" must end in a country of two capital letters, or *; for example item = "telephony/outbound/GB""#,
        "prices.toml line 18: fron is not known; did you mean from?",
        r#"prices.toml line 19: usd must be dollars in quotes with at most nine decimals, none below zero; for example usd = "0.0085""#,
        r#"prices.toml line 26: per must be "minute" for "stream/minute"; for example per = "minute""#,
        r#"prices.toml line 34: item "message/US/segment" has a price from then on in line 28 already"#,
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!(told, expected);
    }
}

#[test]
fn a_file_that_is_no_table_or_not_there_is_a_mistake() {
    let told = Prices::parse("prices.toml", "[[price]\nitem = ").unwrap_err().to_string();
    assert!(told.contains("prices.toml line 1: the file is not TOML"), "{told}");
    let told = Prices::parse("prices.toml", "price = 3").unwrap_err().to_string();
    assert!(told.contains("prices.toml line 1: price must be rows of their own; for example [[price]]"), "{told}");
    let told = Prices::load(Some(Path::new("/no/such/prices.toml"))).unwrap_err().to_string();
    assert!(told.contains("PATCHBAY_PRICES__FILE names a file that cannot be read"), "{told}");
}
