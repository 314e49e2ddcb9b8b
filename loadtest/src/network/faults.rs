//! What the network does wrong on purpose: at its REST API, and on the way of its callbacks.
//!
//! Set for a run or by a test; `rest.rs` asks for every request, `callback.rs` for every callback. The dice are seeded, so
//! a run with the same requests in the same order goes wrong in the same places.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// How far a callback that lost its place comes late. Long enough for the next one to overtake it.
const OUT_OF_ORDER: Duration = Duration::from_millis(400);

/// One way in which the REST API fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestFault {
    /// 429 with code 20429; nothing is done.
    Busy {
        /// What `Retry-After` says, if it is there.
        retry_after_s: Option<u32>,
    },
    /// This status; nothing is done.
    Error(u16),
    /// What was to be created is created, and the answer is this status.
    CreatedThenError(u16),
    /// What was to be created is created, and no answer ever comes.
    CreatedThenSilence,
    /// What was to be created is created, and the answer is 201 with something that is no JSON.
    CreatedThenNonsense,
    /// A change is refused as if the call were over: 400 with code 21220.
    NotInProgress,
    /// What is asked for is not found, though it is there: 404 with code 20404.
    NotFound,
}

/// One way in which a callback goes astray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackFault {
    /// It never comes.
    Lost,
    /// It comes twice.
    Doubled,
    /// It comes so much later.
    Late(Duration),
    /// Later ones come before it.
    OutOfOrder,
}

/// What goes wrong, each with its probability.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Seed of the dice.
    pub seed: u64,
    /// Of each request; the first that happens wins.
    pub rest: Vec<(RestFault, f64)>,
    /// Of each callback; the first that happens wins.
    pub callbacks: Vec<(CallbackFault, f64)>,
}

impl Faults {
    /// Nothing goes wrong yet.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// This happens to so many of the requests it can happen to, 0 to 1.
    #[must_use]
    pub fn rest(mut self, fault: RestFault, share: f64) -> Self {
        self.rest.push((fault, share));
        self
    }

    /// This happens to so many callbacks, 0 to 1.
    #[must_use]
    pub fn callback(mut self, fault: CallbackFault, share: f64) -> Self {
        self.callbacks.push((fault, share));
        self
    }

    /// Reads one fault as a command line has it: `created-error=0.05`, `callback-late=0.1,2000` (milliseconds).
    ///
    /// # Errors
    /// When the name is unknown or the numbers cannot be read.
    pub fn add(&mut self, spec: &str) -> Result<()> {
        let (name, numbers) = spec.split_once('=').context("expected NAME=P, such as callback-lost=0.05")?;
        let mut numbers = numbers.split(',');
        let share: f64 = numbers.next().unwrap_or_default().parse().context("expected a probability after the =")?;
        ensure!((0.0..=1.0).contains(&share), "a probability lies between 0 and 1");
        let extra = numbers.next().map(str::parse).transpose().context("expected a whole number after the comma")?;
        let callback = match name {
            "callback-lost" => Some(CallbackFault::Lost),
            "callback-doubled" => Some(CallbackFault::Doubled),
            "callback-late" => Some(CallbackFault::Late(Duration::from_millis(extra.unwrap_or(2_000)))),
            "callback-order" => Some(CallbackFault::OutOfOrder),
            _ => None,
        };
        if let Some(callback) = callback {
            self.callbacks.push((callback, share));
            return Ok(());
        }
        let status = |usual: u64| u16::try_from(extra.unwrap_or(usual)).context("expected an HTTP status");
        let fault = match name {
            "busy" => RestFault::Busy { retry_after_s: extra.map(u32::try_from).transpose()? },
            "error" => RestFault::Error(status(503)?),
            "created-error" => RestFault::CreatedThenError(status(500)?),
            "created-silence" => RestFault::CreatedThenSilence,
            "created-nonsense" => RestFault::CreatedThenNonsense,
            "not-in-progress" => RestFault::NotInProgress,
            "not-found" => RestFault::NotFound,
            unknown => bail!("there is no fault called {unknown}"),
        };
        self.rest.push((fault, share));
        Ok(())
    }
}

/// What a request to the REST API is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    Change,
    Read,
}

