//! Tables for what people know (DST, weekends, zones far apart) and properties for what nobody thinks of.

use super::*;
use common::ports::outbound::{OnMachine, Retry};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ms(text: &str) -> u64 {
    text.parse::<Timestamp>().unwrap().as_millisecond() as u64
}

fn window(from: u16, until: u16, days: [bool; 7]) -> Window {
    Window { from_minute: from, until_minute: until, days }
}

const EVERY_DAY: [bool; 7] = [true; 7];
const WORKING_DAYS: [bool; 7] = [true, true, true, true, true, false, false];

fn plan(window: Window) -> DialPlan {
    DialPlan {
        per_minute: 60,
        concurrency: 10,
        window,
        retries: BTreeMap::new(),
        machine: OnMachine::HangUp,
        ring_s: 30,
        most_s: 600,
        until_ms: None,
    }
}

/// From this moment on, these zones are next called at that one.
#[track_caller]
fn check(window: Window, zones: &[&str], from: &str, expected: Option<&str>) {
    let zones: Vec<String> = zones.iter().map(|zone| (*zone).to_owned()).collect();
    let found = next_within(&window, &zones, ms(from));
    let shown = found.map(|at| Timestamp::from_millisecond(at as i64).unwrap().to_string());
    assert_eq!(found, expected.map(ms), "{shown:?}");
}

#[test]
fn people_are_called_by_their_own_clock() {
    let nine_to_eight = || window(540, 1200, EVERY_DAY);
    check(nine_to_eight(), &["America/New_York"], "2026-01-15T14:00:00Z", Some("2026-01-15T14:00:00Z"));
    check(nine_to_eight(), &["America/New_York"], "2026-01-15T13:59:59Z", Some("2026-01-15T14:00:00Z"));
    check(nine_to_eight(), &["America/New_York"], "2026-01-16T00:59:59Z", Some("2026-01-16T00:59:59Z"));
    check(nine_to_eight(), &["America/New_York"], "2026-01-16T01:00:00Z", Some("2026-01-16T14:00:00Z"));
    check(nine_to_eight(), &["Asia/Kolkata"], "2026-01-15T00:00:00Z", Some("2026-01-15T03:30:00Z"));
}

#[test]
fn the_hour_must_be_right_in_every_zone() {
    let nine_to_eight = || window(540, 1200, EVERY_DAY);
    let both = ["America/New_York", "America/Los_Angeles"];
    check(nine_to_eight(), &both, "2026-01-15T14:00:00Z", Some("2026-01-15T17:00:00Z"));
    check(nine_to_eight(), &both, "2026-01-16T00:30:00Z", Some("2026-01-16T00:30:00Z"));
    check(nine_to_eight(), &both, "2026-01-16T01:00:00Z", Some("2026-01-16T17:00:00Z"));
    check(window(540, 600, EVERY_DAY), &both, "2026-01-15T00:00:00Z", None);
    check(nine_to_eight(), &[], "2026-01-15T00:00:00Z", None);
    check(nine_to_eight(), &["Europe/Atlantis"], "2026-01-15T00:00:00Z", None);
}

#[test]
fn weekends_are_their_weekends() {
    // 23:00 UTC on Sunday is Monday in Tokyo and still Sunday in London.
    check(window(0, 1440, WORKING_DAYS), &["Asia/Tokyo"], "2026-01-18T23:00:00Z", Some("2026-01-18T23:00:00Z"));
    check(window(0, 1440, WORKING_DAYS), &["Europe/London"], "2026-01-18T23:00:00Z", Some("2026-01-19T00:00:00Z"));
    check(window(540, 1020, WORKING_DAYS), &["Europe/London"], "2026-01-16T17:00:00Z", Some("2026-01-19T09:00:00Z"));
    let mut only_sunday = [false; 7];
    only_sunday[6] = true;
    check(window(600, 660, only_sunday), &["Europe/London"], "2026-01-18T11:00:00Z", Some("2026-01-25T10:00:00Z"));
    check(window(600, 660, [false; 7]), &["Europe/London"], "2026-01-18T11:00:00Z", None);
}

#[test]
fn clocks_that_change_are_followed() {
    // 2026-03-29 01:00 UTC: London's 01:00 becomes 02:00.
    check(window(540, 1200, EVERY_DAY), &["Europe/London"], "2026-03-28T20:00:00Z", Some("2026-03-29T08:00:00Z"));
    check(window(540, 1200, EVERY_DAY), &["Europe/London"], "2026-10-24T19:00:00Z", Some("2026-10-25T09:00:00Z"));
    // A window that the jump swallows is left out that day; one that begins in it begins after it.
    check(window(60, 120, EVERY_DAY), &["Europe/London"], "2026-03-29T00:30:00Z", Some("2026-03-30T00:00:00Z"));
    check(window(90, 240, EVERY_DAY), &["Europe/London"], "2026-03-29T00:30:00Z", Some("2026-03-29T01:30:00Z"));
    // 2026-10-25 01:00 UTC: London's 02:00 becomes 01:00, and 01:30 comes twice.
    check(window(90, 105, EVERY_DAY), &["Europe/London"], "2026-10-25T00:00:00Z", Some("2026-10-25T00:30:00Z"));
    check(window(90, 105, EVERY_DAY), &["Europe/London"], "2026-10-25T00:50:00Z", Some("2026-10-25T01:30:00Z"));
}

