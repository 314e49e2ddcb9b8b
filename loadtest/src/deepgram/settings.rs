//! What a session is told about itself: read strictly, checked for sense, and changed by the updates.
//!
//! Shapes come from `settings/shape.rs`. What is kept is only what the look-alike acts on; the message itself is in the
//! truth.

pub(super) mod shape;

use serde::Deserialize;
use serde_json::Value;

use self::shape::{
    Agent, Audio, Function, Listen, ListenProvider, Restored, Settings, Speak, SpeakProvider, Think, ThinkKind,
};
use super::{
    Habits, Prompting, ThinkLive,
    codes::{ErrorCode, WarningCode},
    message::Refusal,
};
use crate::provider::clip::Format;

/// Longest prompt a managed model takes, in characters; the rest is cut.
const PROMPT_MAX: usize = 25_000;
/// Silence that ends a turn when nothing else does.
const EOT_TIMEOUT_MS: u32 = 5_000;

type Checked = Result<(), Refusal>;

/// A function the client defined.
#[derive(Clone, Debug)]
pub(super) struct Defined {
    pub(super) name: String,
    /// Whether the client has to answer it.
    pub(super) client_side: bool,
    /// Whether it waits until the turn is certainly over.
    pub(super) deferred: bool,
}

/// What a session acts on.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) input: Format,
    pub(super) output: Format,
    /// Whether `History` is sent.
    pub(super) history: bool,
    pub(super) greeting: Option<String>,
    pub(super) context: Vec<Value>,
    pub(super) flux: bool,
    pub(super) eot_timeout_ms: u32,
    pub(super) prompt: String,
    pub(super) functions: Vec<Defined>,
    pub(super) think_live: ThinkLive,
    /// What the client is warned about.
    pub(super) warnings: Vec<WarningCode>,
    /// What is allowed and will be regretted.
    pub(super) regrets: Vec<&'static str>,
}

impl Config {
    /// Reads the settings of a new session.
    pub(super) fn read(settings: &Settings, stored: &[(String, Value)], habits: &Habits) -> Result<Self, Refusal> {
        let (input, output) = formats(&settings.audio)?;
        let agent = agent(&settings.agent, stored)?;
        let mut config = Self {
            input,
            output,
            history: settings.flags.as_ref().and_then(|flags| flags.history).unwrap_or(true),
            greeting: agent.greeting,
            context: agent.context.map(|context| context.messages).unwrap_or_default(),
            flux: false,
            eot_timeout_ms: EOT_TIMEOUT_MS,
            prompt: String::new(),
            functions: Vec::new(),
            think_live: match agent.think_live {
                Some(_) => ThinkLive::Enrolled,
                None => ThinkLive::NotEnrolled,
            },
            warnings: Vec::new(),
            regrets: Vec::new(),
        };
        if agent.think_live.is_some() && habits.think_live == ThinkLive::NotEnrolled {
            return Err(Refusal::settings("agent.think_live is not available to this account."));
        }
        check_context(&config.context)?;
        if let Some(listen) = &agent.listen {
            config.listen(listen)?;
        }
        check_speak(&agent.speak)?;
        config.think(&agent.think)?;
        if settings.audio.output.as_ref().is_none_or(|output| output.container.as_deref() != Some("none")) {
            config.regrets.push("audio.output.container is not none: a WAV header is heard as a click");
        }
        Ok(config)
    }

    /// Takes a `listen` block: what it leaves out stays.
    fn listen(&mut self, listen: &Listen) -> Checked {
        let provider = &listen.provider;
        self.flux = check_listen(provider, self.flux)?;
        if let Some(ms) = provider.eot_timeout_ms {
            self.eot_timeout_ms = ms;
        }
        Ok(())
    }

