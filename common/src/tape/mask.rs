//! What somebody said is no business of a tape: only how long it was.

use call::{
    AgentInput, ControlInput, Conversation, Digit, Fact, Input, Kept, LineInput, NextStep, Spoken, ToolAnswer,
    ToolInput, ToolStage,
};

/// The input without what was said.
pub(super) fn input(input: Input) -> Input {
    match input {
        Input::Line(LineInput::Pressed(_)) => Input::Line(LineInput::Pressed(Digit('0'))),
        Input::Agent(input) => Input::Agent(agent(input)),
        Input::Tool(ToolInput::Slow { call, filler }) => Input::Tool(ToolInput::Slow { call, filler: spoken(&filler) }),
        Input::Tool(ToolInput::Answered(answer)) => Input::Tool(ToolInput::Answered(self::answer(answer))),
        Input::Control(ControlInput::Say(text)) => Input::Control(ControlInput::Say(spoken(&text))),
        Input::Control(ControlInput::Leave(step)) => Input::Control(ControlInput::Leave(self::step(step))),
        Input::Line(_) | Input::Control(_) | Input::Timeout => input,
    }
}

/// The conversation without what was said.
pub(super) fn conversation(mut conversation: Conversation) -> Conversation {
    for turn in &mut conversation.turns {
        turn.text = turn.text.as_ref().map(spoken);
    }
    for tool in &mut conversation.tools {
        tool.arguments = spoken(&tool.arguments);
        if let ToolStage::Done { output } = &mut tool.stage {
            *output = spoken(output);
        }
    }
    conversation
}

fn answer(answer: ToolAnswer) -> ToolAnswer {
    let kept = answer.kept.map(|kept| Kept { arguments: spoken(&kept.arguments), output: spoken(&kept.output) });
    ToolAnswer { output: spoken(&answer.output), kept, facts: answer.facts.into_iter().map(fact).collect(), ..answer }
}

fn fact(fact: Fact) -> Fact {
    match fact {
        Fact::Ticket { number, priority, category, subject, details } => {
            Fact::Ticket { number, priority, category, subject: spoken(&subject), details: spoken(&details) }
        }
        Fact::Message { .. } | Fact::OptedOut | Fact::Recording { .. } | Fact::Refused { .. } => fact,
    }
}

fn step(step: NextStep) -> NextStep {
    match step {
        NextStep::Transfer { to, briefing } => NextStep::Transfer { to, briefing: briefing.as_ref().map(spoken) },
        NextStep::Digits { keys } => NextStep::Digits { keys: spoken(&keys) },
        NextStep::HangUp
        | NextStep::Resume
        | NextStep::Conference { .. }
        | NextStep::Queue { .. }
        | NextStep::Apologize => step,
    }
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
        | AgentInput::ToolCancelled { .. }
        | AgentInput::ReplyDone { .. }
        | AgentInput::Transcribed { .. }
        | AgentInput::Complained { .. }
        | AgentInput::Lost(_) => input,
    }
}

fn spoken(text: &Spoken) -> Spoken {
    Spoken::new("x".repeat(text.reveal().len()))
}
