//! What the look-alike says and what it understood: recorded replies by turn or by cue, and the callers' known clips.
//!
//! A response is chosen so: the instructions quote a cue (a greeting, "are you still there?"), then that cue; else the
//! next reply of the script, round and round. The caller's words are recognised by the sound of clips registered with
//! [`Script::hears`], frame by frame, so a transcript is what was really said; unknown speech gets the list's next line.

use std::{collections::HashMap, sync::Arc};

use super::clip::Clip;
use crate::{phone, watermark};

/// One part of a response.
#[derive(Clone, Debug)]
pub enum Part {
    /// Something said.
    Speech(Arc<Clip>),
    /// A function the model wants called.
    Call {
        /// Name of the function.
        name: String,
        /// Its arguments, JSON in a string.
        arguments: String,
    },
}

/// What one response consists of.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The parts, in the order in which they are said or asked for.
    pub parts: Vec<Part>,
}

impl Reply {
    /// A reply that is one clip.
    #[must_use]
    pub fn speech(clip: &Arc<Clip>) -> Self {
        Self { parts: vec![Part::Speech(Arc::clone(clip))] }
    }

    /// A reply that asks for a function and says nothing.
    #[must_use]
    pub fn call(name: &str, arguments: &str) -> Self {
        Self { parts: vec![Part::Call { name: name.to_owned(), arguments: arguments.to_owned() }] }
    }

    /// The same reply with one more function asked for after what it says.
    #[must_use]
    pub fn and_call(mut self, name: &str, arguments: &str) -> Self {
        self.parts.push(Part::Call { name: name.to_owned(), arguments: arguments.to_owned() });
        self
    }
}

/// Everything a provider's sessions say and understand.
#[derive(Debug)]
pub struct Script {
    greeting: Reply,
    cues: Vec<(String, Reply)>,
    replies: Vec<Reply>,
    lines: Vec<String>,
    known: HashMap<u64, Arc<str>>,
    answers: HashMap<Arc<str>, Vec<Reply>>,
}

/// What the caller said last, when it was recognised, and how many replies it has had.
#[derive(Clone, Debug, Default)]
pub struct Topic {
    words: Option<Arc<str>>,
    had: usize,
}

impl Topic {
    /// The caller has said something else; `None` for words nobody knows.
    pub fn turn(&mut self, words: Option<Arc<str>>) {
        *self = Self { words, had: 0 };
    }
}

impl Script {
    /// A script of a greeting and the replies that follow it.
    #[must_use]
    pub fn new(greeting: Reply, replies: Vec<Reply>) -> Self {
        let lines = vec!["I have a question.".to_owned()];
        Self { greeting, cues: Vec::new(), replies, lines, known: HashMap::new(), answers: HashMap::new() }
    }

    /// Recorded sentences of a small hotel's reception, in deltas of `delta_ms`.
    #[must_use]
    pub fn harbour(delta_ms: usize) -> Self {
        let clip = |(text, audio): &(&str, &[u8])| Arc::new(Clip::new(text, audio, delta_ms));
        let greeting = clip(&GREETING);
        let replies = REPLIES.iter().map(|entry| Reply::speech(&clip(entry))).collect();
        let cues = CUES.iter().map(|entry| (entry.0.to_owned(), Reply::speech(&clip(entry))));
        let mut script = Self::new(Reply::speech(&greeting), replies);
        script.cues = cues.collect();
        script.cues.push((greeting.text.clone(), Reply::speech(&greeting)));
        script
    }

    /// The reply to a response whose instructions quote `phrase`.
    #[must_use]
    pub fn cue(mut self, phrase: &str, reply: Reply) -> Self {
        self.cues.push((phrase.to_owned(), reply));
        self
    }

    /// The replies to these words of a known clip, one after the other: a function asked for, then what is said with its
    /// result. They go before the replies in turn, so that a conversation that was moved goes on where it was.
    #[must_use]
    pub fn answers(mut self, words: &str, replies: Vec<Reply>) -> Self {
        self.answers.insert(words.into(), replies);
        self
    }

    /// The next reply to what the caller said last, if there is one for just these words.
    pub fn answer(&self, topic: &mut Topic) -> Option<Reply> {
        let reply = self.answers.get(topic.words.as_ref()?)?.get(topic.had)?;
        topic.had += 1;
        Some(reply.clone())
    }

    /// What unrecognised callers are taken to say, turn by turn.
    #[must_use]
    pub fn lines(mut self, lines: Vec<String>) -> Self {
        if !lines.is_empty() {
            self.lines = lines;
        }
        self
    }

    /// Makes a caller's clip recognisable, whoever says it.
    #[must_use]
    pub fn hears(mut self, text: &str, clip: &phone::Clip) -> Self {
        let text: Arc<str> = text.into();
        let silence = phone::Clip::new("silence", &[watermark::SILENCE]);
        let silence = silence.frame(0).map(|frame| frame.fingerprint);
        for frame in (0..clip.frames()).filter_map(|index| clip.frame(index)) {
            if Some(frame.fingerprint) != silence {
                self.known.entry(frame.fingerprint).or_insert_with(|| Arc::clone(&text));
            }
        }
        self
    }