#[test]
fn a_batch_that_ends_calls_nobody_after() {
    let until = |text: &str| DialPlan { until_ms: Some(ms(text)), ..plan(window(540, 1200, EVERY_DAY)) };
    let zones = ["Europe/London".to_owned()];
    let evening = ms("2026-01-15T21:00:00Z");
    assert_eq!(when(&until("2026-01-16T09:00:00Z"), &zones, evening), When::At(ms("2026-01-16T09:00:00Z")));
    assert_eq!(when(&until("2026-01-16T08:59:59Z"), &zones, evening), When::TooLate);
    assert_eq!(
        when(&plan(window(540, 541, EVERY_DAY)), &[zones[0].clone(), "Asia/Tokyo".into()], evening),
        When::NoHour
    );
}

#[test]
fn only_what_may_be_tried_again_is() {
    let mut plan = plan(window(0, 1440, EVERY_DAY));
    plan.retries = Outcome::ALL.into_iter().map(|outcome| (outcome, Retry { times: 2, after_s: 600 })).collect();
    let zones = ["Europe/London".to_owned()];
    let now = ms("2026-01-15T12:00:00Z");
    for outcome in Outcome::ALL {
        let tried = again(&plan, outcome, 1, &zones, now);
        let expected = may_be_tried_again(outcome).then_some(now + 600_000);
        assert_eq!(tried, expected, "{outcome:?}");
    }
    assert!(again(&plan, Outcome::Busy, 2, &zones, now).is_some());
    assert_eq!(again(&plan, Outcome::Busy, 3, &zones, now), None, "twice after the first");
    plan.retries.clear();
    assert_eq!(again(&plan, Outcome::Busy, 1, &zones, now), None);
}

fn zone() -> impl Strategy<Value = String> {
    let zones = [
        "Europe/London",
        "America/New_York",
        "America/Los_Angeles",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Asuncion",
        "Africa/Casablanca",
        "Asia/Tehran",
    ];
    prop::sample::select(zones.map(str::to_owned).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nobody_is_called_outside_the_window(
        zones in prop::collection::vec(zone(), 1..4),
        from_minute in 0..1439u16,
        length in 1..1440u16,
        days in prop::array::uniform7(any::<bool>()),
        // 2024 to 2030
        from_ms in 1_704_067_200_000u64..1_900_000_000_000,
    ) {
        let window = Window { from_minute, until_minute: (from_minute + length).min(1440), days };
        let clocks: Vec<TimeZone> = zones.iter().map(|zone| TimeZone::get(zone).unwrap()).collect();
        if let Some(at_ms) = next_within(&window, &zones, from_ms) {
            prop_assert!(at_ms >= from_ms);
            prop_assert!(clocks.iter().all(|clock| is_open(&window, clock, at_ms)));
            prop_assert_eq!(next_within(&window, &zones, at_ms), Some(at_ms));
            // Nothing was passed over, to the quarter of an hour, but for the hours around a jump of the clocks.
            let passed = (from_ms..at_ms).step_by(900_000);
            let open: Vec<u64> = passed.filter(|at| clocks.iter().all(|clock| is_open(&window, clock, *at))).collect();
            prop_assert!(open.len() <= 8, "{open:?}");
        }
    }

    #[test]
    fn retries_end(times in 0..6u32, after_s in 0..100_000u32, outcomes in prop::collection::vec(prop::sample::select(Outcome::ALL.to_vec()), 40)) {
        let mut plan = plan(window(540, 1200, WORKING_DAYS));
        plan.retries = Outcome::ALL.into_iter().map(|outcome| (outcome, Retry { times, after_s })).collect();
        let zones = ["Europe/London".to_owned()];
        let (mut now, mut attempt) = (ms("2026-01-15T12:00:00Z"), 1);
        for outcome in outcomes {
            let Some(at_ms) = again(&plan, outcome, attempt, &zones, now) else { return Ok(()) };
            prop_assert!(at_ms >= now + u64::from(after_s) * 1_000);
            (now, attempt) = (at_ms, attempt + 1);
        }
        prop_assert!(false, "still trying after {attempt} attempts");
    }
}
