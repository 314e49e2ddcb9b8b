//! Tools by chance: callers who interrupt, services that hang, break and die in the middle of a request, on both
//! providers' wires. Nothing is paid twice, and no function the model asked for is left without its one answer.
//!
//! `PATCHBAY_TOOL_RUNS` says how many tool runs there are to be (200 if it does not), `PATCHBAY_TOOL_SEED` which. The loan
//! service here has never heard of idempotency keys, so every request that is made twice is paid twice.

use crate::support::desk::{self, Desks, Wire};
use crate::support::payers::{self, Conversation, Leaving, PAYMENT, Payers};
use crate::support::record::Recorded;
use common::ports::ToolRun;
use common::testing::quiet;
use loadtest::deepgram;
use loadtest::deepgram::truth::Worth;
use loadtest::phone::{self, CallEnd};
use loadtest::provider::faults::{Chance, Dice};
use loadtest::services::loans::{Cents, Keys, Loans};
use loadtest::services::memory::{Ending, Request};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Conversations at the same time.
const AT_ONCE: usize = 20;
/// Tool runs that come of one conversation, roughly: callers overtake some of what they asked for.
const RUNS_EACH: usize = 10;
/// How long a caller waits for a word of the agent before giving up. Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A conversation that is over, and what the record holds of its tools.
struct Past {
    conversation: Conversation,
    runs: Vec<ToolRun>,
    interruptions: u64,
}

/// One function a provider's session asked for in a call, and how often it was answered.
#[derive(Debug)]
struct Asked {
    call: u64,
    id: String,
    answers: usize,
    taken_back: bool,
}

