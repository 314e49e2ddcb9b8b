//! Which time zones the clock of a telephone number may show.
//!
//! Before it: a number of a list that says nothing of its time zone. After it: [`crate::plan`], which calls only while
//! the hour is right in every one of these zones. The table `zones.csv` has a row for every country code, and finer rows
//! where the digits behind it say where a telephone is at home: area codes of North America, Brazil and Australia. Of
//! zones whose clocks agree one stands for all. A mobile telephone may have moved; whoever knows better writes the
//! column `timezone`.

use common::private::PhoneNumber;
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Country codes and area codes by ITU E.164 and the North American Numbering Plan, zones by the IANA database
/// (`zone.tab`): <https://www.iana.org/time-zones>, <https://www.nanpa.com> (read 2026-11).
const FILE: &str = include_str!("zones.csv");

/// Digits of the longest prefix of the table.
const LONGEST: usize = 4;

static TABLE: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut reader = csv::Reader::from_reader(FILE.as_bytes());
    let rows = reader.records().map(|row| row.expect("the table is part of the program"));
    rows.map(|row| (row[0].to_owned(), row[2].split(' ').map(str::to_owned).collect())).collect()
});

/// The zones of a number in E.164, by the longest prefix that is known; none for one of no country.
pub fn of(number: &PhoneNumber) -> &'static [String] {
    let digits = number.reveal().trim_start_matches('+');
    let known = (1..=LONGEST).rev().find_map(|length| TABLE.get(digits.get(..length)?));
    known.map(Vec::as_slice).unwrap_or_default()
}

/// Whether there is such a time zone.
pub fn is_known(zone: &str) -> bool {
    TimeZone::get(zone).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(number: &str) -> Vec<&'static str> {
        of(&PhoneNumber::new(number)).iter().map(String::as_str).collect()
    }

    #[test]
    fn every_zone_of_the_table_exists() {
        assert!(TABLE.len() > 700, "{} rows", TABLE.len());
        for (prefix, zones) in TABLE.iter() {
            assert!(prefix.len() <= LONGEST && !zones.is_empty(), "{prefix}");
            assert!(zones.iter().all(|zone| is_known(zone)), "{prefix}: {zones:?}");
        }
    }

    #[test]
    fn the_longest_prefix_speaks() {
        assert_eq!(zones("+12125550100"), ["America/New_York"]);
        assert_eq!(zones("+18505550100"), ["America/Chicago", "America/New_York"], "the area lies in both");
        assert_eq!(zones("+442071838750"), ["Europe/London"]);
        assert_eq!(zones("+5511912345678"), ["America/Sao_Paulo"]);
        assert_eq!(zones("+77012345678"), ["Asia/Almaty"]);
        assert!(zones("+79161234567").len() > 5, "a mobile telephone of Russia may be anywhere in it");
        assert!(zones("+12005550100").len() > 5, "an area code nobody knows may be anywhere on the continent");
        assert_eq!(zones("+0"), Vec::<&str>::new());
        assert_eq!(zones(""), Vec::<&str>::new());
    }

    #[test]
    fn every_country_that_can_be_called_has_zones() {
        for code in phone_codes() {
            let number = PhoneNumber::new(&format!("+{code}0000000000"));
            assert!(!of(&number).is_empty(), "country code {code}");
        }
    }

    /// Country codes that belong to a country.
    fn phone_codes() -> impl Iterator<Item = u16> {
        (1..1000u16).filter(|code| tools::numbers::has_plan(*code) && !matches!(code, 800..=999 if global(*code)))
    }

    fn global(code: u16) -> bool {
        matches!(code, 800 | 808 | 870 | 878 | 881 | 882 | 883 | 888 | 979)
    }
}
