//! Who is said to have answered: the verdict of the answering-machine detection, and when it comes.
//!
//! `rest/calls.rs` reads what was asked for, `phone/detect.rs` tells it. The network knows who stands in its book, so the
//! verdict is never wrong; it only comes as late as the real one does.
//!
//! The verdicts: <https://www.twilio.com/docs/voice/answering-machine-detection> (read 2026-11).

use std::time::Duration;

use super::book::Machine;
use super::calls::Method;

/// How long a person must have spoken to be told from a machine.
const HUMAN: Duration = Duration::from_millis(2_100);
/// How long a greeting must be to give a machine away.
const GREETING: Duration = Duration::from_millis(2_400);
/// How long a fax must whistle.
const FAX: Duration = Duration::from_secs(3);
/// From the end of the beep to the verdict.
const AFTER_BEEP: Duration = Duration::from_millis(200);
/// The silence that ends a greeting without a beep.
const SILENCE: Duration = Duration::from_secs(2);

/// Who picks up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AnswersAs {
    /// A person.
    #[default]
    Human,
    /// An answering machine.
    Machine(Machine),
    /// A fax.
    Fax,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detection {
    pub(crate) until: Until,
    pub(crate) told: Told,
    /// Longer, and the verdict is `unknown`.
    pub(crate) timeout: Duration,
}

/// How long a machine is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until it is known to be one.
    Start,
    /// Until it has said its greeting.
    MessageEnd,
}

/// How the verdict is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// With the request for the document, which waits for it.
    WithDocument,
    /// By a callback; nothing waits.
    Callback(String, Method),
    /// By nothing but the call's resource.
    Nobody,
}

impl Detection {
    /// The verdict about somebody, and how long after they picked up it is there.
    pub(crate) fn verdict(&self, who: &AnswersAs) -> (&'static str, Duration) {
        let (word, after) = match (who, self.until) {
            (AnswersAs::Human, _) => ("human", HUMAN),
            (AnswersAs::Fax, _) => ("fax", FAX),
            (AnswersAs::Machine(machine), Until::Start) => ("machine_start", machine.greeting.min(GREETING)),
            (AnswersAs::Machine(machine), Until::MessageEnd) => match machine.beep() {
                Some(beep) => ("machine_end_beep", beep + AFTER_BEEP),
                None => ("machine_end_silence", machine.greeting + SILENCE),
            },
        };
        if after > self.timeout { ("unknown", self.timeout) } else { (word, after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_after_its_beep() {
        let detection = Detection { until: Until::MessageEnd, told: Told::Nobody, timeout: Duration::from_secs(30) };
        let machine = Machine::greeting_ms(3_000);
        let (word, after) = detection.verdict(&AnswersAs::Machine(machine.clone()));
        assert_eq!((word, after), ("machine_end_beep", machine.beep().unwrap() + AFTER_BEEP));
        assert!(machine.beep() > Some(machine.greeting));
        assert_eq!(detection.verdict(&AnswersAs::Machine(machine.without_beep())).0, "machine_end_silence");
        assert_eq!(detection.verdict(&AnswersAs::Human), ("human", HUMAN));
    }

    #[test]
    fn what_takes_too_long_is_unknown() {
        let detection = Detection { until: Until::MessageEnd, told: Told::Nobody, timeout: Duration::from_secs(3) };
        let long = AnswersAs::Machine(Machine::greeting_ms(20_000));
        assert_eq!(detection.verdict(&long), ("unknown", Duration::from_secs(3)));
    }
}
