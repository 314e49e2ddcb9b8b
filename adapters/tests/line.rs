//! The telephone line's codec, from the outside: frames in, events out, and back.

#[path = "line/golden.rs"]
mod golden;
#[path = "line/hostile.rs"]
mod hostile;
#[path = "line/order.rs"]
mod order;
#[path = "line/support.rs"]
mod support;
