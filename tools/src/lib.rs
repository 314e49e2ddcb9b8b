//! Runs the tools of a call: what the voice agent asks for, done, refused or answered with a typed error.
//!
//! Before it: the worker's session driver, which hands over what the agent asked, and runs the [`Job`] it gets on a task
//! of its own. After it: the outside world (HTTP services, MCP servers), the company's records, and the call itself,
//! which carries out what a tool [`Want`]s. It never waits while it decides, never logs arguments or answers, and never
//! dials a number: it names places of the company's list.
//!
//! ```text
//!  Asked ─▶ Toolbox::plan ─▶ Plan::Now ─────────────────────▶ answer, Want
//!              │               Plan::Later(Job) ─▶ Job::run ─▶ answer
//!              ├ arguments   do they fit the schema
//!              ├ memory      ran too often, confirmed, outcome unknown
//!              ├ rate, breaker
//!              └ built_in, http, mcp
//! ```

mod answer;
mod arguments;
mod breaker;
mod built_in;
mod check;
mod effects;
mod errors;
mod guard;
mod http;
mod mcp;
mod memory;
mod moments;
pub mod numbers;
mod plan;
mod post;
mod rate;
mod secrets;
mod template;
mod texting;
mod toolbox;

pub use check::{check, service_of};
pub use errors::ErrorCode;
pub use memory::Memory;
pub use plan::{Job, Plan, Want};
pub use post::{Letter, Post, Undelivered};
pub use secrets::Secrets;
pub use texting::{Ready, Sent, Texter, Unsent, Wanted};
pub use toolbox::{Asked, Settings, Toolbox, ToolboxError};
