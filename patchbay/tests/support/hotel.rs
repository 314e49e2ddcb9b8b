//! A hotel whose agents speak in short tones: a whole call takes seconds. One agent reads a script, the other is an
//! OpenAI model; both say the same.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use loadtest::provider::clip::Clip;
use loadtest::provider::script::{Reply, Script};
use loadtest::provider::{Marking, Options};
use tempfile::TempDir;

/// The number the scripted agent answers.
pub(crate) const SCRIPTED: &str = "+15005550011";
/// The number the OpenAI agent answers.
pub(crate) const OPENAI: &str = "+15005550012";
/// The key the look-alike takes.
pub(crate) const KEY: &str = "sk-lookalike-canary-5f1e9a";

/// What the agent says, in this order.
pub(crate) const GREETING: &str = "Welcome to the Lighthouse.";
/// Answers the caller's first question, at length.
pub(crate) const LONG_ANSWER: &str = "Breakfast is served until the ferry leaves.";
/// Answers the caller's second question; the agent hangs up after it.
pub(crate) const GOODBYE: &str = "Sleep well and goodbye.";

const DELTA_MS: usize = 100;

fn greeting() -> Clip {
    Clip::tone(GREETING, 800, 440.0, DELTA_MS)
}

fn long_answer() -> Clip {
    Clip::tone(LONG_ANSWER, 5_000, 523.0, DELTA_MS)
}

fn goodbye() -> Clip {
    Clip::tone(GOODBYE, 700, 659.0, DELTA_MS)
}

/// The sound of the greeting, mu-law.
pub(crate) fn greeting_sound() -> Vec<u8> {
    greeting().ulaw().to_vec()
}

/// The packs of both agents in a folder that goes with the value.
pub(crate) fn open() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    pack(&folder.path().join("lighthouse"), "lighthouse", SCRIPTED, "scripted");
    pack(&folder.path().join("beacon"), "beacon", OPENAI, "openai");
    folder
}

fn pack(folder: &Path, company: &str, number: &str, provider: &str) {
    fs::create_dir(folder).unwrap();
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    write("company.toml", format!("id = {company:?}\nname = \"Hotel\"\ntimezone = \"Europe/Lisbon\"\n"));
    write("agent.toml", agent(number, provider));
    write("script.toml", script());
    for (name, clip) in [("greeting", greeting()), ("long", long_answer()), ("goodbye", goodbye())] {
        fs::write(folder.join(format!("{name}.ulaw")), clip.ulaw()).unwrap();
    }
}

fn agent(number: &str, provider: &str) -> String {
    format!(
        r#"
id = "reception"
numbers = ["{number}"]
languages = ["en"]
provider = "{provider}"
model = "gpt-realtime"
voice = "marin"
instructions = "You answer the phone of a small hotel."

[turn_detection]
kind = "server_vad"
threshold = 0.5
prefix_padding_ms = 300
silence_duration_ms = 300

[transcription]
model = "gpt-4o-mini-transcribe"

[limits]
silence_prompt_ms = 25000
silence_end_ms = 60000
max_call_ms = 600000

[phrases.en]
greeting = "{GREETING}"
silence_prompt = "Are you still there?"
silence_farewell = "I cannot hear you any more. Goodbye."
time_limit = "The time for this call is over. Goodbye."
bridge = "One moment, please."
apology = "I am sorry, I cannot help you right now."
busy = "All our lines are busy."
unknown_number = "This number is not in service."
"#
    )
}

fn script() -> String {
    format!(
        r#"
[[cue]]
name = "greeting"
text = "{GREETING}"
audio = "greeting.ulaw"

[[turn]]
caller = "{BREAKFAST}"
text = "{LONG_ANSWER}"
audio = "long.ulaw"

[[turn]]
caller = "{PRICE}"
text = "{GOODBYE}"
audio = "goodbye.ulaw"
then = "hang_up"
"#,
        BREAKFAST = super::caller::BREAKFAST,
        PRICE = super::caller::PRICE,
    )
}

/// A look-alike of OpenAI that plays the hotel's agent. Its deltas are numbered, so that no two sound the same.
pub(crate) fn provider() -> Options {
    let say = |clip: Clip| Reply::speech(&Arc::new(clip));
    let script = Script::new(say(greeting()), vec![say(long_answer()), say(goodbye()).and_call("hang_up", "{}")])
        .cue(GREETING, say(greeting()))
        .cue("One moment, please.", say(Clip::tone("One moment, please.", 500, 587.0, DELTA_MS)))
        .hears(super::caller::BREAKFAST, &super::caller::breakfast())
        .hears(super::caller::PRICE, &super::caller::price());
    Options { key: KEY.to_owned(), script: Arc::new(script), marking: Marking::Numbered, ..Options::default() }
}
