//! Amounts of money, exact: whole nano-dollars, so that a token's price and a month's bill add up without rounding.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

/// Parts of a dollar: a token of cached text costs 400 of them.
const NANOS: i64 = 1_000_000_000;

/// United States dollars, in billionths. As text and JSON a decimal number in quotes, `"0.0085"`: no float ever holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of dollars with at most nine decimals, such as 0.0085")]
pub struct NotMoney;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Of billionths of a dollar.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// In billionths of a dollar.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// This much of something of which a million costs `self`; halves of a billionth are rounded up.
    pub fn per_million(self, count: u64) -> Self {
        let nanos = i128::from(self.0) * i128::from(count);
        Self::saturated((nanos + 500_000).div_euclid(1_000_000))
    }

    /// `time` of something of which a minute costs `self`, by the millisecond.
    pub fn per_minute(self, time_ms: u64) -> Self {
        let nanos = i128::from(self.0) * i128::from(time_ms);
        Self::saturated((nanos + 30_000).div_euclid(60_000))
    }

    /// For people: two decimals, or four where there is less than a dollar.
    pub fn short(self) -> String {
        let decimals: u32 = if self.0.unsigned_abs() >= NANOS as u64 { 2 } else { 4 };
        let unit = 10_i64.pow(9 - decimals);
        let rounded = Self((self.0 + self.0.signum() * unit / 2) / unit * unit);
        let text = rounded.to_string();
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}.{rest:0<width$}", width = decimals as usize)
    }

    fn saturated(nanos: i128) -> Self {
        Self(nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Money {
    type Output = Self;
    fn mul(self, count: u64) -> Self {
        Self::saturated(i128::from(self.0) * i128::from(count))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// `12.5`, `0.000032`, `-0.01`: no zeros at the end, no unit.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, nanos) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, rest) = (nanos / NANOS as u64, nanos % NANOS as u64);
        let decimals = format!("{rest:09}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            decimals => write!(f, "{sign}{whole}.{decimals}"),
        }
    }
}

impl FromStr for Money {
    type Err = NotMoney;
    fn from_str(text: &str) -> Result<Self, NotMoney> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let right = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !right(whole) || !right(decimals) || decimals.len() > 9 {
            return Err(NotMoney);
        }
        let whole: i64 = whole.parse().map_err(|_| NotMoney)?;
        let decimals: i64 = format!("{decimals:0<9}").parse().map_err(|_| NotMoney)?;
        let nanos = whole.checked_mul(NANOS).and_then(|nanos| nanos.checked_add(decimals)).ok_or(NotMoney)?;
        Ok(Self(sign * nanos))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn a_million_tokens_and_a_minute_cost_what_the_table_says() {
        assert_eq!(money("32").per_million(1_000_000), money("32"));
        assert_eq!(money("0.4").per_million(1), Money::from_nanos(400));
        assert_eq!(money("0.08").per_minute(90_000), money("0.12"));
        assert_eq!(money("0.0085") * 4, money("0.034"));
    }

    #[test]
    fn it_is_short_for_people() {
        let short = |text: &str| money(text).short();
        assert_eq!((short("0.0315"), short("1.005"), short("12")), ("0.0315".into(), "1.01".into(), "12.00".into()));
        assert_eq!((short("0"), short("-0.00005")), ("0.0000".into(), "-0.0001".into()));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "1,5", "1.", ".5", "1e3", "$1", "0.0000000001", "99999999999", "--1", " 1"] {
            assert_eq!(text.parse::<Money>(), Err(NotMoney), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_back_is_the_same(nanos in any::<i64>().prop_filter("has a positive twin", |nanos| *nanos != i64::MIN)) {
            let amount = Money::from_nanos(nanos);
            prop_assert_eq!(amount.to_string().parse::<Money>().unwrap(), amount);
        }
    }
}
