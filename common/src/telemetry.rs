//! Logs, metrics and traces: how a process starts them, how a trace travels, and the table of every metric.
//!
//! The binary calls [`init`] and [`metrics_table::install`] once; roles log and count through functions named for what
//! happened, in [`moments`] and in each role's own `moments.rs`.

pub mod log;
pub mod metrics_table;
pub mod moments;
pub mod trace;

pub use log::{Guard, init};
