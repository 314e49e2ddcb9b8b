//! What a call that is going on has cost so far, and whether that is as much as it may.
//!
//! Before it: the session, which shows it every event that goes out and the time. After it: metrics, and the session, which
//! ends a call whose budget is spent. It counts this worker's part of the call by the price table; the record's amounts are
//! the recorder's, from the same events, the telephone network's word on the length, and what comes after the call.

use crate::moments;
use call::{CallEvent, Fact, Usage, UsedBy};
use common::clock;
use common::company::{Budget, Provider, Voice};
use common::costs::{CostPart, Costs};
use common::event::Direction;
use common::money::Money;
use common::prices::{Leg, Prices};
use common::private::PhoneNumber;
use std::sync::Arc;
use std::time::Duration;

/// What the telephone network bills by.
const MINUTE_MS: u64 = 60_000;

/// Adds up one call.
pub struct Meter {
    prices: Arc<Prices>,
    line: Line,
    began_ms: u64,
    /// Who speaks now.
    voice: UsedBy,
    /// Who writes the caller's words down, where that is another model.
    writer: Option<UsedBy>,
    costs: Costs,
    /// Minutes begun so far.
    minutes: u64,
    told: Told,
}

/// The telephone line a call came over.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Who called whom; taken for inbound where nobody says.
    pub direction: Option<Direction>,
    /// Our number.
    pub ours: Option<PhoneNumber>,
    /// The number at the other end.
    pub theirs: Option<PhoneNumber>,
}

/// Whether the session was told that the budget is spent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

impl Meter {
    /// For a call whose media stream began then, with this voice.
    pub fn new(prices: Arc<Prices>, line: Line, voice: &Voice, began_ms: u64) -> Self {
        let (voice, writer) = used_by(voice);
        Self { prices, line, began_ms, voice, writer, costs: Costs::default(), minutes: 0, told: Told::No }
    }

    /// From now on this voice speaks.
    pub fn dialled(&mut self, voice: &Voice) {
        (self.voice, self.writer) = used_by(voice);
    }

    /// Adds what an event costs; one of use learns whose. `provider` is who is connected: the scripted one may stand in
    /// for another, and costs nothing.
    pub fn priced(&mut self, event: &mut CallEvent, provider: &str) {
        let now_ms = clock::unix_ms();
        match event {
            CallEvent::Used { usage, by } => {
                let by = by.get_or_insert_with(|| self.user(usage).clone());
                if provider == Provider::Scripted.as_str() {
                    provider.clone_into(&mut by.provider);
                }
                let costs = self.prices.usage(by, usage, now_ms);
                costs.parts().for_each(|(part, amount)| self.add(part, amount));
            }
            CallEvent::Fact(Fact::Message { country, segments, .. }) => {
                let amount = self.prices.message(country, *segments, now_ms);
                self.add(CostPart::Messages, amount);
            }
            _ => {}
        }
    }

    /// The stream has run for this long: a minute on the telephone costs its price from its first moment on.
    pub fn ran(&mut self, length: Duration) {
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1);
        // Asked at every tick of the media loop: the table is only looked at when another minute begins.
        let minutes = length_ms.div_ceil(MINUTE_MS);
        if minutes == self.minutes {
            return;
        }
        self.minutes = minutes;
        let Line { direction, ours, theirs } = &self.line;
        let direction = direction.unwrap_or(Direction::Inbound);
        let leg = Leg { direction, ours: ours.as_ref(), theirs: theirs.as_ref() };
        let telephony = self.prices.telephony(&leg, length_ms, self.began_ms);
        let stream = self.prices.stream(length_ms, self.began_ms);
        self.add(CostPart::Telephony, telephony - self.costs.part(CostPart::Telephony));
        self.add(CostPart::Stream, stream - self.costs.part(CostPart::Stream));
    }

    /// Whether the call has cost what it may; said once.
    pub fn is_spent(&mut self, budget: Option<Budget>) -> bool {
        let spent = self.told == Told::No && budget.is_some_and(|budget| self.costs.total() >= budget.usd);
        if spent {
            self.told = Told::Yes;
        }
        spent
    }

    /// What was spent so far, part by part.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// The stream is over after this long.
    pub fn over(&mut self, length: Duration) {
        self.ran(length);
        moments::call_cost(self.costs.total());
    }

    fn user(&self, usage: &Usage) -> &UsedBy {
        let spoken = Usage { transcription: 0, billed_ms: 0, ..*usage } != Usage::default();
        if spoken { &self.voice } else { self.writer.as_ref().unwrap_or(&self.voice) }
    }

    fn add(&mut self, part: CostPart, more: Money) {
        if more > Money::ZERO {
            self.costs.add(part, more);
            moments::cost(part, more);
        }
    }
}

