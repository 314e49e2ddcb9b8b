//! The callers of a run: what each says, in which language, when each begins and hangs up.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{RunArgs, Scenario, progress::Progress};
use crate::{
    network::Network,
    phone::{self, CallPlan, CallTruth, Clip, Fault, Keep, Step},
};

/// Quiet after which a caller takes the agent to have finished.
const QUIET_MS: u64 = 700;
/// How much of an answer an interrupting caller hears first.
const INTERRUPT_AFTER_MS: u64 = 1_500;
/// How long a caller waits in vain; anything longer is a dead line.
const PATIENCE: Duration = Duration::from_secs(20);
/// One caller of so many interrupts in the mixed scenario.
const INTERRUPTS_ONE_OF: usize = 3;
/// Least time a round of question and answer takes; decides how many rounds a call may need.
const ROUND: Duration = Duration::from_secs(4);

/// Where the recordings are, and what is said in each.
const VOICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/voices/caller");
const SENTENCES: &str = include_str!("../../voices/sentences.tsv");
/// What callers of each language say, in turn. Spanish and Hindi speakers fall into English, as such callers do.
const LANGUAGES: [&[&str]; 3] = [
    &["en_breakfast", "en_friday", "en_price", "en_booking"],
    &["es_desayuno", "en_price", "es_gracias", "en_friday"],
    &["hi_order", "en_booking", "hi_thanks", "en_breakfast"],
];
/// What an interrupting caller says.
const INTERRUPTION: &str = "en_wait";

/// What the callers of one run are to do.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    pub(super) calls: usize,
    /// How long each call lasts.
    pub(super) duration: Duration,
    /// Time over which they begin.
    pub(super) ramp: Duration,
    /// The number they call.
    pub(super) to: String,
    pub(super) scenario: Scenario,
    /// The number of the first call.
    pub(super) first: u64,
    /// What goes wrong with each telephone.
    pub(super) faults: Vec<Fault>,
    /// Whether what they hear is kept.
    pub(super) keep: Keep,
}

impl Crowd {
    /// As the load run's command line has it.
    pub(super) fn of(args: &RunArgs) -> Self {
        Self {
            calls: args.calls,
            duration: args.duration,
            ramp: args.ramp,
            to: args.to.clone(),
            scenario: args.scenario,
            first: 1,
            faults: Vec::new(),
            keep: Keep::Sizes,
        }
    }
}

/// The callers of one run.
pub(super) struct Callers {
    crowd: Crowd,
    clips: Vec<Vec<Clip>>,
    interruption: Clip,
}

impl Callers {
    /// Reads the recordings.
    pub(super) fn new(crowd: Crowd) -> Result<Self> {
        let language = |names: &&[&str]| names.iter().map(|name| read(name)).collect::<Result<Vec<_>>>();
        Ok(Self {
            crowd,
            clips: LANGUAGES.iter().map(language).collect::<Result<_>>()?,
            interruption: read(INTERRUPTION)?,
        })
    }

    /// Places all calls and waits for the last to end.
    pub(super) async fn place(self, network: &Network) -> Vec<CallTruth> {
        let Crowd { calls: count, duration, ramp, .. } = self.crowd;
        let progress = Arc::new(Progress::start("calls", count, ramp + duration));
        let mut calls = JoinSet::new();
        for number in 0..count {
            let plan = self.plan(number);
            let (network, progress) = (network.clone(), Arc::clone(&progress));
            let begins = ramp.mul_f64(number as f64 / count as f64);
            calls.spawn(async move {
                tokio::time::sleep(begins).await;
                progress.began();
                let truth = call(&network, plan, duration).await;
                progress.ended();
                truth
            });
        }
        let mut truths = Vec::with_capacity(count);
        let mut second = tokio::time::interval(Duration::from_secs(1));
        while !calls.is_empty() {
            tokio::select! {
                _ = second.tick() => progress.show(),
                Some(ended) = calls.join_next() => match ended {
                    Ok(truth) => truths.push(truth),
                    Err(panic) => std::panic::resume_unwind(panic.into_panic()),
                },
            }
        }
        truths.sort_by_key(|truth| truth.number);
        progress.finish();
        truths
    }

    fn plan(&self, number: usize) -> CallPlan {
        let clips = &self.clips[number % self.clips.len()];
        let crowd = &self.crowd;
        let interrupts = match crowd.scenario {
            Scenario::Mixed => number.is_multiple_of(INTERRUPTS_ONE_OF),
            Scenario::Calm => false,
            Scenario::Barging => true,
        };
        let listen = Step::Listen { quiet_ms: QUIET_MS };
        let mut steps = vec![listen.clone()];
        let rounds = crowd.duration.as_millis() / ROUND.as_millis() + 1;
        for round in 0..rounds as usize {
            steps.push(Step::Say(clips[(number + round) % clips.len()].clone()));
            if interrupts {
                steps.push(Step::AwaitAgent);
                let (after_ms, clip) = (INTERRUPT_AFTER_MS, self.interruption.clone());
                steps.push(Step::Interrupt { after_ms, clip });
            }
            steps.push(listen.clone());
        }
        let mut plan = CallPlan::new(crowd.first + number as u64, crowd.to.clone(), steps);
        plan.patience = PATIENCE;
        plan.time_limit = crowd.duration + PATIENCE;
        plan.faults.clone_from(&crowd.faults);
        plan.keep = crowd.keep;
        plan
    }
}

/// One call; its caller hangs up when the time is over, whatever is being said.
async fn call(network: &Network, mut plan: CallPlan, duration: Duration) -> CallTruth {
    let hang_up = CancellationToken::new();
    plan.hang_up = Some(hang_up.clone());
    let call = phone::call(network, plan);
    tokio::pin!(call);
    tokio::select! {
        truth = &mut call => truth,
        () = tokio::time::sleep(duration) => {
            hang_up.cancel();
            call.await
        }
    }
}

/// Every recording with its words, for the provider to recognise.
pub(super) fn spoken() -> Result<Vec<(String, Clip)>> {
    let rows = SENTENCES.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let name = fields.next()?.strip_prefix("loadtest/voices/caller/")?;
        Some((name, fields.nth(1)?))
    });
    rows.map(|(name, text)| Ok((text.to_owned(), read(name)?))).collect()
}

pub(super) fn read(name: &str) -> Result<Clip> {
    let file = Path::new(VOICES).join(format!("{name}.ulaw"));
    Clip::read(&file).with_context(|| format!("read the recording {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_has_its_words() {
        let spoken = spoken().unwrap();
        let said = |words: &str| spoken.iter().any(|(text, _)| text == words);
        assert!(said("What time is breakfast?") && said("Muchas gracias, hasta luego."));
        assert!(LANGUAGES.iter().flat_map(|names| names.iter()).all(|name| read(name).is_ok()));
    }
}
