//! How long things may take. Tests use shorter times; nobody else needs to.

use std::time::Duration;

/// Every wait of the dialer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Whoever dials holds this lease, and renews it after a third. Longer leaves nobody dialling after a crash; shorter
    /// changes hands when the database is slow.
    pub lease: Duration,
    /// From one look at the batches to the next while there is something to do.
    pub beat: Duration,
    /// The same while there is nothing.
    pub idle: Duration,
    /// After a claim the network is asked within this time or not at all: a process that was frozen must not place a
    /// call that somebody else has already looked for and not found. Must be well below `ask_after`.
    pub place: Duration,
    /// After a claim the network has had this time to take the call and to show it in its list. Shorter risks that a
    /// call is not seen yet and placed twice.
    pub ask_after: Duration,
    /// From one such question to the next.
    pub ask_again: Duration,
    /// How long after its ringing must be over a call of which nothing is heard is looked up.
    pub ring_margin: Duration,
    /// From one look at a call to the next.
    pub look_again: Duration,
    /// How long the network may be silent on a call before nobody can say what became of it.
    pub give_up: Duration,
    /// Words on a call (who answered, what was done) that may still come after Twilio's word that it is over.
    pub late_words: Duration,
    /// After this a call that the worker saw end is over though Twilio's word on it did not come.
    pub lost_words: Duration,
    /// First wait after the network was busy or away; it doubles.
    pub back_off: Duration,
    /// Longest such wait.
    pub back_off_most: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            lease: seconds(10),
            beat: Duration::from_millis(500),
            idle: seconds(2),
            place: seconds(20),
            ask_after: seconds(30),
            ask_again: seconds(15),
            ring_margin: seconds(30),
            look_again: seconds(30),
            give_up: seconds(15 * 60),
            late_words: seconds(5),
            lost_words: seconds(60),
            back_off: seconds(1),
            back_off_most: seconds(60),
        }
    }
}

/// In milliseconds, as times are counted here.
pub(crate) fn ms(time: Duration) -> u64 {
    time.as_millis() as u64
}
