//! People who ask a loan desk for several things at once and do not wait for them: conversations by chance, each the same
//! for the same seed.
//!
//! Before it: a seed. After it: a pack and a caller's steps for each conversation, and one script for the look-alikes of
//! both providers, in which each of the caller's sentences is answered with functions of its own. No two payments in it
//! have the same amount, so whatever is paid twice was doubled by somebody else.

use super::desk::{self, Pack, Wire, says, voice};
use loadtest::phone::{Clip, Step};
use loadtest::provider::faults::{Chance, Dice};
use loadtest::provider::script::{Reply, Script};
use loadtest::services::faults::{Fault, Rule};
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;

/// Longest run of either tool, as the packs say.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(2_000);
/// What pays.
pub(crate) const PAYMENT: &str = "make_payment";

const GOODBYE: &str = "That is all, goodbye.";
const FAREWELL: &str = "Goodbye.";
const LOANS: [&str; 2] = ["100200300", "100200400"];
/// How long somebody waits who wants all tools to be over: the longest run, and what is said after it.
const ALL_OVER: Duration = TIMEOUT.saturating_add(Duration::from_millis(1_500));

const TOOLS: &str = r#"["lookup_loan", "make_payment", "hang_up"]"#;
const ROWS: &str = r#"
[[tool]]
name = "lookup_loan"
description = "Find a loan by its number."
kind = "http"
method = "POST"
url = "{loans}/loans/lookup"
idempotent = true
timeout_ms = 2000

[tool.parameters]
type = "object"
required = ["loan_number"]
additionalProperties = false
properties.loan_number = { type = "string" }

[[tool]]
name = "make_payment"
description = "Take a payment."
kind = "http"
method = "POST"
url = "{loans}/payments"
idempotent = false
timeout_ms = 2000

[tool.parameters]
type = "object"
required = ["loan_number", "amount", "routing_number", "account_number"]
additionalProperties = false
properties.loan_number = { type = "string" }
properties.amount = { type = "number" }
properties.routing_number = { type = "string" }
properties.account_number = { type = "string" }
"#;

/// How a caller begins to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// When the agent has finished.
    Waits,
    /// Over its voice, when so much of it was heard: an answer, or the words that it takes a while.
    OverTheVoice { after_ms: u64 },
    /// So long after the last sentence, whatever happens then: mostly a tool runs.
    AtOnce { after_ms: u64 },
}

/// How a caller leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Waits until everything is over and says goodbye.
    Politely,
    /// Hangs up while something runs.
    InTheMiddle,
}

/// One conversation.
pub(crate) struct Conversation {
    /// Also the call's number.
    pub(crate) number: u64,
    /// The number it calls: a company of its own, so that no service that fails in one is left alone by the others.
    pub(crate) to: String,
    pub(crate) wire: Wire,
    pub(crate) leaving: Leaving,
    sentences: Vec<Sentence>,
}

struct Sentence {
    words: String,
    clip: Clip,
    manner: Manner,
    replies: Vec<Reply>,
}

/// Conversations by chance.
pub(crate) struct Payers {
    dice: Dice,
    sentences: u32,
    payments: u32,
    answers: Vec<loadtest::provider::clip::Clip>,
}

impl Payers {
    pub(crate) fn new(seed: u64) -> Self {
        let answers = [700, 1_000, 1_600].map(|ms| voice(&format!("Done in {ms}."), ms, 300.0 + ms as f32 / 10.0));
        Self { dice: Dice::new(seed), sentences: 0, payments: 0, answers: answers.into() }
    }

    /// So many conversations, half of them on each wire.
    pub(crate) fn conversations(&mut self, count: usize) -> Vec<Conversation> {
        (0..count).map(|index| self.conversation(index)).collect()
    }

    fn conversation(&mut self, index: usize) -> Conversation {
        let sentences = (0..3 + self.dice.below(4)).map(|_| self.sentence()).collect();
        let leaving = if self.dice.roll(Chance(0.15)) { Leaving::InTheMiddle } else { Leaving::Politely };
        let to = format!("+1500666{index:04}");
        Conversation { number: index as u64 + 1, to, wire: Wire::of(index), leaving, sentences }
    }

    /// A sentence no other caller says, and what it makes the model ask for: one to four functions at once, with or
    /// without words before, all in one answer or some in a second one.
    fn sentence(&mut self) -> Sentence {
        self.sentences += 1;
        let words = format!("Sentence {}.", self.sentences);
        let clip = Clip::tone(&*words, 301.0 + 3.0 * self.sentences as f32, 200);
        let pays = Chance(if self.dice.roll(Chance(0.35)) { 0.0 } else { 0.6 });
        let calls: Vec<_> = (0..=self.dice.below(4)).map(|_| self.call(pays)).collect();
        let asks = |calls: &[(&str, String)], before: Option<Reply>| {
            let start = before.unwrap_or(Reply { parts: Vec::new() });
            calls.iter().fold(start, |reply, (name, arguments)| reply.and_call(name, arguments))
        };
        let mut replies = match self.dice.below(3) {
            0 if calls.len() > 1 => {
                let (some, others) = calls.split_at(calls.len() / 2);
                vec![asks(some, None), asks(others, None)]
            }
            1 => vec![asks(&calls, Some(self.answer()))],
            _ => vec![asks(&calls, None)],
        };
        replies.push(self.answer());
        Sentence { words, clip, manner: self.manner(), replies }
    }

