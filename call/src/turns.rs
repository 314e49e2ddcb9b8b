//! What was said, as it was heard, in the order in which it began to be heard.
//!
//! An agent's turn begins when its first audio is heard and is final when its last was, or when the caller cut it and the
//! answer is complete; of a cut turn the text is kept in proportion to the audio heard, up to the end of a word. A caller's
//! turn gets its number when they begin to speak and is final when its transcript comes, which may be much later.
//! What nobody heard is no turn. A caller's noise without words is none either; its number is skipped.
//!
//! Before it: [`crate::playback`] and the provider's transcripts. After it: [`crate::Conversation`] and
//! [`crate::CallEvent::Turn`]. It never decides what may be said.

use crate::playback::{Heard as Piece, Utterance};
use crate::{At, Conversation, Heard, ItemId, ReplyId, Speaker, Spoken, Turn};
use std::time::Duration;

/// Utterances, of each side, that may be open at a time. Beyond it the oldest are finished as they are.
const MOST_OPEN: usize = 64;

/// Text kept of one utterance, in bytes: about twenty minutes of speech.
const LONGEST_TEXT: usize = 32 * 1024;

/// Whether more of an utterance may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    More,
    Nothing,
}

/// Whether the rest of an utterance can still be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Playing,
    Cut,
}

#[derive(Debug)]
struct AgentTurn {
    utterance: Utterance,
    text: Spoken,
    generated: Duration,
    passed: Duration,
    heard: Duration,
    /// Number, beginning and end, once something of it was heard.
    place: Option<(u32, At, At)>,
    coming: Coming,
    rest: Rest,
    version: Option<String>,
}

#[derive(Debug)]
struct CallerTurn {
    item: ItemId,
    number: u32,
    started: At,
    stopped: Option<At>,
    /// The transcript, once it has come.
    said: Option<Option<Spoken>>,
}

/// How much of a cut utterance was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) utterance: Utterance,
    pub(crate) heard: Duration,
}

/// Turns that are not final yet.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    agent: Vec<AgentTurn>,
    caller: Vec<CallerTurn>,
    /// Turns are numbered in the order of their beginnings, so none begins before the one numbered before it.
    latest: At,
    /// Version of the configuration the next answer is spoken with, and that of the running one.
    next_version: Option<String>,
    version: Option<String>,
}

impl Turns {
    /// The agent's next answer is spoken with this configuration.
    pub(crate) fn speaks_with(&mut self, version: &str) {
        self.next_version = Some(version.to_owned());
    }

    /// More text of an answer being generated.
    pub(crate) fn text(&mut self, utterance: Utterance, text: &Spoken) {
        if let Some(turn) = self.open(utterance) {
            turn.add_text(text);
        }
    }

    /// More text of an answer that was cut or is done; `false` when nobody waits for it.
    pub(crate) fn late_text(&mut self, utterance: Utterance, text: &Spoken) -> bool {
        let turn = self.agent.iter_mut().find(|turn| turn.utterance == utterance);
        turn.map(|turn| turn.add_text(text)).is_some()
    }

    /// Audio of an utterance passed to the line.
    pub(crate) fn passed(&mut self, utterance: Utterance, length: Duration) {
        if let Some(turn) = self.open(utterance) {
            turn.generated += length;
            turn.passed += length;
        }
    }

    /// Audio of an utterance was thrown away.
    pub(crate) fn dropped(&mut self, utterance: Utterance, length: Duration) {
        if let Some(turn) = self.agent.iter_mut().find(|turn| turn.utterance == utterance) {
            turn.generated += length;
        }
    }

    /// A piece of an utterance was heard.
    pub(crate) fn heard(&mut self, piece: Piece, conversation: &mut Conversation) {
        let Some(turn) = self.agent.iter_mut().find(|turn| turn.utterance == piece.utterance) else { return };
        turn.heard += piece.length;
        match &mut turn.place {
            Some((_, _, ended)) => *ended = piece.ended,
            None => {
                self.latest = self.latest.max(piece.began);
                turn.place = Some((conversation.next_number(), self.latest, piece.ended.max(self.latest)));
            }
        }
    }

    /// No more of this answer will come.
    pub(crate) fn reply_done(&mut self, link: u32, reply: ReplyId) {
        for turn in &mut self.agent {
            if turn.utterance.link == link && turn.utterance.reply == reply {
                turn.coming = Coming::Nothing;
            }
        }
    }

