//! What a campaign run found, in the shape of its JSON, and as a table.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::CampaignArgs;
use crate::network::{CallbackCounts, Kind, Network, Population, RestCounts};

/// Everything a campaign run found.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignFigures {
    /// People to be called.
    pub rows: usize,
    /// Calls that were to begin a second.
    pub per_second: u32,
    /// Processes of each role.
    pub processes: usize,
    /// Who they were.
    pub population: Population,
    /// Faults of the network.
    pub faults: Vec<String>,
    /// The processes killed with SIGKILL, in order.
    pub killed: Vec<String>,
    /// Processors of this machine, shared by everything.
    pub processors: usize,
    /// From the command that began the batch to its last outcome, seconds.
    pub took_s: f64,
    /// Calls the network saw.
    pub calls: usize,
    /// The most calls that began within a second.
    pub most_a_second: usize,
    /// Calls that went on with another worker, or another stream of the same.
    pub moved: usize,
    /// Messages recorded by machines, whole and after the beep.
    pub messages: usize,
    /// Rows by kind of person and outcome.
    pub outcomes: BTreeMap<Kind, BTreeMap<String, usize>>,
    /// Requests to the network's REST API.
    pub rest: RestCounts,
    /// Callbacks of the network.
    pub callbacks: CallbackCounts,
    /// What does not hold.
    pub broken: Vec<String>,
}

impl CampaignFigures {
    pub(super) fn new(args: &CampaignArgs, killed: Vec<String>, took: Duration, network: &Network) -> Self {
        Self {
            rows: args.rows,
            per_second: args.per_second,
            processes: args.processes,
            population: args.population(),
            faults: args.fault.clone(),
            killed,
            processors: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            took_s: took.as_secs_f64(),
            calls: 0,
            most_a_second: most_a_second(network),
            moved: 0,
            messages: 0,
            outcomes: BTreeMap::new(),
            rest: network.rest_counts(),
            callbacks: network.callback_counts(),
            broken: Vec::new(),
        }
    }
}

/// The most calls that were dialled within any second.
fn most_a_second(network: &Network) -> usize {
    let mut at: Vec<_> = network.legs().iter().map(|leg| leg.dialled_at).collect();
    at.sort_unstable();
    let within = |from: usize| at[from..].iter().take_while(|to| **to - at[from] < Duration::from_secs(1)).count();
    (0..at.len()).map(within).max().unwrap_or_default()
}

impl fmt::Display for CampaignFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} people, {} calls a second wanted", self.rows, self.per_second)?;
        writeln!(f, "  processes          {} of each role, {} processors", self.processes, self.processors)?;
        writeln!(f, "  killed             {}", none_or(&self.killed))?;
        writeln!(f, "  faults             {}", none_or(&self.faults))?;
        writeln!(f, "  took               {:.1} s, at most {} calls a second", self.took_s, self.most_a_second)?;
        writeln!(f, "  calls              {} seen by the network, {} moved", self.calls, self.moved)?;
        writeln!(f, "  messages           {} recorded whole after the beep", self.messages)?;
        let callbacks = &self.callbacks;
        writeln!(
            f,
            "  callbacks          {} events, {} lost, {} doubled, {} late, {} not answered",
            callbacks.events, callbacks.lost, callbacks.doubled, callbacks.late, callbacks.failed
        )?;
        writeln!(f, "\n  who                people  outcome in the record")?;
        for (kind, outcomes) in &self.outcomes {
            let said: Vec<String> = outcomes.iter().map(|(outcome, rows)| format!("{outcome} {rows}")).collect();
            writeln!(f, "  {:<18} {:>6}  {}", word(*kind), outcomes.values().sum::<usize>(), said.join(", "))?;
        }
        writeln!(f)?;
        if self.broken.is_empty() {
            return writeln!(f, "everybody was called once, and every outcome is true");
        }
        self.broken.iter().try_for_each(|broken| writeln!(f, "BROKEN  {broken}"))
    }
}

fn none_or(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(" ") }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "person",
        Kind::HangsUp => "hangs up at once",
        Kind::Machine => "machine",
        Kind::Fax => "fax",
        Kind::NoAnswer => "does not answer",
        Kind::Busy => "engaged",
        Kind::Failed => "cannot be reached",
    }
}
