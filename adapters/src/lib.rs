//! adapters

pub mod bus;
pub mod state;