    /// Takes a `listen` block of an update.
    pub(super) fn update_listen(&mut self, listen: &Listen) -> Checked {
        self.listen(listen)?;
        if !self.flux && listen.provider.keyterms.is_some() {
            return Err(Refusal::settings("listen.provider.keyterms can be changed with Flux only."));
        }
        Ok(())
    }

    /// Takes a whole `think` block; the first of several is in force.
    pub(super) fn think(&mut self, blocks: &[Think]) -> Checked {
        for block in blocks {
            self.check_functions(&block.functions)?;
        }
        let Some(first) = blocks.first() else { return Ok(()) };
        self.prompt = first.prompt.clone().unwrap_or_default();
        self.functions = first.functions.iter().map(defined).collect();
        if first.endpoint.is_none() && self.prompt.chars().count() > PROMPT_MAX {
            self.prompt = self.prompt.chars().take(PROMPT_MAX).collect();
            self.warnings.push(WarningCode::PromptTooLong);
        }
        let provider = &first.provider;
        let dressed = provider.kind == ThinkKind::Deepgram && provider.voice_prompt_opt_out != Some(true);
        if dressed && provider.model == "think-fast" {
            self.warnings.push(WarningCode::VoicePromptAdded);
        }
        Ok(())
    }

    /// Takes a change of the prompt.
    pub(super) fn change_prompt(&mut self, prompt: &str, prompting: Prompting) {
        match prompting {
            Prompting::Appends if !self.prompt.is_empty() => {
                self.prompt.push('\n');
                self.prompt.push_str(prompt);
            }
            Prompting::Appends | Prompting::Replaces => prompt.clone_into(&mut self.prompt),
        }
    }

    /// The function of this name.
    pub(super) fn function(&self, name: &str) -> Option<&Defined> {
        self.functions.iter().find(|function| function.name == name)
    }

    fn check_functions(&self, functions: &[Function]) -> Checked {
        for (index, function) in functions.iter().enumerate() {
            let at =
                |field: &str, why: &str| Refusal::settings(format!("agent.think.functions[{index}].{field} {why}"));
            if function.name.is_empty() || functions[..index].iter().any(|other| other.name == function.name) {
                return Err(at("name", "is empty or was used before."));
            }
            let filler = function.initial_agent_filler.is_some()
                || function.agent_filler_max_count.is_some()
                || function.agent_filler_interval_ms.is_some();
            if filler && self.think_live == ThinkLive::NotEnrolled {
                return Err(at("initial_agent_filler", "needs agent.think_live."));
            }
            if function.agent_filler_interval_ms.is_some_and(|ms| !(1_000..=60_000).contains(&ms)) {
                return Err(at("agent_filler_interval_ms", "must be 1000 to 60000."));
            }
        }
        Ok(())
    }
}

fn defined(function: &Function) -> Defined {
    Defined {
        name: function.name.clone(),
        client_side: function.endpoint.is_none(),
        deferred: function.defer_until_eot == Some(true),
    }
}

/// The `agent` object, written out or stored.
fn agent(agent: &Value, stored: &[(String, Value)]) -> Result<Agent, Refusal> {
    let object = match agent {
        Value::String(id) => {
            let found = stored.iter().find(|(known, _)| known == id).map(|(_, object)| object);
            found.ok_or_else(|| Refusal::new(ErrorCode::InvalidAgentId, format!("no agent {id} is stored")))?
        }
        object => object,
    };
    let refused =
        |problem: serde_json::Error| Refusal::new(ErrorCode::UnparsableClientMessage, format!("agent: {problem}"));
    Agent::deserialize(object).map_err(refused)
}

