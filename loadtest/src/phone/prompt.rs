//! `<Say>`, `<Play>` and `<Pause>`: what the network itself says into a call.
//!
//! Carried out for `verbs.rs` and, inside a `<Gather>`, for `gather.rs`. Words are kept and take the time a voice would
//! need; sound files are really fetched, but nobody listens to them.

use std::time::Duration;

use super::call::{Call, Flow};
use super::event::PhoneEvent;
use super::truth::{PlayTruth, SaidTruth};
use super::twiml::Element;
use super::verbs::resolve;
use super::wav;

/// Speech of `<Say>`: letters a second.
const LETTERS_A_SECOND: u64 = 15;
/// What a sound file is taken to last whose kind is not understood here.
const UNKNOWN_SOUND: Duration = Duration::from_secs(3);
/// `loop="0"` is for ever, which Twilio takes to be this often.
const FOREVER: u32 = 1000;

impl Call {
    /// Says, plays or waits.
    pub(super) async fn prompt(&mut self, verb: &Element, base: &str) -> Option<Flow> {
        let lasting = match (verb.name.as_str(), verb.attribute("digits")) {
            ("Pause", _) => Duration::from_secs(verb.number("length", 1).into()),
            ("Say", _) => self.say(verb.text.trim()),
            (_, Some(digits)) => self.play_digits(digits),
            (_, None) => self.play(verb.text.trim(), base).await,
        };
        let times = match verb.number("loop", 1) {
            0 => FOREVER,
            times => times.min(FOREVER),
        };
        let flow = self.wait(lasting * times).await;
        if flow.is_none() && verb.name == "Say" {
            let now = self.now_ns();
            self.truth.said.last_mut().expect("it has just been begun").until_ns = Some(now);
        }
        flow
    }

    fn say(&mut self, words: &str) -> Duration {
        self.watcher.tell(|| PhoneEvent::Announcement(words.to_owned()));
        self.truth.spoken.push(words.to_owned());
        let from_ns = self.now_ns();
        self.truth.said.push(SaidTruth { words: words.to_owned(), from_ns, until_ns: None });
        self.network.register().note(&self.sid, |leg| leg.heard.push(words.to_owned()));
        Duration::from_millis(words.chars().count() as u64 * 1000 / LETTERS_A_SECOND)
    }

    /// Plays keys; `w` is half a second of nothing.
    pub(super) fn play_digits(&mut self, digits: &str) -> Duration {
        if digits.chars().any(|key| !"0123456789*#ABCDabcdwW".contains(key)) {
            self.notice(12200, "digits that no telephone has");
        }
        self.truth.digits_played.push(digits.to_owned());
        self.network.register().note(&self.sid, |leg| leg.digits_played.push_str(digits));
        let of = |key: char| Duration::from_millis(if key.eq_ignore_ascii_case(&'w') { 500 } else { 200 });
        digits.chars().map(of).sum()
    }

    /// Fetches a sound file; tells how long it lasts. A file that cannot be had is noticed and skipped.
    async fn play(&mut self, url: &str, base: &str) -> Duration {
        let Some(url) = resolve(base, url) else {
            self.notice(11100, "<Play> names an address that cannot be resolved");
            return Duration::ZERO;
        };
        self.watcher.tell(|| PhoneEvent::Announcement(url.clone()));
        let mut truth =
            PlayTruth { at_ns: self.now_ns(), url: url.clone(), status: 0, content_type: String::new(), bytes: 0 };
        let lasting = match self.network.get_sound(&url).await {
            Ok(answer) => {
                truth.status = answer.status;
                truth.bytes = answer.body.len();
                truth.content_type = answer.content_type;
                if (200..300).contains(&answer.status) {
                    Some(lasting(&truth.content_type, &answer.body))
                } else {
                    self.notice(11200, format!("a sound file was answered with status {}", answer.status));
                    None
                }
            }
            Err(none) => {
                self.notice(none.code, none.text);
                None
            }
        };
        self.truth.played.push(truth);
        lasting.unwrap_or_default()
    }
}

/// How long a sound lasts: mu-law by its size, a WAV file by what is in it.
fn lasting(content_type: &str, sound: &[u8]) -> Duration {
    let mulaw = |bytes: usize| Duration::from_millis(bytes as u64 / 8);
    match content_type.split(';').next().map(str::trim) {
        Some("audio/basic" | "audio/ulaw" | "audio/x-mulaw") => mulaw(sound.len()),
        _ => wav::decode(sound).map_or(UNKNOWN_SOUND, |sound| mulaw(sound.len())),
    }
}
