//! The queue beside a telephone that plays 20 ms at a time.

use super::*;
use proptest::prelude::*;

/// What a telephone takes from its queue at once.
const TICK: Position = 160;

/// The most a place may be off: 40 ms.
const OFF: Position = 320;

/// All agent audio of a test is cut from this, so that each sample is known by its address.
static SPEECH: [u8; 1 << 20] = [0x55; 1 << 20];

#[derive(Clone, Copy, Debug)]
enum Told {
    Sound(usize),
    Mark,
    Clear,
}

/// Where each sample of [`SPEECH`] was heard.
type Heard = Vec<Option<Position>>;

/// The network: how long both ways take together, and how much longer now and then.
#[derive(Clone, Debug)]
struct Way {
    delay: Position,
    waver: Vec<Position>,
}

impl Way {
    fn waver(&self, index: usize) -> Position {
        self.waver[index % self.waver.len()]
    }
}

struct Telephone {
    queue: VecDeque<Result<usize, MarkId>>,
    heard: Heard,
    back: Vec<(Position, MarkId)>,
}

impl Telephone {
    fn take(&mut self, told: Told, from: usize, mark: MarkId, at: Position) {
        match told {
            Told::Sound(samples) => self.queue.extend((from..from + samples).map(Ok)),
            Told::Mark => self.queue.push_back(Err(mark)),
            Told::Clear => {
                let marks = self.queue.drain(..).filter_map(Result::err);
                self.back.extend(marks.map(|mark| (at, mark)));
            }
        }
        self.return_marks(at);
    }

    fn play(&mut self, at: Position) {
        let mut played = 0;
        while played < TICK
            && let Some(Ok(sample)) = self.queue.front()
        {
            self.heard[*sample] = Some(at + played);
            played += 1;
            self.queue.pop_front();
            while let Some(Err(mark)) = self.queue.front() {
                self.back.push((at + TICK, *mark));
                self.queue.pop_front();
            }
        }
    }

    fn return_marks(&mut self, at: Position) {
        while let Some(Err(mark)) = self.queue.front() {
            self.back.push((at, *mark));
            self.queue.pop_front();
        }
    }
}

/// What is told at which time, from the worker's side: the time is the stream's.
fn script(steps: &[(Position, Told)]) -> Vec<(Position, Told, usize, MarkId)> {
    let (mut at, mut from, mut mark) = (0, 0, MarkId { generation: 0, number: 0 });
    steps
        .iter()
        .map(|(wait, told)| {
            at += wait;
            let begins = from;
            match told {
                Told::Sound(samples) => from += samples,
                Told::Mark => mark.number += 1,
                Told::Clear => mark.generation += 1,
            }
            (at, *told, begins, mark)
        })
        .collect()
}

/// What the telephone plays, and when its marks are back.
fn telephone(script: &[(Position, Told, usize, MarkId)], way: &Way) -> (Heard, Vec<(Position, MarkId)>, Position) {
    let mut telephone = Telephone { queue: VecDeque::new(), heard: vec![None; SPEECH.len()], back: Vec::new() };
    let mut coming: VecDeque<_> = script.iter().enumerate().collect();
    let mut arrived = 0;
    let mut at = 0;
    while !coming.is_empty() || !telephone.queue.is_empty() {
        while let Some((index, (sent, told, from, mark))) = coming.front() {
            arrived = arrived.max(sent + way.delay + way.waver(*index));
            if arrived > at {
                break;
            }
            telephone.take(*told, *from, *mark, arrived);
            coming.pop_front();
        }
        telephone.play(at);
        at += TICK;
    }
    let mut latest = 0;
    for (index, (back, _)) in telephone.back.iter_mut().enumerate() {
        // One connection: nothing overtakes.
        latest = latest.max(*back + way.waver(index + 7));
        *back = latest;
    }
    (telephone.heard, telephone.back, at)
}

/// Where the queue places it, told the same.
fn playout(script: &[(Position, Told, usize, MarkId)], back: &[(Position, MarkId)], end: Position) -> Heard {
    enum Event {
        Told(Told, usize, MarkId),
        Back(MarkId),
        Time,
    }
    let mut events: Vec<_> =
        script.iter().map(|(at, told, from, mark)| (*at, Event::Told(*told, *from, *mark))).collect();
    events.extend(back.iter().map(|(at, mark)| (*at, Event::Back(*mark))));
    events.extend((0..end).step_by(TICK as usize).map(|at| (at, Event::Time)));
    events.sort_by_key(|(at, _)| *at);
    let mut heard = vec![None; SPEECH.len()];
    let (mut playout, mut free, mut settled) = (Playout::default(), 0, 0);
    let mut place = |settled: Position, at: Position, sound: &[u8]| {
        assert!(at >= free, "two sounds at {at}");
        assert!(at >= settled, "placed at {at} what was settled up to {settled}");
        free = at + sound.len() as Position;
        let from = sound.as_ptr() as usize - SPEECH.as_ptr() as usize;
        for (index, sample) in heard[from..from + sound.len()].iter_mut().enumerate() {
            assert_eq!(sample.replace(at + index as Position), None, "placed twice");
        }
    };
    for (at, event) in events {
        let mut place = |to: Position, sound: &[u8]| place(settled, to, sound);
        match event {
            Event::Told(Told::Sound(samples), from, _) => {
                playout.sent(at, Sound::Heard(Bytes::from_static(&SPEECH[from..from + samples])));
            }
            Event::Told(Told::Mark, _, mark) => playout.marked(mark),
            Event::Told(Told::Clear, ..) => playout.cleared(at, &mut place),
            Event::Back(mark) => playout.returned(at, mark, &mut place),
            Event::Time => playout.passed(at, &mut place),
        }
        settled = settled.max(playout.settled(at));
    }
    playout.finish(end, &mut |at, sound| place(settled, at, sound));
    heard
}

