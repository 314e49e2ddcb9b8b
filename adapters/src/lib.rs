//! adapters

pub mod agent;
pub mod bus;
pub mod db;
pub mod line;
pub mod state;
pub mod twilio;

mod wire;
