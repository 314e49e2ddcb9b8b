//! Reads `calls.txt`: calls, what happened in each and what it costs. The file's head says how it is written.

use super::story;
use call::{CallEvent, EndReason, Fact, Resumed, Usage, UsedBy};
use common::event::{
    Direction, ENVELOPE_VERSION, Envelope, Event, EventKey, GatewayEvent, RecorderEvent, Source, TapEvent, TwilioEvent,
};
use common::ids::{CallId, CompanyId, Epoch, MessageId, RecordingId};
use common::money::Money;
use common::private::PhoneNumber;
use std::collections::BTreeMap;

const CALLS: &str = include_str!("calls.txt");

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
/// 2026-06-01T00:00:00Z.
const JUNE_MS: u64 = 20_605 * DAY_MS;

/// What something costs, as the script says.
#[derive(Default)]
pub(crate) struct Bill {
    pub(crate) parts: BTreeMap<String, Money>,
    pub(crate) total: Money,
}

/// A call of the script.
pub(crate) struct Scripted {
    pub(crate) name: String,
    pub(crate) call: CallId,
    pub(crate) events: Vec<Envelope>,
    pub(crate) bill: Bill,
}

/// All calls.
pub(crate) fn calls() -> Vec<Scripted> {
    let blocks = blocks().into_iter().filter(|block| block[0] != "all");
    blocks.map(|block| scripted(&block)).collect()
}

/// What all of them cost together.
pub(crate) fn all() -> Bill {
    let block = blocks().into_iter().find(|block| block[0] == "all").unwrap();
    bill(&block)
}

/// The lines of each paragraph.
fn blocks() -> Vec<Vec<&'static str>> {
    let lines: Vec<&str> = CALLS.lines().filter(|line| !line.starts_with('#')).map(str::trim).collect();
    lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()).map(<[_]>::to_vec).collect()
}

/// Lines of a part or the total, and the amount behind it; what follows is for people.
fn bill(block: &[&str]) -> Bill {
    let mut bill = Bill::default();
    for line in &block[1..] {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words[0], words[1].parse::<Money>()) {
            (first, _) if first.contains(':') => {}
            ("total", Ok(total)) => bill.total = total,
            (part, Ok(amount)) => assert_eq!(bill.parts.insert(part.to_owned(), amount), None, "{line}"),
            _ => panic!("{line:?} is no line of a bill"),
        }
    }
    bill
}

fn scripted(block: &[&str]) -> Scripted {
    let head: Vec<&str> = block[0].split_whitespace().collect();
    let [number, way, theirs, "June", day, time, length, streams] = head[..] else { panic!("{}", block[0]) };
    let began_ms = JUNE_MS + (day.parse::<u64>().unwrap() - 1) * DAY_MS + clock(time) * MINUTE_MS;
    let mut telling =
        Telling { call: story::call(number.parse().unwrap()), began_ms, told: BTreeMap::new(), events: Vec::new() };
    telling.accepted(way, theirs);
    let ended_ms = telling.streams(streams);
    for line in block[1..].iter().filter(|line| line.contains(':')) {
        telling.happening(line);
    }
    telling.closed(ended_ms, clock(length));
    Scripted { name: format!("call {number}"), call: telling.call, events: telling.events, bill: bill(block) }
}

/// `12:34` as 754: of an hour the minutes, of a minute the seconds.
fn clock(text: &str) -> u64 {
    let (whole, part) = text.split_once(':').unwrap();
    whole.parse::<u64>().unwrap() * 60 + part.parse::<u64>().unwrap()
}

/// Tells the events of one call.
struct Telling {
    call: CallId,
    began_ms: u64,
    /// Events told by each witness under each claim.
    told: BTreeMap<(Source, u64), u64>,
    events: Vec<Envelope>,
}

impl Telling {
    fn tell(&mut self, epoch: u64, at_ms: u64, event: Event) {
        let source = match &event {
            Event::Gateway(_) => Source::Gateway,
            Event::Worker(_) => Source::Worker,
            Event::Twilio(_) => Source::Twilio,
            Event::Tap(_) => Source::Tap,
            Event::Recorder(_) => Source::Recorder,
        };
        let next = self.told.entry((source, epoch)).or_default();
        let key = EventKey { call: self.call.clone(), source, epoch: Epoch(epoch), sequence: *next };
        *next += 1;
        let company = Some(CompanyId::parse("harbour").unwrap());
        self.events.push(Envelope { version: ENVELOPE_VERSION, key, company, at_ms, trace: String::new(), event });
    }

    fn accepted(&mut self, way: &str, theirs: &str) {
        let ours = PhoneNumber::new(if way == "toll_free" { "+18005550100" } else { "+15005550001" });
        let theirs = PhoneNumber::new(theirs);
        let (direction, from, to) = match way {
            "outbound" => (Direction::Outbound, ours, theirs),
            "inbound" | "toll_free" => (Direction::Inbound, theirs, ours),
            _ => panic!("a call is inbound, toll_free or outbound, not {way}"),
        };
        let accepted = GatewayEvent::Accepted {
            direction,
            from,
            to,
            agent: None,
            agent_version: None,
            language: None,
            attempt: None,
        };
        self.tell(1, self.began_ms, Event::Gateway(accepted));
    }

