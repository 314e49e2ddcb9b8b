//! Asks the person at the terminal before something is changed.

use anyhow::Context;
use std::io::{IsTerminal, Write};

/// Goes on only after a yes. `done` is what would not have been done otherwise: `applied`.
pub(crate) fn agreed(question: &str, done: &str) -> anyhow::Result<()> {
    let asks = std::io::stdin().is_terminal();
    anyhow::ensure!(asks, "not {done}: nobody can be asked here; --yes goes on without asking");
    print!("{question} [y/N] ");
    std::io::stdout().flush().context("failed to ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("failed to read the answer")?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "not {done}");
    Ok(())
}
