//! The one binary: every role, the laptop, the telephone and the doctor.

use std::process::ExitCode;

/// Two allocations a frame remain on the media path; this allocator makes them cheap and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    patchbay::main()
}