    /// One after the other, each under a claim of its own; `-` for none. Gives the end of the last. What else workers
    /// tell comes before their last word, under the first claim.
    fn streams(&mut self, lengths: &str) -> u64 {
        let mut at_ms = self.began_ms;
        for (i, length) in lengths.split('+').filter(|length| *length != "-").enumerate() {
            let epoch = i as u64 + 1;
            self.tell(epoch, at_ms, Event::Worker(CallEvent::Answered { resumed: Resumed::No }));
            at_ms += clock(length) * 1_000;
            if i > 0 {
                self.tell(epoch, at_ms, Event::Worker(ended()));
            }
        }
        at_ms
    }

    /// A line of what happened.
    fn happening(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at_ms = self.moment(words[0]);
        // Of one call and no other.
        let id = format!("{}-{}", self.call, self.events.len());
        let first_claim = 1;
        let event = match &words[1..] {
            ["machine", by] => Event::Twilio(TwilioEvent::AnsweredBy { by: (*by).into(), after_ms: None }),
            ["message", country, "segments", count] => Event::Worker(CallEvent::Fact(Fact::Message {
                message: id,
                template: "map".into(),
                country: (*country).into(),
                segments: count.parse().unwrap(),
            })),
            ["message_after", country, "segments", count] => Event::Recorder(RecorderEvent::Messaged {
                message: MessageId::parse(id).unwrap(),
                template: "thanks".into(),
                country: (*country).into(),
                segments: count.parse().unwrap(),
            }),
            ["twilio_recording", "seconds", seconds] => Event::Twilio(TwilioEvent::Recording {
                recording: RecordingId::parse(id).unwrap(),
                status: "completed".into(),
                duration_s: Some(seconds.parse().unwrap()),
                channels: Some(2),
            }),
            ["own_recording"] => Event::Tap(own_recording(at_ms)),
            ["summary", model, counts @ ..] => {
                Event::Recorder(RecorderEvent::Summarized { model: (*model).into(), usage: usage(counts) })
            }
            [by, counts @ ..] => Event::Worker(CallEvent::Used { usage: usage(counts), by: used_by(by) }),
            [] => panic!("nothing happens in {line:?}"),
        };
        self.tell(first_claim, at_ms, event);
    }

    /// The time of day; after midnight where the hour is before that of the beginning.
    fn moment(&self, time: &str) -> u64 {
        let (day, began) = (self.began_ms / DAY_MS * DAY_MS, self.began_ms % DAY_MS);
        let time = clock(time) * MINUTE_MS;
        day + time + if time < began { DAY_MS } else { 0 }
    }

    /// The first worker's last word, and Twilio's.
    fn closed(&mut self, ended_ms: u64, length_s: u64) {
        let streamed = self.events.iter().any(|event| matches!(event.event, Event::Worker(CallEvent::Answered { .. })));
        if streamed {
            let later = self.events.iter().find(|event| event.key.epoch == Epoch(2));
            let ended_ms = later.map_or(ended_ms, |event| event.at_ms);
            self.tell(1, ended_ms, Event::Worker(ended()));
        }
        let status = if streamed { "completed" } else { "no-answer" };
        let (at_ms, duration_s) = (self.began_ms + length_s * 1_000, Some(length_s));
        let status = TwilioEvent::Status { status: status.into(), duration_s, sip_code: None, attempt: None };
        self.tell(0, at_ms, Event::Twilio(status));
    }
}

fn ended() -> CallEvent {
    CallEvent::Ended { reason: EndReason::CallerHungUp, at_ms: 0, next: None, ignored: 0 }
}

fn own_recording(began_ms: u64) -> TapEvent {
    let recording = RecordingId::parse("rec-1").unwrap();
    TapEvent::Stored { recording, place: "rec-1.wav".into(), began_ms, length_ms: 1, bytes: 44, silent_ms: 0 }
}

fn used_by(text: &str) -> Option<UsedBy> {
    let (provider, model) = text.split_once('/')?;
    Some(story::used_by(provider, model))
}

/// `text_in 1000  audio_in 450`.
fn usage(words: &[&str]) -> Usage {
    let mut usage = Usage::default();
    for pair in words.chunks(2) {
        let count: u64 = pair[1].parse().unwrap();
        match pair[0] {
            "text_in" => usage.text_in = count,
            "text_cached" => usage.text_cached = count,
            "audio_in" => usage.audio_in = count,
            "audio_cached" => usage.audio_cached = count,
            "text_out" => usage.text_out = count,
            "audio_out" => usage.audio_out = count,
            "transcription" => usage.transcription = count,
            "seconds" => usage.billed_ms = count * 1_000,
            class => panic!("nobody bills {class}"),
        }
    }
    usage
}
