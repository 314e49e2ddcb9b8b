//! The dialer on a real database and a telephone network that refuses, is away, answers late or lies. Time is an
//! argument: hours pass in milliseconds.

#![allow(clippy::unwrap_used, reason = "the helpers of a test may fail like the test itself")]

mod answers;
mod at_once;
mod hours;
mod killed;
mod pace;
mod support;