/// The look-alike understands telephones and browsers; the real service more.
fn formats(audio: &Audio) -> Result<(Format, Format), Refusal> {
    let known = |encoding: &str, rate: u32, place: &str| match (encoding, rate) {
        ("mulaw", 8_000) => Ok(Format::Ulaw),
        ("linear16", 24_000) => Ok(Format::Pcm),
        _ => Err(Refusal::settings(format!("audio.{place}: {encoding} at {rate} is not understood here."))),
    };
    let input =
        audio.input.as_ref().map_or(Ok(Format::Pcm), |side| known(&side.encoding, side.sample_rate, "input"))?;
    let output = audio.output.as_ref().map_or(Ok(Format::Pcm), |side| {
        let usual = if side.encoding == "mulaw" { 8_000 } else { 24_000 };
        known(&side.encoding, side.sample_rate.unwrap_or(usual), "output")
    })?;
    Ok((input, output))
}

fn check_context(messages: &[Value]) -> Checked {
    for (index, message) in messages.iter().enumerate() {
        let why = |problem: &str| {
            let why = format!("agent.context.messages[{index}]: {problem}");
            Refusal::new(ErrorCode::UnparsableClientMessage, why)
        };
        let Restored::History { role, content, function_calls } =
            Restored::deserialize(message).map_err(|problem| why(&problem.to_string()))?;
        match (role, content, function_calls) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => return Err(why("wants role and content, or function_calls.")),
        }
    }
    Ok(())
}

/// Whether this is Flux, if it makes sense.
fn check_listen(provider: &ListenProvider, was_flux: bool) -> Result<bool, Refusal> {
    let flux = match (provider.version.as_deref(), provider.model.as_deref()) {
        (None, None) => was_flux,
        (Some("v2"), None) => true,
        (Some("v2"), Some(model)) if model.starts_with("flux-") => true,
        (None | Some("v1"), Some(model)) if model.starts_with("nova-") => false,
        (Some("v1"), None) => false,
        (None | Some("v1"), Some(model)) if model.starts_with("flux-") => {
            return Err(Refusal::settings("agent.listen.provider.version must be v2 for this model."));
        }
        _ => return Err(Refusal::settings("agent.listen.provider.model is not known.")),
    };
    let of_flux = provider.eot_threshold.is_some()
        || provider.eager_eot_threshold.is_some()
        || provider.eot_timeout_ms.is_some()
        || provider.language_hints.is_some();
    let of_nova = provider.language.is_some() || provider.smart_format.is_some();
    if (flux && of_nova) || (!flux && of_flux) {
        return Err(Refusal::settings("agent.listen.provider has fields of the other version."));
    }
    let eot = provider.eot_threshold.unwrap_or(0.7);
    let eager = provider.eager_eot_threshold.unwrap_or(0.3);
    if !(0.5..=1.0).contains(&eot) || !(0.3..=0.9).contains(&eager) || eager > eot {
        return Err(Refusal::settings("agent.listen.provider thresholds are out of range."));
    }
    let multilingual = provider.model.as_deref().is_none_or(|model| model.ends_with("-multi"));
    if provider.language_hints.is_some() && !multilingual {
        return Err(Refusal::settings("agent.listen.provider.language_hints needs flux-general-multi."));
    }
    Ok(flux)
}

/// Whether these voices exist, as far as their names tell.
pub(super) fn check_speak(blocks: &[Speak]) -> Checked {
    for block in blocks {
        let SpeakProvider::Deepgram { version, model, speed, expressivity } = &block.provider else {
            continue;
        };
        let second = version.as_deref() == Some("v2");
        let prefix = if second { "flux-" } else { "aura-" };
        if model.as_deref().is_some_and(|model| !model.starts_with(prefix)) {
            return Err(Refusal::settings("agent.speak.provider.model is not known."));
        }
        let slowest = if second { 0.5 } else { 0.7 };
        if speed.is_some_and(|speed| !(slowest..=1.5).contains(&speed)) {
            return Err(Refusal::settings("agent.speak.provider.speed is out of range."));
        }
        if expressivity.is_some_and(|grade| !second || !(-2..=2).contains(&grade)) {
            return Err(Refusal::settings("agent.speak.provider.expressivity is out of range."));
        }
    }
    Ok(())
}
