//! The one binary: every role, the laptop, the telephone and the doctor. See `cli` for the commands.

mod account;
mod assemble;
mod cli;
mod demo;
mod doctor;
mod migrate;
mod otlp;
mod process;
mod ring;
mod roles;
mod show;
mod up;

use clap::Parser;
use std::process::ExitCode;

/// Two allocations a frame remain on the media path; this allocator makes them cheap and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
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
