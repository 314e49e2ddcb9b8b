//! Playout on a clock that only the test moves.

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

struct Bench {
    zero: Instant,
    player: Player,
}

impl Bench {
    fn new() -> Self {
        let zero = Instant::now();
        Self { zero, player: Player::new(zero, zero, Keep::Heard) }
    }

    fn audio(&mut self, at: u64, lasting_ms: usize) {
        self.player.audio(self.zero + ms(at), 1, &vec![0x20; lasting_ms * 8]);
    }

    fn mark(&mut self, at: u64, name: &str) {
        self.player.mark(self.zero + ms(at), name);
    }

    fn clear(&mut self, at: u64) -> ClearTruth {
        self.player.clear(self.zero + ms(at))
    }

    /// The marks that come back when time has moved on.
    fn reached(&mut self, at: u64) -> Vec<String> {
        self.player.advance(self.zero + ms(at));
        self.player.take_reached().collect()
    }
}

#[test]
fn a_mark_comes_back_when_everything_before_it_was_played() {
    let mut bench = Bench::new();
    bench.audio(0, 100);
    bench.mark(1, "first");
    bench.audio(2, 50);
    bench.mark(3, "second");
    assert_eq!(bench.player.next_due(), Some(bench.zero + ms(100)));
    assert!(bench.reached(99).is_empty());
    assert_eq!(bench.reached(100), ["first"]);
    assert!(bench.reached(149).is_empty());
    assert_eq!(bench.reached(150), ["second"]);
    assert_eq!((bench.player.next_due(), bench.player.is_playing()), (None, false));
}

#[test]
fn a_mark_with_nothing_before_it_comes_back_at_once() {
    let mut bench = Bench::new();
    bench.mark(5, "now");
    assert_eq!(bench.player.take_reached().collect::<Vec<_>>(), ["now"]);
    bench.audio(10, 20);
    assert!(bench.reached(29).is_empty());
    bench.mark(40, "later");
    assert_eq!(bench.player.take_reached().collect::<Vec<_>>(), ["later"]);
    assert_eq!(bench.player.marks[1].echoed_ns, Some(40_000_000));
}

#[test]
fn clear_returns_every_mark_at_once_and_tells_where_the_ear_was() {
    let mut bench = Bench::new();
    bench.audio(0, 100);
    bench.mark(0, "played");
    bench.audio(0, 200);
    bench.mark(0, "cut");
    bench.audio(0, 300);
    bench.mark(0, "unheard");
    let clear = bench.clear(130);
    assert_eq!(bench.player.take_reached().collect::<Vec<_>>(), ["played", "cut", "unheard"]);
    assert_eq!((clear.playing, clear.played_bytes, clear.marks), (Some(1), 30 * 8, 2));
    assert_eq!(clear.dropped_bytes, (170 + 300) * 8);
    let fates: Vec<_> = bench.player.marks.iter().map(|mark| mark.fate).collect();
    assert_eq!(fates, [MarkFate::Played, MarkFate::Cleared, MarkFate::Cleared]);
    let played: Vec<_> = bench.player.received.iter().map(|media| media.played / 8).collect();
    assert_eq!(played, [100, 30, 0]);
    assert!(bench.reached(1_000).is_empty());
}

#[test]
fn audio_after_a_clear_plays_from_the_moment_it_comes() {
    let mut bench = Bench::new();
    bench.audio(0, 1_000);
    bench.clear(100);
    assert_eq!(bench.player.quiet_since(), Some(bench.zero + ms(100)));
    bench.audio(300, 50);
    bench.mark(300, "new");
    assert_eq!(bench.player.next_due(), Some(bench.zero + ms(350)));
    bench.reached(400);
    let spans: Vec<_> = bench.player.spans.iter().map(|span| (span.from_ns / 1_000_000, span.bytes / 8)).collect();
    assert_eq!(spans, [(0, 100), (300, 50)]);
}

#[test]
fn a_clear_with_nothing_queued_changes_nothing() {
    let mut bench = Bench::new();
    let clear = bench.clear(10);
    assert_eq!((clear.playing, clear.dropped_bytes, clear.marks), (None, 0, 0));
    assert!(bench.player.quiet_since().is_none());
}

#[test]
fn what_was_heard_is_on_tape_with_its_gaps() {
    let mut bench = Bench::new();
    bench.audio(10, 20);
    bench.audio(60, 20);
    bench.clear(70);
    let tape = bench.player.tape.take().unwrap();
    let loud: Vec<_> = tape.iter().enumerate().filter(|(_, byte)| **byte == 0x20).map(|(at, _)| at / 8).collect();
    assert_eq!((loud.len(), tape.len()), (30 * 8, 70 * 8));
    assert!(loud.iter().all(|at| (10..30).contains(at) || (60..70).contains(at)));
}
