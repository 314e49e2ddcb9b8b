//! Desks to call on both providers' wires, with everything around them on this machine: a telephone network, look-alikes
//! of both providers that say what the test's script says, the services of tools, all roles in this process.

use common::testing;
use loadtest::network::{Network, NetworkConfig};
use loadtest::phone::{CallPlan, Step};
use loadtest::provider::clip::Clip;
use loadtest::provider::script::{Reply, Script};
use loadtest::services::Services;
use loadtest::{deepgram, provider};
use patchbay::up::{self, Running};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// First words of every desk.
pub(crate) const GREETING: &str = "This is the desk.";
/// Said while a tool takes long.
pub(crate) const FILLER: &str = "Bear with me.";
/// Audio in one delta.
pub(crate) const DELTA_MS: usize = 100;

const KEY: &str = "sk-desk";
/// Silence that ends the caller's turn: callers here say a tone and wait.
const SILENCE_MS: u32 = 200;
/// From the end of a turn to the first sound of the answer.
const FIRST_AUDIO: Duration = Duration::from_millis(60);

/// Whose protocol a desk's agent speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Openai,
    Deepgram,
}

impl Wire {
    /// They take turns.
    pub(crate) fn of(number: usize) -> Self {
        if number.is_multiple_of(2) { Self::Openai } else { Self::Deepgram }
    }
}

/// A company of one agent.
pub(crate) struct Pack<'a> {
    pub(crate) id: &'a str,
    pub(crate) number: &'a str,
    pub(crate) wire: Wire,
    /// Names of its tools, as `agent.toml` has them.
    pub(crate) tools: &'a str,
    /// More tables of `company.toml`.
    pub(crate) places: &'a str,
    /// `tools.toml`, if it needs one.
    pub(crate) rows: &'a str,
}

impl Pack<'_> {
    /// Writes it into a folder of packs.
    pub(crate) fn write(&self, packs: &TempDir) {
        let folder = packs.path().join(self.id);
        fs::create_dir(&folder).unwrap();
        let company = format!("id = {0:?}\nname = {0:?}\ntimezone = \"UTC\"\n{1}", self.id, self.places);
        fs::write(folder.join("company.toml"), company).unwrap();
        fs::write(folder.join("agent.toml"), self.agent()).unwrap();
        if !self.rows.is_empty() {
            fs::write(folder.join("tools.toml"), self.rows).unwrap();
        }
    }

    fn agent(&self) -> String {
        let voice = match self.wire {
            Wire::Openai => "provider = \"openai\"\nmodel = \"gpt-realtime\"\nvoice = \"marin\"",
            Wire::Deepgram => "provider = \"deepgram\"\nmodel = \"gpt-4o-mini\"\nvoice = \"aura-2-thalia-en\"",
        };
        let listens = match self.wire {
            Wire::Openai => format!(
                "[turn_detection]\nkind = \"server_vad\"\nsilence_duration_ms = {SILENCE_MS}\n\n\
                 [transcription]\nmodel = \"gpt-4o-mini-transcribe\"\n"
            ),
            Wire::Deepgram => "[transcription]\nmodel = \"flux-general-en\"\n".to_owned(),
        };
        format!(
            "id = \"desk\"\nnumbers = [{:?}]\nlanguages = [\"en\"]\n{voice}\ninstructions = \"Answer the telephone.\"\n\
             tools = {}\n\n{listens}\n[phrases.en]\ngreeting = {GREETING:?}\nfiller = {FILLER:?}\n",
            self.number, self.tools
        )
    }
}

/// A tone as the agent's voice.
pub(crate) fn voice(words: &str, length_ms: usize, hertz: f32) -> Clip {
    Clip::tone(words, length_ms, hertz, DELTA_MS)
}

/// The agent says this.
pub(crate) fn says(clip: &Clip) -> Reply {
    Reply::speech(&Arc::new(Clip::new(&clip.text, clip.ulaw(), DELTA_MS)))
}

/// A script that greets, tells when it takes long, and has this to say to words that have no answer of their own.
pub(crate) fn script(otherwise: &Clip) -> Script {
    let greeting = says(&voice(GREETING, 500, 440.0));
    Script::new(greeting.clone(), vec![says(otherwise)])
        .cue(GREETING, greeting)
        .cue(FILLER, says(&voice(FILLER, 700, 587.0)))
}

/// An OpenAI that takes any legal order of events.
pub(crate) fn openai(script: &Arc<Script>, seed: u64) -> provider::Options {
    provider::Options {
        key: KEY.to_owned(),
        script: Arc::clone(script),
        pace: provider::Pace {
            open: Duration::from_millis(50),
            first_audio: FIRST_AUDIO,
            transcription: Duration::from_millis(100),
            ..provider::Pace::default()
        },
        variety: provider::Variety::Legal,
        seed,
        ..provider::Options::default()
    }
}

/// A Deepgram with all its habits.
pub(crate) fn deepgram(script: &Arc<Script>, seed: u64) -> deepgram::Options {
    deepgram::Options {
        key: KEY.to_owned(),
        script: Arc::clone(script),
        pace: deepgram::Pace {
            eot_ms: SILENCE_MS,
            certain: Duration::from_millis(300),
            first_audio: FIRST_AUDIO,
            ..deepgram::Pace::default()
        },
        seed,
        ..deepgram::Options::default()
    }
}

/// The desks of a folder of packs, open, and all that is around them.
pub(crate) struct Desks {
    pub(crate) network: Network,
    pub(crate) openai: provider::Provider,
    pub(crate) deepgram: deepgram::Provider,
    pub(crate) services: Services,
    pub(crate) running: Running,
    _packs: TempDir,
}

impl Desks {
    pub(crate) async fn open(packs: TempDir, openai: provider::Options, deepgram: deepgram::Options) -> Self {
        let network = Network::start(NetworkConfig::new("http://127.0.0.1:0/")).await.unwrap();
        let openai = provider::Provider::start(openai).await.unwrap();
        let deepgram = deepgram::Provider::start(deepgram).await.unwrap();
        let services = Services::start().await.unwrap();
        let mut config = testing::config(&[
            ("agents.dir", &packs.path().display().to_string()),
            ("twilio.api_base_url", network.api_base_url()),
            ("openai.base_url", &openai.base_url),
            ("openai.api_key", KEY),
            ("deepgram.base_url", &deepgram.base_url),
            ("deepgram.api_key", KEY),
        ]);
        let loans = services.loans.server.url();
        config.tools.private_hosts = vec![loans.trim_start_matches("http://").to_owned()];
        config.services.set("loans", loans);
        let running = up::start(config, 2).await.unwrap();
        running.until_ready().await.unwrap();
        Self { network, openai, deepgram, services, running, _packs: packs }
    }

    /// A caller of a desk.
    pub(crate) fn plan(&self, call: u64, to: &str, steps: Vec<Step>) -> CallPlan {
        let url = &self.running.config.public_url;
        let mut plan = CallPlan::new(call, to, steps);
        plan.voice_url = Some(format!("{url}/twilio/voice"));
        plan.status_callback = Some(format!("{url}/twilio/status"));
        plan
    }
}
