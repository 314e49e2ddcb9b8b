//! What the project's own tasks and tests need from the machine: private servers that start fast and leave nothing behind.
//!
//! Used by the `xtask` command, by tests and by load runs that want the real stores. It never touches a server it did
//! not start itself.

mod environment;
mod patience;
pub mod servers;
