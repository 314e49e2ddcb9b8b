//! Calls people: batch by batch, each row exactly once, at the pace and in the hours that were asked for.

pub mod pace;
pub mod plan;
pub mod zones;
