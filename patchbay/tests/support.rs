//! What the suites share: a hotel to call, people who call it, programs and stores to run it on.

pub(crate) mod caller;
pub(crate) mod collector;
pub(crate) mod desk;
pub(crate) mod hotel;
pub(crate) mod pack;
pub(crate) mod patience;
pub(crate) mod payers;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod stores;
pub(crate) mod system;
pub(crate) mod up;
