//! The one binary as a library, so that tests can run every role in their own process. See `cli` for the commands.
//!
//! Before it: `main.rs`, which only calls [`main`]. It knows every other crate; no other crate knows it.

mod account;
mod agents;
mod ask;
mod assemble;
mod calls;
mod cli;
pub mod demo;
mod doctor;
mod import;
mod jobs;
mod migrate;
mod numbers;
mod otlp;
mod outbound;
mod process;
mod ring;
mod roles;
mod say;
mod show;
mod source;
mod tools;
pub mod up;

use clap::Parser;
use std::process::ExitCode;

/// Runs the command of this process's command line.
pub fn main() -> ExitCode {
    // Two versions of a TLS provider may be linked; this build decides for one before anybody asks.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("patchbay: {error:#}");
            ExitCode::FAILURE
        }
    }
}
