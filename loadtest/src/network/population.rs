//! Many people at once: who has which number, in given shares.
//!
//! A run puts a population into the book before it calls it. Who somebody is depends on the number and nothing else, so
//! that every run with the same shares meets the same people.

use std::time::Duration;

use super::book::{Callee, Human, Machine};
use super::faults::Dice;
use crate::phone::Step;

/// Shares of people, 0 to 1; whoever is left over is a person who picks up and talks.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Population {
    /// Answering machines.
    pub machines: f64,
    /// Nobody picks up.
    pub no_answer: f64,
    /// Engaged.
    pub busy: f64,
    /// Cannot be reached.
    pub failed: f64,
    /// Pick up and hang up at once.
    pub hang_up: f64,
    /// Faxes.
    pub fax: f64,
}

impl Default for Population {
    fn default() -> Self {
        Self { machines: 0.2, no_answer: 0.1, busy: 0.05, failed: 0.02, hang_up: 0.03, fax: 0.0 }
    }
}

/// A kind of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Picks up and talks.
    Person,
    /// Picks up and hangs up at once.
    HangsUp,
    /// An answering machine.
    Machine,
    /// A fax.
    Fax,
    /// Nobody picks up.
    NoAnswer,
    /// Engaged.
    Busy,
    /// Cannot be reached.
    Failed,
}

impl Population {
    /// Who has this number.
    #[must_use]
    pub fn kind(&self, number: &str) -> Kind {
        let shares = [
            (Kind::Machine, self.machines),
            (Kind::NoAnswer, self.no_answer),
            (Kind::Busy, self.busy),
            (Kind::Failed, self.failed),
            (Kind::HangsUp, self.hang_up),
            (Kind::Fax, self.fax),
        ];
        let mut left = dice(number).roll();
        for (kind, share) in shares {
            if left < share {
                return kind;
            }
            left -= share;
        }
        Kind::Person
    }

    /// What happens when this number is called; a person who talks does these things.
    #[must_use]
    pub fn callee(&self, number: &str, talk: &[Step]) -> Callee {
        let mut dice = dice(number);
        // The first roll has said who it is.
        let _kind = dice.roll();
        let rings = 1 + (dice.roll() * 3.0) as u32;
        let person = |steps: &[Step]| Human { steps: steps.to_vec(), ..Human::after_rings(rings) };
        match self.kind(number) {
            Kind::Person => person(talk).into(),
            Kind::HangsUp => person(&[Step::HangUp]).into(),
            Kind::Machine => {
                let greeting = Duration::from_millis(1_500 + (dice.roll() * 1_500.0) as u64);
                Machine { greeting, ..Machine::greeting_ms(0) }.into()
            }
            Kind::Fax => Callee::Fax,
            Kind::NoAnswer => Callee::NoAnswer,
            Kind::Busy => Callee::Busy,
            Kind::Failed => Callee::Fails,
        }
    }
}

fn dice(number: &str) -> Dice {
    // FNV-1a: numbers that differ in one digit get dice that have nothing in common.
    let seed = number
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    Dice(seed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_population_has_its_shares_and_keeps_them() {
        let population = Population::default();
        let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
        for number in 0..5_000 {
            let number = format!("+1201555{number:04}");
            assert_eq!(population.kind(&number), population.kind(&number));
            *kinds.entry(population.kind(&number)).or_default() += 1;
        }
        assert!((900..1_100).contains(&kinds[&Kind::Machine]), "{kinds:?}");
        assert!((430..570).contains(&kinds[&Kind::NoAnswer]), "{kinds:?}");
        assert!((190..310).contains(&kinds[&Kind::Busy]), "{kinds:?}");
    }
}
