//! What somebody said is no business of a tape: only how long it was.

use call::{AgentInput, ControlInput, Conversation, Digit, Input, LineInput, Spoken, ToolInput};

/// The input without what was said.
pub(super) fn input(input: Input) -> Input {
    match input {
        Input::Line(LineInput::Pressed(_)) => Input::Line(LineInput::Pressed(Digit('0'))),
        Input::Agent(input) => Input::Agent(agent(input)),
        Input::Tool(ToolInput::Answered { call, output }) => {
            Input::Tool(ToolInput::Answered { call, output: spoken(&output) })
        }
        Input::Control(ControlInput::Say(text)) => Input::Control(ControlInput::Say(spoken(&text))),
        Input::Line(_) | Input::Control(_) | Input::Timeout => input,
    }
}

/// The conversation without what was said.
pub(super) fn conversation(mut conversation: Conversation) -> Conversation {
    for turn in &mut conversation.turns {
        turn.text = turn.text.as_ref().map(spoken);
    }
    conversation
}

fn agent(input: AgentInput) -> AgentInput {
    match input {
        AgentInput::CallerSaid { item, text } => AgentInput::CallerSaid { item, text: text.as_ref().map(spoken) },
        AgentInput::ReplyText { reply, item, text } => AgentInput::ReplyText { reply, item, text: spoken(&text) },
        AgentInput::ToolAsked { call, name, arguments } => {
            AgentInput::ToolAsked { call, name, arguments: spoken(&arguments) }
        }
        AgentInput::Ready
        | AgentInput::CallerStarted { .. }
        | AgentInput::CallerStopped { .. }
        | AgentInput::ReplyStarted { .. }
        | AgentInput::ReplyDone { .. }
        | AgentInput::Transcribed { .. }
        | AgentInput::Complained { .. }
        | AgentInput::Lost(_) => input,
    }
}

fn spoken(text: &Spoken) -> Spoken {
    Spoken::new("x".repeat(text.reveal().len()))
}