impl RestFault {
    fn can_happen_to(&self, deed: Deed) -> bool {
        match self {
            Self::Busy { .. } | Self::Error(_) => true,
            Self::CreatedThenError(_) | Self::CreatedThenSilence | Self::CreatedThenNonsense => deed == Deed::Create,
            Self::NotInProgress => deed == Deed::Change,
            Self::NotFound => deed != Deed::Create,
        }
    }
}

/// What becomes of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Once { after: Duration },
    Twice,
    Lost,
}

/// The faults at work.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    faults: Faults,
    /// Those that happen for certain, and how often still.
    next: Vec<(RestFault, u64)>,
    dice: Dice,
}

impl Troubles {
    pub(super) fn set(&self, faults: Faults) {
        let mut state = self.lock();
        state.dice = Dice(faults.seed);
        state.faults = faults;
    }

    pub(super) fn next(&self, fault: RestFault, times: u64) {
        self.lock().next.push((fault, times));
    }

    /// What goes wrong with a request.
    pub(super) fn of_request(&self, deed: Deed) -> Option<RestFault> {
        let mut state = self.lock();
        let certain = state.next.iter_mut().find(|(fault, left)| *left > 0 && fault.can_happen_to(deed));
        if let Some((fault, left)) = certain {
            *left -= 1;
            return Some(fault.clone());
        }
        let State { faults, dice, .. } = &mut *state;
        let mut possible = faults.rest.iter().filter(|(fault, _)| fault.can_happen_to(deed));
        possible.find(|(_, share)| dice.falls(*share)).map(|(fault, _)| fault.clone())
    }

    /// What becomes of a callback.
    pub(super) fn of_callback(&self) -> Fate {
        let mut state = self.lock();
        let State { faults, dice, .. } = &mut *state;
        let befallen = faults.callbacks.iter().find(|(_, share)| dice.falls(*share)).map(|(fault, _)| *fault);
        match befallen {
            None => Fate::Once { after: Duration::ZERO },
            Some(CallbackFault::Lost) => Fate::Lost,
            Some(CallbackFault::Doubled) => Fate::Twice,
            Some(CallbackFault::Late(after)) => Fate::Once { after },
            Some(CallbackFault::OutOfOrder) => Fate::Once { after: OUT_OF_ORDER.mul_f64(dice.roll()) },
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, even, and the same everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// 0 to 1.
    pub(super) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }

    fn falls(&mut self, share: f64) -> bool {
        // Certain and impossible things need no dice, so that they do not move those of others.
        share >= 1.0 || (share > 0.0 && self.roll() < share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_goes_wrong_in_the_same_places() {
        let troubles = |seed| {
            let troubles = Troubles::default();
            troubles.set(Faults::seeded(seed).rest(RestFault::Error(503), 0.3).callback(CallbackFault::Lost, 0.3));
            (0..200).map(|_| (troubles.of_request(Deed::Read), troubles.of_callback())).collect::<Vec<_>>()
        };
        assert_eq!(troubles(7), troubles(7));
        assert_ne!(troubles(7), troubles(8));
        let wrong = troubles(7).iter().filter(|(fault, _)| fault.is_some()).count();
        assert!((30..90).contains(&wrong), "{wrong} of 200");
    }

    #[test]
    fn a_fault_befalls_only_what_it_can() {
        let troubles = Troubles::default();
        troubles.next(RestFault::CreatedThenSilence, 1);
        assert_eq!(troubles.of_request(Deed::Read), None);
        assert_eq!(troubles.of_request(Deed::Create), Some(RestFault::CreatedThenSilence));
        assert_eq!(troubles.of_request(Deed::Create), None);
    }

    #[test]
    fn faults_are_read_from_a_command_line() {
        let mut faults = Faults::default();
        for spec in ["busy=0.5,2", "created-error=0.1", "callback-late=1,250"] {
            faults.add(spec).unwrap();
        }
        assert_eq!(faults.rest[0], (RestFault::Busy { retry_after_s: Some(2) }, 0.5));
        assert_eq!(faults.rest[1], (RestFault::CreatedThenError(500), 0.1));
        assert_eq!(faults.callbacks, [(CallbackFault::Late(Duration::from_millis(250)), 1.0)]);
        for wrong in ["busy", "busy=2", "sleepy=0.1", "callback-late=0.1,soon"] {
            assert!(faults.add(wrong).is_err(), "{wrong}");
        }
    }
}
