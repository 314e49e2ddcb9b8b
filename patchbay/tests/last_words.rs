//! The last words of an agent are heard whole before the line closes: a farewell before the hang-up, an announcement
//! before a transfer, said with the tool call or after its answer, on both providers' wires.
//!
//! What counts is what the simulated telephone has played, not what was sent to it.

use crate::support::desk::{self, Desks, Pack, Wire, says, voice};
use crate::support::record::Recorded;
use common::testing::quiet;
use futures_util::{StreamExt, stream};
use loadtest::network::Human;
use loadtest::phone::{self, CallEnd, CallTruth, Clip, Keep, Step, StreamTruth};
use loadtest::provider::faults::Chance;
use loadtest::provider::script::{Reply, Script};
use loadtest::watermark::SILENCE;
use loadtest::{deepgram, provider};
use std::sync::Arc;
use std::time::Duration;

const CALLS: usize = 100;
const AT_ONCE: usize = 25;
const SEED: u64 = 11;

/// Desks by wire: even calls go to the first.
const NUMBERS: [&str; 2] = ["+15005550061", "+15005550062"];
/// Who is called by a transfer.
const COLLEAGUE: &str = "+12125550130";
/// Lengths of last words: shorter than what is in flight, usual, and longer than anything that is buffered.
const LENGTHS_MS: [usize; 4] = [240, 800, 1_500, 2_900];
/// A pause in the middle of the agent's audio, longer than what is ahead of it: the line falls silent within a sentence.
const STALL: Duration = Duration::from_millis(900);
/// After this much silence the greeting is over, and not only stalled.
const PAUSE_MS: u64 = 1_200;

/// How long a caller waits for anything to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A model that has said all it has to say.
const NOTHING: Reply = Reply { parts: Vec::new() };

/// How the agent ends its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    HangsUp,
    Transfers,
}

/// When it takes leave.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// In the answer that asks for the tool.
    WithTheTool,
    /// When the tool has answered.
    AfterTheTool,
    /// With it, and a model that goes on by itself says it again when the tool has answered: that is heard once.
    Twice,
}

/// One way to end a call: the caller's words decide which.
struct Ending {
    way: Way,
    words: String,
    clip: Clip,
    /// The agent's last words.
    last: provider::clip::Clip,
    moment: Moment,
}

#[tokio::test]
async fn the_caller_hears_the_whole_farewell_before_the_line_closes() {
    let _quiet = quiet();
    let endings = endings();
    let desks = open(&endings).await;
    let calls = (0..CALLS).map(|call| hear_out(&desks, call, &endings[call / 2 % endings.len()]));
    let heard: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
    let (whole, cut): (Vec<_>, Vec<_>) = heard.into_iter().partition(Result::is_ok);
    let tail = whole.iter().flatten().min();
    let tail = tail.map_or(0, Duration::as_millis);
    println!("last_words: {} of {CALLS} heard whole, the line open for {tail} ms after them at the least", whole.len());
    let cut: Vec<_> = cut.into_iter().filter_map(Result::err).collect();
    assert!(cut.is_empty(), "{cut:#?}");
    desks.running.stop().await;
}

/// Lives through one call; gives how long the line stayed open after the last word was played, or what was not right.
async fn hear_out(desks: &Desks, call: usize, ending: &Ending) -> Result<Duration, String> {
    let steps = vec![Step::Listen { quiet_ms: PAUSE_MS }, Step::Say(ending.clip.clone()), Step::AwaitEnd];
    let mut plan = desks.plan(call as u64 + 1, NUMBERS[call % NUMBERS.len()], steps);
    (plan.keep, plan.patience) = (Keep::Heard, PATIENCE);
    let truth = phone::call(&desks.network, plan).await;
    let recorded = Recorded::of(&truth, desks.running.ports.db.as_ref()).await;
    let wrong = |what: String| {
        let said: Vec<_> = recorded.said().into_iter().map(|(_, words)| words).collect();
        let (wire, length) = (Wire::of(call), ending.last.length_ms());
        format!("call {call}, {wire:?}, {} of {length} ms: {what}; the record says {said:?}", ending.words)
    };
    check_ended(&truth, recorded.cdr.end_reason.as_deref(), ending.way).map_err(wrong)?;
    check_heard(&truth, ending).map_err(wrong)?;
    Ok(after_the_last_word(&truth.streams[0]))
}

