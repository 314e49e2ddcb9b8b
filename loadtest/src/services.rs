//! The servers behind an agent's tools: small, real, with a state that changes and a memory of every request.
//!
//! A request passes `server.rs` (the connection), `witness.rs` (read, judged, written down), `misbehave.rs` (what is to
//! go wrong) and then one of the services: `loans`, `bank`, `webhooks`, `weather`, `mcp`; `hooks` and `chat` are what is
//! told and asked after a call. Each has a port of its own and can be killed and started again by itself. They share no
//! code with what they answer.
//!
//! ```
//! # async fn show() -> anyhow::Result<()> {
//! use loadtest::services::{Services, faults::{Fault, Rule}};
//!
//! let services = Services::start().await?;
//! services.loans.server.fail(Rule::next(1, "/payments", Fault::CommitThenReset));
//! // … a call in which the caller pays, with {services.loans.server.url()} as the middleware …
//! assert_eq!(services.loans.payments().len(), 1);
//! # Ok(())
//! # }
//! ```

pub mod bank;
pub mod canary;
pub mod chat;
pub mod faults;
mod flood;
pub mod hooks;
mod line;
pub mod loans;
pub mod mcp;
pub mod memory;
mod misbehave;
pub mod server;
pub mod signature;
pub mod weather;
pub mod webhooks;
mod witness;

use anyhow::Result;

use self::{
    bank::Bank, canary::Canary, chat::Chat, hooks::Hooks, loans::Loans, mcp::Mcp, weather::Weather, webhooks::Webhooks,
};

/// All services of the example packs, running. Dropping them stops them.
#[derive(Debug)]
pub struct Services {
    /// Looks loans up and takes payments.
    pub loans: Loans,
    /// Knows whose routing number it is.
    pub bank: Bank,
    /// Knows customers, and answers questions.
    pub webhooks: Webhooks,
    /// Knows the weather.
    pub weather: Weather,
    /// Offers tools by MCP.
    pub mcp: Mcp,
    /// Is told about calls.
    pub hooks: Hooks,
    /// Reads calls that are over.
    pub chat: Chat,
    /// Is none of anybody's business.
    pub canary: Canary,
}

impl Services {
    /// Starts all of them on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// When no ports can be had.
    pub async fn start() -> Result<Self> {
        Ok(Self {
            loans: Loans::open().await?,
            bank: Bank::open().await?,
            webhooks: Webhooks::open().await?,
            weather: Weather::open().await?,
            mcp: Mcp::open().await?,
            hooks: Hooks::open().await?,
            chat: Chat::open().await?,
            canary: Canary::start().await?,
        })
    }
}
