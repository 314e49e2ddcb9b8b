//! A conversation from a pack of `agents/`: what the caller does, what a look-alike provider says to it, who can be called.
//!
//! Before it: `conversation.toml`, the caller's part, and `script.toml`, the agent's, of one pack. After it: a
//! [`CallPlan`] for a telephone, a [`Script`] for the look-alikes of `provider` and `deepgram`, people for a [`Network`].
//! The demo plays it for people, the tests of the packs hold the record against it.

use crate::network::{Callee, Human, Network};
use crate::phone::{self, CallPlan, Step};
use crate::provider::clip::Clip;
use crate::provider::script::{Reply, Script};
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Quiet after the agent before the caller speaks. Longer than any pause within an answer.
const QUIET_MS: u64 = 700;

/// Audio in one delta of a look-alike.
const DELTA_MS: usize = 100;

/// A conversation.
#[derive(Clone, Debug)]
pub struct Story {
    /// What happens, in a sentence.
    pub about: String,
    /// The number the caller calls.
    pub number: String,
    /// The caller's part.
    pub deeds: Vec<Deed>,
    /// The agent's part.
    pub turns: Vec<Turn>,
    cues: Vec<Cue>,
    people: BTreeMap<String, Person>,
    /// Name of the tool that ends the call.
    hang_up: String,
    pack: PathBuf,
}

/// One thing the caller does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// Words, said when the agent has finished.
    pub say: Option<String>,
    /// Their sound, relative to the pack.
    pub audio: Option<String>,
    /// Says them after so much of the agent's answer, over it.
    pub interrupt_after_ms: Option<u64>,
    /// Keys: those before the first words are pressed at a menu.
    pub press: Option<String>,
}

/// One answer of the agent, as its script has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Turn {
    /// What the caller said.
    pub caller: String,
    /// What the agent says.
    pub text: String,
    audio: Option<String>,
    /// Tools asked for before.
    #[serde(default)]
    pub tools: Vec<Asked>,
    /// `hang_up`: the agent ends the call after it.
    pub then: Option<String>,
}

/// A tool asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: serde_json::Value,
}

#[derive(Clone, Debug, Deserialize)]
struct Cue {
    text: String,
    audio: Option<String>,
    name: String,
}