    /// A newer answer begins on this link: nothing more of older ones will come.
    pub(crate) fn reply_began(&mut self, link: u32, reply: ReplyId) {
        self.version.clone_from(&self.next_version);
        for turn in &mut self.agent {
            if turn.utterance.link == link && turn.utterance.reply < reply {
                turn.coming = Coming::Nothing;
            }
        }
    }

    /// The line has thrown away what was not heard, and `speaking` will not be heard any more.
    /// Gives the utterances this cuts, the one being heard first.
    pub(crate) fn cut(&mut self, speaking: Option<(u32, ReplyId)>) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for turn in &mut self.agent {
            let is_speaking = speaking == Some((turn.utterance.link, turn.utterance.reply));
            let unheard = turn.heard < turn.passed || (is_speaking && !turn.passed.is_zero());
            if turn.rest == Rest::Playing && unheard {
                turn.rest = Rest::Cut;
                cuts.push(Cut { utterance: turn.utterance, heard: turn.heard });
            }
        }
        cuts
    }

    /// The caller begins to speak.
    pub(crate) fn caller_started(&mut self, at: At, item: ItemId, conversation: &mut Conversation) {
        for turn in &mut self.caller {
            turn.stopped.get_or_insert(at);
        }
        if self.caller.len() >= MOST_OPEN
            && let Some(oldest) = self.caller.iter_mut().find(|turn| turn.said.is_none())
        {
            oldest.said = Some(None);
        }
        self.latest = self.latest.max(at);
        let number = conversation.next_number();
        self.caller.push(CallerTurn { item, number, started: self.latest, stopped: None, said: None });
    }

    /// The caller stops. The words come later; that something was said is known now.
    pub(crate) fn caller_stopped(&mut self, at: At, item: ItemId, conversation: &mut Conversation) {
        if let Some(turn) = self.caller.iter_mut().find(|turn| turn.item == item) {
            turn.stopped.get_or_insert(at);
            conversation.caller_spoke = conversation.caller_spoke.max(turn.number);
        }
    }

    /// The caller's words as text; `false` when nobody waits for them.
    pub(crate) fn caller_said(&mut self, at: At, item: ItemId, text: Option<Spoken>) -> bool {
        let Some(turn) = self.caller.iter_mut().find(|turn| turn.item == item && turn.said.is_none()) else {
            return false;
        };
        turn.stopped.get_or_insert(at);
        turn.said = Some(text);
        true
    }

    /// The agent's link is gone: no more text, audio or transcript of it will come. What waits at the line plays on.
    pub(crate) fn agent_lost(&mut self) {
        for turn in &mut self.agent {
            turn.coming = Coming::Nothing;
        }
        self.caller.retain(|turn| turn.stopped.is_some());
        for turn in &mut self.caller {
            turn.said.get_or_insert(None);
        }
    }

    /// Nothing is heard any more.
    pub(crate) fn line_gone(&mut self) {
        for turn in &mut self.agent {
            if turn.coming == Coming::More || turn.heard < turn.passed {
                turn.rest = Rest::Cut;
            }
            turn.coming = Coming::Nothing;
        }
    }

    /// Whether the transcript of something the caller said is still to come.
    pub(crate) fn awaits_words(&self) -> bool {
        self.caller.iter().any(|turn| turn.stopped.is_some() && turn.said.is_none())
    }

    /// Takes a turn that has become final.
    pub(crate) fn take_final(&mut self) -> Option<Turn> {
        while let Some(place) = self.agent.iter().position(AgentTurn::is_final) {
            if let Some(turn) = agent_turn(self.agent.remove(place)) {
                return Some(turn);
            }
        }
        while let Some(place) = self.caller.iter().position(|turn| turn.said.is_some()) {
            if let Some(turn) = caller_turn(self.caller.remove(place)) {
                return Some(turn);
            }
        }
        None
    }

    fn open(&mut self, utterance: Utterance) -> Option<&mut AgentTurn> {
        if !self.agent.iter().any(|turn| turn.utterance == utterance) {
            self.make_room();
            self.agent.push(AgentTurn::new(utterance, self.version.clone()));
        }
        self.agent.iter_mut().rev().find(|turn| turn.utterance == utterance)
    }

    /// Finishes the oldest as it is; drops it when even that does not help.
    fn make_room(&mut self) {
        if self.agent.len() >= 2 * MOST_OPEN {
            self.agent.remove(0);
        }
        let open = self.agent.len();
        if let Some(oldest) = self.agent.iter_mut().find(|turn| !turn.is_final())
            && open >= MOST_OPEN
        {
            oldest.rest = Rest::Cut;
            oldest.coming = Coming::Nothing;
        }
    }
}