/// The call went where the agent sent it.
fn check_ended(truth: &CallTruth, reason: Option<&str>, way: Way) -> Result<(), String> {
    let talked = truth.dials.iter().filter(|dial| dial.talked.is_some()).count();
    let right = match way {
        Way::HangsUp => (&CallEnd::Completed, Some("agent_hung_up"), 0),
        Way::Transfers => (&CallEnd::Completed, Some("transferred"), 1),
    };
    let is = (&truth.end, reason, talked);
    if is == right { Ok(()) } else { Err(format!("ended {is:?}")) }
}

/// Everything that was sent was played, and it ends with all of the last words, said once.
fn check_heard(truth: &CallTruth, ending: &Ending) -> Result<(), String> {
    let [stream] = &truth.streams[..] else { return Err(format!("{} streams", truth.streams.len())) };
    let lost: u32 = stream.received.iter().map(|media| media.bytes - media.played).sum();
    if !stream.clears.is_empty() || lost > 0 {
        return Err(format!("{} clears, {} ms sent and not played", stream.clears.len(), lost / 8));
    }
    // A stalled sentence is heard with a pause in it.
    let sound = |audio: &[u8]| audio.iter().copied().filter(|byte| *byte != SILENCE).collect::<Vec<_>>();
    let (heard, last) = (sound(truth.heard.as_deref().unwrap_or_default()), sound(ending.last.ulaw()));
    match heard.strip_suffix(&last[..]) {
        None => Err("the last words were not heard whole".to_owned()),
        Some(before) if before.ends_with(&last) => Err("the last words were heard twice".to_owned()),
        Some(_) => Ok(()),
    }
}

fn after_the_last_word(stream: &StreamTruth) -> Duration {
    let span = stream.heard.last().expect("something was heard");
    let played = span.from_ns + span.bytes * 125_000;
    Duration::from_nanos(stream.closed_ns.checked_sub(played).expect("it closed after the last word"))
}

async fn open(endings: &[Ending]) -> Desks {
    let packs = tempfile::tempdir().unwrap();
    let place = format!("[targets.colleague]\nnumber = {COLLEAGUE:?}\ndescription = \"A colleague.\"\n");
    for (index, number) in NUMBERS.into_iter().enumerate() {
        let id = format!("desk-{index}");
        let tools = "[\"hang_up\", \"transfer\"]";
        Pack { id: &id, number, wire: Wire::of(index), tools, places: &place, rows: "" }.write(&packs);
    }
    let script = Arc::new(script(endings));
    let stall = Some((Chance(0.3), STALL));
    let openai = provider::Options {
        faults: provider::faults::Faults { stall_in_audio: stall, ..Default::default() },
        ..desk::openai(&script, SEED)
    };
    let deepgram = deepgram::Options {
        faults: deepgram::faults::Faults { stall_in_audio: stall, ..Default::default() },
        ..desk::deepgram(&script, SEED)
    };
    let desks = Desks::open(packs, openai, deepgram).await;
    desks.network.list(COLLEAGUE, Human::after_ms(500).talking(Duration::from_secs(3)));
    desks
}

/// Every way, moment and length, each with words of its own.
fn endings() -> Vec<Ending> {
    let mut endings = Vec::new();
    for way in [Way::HangsUp, Way::Transfers] {
        for moment in [Moment::WithTheTool, Moment::AfterTheTool, Moment::Twice] {
            for length_ms in LENGTHS_MS {
                let tone = endings.len() as f32 * 30.0;
                let words = format!("{way:?} {moment:?} {length_ms}");
                let clip = Clip::tone(&*words, 411.0 + tone, 200);
                let last = voice(&format!("Goodbye {words}."), length_ms, 907.0 + tone);
                endings.push(Ending { way, words, clip, last, moment });
            }
        }
    }
    endings
}

fn script(endings: &[Ending]) -> Script {
    let script = desk::script(&voice("Pardon?", 700, 330.0));
    endings.iter().fold(script, |script, ending| {
        let (tool, arguments) = match ending.way {
            Way::HangsUp => ("hang_up", "{}"),
            Way::Transfers => ("transfer", r#"{"to":"colleague"}"#),
        };
        let replies = match ending.moment {
            Moment::WithTheTool => vec![says(&ending.last).and_call(tool, arguments), NOTHING],
            Moment::AfterTheTool => vec![Reply::call(tool, arguments), says(&ending.last)],
            Moment::Twice => vec![says(&ending.last).and_call(tool, arguments), says(&ending.last)],
        };
        script.hears(&ending.words, &ending.clip).answers(&ending.words, replies)
    })
}
