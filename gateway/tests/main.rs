//! The gateway as the telephone network sees it: requests in, documents and events out. The stores are the embedded
//! ones, workers are small servers on loopback that answer as a test wants them to.

#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests")]

mod away;
mod duplicates;
mod menu;
mod next;
mod outbound;
mod places;
mod refused;
mod relay;
mod routing;
mod signature;
mod status;
mod stop;
mod support;
mod webhook;
