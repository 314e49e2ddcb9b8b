//! The only source of chance: a seed gives the same call for ever.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// Dice with a seed.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high - low + 1)
    }

    /// True in `percent` of all cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.between(0, 99) < percent
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.between(0, options.len() as u64 - 1) as usize]
    }
}