/// Whose prices a voice has. OpenAI bills the model that writes down apart; others bill all as one.
fn used_by(voice: &Voice) -> (UsedBy, Option<UsedBy>) {
    let by = |model: &str| UsedBy { provider: voice.provider.as_str().into(), model: model.into() };
    let apart = voice.transcription.as_deref().filter(|_| voice.provider == Provider::Openai);
    (by(&voice.model), apart.map(by))
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::testing::voice;

    fn meter(voice: &Voice) -> Meter {
        Meter::new(Arc::new(Prices::built_in()), Line::default(), voice, clock::unix_ms())
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn openai() -> Voice {
        Voice { transcription: Some("gpt-4o-mini-transcribe".into()), ..voice(Provider::Openai) }
    }

    fn user(meter: &mut Meter, usage: Usage) -> String {
        let mut event = CallEvent::Used { usage, by: None };
        meter.priced(&mut event, "openai");
        let CallEvent::Used { by: Some(by), .. } = event else { panic!("nobody used it") };
        format!("{}/{}", by.provider, by.model)
    }

    #[test]
    fn use_has_the_price_of_whoever_speaks_or_writes() {
        let mut meter = meter(&openai());
        let spoken = Usage { audio_out: 1_000, ..Usage::default() };
        assert_eq!(user(&mut meter, spoken), "openai/gpt-realtime");
        let written = Usage { transcription: 1_000, ..Usage::default() };
        assert_eq!(user(&mut meter, written), "openai/gpt-4o-mini-transcribe");
        meter.dialled(&Voice { transcription: Some("nova-3".into()), ..voice(Provider::Deepgram) });
        let connected = Usage { billed_ms: 60_000, ..Usage::default() };
        assert_eq!(user(&mut meter, connected), "deepgram/gpt-realtime");
        assert_eq!(meter.costs().part(CostPart::VoiceAi), money("0.139"), "1,000 tokens and a minute");
        assert_eq!(meter.costs().part(CostPart::Transcription), money("0.005"));
    }

    #[test]
    fn minutes_cost_from_when_they_begin() {
        let mut meter = meter(&openai());
        let mut after = |ms| {
            meter.ran(Duration::from_millis(ms));
            (meter.costs().part(CostPart::Telephony), meter.costs().part(CostPart::Stream))
        };
        assert_eq!(after(0), (money("0.0085"), money("0.004")));
        assert_eq!(after(60_000), (money("0.0085"), money("0.004")));
        assert_eq!(after(60_001), (money("0.017"), money("0.008")));
    }

    #[test]
    fn a_call_we_make_costs_what_its_country_does() {
        let line = |number: &str| {
            let theirs = Some(PhoneNumber::new(number));
            Line { direction: Some(Direction::Outbound), ours: None, theirs }
        };
        let prices = Arc::new(Prices::built_in());
        let mut meter = Meter::new(prices, line("+12125550100"), &openai(), clock::unix_ms());
        meter.ran(Duration::from_secs(1));
        assert_eq!(meter.costs().part(CostPart::Telephony), money("0.014"));
    }

    #[test]
    fn a_spent_budget_is_told_once() {
        let mut meter = meter(&openai());
        let budget = |usd: &str| Some(Budget { usd: money(usd) });
        meter.ran(Duration::ZERO);
        assert!(!meter.is_spent(None));
        assert!(!meter.is_spent(budget("0.0126")));
        assert!(meter.is_spent(budget("0.0125")), "as much as it may is enough");
        assert!(!meter.is_spent(budget("0.0125")));
    }

    #[test]
    fn the_scripted_agent_costs_nothing_whomever_it_stands_in_for() {
        let mut meter = meter(&voice(Provider::Openai));
        let usage = Usage { audio_out: 1_000, ..Usage::default() };
        let mut event = CallEvent::Used { usage, by: None };
        meter.priced(&mut event, "scripted");
        assert_eq!(meter.costs().total(), Money::ZERO);
        assert!(matches!(event, CallEvent::Used { by: Some(by), .. } if by.provider == "scripted"));
    }
}
