//! What a comparison says of recordings that are right, shifted, cut elsewhere, or wrong.

use super::*;

/// Sound without a repetition.
fn speech(samples: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).filter(|byte| *byte != SILENCE).take(samples).collect()
}

/// One stretch at 1,000, recorded at `at` as `recorded`.
fn compared(sound: &[u8], at: usize, recorded: &[u8]) -> Compared {
    let mut agent = vec![SILENCE; 20_000];
    agent[at..at + recorded.len()].copy_from_slice(recorded);
    let mut found = Compared::default();
    found.agent(&[(1_000, sound)], &agent);
    found
}

#[test]
fn what_stands_in_its_place_is_neither_shifted_nor_different() {
    let sound = speech(8_000);
    assert_eq!(compared(&sound, 1_000, &sound), Compared { utterances: 1, ..Compared::default() });
}

#[test]
fn a_stretch_that_is_shifted_as_a_whole_does_not_differ() {
    let sound = speech(8_000);
    for (at, shift) in [(1_013, 13), (960, 40)] {
        assert_eq!(compared(&sound, at, &sound), Compared { utterances: 1, shift, ..Compared::default() });
    }
}

#[test]
fn a_cut_in_the_wrong_place_is_told_apart_from_sound_that_differs() {
    let sound = speech(8_000);
    let early = compared(&sound, 1_000, &sound[..7_900]);
    assert_eq!(early, Compared { utterances: 1, cut: 100, ..Compared::default() });
    let late = compared(&sound[..7_900], 1_000, &sound);
    assert_eq!(late, Compared { utterances: 1, cut: 100, ..Compared::default() });
}

#[test]
fn sound_that_differs_in_the_middle_is_counted_and_what_follows_is_found_again() {
    let sound = speech(8_000);
    let mut other = sound.clone();
    other[4_000..4_050].iter_mut().for_each(|byte| *byte ^= 0x11);
    let found = compared(&sound, 1_000, &other);
    assert!((50..=100).contains(&found.agent_differ), "{found:?}");
    assert_eq!((found.cut, found.shift), (0, 0));
    let mut torn = sound[..4_000].to_vec();
    torn.extend(vec![SILENCE; 24]);
    torn.extend_from_slice(&sound[4_000..]);
    assert_eq!(compared(&sound, 1_000, &torn), Compared { utterances: 1, shift: 24, ..Compared::default() });
}

#[test]
fn a_stretch_that_is_not_there_and_one_that_nobody_heard_differ() {
    let sound = speech(8_000);
    assert!(compared(&sound, 1_000, &[]).agent_differ > 3_000);
    let mut agent = vec![SILENCE; 20_000];
    agent[12_000..13_000].copy_from_slice(&sound[..1_000]);
    let mut found = Compared::default();
    found.agent(&[], &agent);
    assert_eq!((found.agent_differ, found.utterances), (1_000, 0));
}

#[test]
fn the_callers_own_frames_are_known_by_their_fingerprints() {
    let clip = Clip::tone("hello", 440.0, 60);
    let sounds = Sounds::of([&clip]);
    let frames: Vec<_> = clip.played().collect();
    let truth = |index: usize| crate::phone::SentFrame {
        at_ns: 0,
        fingerprint: frames[index].0,
        index: index as u32,
        bytes: FRAME_BYTES as u32,
    };
    let stream = StreamTruth { sent: vec![truth(0), truth(2)], ..StreamTruth::default() };
    let mut found = Compared::default();
    let channel = sent(1, &stream, &sounds, &mut found).unwrap();
    assert_eq!((found.holes, channel.len()), (1, 3 * FRAME_BYTES));
    assert_eq!(channel[FRAME_BYTES..2 * FRAME_BYTES], [SILENCE; FRAME_BYTES]);
    assert_eq!(channel[2 * FRAME_BYTES..], frames[2].1);
}

#[test]
fn a_stretch_that_begins_with_a_word_and_a_pause_is_recognised_behind_the_pause() {
    let mut sound = speech(8_000);
    sound[9..500].fill(SILENCE);
    assert_eq!(compared(&sound, 1_008, &sound), Compared { utterances: 1, shift: 8, ..Compared::default() });
}
