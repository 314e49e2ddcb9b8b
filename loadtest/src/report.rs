//! The figures of a load run: added up from the accounts of its calls, printed as a table and as JSON, held to limits.
//!
//! Before it come `ledger` (one account a call) and `run` (processes and record); nothing comes after it but the reader.

mod figures;
mod limits;
mod percentiles;
mod table;

pub use figures::{Audio, Calls, Cost, Figures, Frames, LimitRun, Process, Record, Talk};
pub use limits::Limits;
pub use percentiles::Percentiles;
