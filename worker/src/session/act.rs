//! What the core wants done, carried out: for the line, the agent, the tools, the record.
//!
//! Before it: [`crate::session`], which tells the core what happened. It never waits and decides nothing.

use super::Session;
use super::driving::{Driving, Hands};
use crate::moments;
use call::{
    CallEvent, Command, ControlInput, EndBy, Fact, Input, LineInput, NextStep, RecordingState, Spoken, ToolCallId,
    ToolInput,
};
use common::company::{AgentSnapshot, Company};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tools::{Plan, Want};

/// What a live call is told from outside.
#[derive(Clone, Debug)]
pub enum SessionOrder {
    /// By operators, the worker and the fence.
    Control(ControlInput),
    /// A company's configuration has changed: its calls go on with the new version of their agent.
    Configure(Arc<Company>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Gives the core one input and carries out all it wants.
    pub(super) fn hear(&mut self, state: &mut Driving, input: Input) {
        self.call.handle(state.at(), input);
        self.carry_out(state);
    }

    /// Carries out all the core wants, and all that it wants because of that; then hands over what is to be recorded.
    pub(super) fn carry_out(&mut self, state: &mut Driving) {
        state.hands = Hands::Full;
        loop {
            while let Some(command) = self.call.next_command() {
                self.execute(state, command);
            }
            let Some(input) = state.deferred.pop_front() else { break };
            self.call.handle(state.at(), input);
        }
        state.hands = Hands::Free;
        if let Some(news) = self.news.take() {
            self.publisher.hand_over(news);
        }
    }

    fn execute(&mut self, state: &mut Driving, command: Command) {
        match command {
            Command::Clear => {
                self.codec.clear(&mut state.scratch);
                self.queue_line(state);
                if let Some(tap) = self.taping.tap() {
                    tap.cleared(Instant::now());
                }
                if let Some(heard) = state.interrupted.take() {
                    moments::barge_in_cleared(heard.elapsed());
                }
            }
            Command::Mark(mark) => self.mark(state, mark),
            Command::Agent(told) => self.link.command(told),
            Command::Dial { provider, .. } => {
                self.meter.dialled(self.agent.voice(provider));
                self.link.dial(self.call.conversation().clone(), provider);
            }
            Command::DropAgent => self.link.hang_up(),
            Command::RunTool { call, name, arguments } => self.run_tool(state, call, &name, &arguments),
            Command::CancelTool { call } => self.tools.cancel(&call),
            Command::Checkpoint => self.news.checkpoint(self.call.conversation()),
            Command::Publish(event) => self.publish(state, event),
            Command::HangUp(_) => self.hang_up(state),
            Command::Leave(step) => state.next = Some(step),
            Command::Close(reason) => state.end(reason),
        }
    }

    /// The core has just asked for a checkpoint that says so: a tool that must not run twice waits for it.
    fn run_tool(&mut self, state: &mut Driving, id: ToolCallId, name: &str, arguments: &Spoken) {
        match self.tools.plan(&id, name, arguments, &self.agent, self.call.conversation()) {
            Plan::Now { answer, wants } => {
                // The agent is configured before it is told that it is.
                if let Some(Want::Language(tag)) = &wants
                    && let Some(agent) = self.agent.in_language(tag)
                {
                    self.configure(state, agent);
                }
                match wants {
                    // The core knows that the call leaves when it decides whether the answer needs words.
                    Some(Want::Control(input)) => state.deferred.push_back(Input::Control(input)),
                    Some(Want::Recording(wanted)) => {
                        let change = self.taping.wants(wanted, Instant::now());
                        self.recorded(state, change);
                    }
                    Some(Want::Language(_)) | None => {}
                }
                state.deferred.push_back(Input::Tool(ToolInput::Answered(answer)));
            }
            Plan::Later(job) => {
                let change = self.taping.tool_runs(&id, name, Instant::now());
                self.recorded(state, change);
                let stored = job.journal_first.then(|| self.news.stored());
                self.tools.start(id, job, stored);
            }
        }
    }

    fn publish(&mut self, state: &mut Driving, mut event: CallEvent) {
        self.meter.priced(&mut event, self.link.provider());
        moments::call_event(self.news.call(), &event);
        let change = self.taping.on_event(self.news.call(), &event, Instant::now());
        self.news.event(state.at(), event);
        self.recorded(state, change);
        self.mind_the_budget(state);
    }

    /// Tells of a change of the recording, and whoever goes on with the call.
    pub(super) fn recorded(&mut self, state: &Driving, change: Option<RecordingState>) {
        let Some(change) = change else { return };
        self.news.event(state.at(), CallEvent::Fact(Fact::Recording { state: change }));
        if let Some(standing) = self.taping.standing() {
            self.call.note_recording(standing);
            self.news.checkpoint(self.call.conversation());
        }
    }

    /// A call that has cost what it may is told so, once; the core ends it politely.
    pub(super) fn mind_the_budget(&mut self, state: &mut Driving) {
        if self.meter.is_spent(self.agent.budget) {
            moments::budget_spent(self.news.call());
            state.deferred.push_back(Input::Control(ControlInput::Finish(EndBy::Budget)));
        }
    }

    /// Ends the phone call: by REST where there are credentials, so that the network logs no error; else by closing.
    fn hang_up(&mut self, state: &mut Driving) {
        state.next = Some(NextStep::HangUp);
        match &self.telephone {
            Some(telephone) => self.publisher.hang_up(self.news.call().clone(), telephone.clone()),
            None => state.deferred.push_back(Input::Line(LineInput::Stopped)),
        }
    }

    /// Somebody outside wants something of this call.
    pub(super) fn on_order(&mut self, state: &mut Driving, order: SessionOrder) {
        match order {
            SessionOrder::Control(ControlInput::Leave(step)) if !lists(&self.agent, &step) => {
                moments::place_not_listed(self.news.call());
            }
            SessionOrder::Control(input) => self.hear(state, Input::Control(input)),
            SessionOrder::Configure(company) => {
                let agent = company.agents.get(&self.agent.agent).filter(|agent| agent.version != self.agent.version);
                if let Some(agent) = agent
                    && company.id == self.agent.company
                {
                    self.configure(state, agent.snapshot(&company, Some(&self.agent.language)));
                    self.carry_out(state);
                }
            }
        }
    }

    /// The agent goes on with this configuration; the core hears of it next.
    fn configure(&mut self, state: &mut Driving, agent: AgentSnapshot) {
        self.agent = Arc::new(agent);
        self.link.configure(self.agent.clone());
        state.deferred.push_back(self.configured());
    }

    /// What the core is told of the configuration in use.
    pub(super) fn configured(&self) -> Input {
        let (version, language) = (self.agent.version.clone(), self.agent.language.clone());
        Input::Control(ControlInput::Configured { version, language })
    }
}

/// Whether the place a step leads to is one of the company's.
fn lists(agent: &AgentSnapshot, step: &NextStep) -> bool {
    match step {
        NextStep::Transfer { to, .. } => agent.targets.contains_key(to),
        NextStep::Conference { room } => agent.rooms.contains_key(room),
        NextStep::Queue { queue } => agent.queues.contains_key(queue),
        NextStep::HangUp | NextStep::Resume | NextStep::Digits { .. } | NextStep::Apologize => true,
    }
}