    fn call(&mut self, pays: Chance) -> (&'static str, String) {
        let loan = LOANS[self.dice.below(2) as usize];
        if !self.dice.roll(pays) {
            return ("lookup_loan", json!({"loan_number": loan}).to_string());
        }
        self.payments += 1;
        let amount = f64::from(100 + self.payments) / 100.0;
        let arguments = json!({
            "loan_number": loan, "amount": amount, "routing_number": "021000021", "account_number": "123456789",
        });
        (PAYMENT, arguments.to_string())
    }

    fn answer(&mut self) -> Reply {
        says(&self.answers[self.dice.below(self.answers.len() as u64) as usize])
    }

    fn manner(&mut self) -> Manner {
        match self.dice.below(3) {
            0 => Manner::Waits,
            1 => Manner::OverTheVoice { after_ms: 60 + self.dice.below(400) },
            _ => Manner::AtOnce { after_ms: 350 + self.dice.below(1_900) },
        }
    }
}

impl Conversation {
    /// Writes the company it calls into a folder of packs.
    pub(crate) fn write(&self, packs: &TempDir) {
        let id = format!("loans-{}", self.number);
        Pack {
            id: &id,
            number: &self.to,
            wire: self.wire,
            tools: TOOLS,
            places: "[services]\nloans = \"\"\n",
            rows: ROWS,
        }
        .write(packs);
    }

    /// What the caller does.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (index, Sentence { manner, clip, .. }) in self.sentences.iter().enumerate() {
            let clip = clip.clone();
            match manner {
                // The greeting is heard.
                _ if index == 0 => steps.extend([Step::Listen { quiet_ms: 250 }, Step::Say(clip)]),
                Manner::Waits => steps.extend([Step::Listen { quiet_ms: 250 }, Step::Say(clip)]),
                Manner::OverTheVoice { after_ms } => steps.push(Step::Interrupt { after_ms: *after_ms, clip }),
                Manner::AtOnce { after_ms } => steps.extend([Step::Silence { ms: *after_ms }, Step::Say(clip)]),
            }
        }
        steps.extend(match self.leaving {
            Leaving::Politely => {
                let ms = ALL_OVER.as_millis() as u64;
                vec![Step::Silence { ms }, Step::Say(goodbye()), Step::AwaitEnd]
            }
            Leaving::InTheMiddle => vec![Step::Silence { ms: 300 + self.number * 131 % 1_500 }, Step::HangUp],
        });
        steps
    }

    /// How often the caller speaks without waiting for anything: mostly while a tool runs.
    pub(crate) fn spoken_at_once(&self) -> usize {
        self.sentences.iter().skip(1).filter(|sentence| matches!(sentence.manner, Manner::AtOnce { .. })).count()
    }
}

fn goodbye() -> Clip {
    Clip::tone(GOODBYE, 283.0, 200)
}

/// What the agent says and asks for in all of these conversations.
pub(crate) fn script(conversations: &[Conversation]) -> Script {
    let farewell = says(&voice(FAREWELL, 400, 233.0)).and_call("hang_up", "{}");
    let script = desk::script(&voice("Is there anything else?", 700, 349.0));
    let script = script.hears(GOODBYE, &goodbye()).answers(GOODBYE, vec![farewell]);
    conversations.iter().flat_map(|conversation| &conversation.sentences).fold(script, |script, sentence| {
        script.hears(&sentence.words, &sentence.clip).answers(&sentence.words, sentence.replies.clone())
    })
}

/// What goes wrong with the next `count` requests of the loan service: nothing with two of three, each in its turn.
pub(crate) fn faults(dice: &mut Dice, count: usize) -> Vec<Rule> {
    let mut spared = 0;
    let mut rules = Vec::new();
    for _ in 0..count {
        if dice.roll(Chance(0.65)) {
            spared += 1;
        } else {
            rules.push(Rule::next(1, "*", fault(dice)).after(spared));
        }
    }
    rules
}

fn fault(dice: &mut Dice) -> Fault {
    let slow = |from: u64, to: u64, dice: &mut Dice| Fault::Slow(Duration::from_millis(from + dice.below(to - from)));
    match dice.below(12) {
        0 | 1 => slow(50, 900, dice),
        // The caller is told that it takes a while.
        2..=4 => slow(1_520, 1_900, dice),
        // It is done when nobody waits for it any more.
        5 => slow(2_050, 2_600, dice),
        6 => Fault::Hang,
        7 => Fault::CommitThenHang,
        8 => Fault::CommitThenReset,
        9 => Fault::CutBody,
        10 => Fault::Garbage,
        _ => Fault::Status(if dice.roll(Chance(0.5)) { 500 } else { 503 }),
    }
}