/// How somebody who is called answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Person {
    Word(String),
    Human { answers_after_ms: u64, presses: Option<String>, talks_ms: u64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConversationFile {
    about: String,
    number: String,
    #[serde(default)]
    people: BTreeMap<String, Person>,
    r#do: Vec<Deed>,
}

#[derive(Default, Deserialize)]
struct ToolsFile {
    #[serde(default)]
    tool: Vec<ToolEntry>,
}

#[derive(Deserialize)]
struct ToolEntry {
    name: String,
    does: Option<String>,
}

#[derive(Deserialize)]
struct ScriptFile {
    #[serde(default)]
    cue: Vec<Cue>,
    #[serde(default)]
    turn: Vec<Turn>,
}

impl Story {
    /// Reads the conversation of a pack.
    ///
    /// # Errors
    /// When the pack has none, or it cannot be read.
    pub fn read(pack: &Path) -> anyhow::Result<Self> {
        let conversation: ConversationFile = file(&pack.join("conversation.toml"))?;
        let script: ScriptFile = file(&pack.join("script.toml"))?;
        let tools = pack.join("tools.toml");
        let tools: ToolsFile = if tools.is_file() { file(&tools)? } else { ToolsFile::default() };
        let ends = tools.tool.into_iter().find(|tool| tool.does.as_deref() == Some("hang_up"));
        Ok(Self {
            about: conversation.about,
            number: conversation.number,
            deeds: conversation.r#do,
            turns: script.turn,
            cues: script.cue,
            people: conversation.people,
            hang_up: ends.map_or_else(|| "hang_up".to_owned(), |tool| tool.name),
            pack: pack.to_owned(),
        })
    }

    /// The caller's part as a plan. It ends when the agent or the network ends the call.
    ///
    /// # Errors
    /// When a sound cannot be read.
    pub fn plan(&self, number: u64) -> anyhow::Result<CallPlan> {
        let mut steps = Vec::new();
        let mut gathered = std::collections::VecDeque::new();
        for deed in &self.deeds {
            if let Some(keys) = &deed.press {
                if steps.is_empty() {
                    gathered.push_back(keys.clone());
                } else {
                    steps.extend([Step::Listen { quiet_ms: QUIET_MS }, Step::Digits(keys.clone())]);
                }
            }
            if let Some(words) = &deed.say {
                let clip = self.clip(words, deed.audio.as_deref())?;
                match deed.interrupt_after_ms {
                    Some(after_ms) => steps.extend([Step::AwaitAgent, Step::Interrupt { after_ms, clip }]),
                    None => steps.extend([Step::Listen { quiet_ms: QUIET_MS }, Step::Say(clip)]),
                }
            }
        }
        steps.push(Step::AwaitEnd);
        let mut plan = CallPlan::new(number, &*self.number, steps);
        plan.gathered = gathered;
        Ok(plan)
    }

    /// The agent's part for a look-alike: known words have their own replies.
    ///
    /// # Errors
    /// When a sound cannot be read.
    pub fn script(&self) -> anyhow::Result<Script> {
        let spoken = |text: &str, audio: Option<&str>| anyhow::Ok(Reply::speech(&Arc::new(self.sound(text, audio)?)));
        let mut script: Option<Script> = None;
        for cue in &self.cues {
            let reply = spoken(&cue.text, cue.audio.as_deref())?;
            script = Some(match script {
                None => Script::new(reply.clone(), vec![reply.clone()]).cue(&cue.text, reply),
                Some(script) => script.cue(&cue.text, reply),
            });
        }
        let mut script = script.with_context(|| format!("{} has no cue", self.pack.display()))?;
        for deed in &self.deeds {
            if let Some(words) = &deed.say {
                script = script.hears(words, &self.clip(words, deed.audio.as_deref())?);
            }
        }
        for turn in &self.turns {
            let mut reply = spoken(&turn.text, turn.audio.as_deref())?;
            if turn.then.as_deref() == Some("hang_up") {
                reply = reply.and_call(&self.hang_up, "{}");
            }
            let mut replies = Vec::new();
            if let Some((first, others)) = turn.tools.split_first() {
                let asked = Reply::call(&first.name, &first.arguments.to_string());
                let and = |reply: Reply, tool: &Asked| reply.and_call(&tool.name, &tool.arguments.to_string());
                replies.push(others.iter().fold(asked, and));
            }
            replies.push(reply);
            script = script.answers(&turn.caller, replies);
        }
        Ok(script)
    }

    /// Puts the people of the conversation into a network's book.
    ///
    /// # Errors
    /// When a person does something no person does.
    pub fn introduce(&self, network: &Network) -> anyhow::Result<()> {
        for (number, person) in &self.people {
            let callee = match person {
                Person::Word(word) => match word.as_str() {
                    "no_answer" => Callee::NoAnswer,
                    "busy" => Callee::Busy,
                    "fails" => Callee::Fails,
                    other => anyhow::bail!("{}: nobody {other:?}", self.pack.display()),
                },
                Person::Human { answers_after_ms, presses, talks_ms } => {
                    let mut human = Human::after_ms(*answers_after_ms);
                    if let Some(keys) = presses {
                        human = human.pressing(keys);
                    }
                    human.talking(Duration::from_millis(*talks_ms)).into()
                }
            };
            network.list(number.clone(), callee);
        }
        Ok(())
    }

    /// What the agent says at an occasion, by the name of its phrase.
    pub fn cue(&self, name: &str) -> Option<&str> {
        self.cues.iter().find(|cue| cue.name == name).map(|cue| cue.text.as_str())
    }

    fn clip(&self, words: &str, audio: Option<&str>) -> anyhow::Result<phone::Clip> {
        Ok(phone::Clip::new(words, &self.bytes(audio)?))
    }

    fn sound(&self, text: &str, audio: Option<&str>) -> anyhow::Result<Clip> {
        Ok(Clip::new(text, &self.bytes(audio)?, DELTA_MS))
    }

    fn bytes(&self, audio: Option<&str>) -> anyhow::Result<Vec<u8>> {
        let audio = audio.with_context(|| format!("{}: words without `audio`", self.pack.display()))?;
        let path = self.pack.join(audio);
        std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))
    }
}

fn file<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("failed to read {}", path.display()))
}
