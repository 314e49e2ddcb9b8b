//! The words and ports all roles share. No driver of any server lives here: the outside world is behind [`ports`].
//!
//! Start with [`event`] (what is said about a call), [`ports`] (what a role may reach) and [`company`] (who answers).

pub mod cdr;
pub mod clock;
pub mod company;
pub mod config;
pub mod control;
pub mod costs;
pub mod event;
pub mod health;
pub mod ids;
pub mod lifecycle;
pub mod mistakes;
pub mod money;
pub mod ports;
pub mod prices;
pub mod private;
pub mod reservation;
pub mod summary;
pub mod tape;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;
pub mod twilio;
