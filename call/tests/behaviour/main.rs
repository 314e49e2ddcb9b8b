//! What the call does, one behaviour a file: these inputs at these times give exactly these commands.

mod agent_lost;
mod barge_in;
mod farewell;
mod fenced;
mod greeting;
mod impossible;
mod leaving;
mod marks;
mod operator;
mod script;
mod silence;
mod time_limit;
mod tools;
mod transcript;