    /// The words of the clip that the frame with this fingerprint belongs to.
    #[must_use]
    pub fn recognise(&self, fingerprint: u64) -> Option<&Arc<str>> {
        self.known.get(&fingerprint)
    }

    /// What an unrecognised caller said in this turn.
    #[must_use]
    pub fn line(&self, turn: usize) -> &str {
        &self.lines[turn % self.lines.len()]
    }

    /// The reply to words that quote a cue.
    #[must_use]
    pub fn cued(&self, said: &str) -> Option<&Reply> {
        self.cues.iter().find(|(cue, _)| said.contains(cue.as_str())).map(|(_, reply)| reply)
    }

    /// The reply to a response: its instructions, and how many were spoken before it in this conversation.
    #[must_use]
    pub fn reply(&self, instructions: Option<&str>, spoken: Spoken) -> Reply {
        match (instructions.and_then(|said| self.cued(said)), spoken) {
            (Some(reply), _) => reply.clone(),
            (None, Spoken::Nothing) => self.greeting.clone(),
            (None, Spoken::Turns(_)) if self.replies.is_empty() => self.greeting.clone(),
            (None, Spoken::Turns(turns)) => self.replies[turns % self.replies.len()].clone(),
        }
    }
}

/// How far a conversation has come when a response is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// Nothing said and nothing restored: a greeting is due.
    Nothing,
    /// So many scripted replies.
    Turns(usize),
}

macro_rules! voice {
    ($file:literal) => {
        include_bytes!(concat!("../../../agents/harbour/voice/", $file, ".ulaw")).as_slice()
    };
}

/// The first words of every call.
const GREETING: (&str, &[u8]) = ("Hello, this is Harbour Rooms. How can I help you?", voice!("greeting"));

/// What the caller's turns are answered with, in order.
const REPLIES: [(&str, &[u8]); 3] = [
    (
        "Breakfast is served from seven until half past ten, on the ground floor, next to the garden. On Sundays we \
         serve it until noon, and you can also have it brought to your room for a small extra charge.",
        voice!("breakfast"),
    ),
    ("Yes, we have a double room for Friday. It costs one hundred and twenty euros.", voice!("friday")),
    ("I am sorry, could you say that again?", voice!("again")),
];

/// What is said when the call asks for a phrase by its words.
const CUES: [(&str, &[u8]); 6] = [
    ("Are you still there?", voice!("silence_prompt")),
    ("I cannot hear you any more, so I will hang up now. Goodbye.", voice!("silence_farewell")),
    ("We have reached the end of the time for this call. Goodbye.", voice!("time_limit")),
    ("One moment, please.", voice!("bridge")),
    ("I am sorry, I cannot help you right now. Please call again later.", voice!("apology")),
    ("Thank you for calling Harbour Rooms. Goodbye.", voice!("bye")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reply: &Reply) -> &str {
        match &reply.parts[0] {
            Part::Speech(clip) => &clip.text,
            Part::Call { name, .. } => name,
        }
    }

    #[test]
    fn a_call_opens_with_the_greeting_and_goes_round_the_replies() {
        let script = Script::harbour(100);
        assert_eq!(text(&script.reply(None, Spoken::Nothing)), GREETING.0);
        assert_eq!(text(&script.reply(None, Spoken::Turns(0))), REPLIES[0].0);
        assert_eq!(text(&script.reply(None, Spoken::Turns(3))), REPLIES[0].0);
    }

    #[test]
    fn quoted_words_are_said_whatever_the_turn() {
        let script = Script::harbour(100);
        let reply = script.reply(Some("Say exactly: Are you still there?"), Spoken::Turns(1));
        assert_eq!(text(&reply), "Are you still there?");
    }

    #[test]
    fn known_words_have_their_own_replies_one_after_the_other() {
        let replies =
            vec![Reply::call("look_up", "{}"), Reply::speech(&Arc::new(Clip::tone("Found.", 100, 440.0, 100)))];
        let script = Script::harbour(100).answers("where is it", replies);
        let mut topic = Topic::default();
        assert!(script.answer(&mut topic).is_none());
        topic.turn(Some("where is it".into()));
        assert_eq!(script.answer(&mut topic).as_ref().map(text), Some("look_up"));
        assert_eq!(script.answer(&mut topic).as_ref().map(text), Some("Found."));
        assert!(script.answer(&mut topic).is_none());
    }

    #[test]
    fn a_known_clip_is_recognised_by_its_sound() {
        let clip = phone::Clip::tone("beds", 313.0, 400);
        let script = Script::harbour(100).hears("two beds please", &clip);
        let frame = clip.frame(2).unwrap();
        assert_eq!(script.recognise(frame.fingerprint).map(|text| &**text), Some("two beds please"));
        assert_eq!(script.recognise(0), None);
    }
}