impl AgentTurn {
    fn new(utterance: Utterance, version: Option<String>) -> Self {
        Self {
            utterance,
            text: Spoken::default(),
            generated: Duration::ZERO,
            passed: Duration::ZERO,
            heard: Duration::ZERO,
            place: None,
            coming: Coming::More,
            rest: Rest::Playing,
            version,
        }
    }

    fn add_text(&mut self, text: &Spoken) {
        if self.text.reveal().len() + text.reveal().len() <= LONGEST_TEXT {
            self.text.push(text);
        }
    }

    fn is_final(&self) -> bool {
        self.coming == Coming::Nothing && (self.rest == Rest::Cut || self.heard >= self.passed)
    }
}

/// `None` when nobody heard it.
fn agent_turn(turn: AgentTurn) -> Option<Turn> {
    let (number, started, ended) = turn.place?;
    let whole = turn.heard >= turn.generated && turn.rest == Rest::Playing;
    let text = if whole { turn.text } else { heard_part(&turn.text, turn.heard, turn.generated) };
    let heard =
        if whole { Heard::Whole } else { Heard::Part { heard_ms: millis(turn.heard), of_ms: millis(turn.generated) } };
    let text = (!text.is_empty()).then_some(text);
    Some(Turn {
        number,
        speaker: Speaker::Agent,
        text,
        started_ms: millis(started),
        ended_ms: millis(ended),
        heard,
        version: turn.version,
    })
}

/// `None` for a noise: the provider understood, and there were no words.
fn caller_turn(turn: CallerTurn) -> Option<Turn> {
    let text = turn.said.flatten();
    if text.as_ref().is_some_and(Spoken::is_empty) {
        return None;
    }
    Some(Turn {
        number: turn.number,
        speaker: Speaker::Caller,
        text,
        started_ms: millis(turn.started),
        ended_ms: millis(turn.stopped.unwrap_or(turn.started).max(turn.started)),
        heard: Heard::Whole,
        version: None,
    })
}

/// The part of a text that was heard: as much of it as of the audio, back to the end of a word.
fn heard_part(text: &Spoken, heard: Duration, of: Duration) -> Spoken {
    let text = text.reveal();
    if of.is_zero() || heard >= of {
        return Spoken::new(text);
    }
    let letters = text.chars().count() as u128 * heard.as_micros() / of.as_micros().max(1);
    let end = text.char_indices().nth(letters as usize).map_or(text.len(), |(place, _)| place);
    let (before, after) = text.split_at(end);
    let part = if after.is_empty() || after.starts_with(char::is_whitespace) {
        before
    } else {
        before.trim_end_matches(|letter: char| !letter.is_whitespace() && !is_a_word(letter))
    };
    Spoken::new(part.trim_end())
}

/// Whether a letter belongs to a script that does not part words by spaces: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
/// A text in it may be cut behind any letter.
fn is_a_word(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}')
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str, heard: u64, of: u64) -> String {
        heard_part(&Spoken::new(text), Duration::from_millis(heard), Duration::from_millis(of)).reveal().to_owned()
    }

    #[test]
    fn a_text_is_cut_in_proportion_behind_the_last_whole_word() {
        assert_eq!(part("We open at nine.", 0, 1000), "");
        assert_eq!(part("We open at nine.", 500, 1000), "We open");
        assert_eq!(part("We open at nine.", 600, 1000), "We open");
        assert_eq!(part("We open at nine.", 1000, 1000), "We open at nine.");
        assert_eq!(part("Goodbye.", 900, 1000), "");
    }

    #[test]
    fn letters_of_more_than_one_byte_are_letters() {
        assert_eq!(part("Mañana a las ocho.", 500, 1000), "Mañana a");
        assert_eq!(part("हम नौ बजे खुलते हैं", 500, 1000), "हम नौ बजे");
        assert_eq!(part("九時に開きます。", 500, 1000), "九時に開");
    }

    #[test]
    fn more_utterances_than_can_be_kept_open_are_finished_as_they_are() {
        let mut turns = Turns::default();
        for item in 0..1000 {
            let utterance = Utterance { link: 1, reply: ReplyId(1), item: ItemId(item) };
            turns.text(utterance, &Spoken::new("Well, "));
            turns.caller_started(At::ZERO, ItemId(item), &mut Conversation::default());
            assert!(turns.agent.len() <= 2 * MOST_OPEN);
        }
        while turns.take_final().is_some() {}
        assert!(turns.agent.len() <= MOST_OPEN);
        assert!(turns.caller.len() <= MOST_OPEN);
    }
}
