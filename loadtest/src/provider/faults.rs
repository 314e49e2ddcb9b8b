//! What can be made to go wrong, each with its probability or its time. Nothing goes wrong unless asked for.

use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Probability of a fault, each time it could happen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance(pub f64);

impl Chance {
    /// It happens every time.
    pub const ALWAYS: Self = Self(1.0);
    /// It never happens.
    pub const NEVER: Self = Self(0.0);
}

/// The moment of a session at which its socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Right after `session.created`.
    Created,
    /// Instead of `session.updated`.
    Update,
    /// When the caller starts to speak.
    Listening,
    /// After `response.created`, before any audio.
    BeforeAudio,
    /// In the middle of a reply's audio.
    MidAudio,
    /// Right after `response.done`.
    Answered,
}

/// How a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A close frame with this code.
    Code(u16),
    /// The connection just ends: the other side sees 1006.
    Abrupt,
}

/// A socket closed by the provider.
#[derive(Clone, Copy, Debug)]
pub struct Close {
    /// Probability for each session that reaches the phase.
    pub chance: Chance,
    /// When.
    pub phase: Phase,
    /// How.
    pub ending: Ending,
}

/// Everything that can be made to go wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The connection is dropped before a byte is answered.
    pub refuse: Chance,
    /// The upgrade is answered with this HTTP status instead (401, 429, 500, 503, ...).
    pub upgrade: Option<(Chance, u16)>,
    /// The upgrade takes this long.
    pub upgrade_delay: Duration,
    /// The socket is closed in some phase.
    pub close: Option<Close>,
    /// The session reaches its age limit after this time: `session_expired`, close 1001.
    pub expire_after: Option<Duration>,
    /// A response starts with an `error` of type `server_error` and never comes.
    pub server_error: Chance,
    /// `response.done` says `failed`, `inference_rate_limit_exceeded`.
    pub rate_limited: Chance,
    /// `response.done` is never sent.
    pub done_missing: Chance,
    /// `response.created` is never sent.
    pub created_missing: Chance,
    /// The caller's words cannot be written down.
    pub transcription_failed: Chance,
    /// This long nothing happens before a reply's first audio.
    pub stall_before_audio: Option<(Chance, Duration)>,
    /// This long nothing happens in the middle of a reply's audio.
    pub stall_in_audio: Option<(Chance, Duration)>,
    /// A reply comes as one delta.
    pub giant_delta: Chance,
    /// A reply comes byte by byte.
    pub byte_deltas: Chance,
    /// Before an event, one of a type nobody knows, with fields nobody knows.
    pub unknown_events: Chance,
    /// `status_details` is a bare string.
    pub status_details_text: Chance,
    /// Speech is reported that nobody spoke, at the rate of once every 200 ms while it lasts.
    pub false_speech: Chance,
    /// mu-law is asked for and PCM is what `session.updated` answers.
    pub pcm_answered: Chance,
    /// This long the provider does not read between two reads: the peer's socket fills up.
    pub slow_reader: Duration,
}

impl Faults {
    /// Adds a fault given as `name=probability` or `name=probability,milliseconds` on the command line.
    ///
    /// # Errors
    /// When the name or a number cannot be understood.
    pub fn add(&mut self, spec: &str) -> Result<()> {
        let (name, value) = spec.split_once('=').with_context(|| format!("read fault {spec:?}: want name=0.1"))?;
        let (chance, extra) = value.split_once(',').unwrap_or((value, ""));
        let chance = Chance(chance.parse().with_context(|| format!("read the probability of fault {name:?}"))?);
        let number = |default: u64| if extra.is_empty() { Ok(default) } else { extra.parse::<u64>() };
        let wait = Duration::from_millis(number(10_000).with_context(|| format!("read the time of fault {name:?}"))?);
        match name {
            "refuse" => self.refuse = chance,
            "upgrade" => self.upgrade = Some((chance, number(503)? as u16)),
            "upgrade-delay" => self.upgrade_delay = wait,
            "close-created" => self.close = Some(closing(chance, Phase::Created, number(1006)?)),
            "close-update" => self.close = Some(closing(chance, Phase::Update, number(1006)?)),
            "close-listening" => self.close = Some(closing(chance, Phase::Listening, number(1006)?)),
            "close-before-audio" => self.close = Some(closing(chance, Phase::BeforeAudio, number(1006)?)),
            "close-mid-audio" => self.close = Some(closing(chance, Phase::MidAudio, number(1006)?)),
            "close-answered" => self.close = Some(closing(chance, Phase::Answered, number(1006)?)),
            "expire" => self.expire_after = Some(wait),
            "server-error" => self.server_error = chance,
            "rate-limited" => self.rate_limited = chance,
            "done-missing" => self.done_missing = chance,
            "created-missing" => self.created_missing = chance,
            "transcription-failed" => self.transcription_failed = chance,
            "stall-before-audio" => self.stall_before_audio = Some((chance, wait)),
            "stall-in-audio" => self.stall_in_audio = Some((chance, wait)),
            "giant-delta" => self.giant_delta = chance,
            "byte-deltas" => self.byte_deltas = chance,
            "unknown-events" => self.unknown_events = chance,
            "status-details-text" => self.status_details_text = chance,
            "false-speech" => self.false_speech = chance,
            "pcm-answered" => self.pcm_answered = chance,
            "slow-reader" => self.slow_reader = wait,
            other => bail!("no fault is called {other:?}; see `loadtest --help`"),
        }
        Ok(())
    }
}

fn closing(chance: Chance, phase: Phase, code: u64) -> Close {
    let ending = if code == 1006 { Ending::Abrupt } else { Ending::Code(code as u16) };
    Close { chance, phase, ending }
}

/// Chance from a seed: the same seed, the same faults (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that roll the same for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Whether a chance comes up this time.
    pub fn roll(&mut self, chance: Chance) -> bool {
        chance.0 > 0.0 && (self.number() >> 11) as f64 / (1_u64 << 53) as f64 <= chance.0
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_from_the_command_line() {
        let mut faults = Faults::default();
        faults.add("close-mid-audio=0.25,1011").unwrap();
        faults.add("stall-in-audio=1,700").unwrap();
        let close = faults.close.unwrap();
        assert_eq!((close.phase, close.ending, close.chance), (Phase::MidAudio, Ending::Code(1011), Chance(0.25)));
        assert_eq!(faults.stall_in_audio, Some((Chance::ALWAYS, Duration::from_millis(700))));
        assert!(faults.add("gravity=1").is_err());
    }

    #[test]
    fn the_same_seed_rolls_the_same() {
        let rolls = |seed| (0..64).map(|_| Dice::new(seed).roll(Chance(0.5))).collect::<Vec<_>>();
        assert_eq!(rolls(7), rolls(7));
        assert!(!Dice::new(1).roll(Chance::NEVER));
        assert!(Dice::new(1).roll(Chance::ALWAYS));
    }
}
