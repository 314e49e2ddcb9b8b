//! What the call does, one behaviour a file: these inputs at these times give exactly these commands.

mod agent_lost;
mod barge_in;
mod budget;
mod configured;
mod farewell;
mod fenced;
mod filler;
mod greeting;
mod impossible;
mod journal;
mod leaving;
mod marks;
mod no_agent;
mod operator;
mod places;
mod script;
mod silence;
mod taken_back;
mod time_limit;
mod tools;
mod tools_and_loss;
mod transcript;