/// Both agree: every sample within [`OFF`], and around a clear no more than [`OFF`] samples more or less.
fn check(steps: &[(Position, Told)], way: &Way) {
    let script = script(steps);
    let (heard, back, end) = telephone(&script, way);
    let placed = playout(&script, &back, end);
    let clears = steps.iter().filter(|(_, told)| matches!(told, Told::Clear)).count() as u64;
    let mut differ = 0;
    for (sample, both) in heard.iter().zip(&placed).enumerate() {
        match both {
            (Some(heard), Some(placed)) => {
                assert!(heard.abs_diff(*placed) <= OFF, "sample {sample}: heard at {heard}, placed at {placed}");
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => differ += 1,
        }
    }
    assert!(differ <= clears * OFF, "{differ} samples of {clears} clears");
}

fn steady(delay_ms: Position) -> Way {
    Way { delay: delay_ms * 8, waver: vec![0] }
}

#[test]
fn an_utterance_stands_where_it_was_heard() {
    check(&[(800, Told::Sound(8_000)), (0, Told::Mark), (0, Told::Sound(400)), (0, Told::Mark)], &steady(0));
    check(&[(800, Told::Sound(8_000)), (0, Told::Mark), (0, Told::Sound(400)), (0, Told::Mark)], &steady(180));
}

#[test]
fn what_was_cleared_is_not_heard() {
    let talk = [(0, Told::Sound(7_998)), (0, Told::Mark), (0, Told::Sound(7_998)), (0, Told::Mark)];
    for wait in [0, 100, 1_600, 7_900, 8_000, 12_000, 20_000] {
        let steps = [&talk[..], &[(wait, Told::Clear), (160, Told::Sound(1_600)), (0, Told::Mark)]].concat();
        check(&steps, &steady(0));
        check(&steps, &steady(150));
    }
}

#[test]
fn a_telephone_that_returns_no_marks_is_believed_by_the_clock() {
    let steps = [(0, Told::Sound(4_000)), (0, Told::Mark), (40_000, Told::Sound(4_000)), (0, Told::Mark)];
    let script = script(&steps);
    let (heard, _, end) = telephone(&script, &steady(0));
    assert_eq!(playout(&script, &[], end), heard);
}

#[test]
fn marks_that_were_on_their_way_when_the_line_was_cleared_count() {
    let piece = [(0, Told::Sound(1_600)), (0, Told::Mark)];
    let steps = [&piece[..], &piece, &piece, &[(3_247, Told::Clear)]].concat();
    check(&steps, &Way { delay: 2_208, waver: vec![0, 25, 0, 0, 0, 0, 41, 1] });
}

#[test]
fn what_is_not_kept_takes_its_time() {
    let mut placed = Vec::new();
    let mut playout = Playout::default();
    playout.sent(0, Sound::Unkept(1_600));
    playout.sent(0, Sound::Heard(Bytes::from_static(&[1, 2])));
    playout.finish(8_000, &mut |at, sound| placed.push((at, sound.to_vec())));
    assert_eq!(placed, [(1_600, vec![1, 2])]);
}

/// As an agent speaks: pieces at once or as fast as they are heard, a mark after every 200 ms and at the end, and now
/// and then somebody interrupts.
fn conversation() -> impl Strategy<Value = Vec<(Position, Told)>> {
    let utterance =
        (0u64..16_000, 1usize..40, prop_oneof![Just(160usize), Just(800), Just(1_600), 1usize..7_998], 0u64..2);
    let interrupted = prop_oneof![Just(None), (0u64..24_000).prop_map(Some)];
    let one = (utterance, interrupted).prop_map(|((wait, pieces, samples, paced), interrupted)| {
        let pieces = pieces.min(20_000 / samples + 1);
        let mut steps = Vec::new();
        let mut unmarked = 0;
        for piece in 0..pieces {
            let gap = if piece == 0 { wait } else { samples as u64 * paced * 4 / 5 };
            steps.push((gap, Told::Sound(samples)));
            unmarked += samples;
            if unmarked >= 1_600 || piece + 1 == pieces {
                steps.push((0, Told::Mark));
                unmarked = 0;
            }
        }
        steps.extend(interrupted.map(|after| (after, Told::Clear)));
        steps
    });
    proptest::collection::vec(one, 1..12).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_queue_agrees_with_a_telephone(
        steps in conversation(),
        delay in 0u64..2_400,
        waver in proptest::collection::vec(0u64..80, 1..9),
    ) {
        check(&steps, &Way { delay, waver });
    }
}
