//! Logs, metrics and traces: how a role starts them, how a trace travels, and the table of every metric.

pub mod moments;
pub mod trace;