#[tokio::test]
async fn no_effect_is_doubled_and_no_function_is_left_unanswered() {
    let _quiet = quiet();
    let (runs, seed) = (number("PATCHBAY_TOOL_RUNS", 200), number("PATCHBAY_TOOL_SEED", 1));
    println!("tools_once: seed {seed}");
    let conversations = Payers::new(seed).conversations(AT_ONCE + 2 * runs as usize / RUNS_EACH);
    let desks = open(&conversations, seed).await;
    let (past, kills) = live_through(&desks, conversations, runs as usize, seed).await;

    let asked = asked(&desks);
    check_answers(&past, &asked);
    check_record(&past, &asked);
    let requests = desks.services.loans.server.requests();
    check_effects(&past, &desks.services.loans, &requests);
    tell(&past, &desks, kills, seed);
    desks.running.stop().await;
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

async fn open(conversations: &[Conversation], seed: u64) -> Desks {
    let packs = tempfile::tempdir().unwrap();
    conversations.iter().for_each(|conversation| conversation.write(&packs));
    let script = Arc::new(payers::script(conversations));
    // Functions that can be taken back are asked for early, some are, and some requests come twice.
    let habits = deepgram::Habits { speculation: Chance(0.5), signatures: Chance(0.5), ..deepgram::Habits::default() };
    let faults = deepgram::faults::Faults {
        resumed_speech: Chance(0.3),
        duplicate_calls: Chance(0.15),
        ..deepgram::faults::Faults::default()
    };
    let deepgram = deepgram::Options { habits, faults, ..desk::deepgram(&script, seed) };
    let desks = Desks::open(packs, desk::openai(&script, seed), deepgram).await;
    desks.services.loans.set_keys(Keys::Ignored);
    let mut dice = Dice::new(!seed);
    let server = &desks.services.loans.server;
    payers::faults(&mut dice, conversations.len() * 30).into_iter().for_each(|rule| server.fail(rule));
    desks
}

/// Conversations, so many at once, until there were so many tool runs; beside them the service is killed again and again.
/// Gives what is over, and how many requests were under way when it was killed.
async fn live_through(desks: &Desks, all: Vec<Conversation>, runs: usize, seed: u64) -> (Vec<Past>, Kills) {
    let (waiting, past) = (RefCell::new(all.into_iter()), RefCell::new(Vec::new()));
    let so_far = Cell::new(0);
    let caller = async || {
        while so_far.get() < runs {
            let Some(conversation) = waiting.borrow_mut().next() else { return };
            // Nobody begins a conversation more than is needed by the looks of it.
            so_far.set(so_far.get() + RUNS_EACH);
            let over = hold(desks, conversation).await;
            so_far.set(so_far.get() - RUNS_EACH + over.runs.iter().filter(|run| run.name != "hang_up").count());
            past.borrow_mut().push(over);
        }
    };
    let kills = Cell::new(Kills::default());
    let callers = futures_util::future::join_all((0..AT_ONCE).map(|_| caller()));
    tokio::select! {
        _ = callers => {}
        () = kill_again_and_again(&desks.services.loans, &kills, seed) => {}
    }
    assert!(so_far.get() >= runs, "{} runs: there must be more conversations for {runs}", so_far.get());
    // What a request that was given up still does, it does now or never.
    desks.services.loans.server.stop().await;
    (past.into_inner(), kills.get())
}

/// One conversation, from the first ring to its record.
async fn hold(desks: &Desks, conversation: Conversation) -> Past {
    let mut plan = desks.plan(conversation.number, &conversation.to, conversation.steps());
    plan.patience = PATIENCE;
    let truth = phone::call(&desks.network, plan).await;
    let end = match conversation.leaving {
        Leaving::Politely => CallEnd::Completed,
        Leaving::InTheMiddle => CallEnd::HungUp,
    };
    let Conversation { number, wire, .. } = conversation;
    assert_eq!(truth.end, end, "call {number} on {wire:?}: the agent says goodbye in the end");
    let recorded = Recorded::of(&truth, desks.running.ports.db.as_ref()).await;
    let runs = desks.running.ports.directory.tool_runs(&recorded.call).await.unwrap();
    Past { conversation, runs, interruptions: u64::from(recorded.cdr.interruptions) }
}

/// How often the service was killed, and how many payments were under way then.
#[derive(Clone, Copy, Debug, Default)]
struct Kills {
    times: u32,
    payments: usize,
}

/// Kills the loan service as soon as a payment is under way, and starts it again.
async fn kill_again_and_again(loans: &Loans, kills: &Cell<Kills>, seed: u64) {
    let mut dice = Dice::new(seed.rotate_left(32));
    loop {
        // Between two kills there is time for a request to be waited for too long.
        sleep(Duration::from_millis(1_500 + dice.below(4_000))).await;
        let requests = loans.server.until(|requests| requests.iter().any(is_open_payment)).await;
        loans.server.stop().await;
        let Kills { times, payments } = kills.get();
        let open = requests.iter().filter(|request| is_open_payment(request)).count();
        kills.set(Kills { times: times + 1, payments: payments + open });
        sleep(Duration::from_millis(50 + dice.below(400))).await;
        while loans.server.start().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn is_open_payment(request: &Request) -> bool {
    request.path() == "/payments" && request.ending == Ending::Open
}

/// Every function the sessions of both providers asked for.
fn asked(desks: &Desks) -> Vec<Asked> {
    let openai = desks.openai.sessions().into_iter().flat_map(|session| {
        let call = session.call.expect("a session knows its call");
        let answers = |id: &str| session.outputs.iter().filter(|(answered, _)| answered == id).count();
        let asked =
            |(id, _): &(String, String)| Asked { call, id: id.clone(), answers: answers(id), taken_back: false };
        let all: Vec<_> = session.called.iter().map(asked).collect();
        let stray = session.outputs.iter().find(|(id, _)| !all.iter().any(|asked| asked.id == *id));
        assert!(stray.is_none(), "call {call}: an answer to what nobody asked: {stray:?}");
        all
    });
    let deepgram = desks.deepgram.sessions().into_iter().flat_map(|session| {
        let call = session.call.expect("a session knows its call");
        assert_eq!(session.violations, [""; 0], "call {call}");
        let answers = |id: &str| {
            session.responses.iter().filter(|answer| answer.id == id && answer.worth != Worth::Cancelled).count()
        };
        let asked = session.calls.iter().map(|asked| Asked {
            call,
            id: asked.id.clone(),
            answers: answers(&asked.id),
            taken_back: asked.cancelled_at.is_some(),
        });
        asked.collect::<Vec<_>>()
    });
    openai.chain(deepgram).collect()
}

/// Each function was answered exactly once, or taken back, or its call was over.
fn check_answers(past: &[Past], asked: &[Asked]) {
    for function in asked {
        let Some(over) = past.iter().find(|past| past.conversation.number == function.call) else { continue };
        let left = over.conversation.leaving == Leaving::InTheMiddle;
        let right = if function.taken_back || left { function.answers <= 1 } else { function.answers == 1 };
        assert!(right, "on {:?}: {function:?}", over.conversation.wire);
    }
}

/// The record holds each function of a call once, and no other.
fn check_record(past: &[Past], asked: &[Asked]) {
    for Past { conversation, runs, .. } in past {
        let mut ids: Vec<_> = runs.iter().map(|run| run.id.as_str()).collect();
        let mut known: Vec<_> = asked
            .iter()
            .filter(|function| function.call == conversation.number)
            .map(|function| &*function.id)
            .collect();
        ids.sort_unstable();
        known.sort_unstable();
        if conversation.leaving == Leaving::InTheMiddle {
            // What is asked for when the line is gone is not begun.
            known.retain(|id| ids.contains(id));
        }
        assert_eq!(ids, known, "call {} on {:?}", conversation.number, conversation.wire);
    }
}

/// Every payment was asked for once and took effect at most once; one that was answered did, one that was refused did not.
fn check_effects(past: &[Past], loans: &Loans, requests: &[Request]) {
    let effects = loans.effects_by_loan_and_amount();
    let doubled: Vec<_> = effects.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    let mut sent = BTreeMap::<_, u32>::new();
    for request in requests.iter().filter(|request| request.path() == "/payments") {
        let key = request.idempotency_key().expect("a payment has a key").to_owned();
        *sent.entry(key).or_default() += 1;
    }
    let again: Vec<_> = sent.iter().filter(|(_, times)| **times > 1).collect();
    assert!(again.is_empty(), "sent more than once: {again:?}");
    let payments = past.iter().flat_map(|past| &past.runs).filter(|run| run.name == PAYMENT);
    for run in payments {
        // Of a run that was given up nobody knows how it ended; the others say what they were.
        let times = |run| effects.get(&order(run)).copied().unwrap_or_default();
        match run.outcome.as_str() {
            "answered" => assert_eq!(times(run), 1, "{run:?}"),
            "refused" => assert_eq!(times(run), 0, "{run:?}"),
            _ => {}
        }
    }
}

/// The loan and the amount of a payment, which only one run has.
fn order(run: &ToolRun) -> (String, Cents) {
    let arguments: serde_json::Value = serde_json::from_str(run.arguments.as_deref().unwrap()).unwrap();
    let amount = Cents::parse(&arguments["amount"].to_string()).unwrap();
    (arguments["loan_number"].as_str().unwrap().to_owned(), amount)
}

/// The figures, in a line. A run in which nothing was interrupted or killed shows nothing.
fn tell(past: &[Past], desks: &Desks, kills: Kills, seed: u64) {
    let runs = |wire: Wire| {
        let calls = past.iter().filter(|past| past.conversation.wire == wire);
        calls.flat_map(|past| &past.runs).filter(|run| run.name != "hang_up").count()
    };
    let mut outcomes = BTreeMap::<&str, u32>::new();
    past.iter().flat_map(|past| &past.runs).for_each(|run| *outcomes.entry(&run.outcome).or_default() += 1);
    let interruptions: u64 = past.iter().map(|past| past.interruptions).sum();
    let at_once: usize = past.iter().map(|past| past.conversation.spoken_at_once()).sum();
    let (fillers, cut) = fillers(desks);
    println!(
        "tools_once: {} runs on OpenAI's wire and {} on Deepgram's in {} calls, {outcomes:?}; {} payments took effect, \
         none twice; no function was left unanswered; the agent was interrupted {interruptions} times, {cut} times in the \
         {fillers} times it said that it takes a while, and spoken to {at_once} times without waiting; {} kills with {} \
         payments under way; seed {seed}",
        runs(Wire::Openai),
        runs(Wire::Deepgram),
        past.len(),
        desks.services.loans.payments().len(),
        kills.times,
        kills.payments,
    );
    assert!(interruptions > 0 && fillers > 0 && kills.payments > 0);
    assert!(runs(Wire::Openai) > 0 && runs(Wire::Deepgram) > 0);
}

/// How often the agents said that it takes a while, and how often they were interrupted then.
fn fillers(desks: &Desks) -> (usize, usize) {
    let (openai, deepgram) = (desks.openai.sessions(), desks.deepgram.sessions());
    let items = openai.iter().flat_map(|session| &session.items).filter(|item| item.text == desk::FILLER);
    let items = items.map(|item| item.truncated_at.is_some());
    let answers = deepgram.iter().flat_map(|session| &session.answers).filter(|answer| answer.text == desk::FILLER);
    let all: Vec<_> = items.chain(answers.map(|answer| answer.interrupted_at.is_some())).collect();
    (all.len(), all.iter().filter(|cut| **cut).count())
}
