//! The caller's frames: each must arrive once, unchanged and soon.

use std::time::{Duration, Instant};

use super::moment;
use crate::{
    phone::CallTruth,
    provider::truth::{PieceIn, SessionTruth},
};

/// How far apart two accounts may be before a frame counts as changed instead of lost or added: ten seconds, which a
/// provider that is replaced may take.
const LOOK_AHEAD: usize = 500;

/// What became of the caller's frames.
#[derive(Clone, Debug, Default)]
pub struct Uplink {
    /// Frames the caller sent.
    pub sent: usize,
    /// Frames that never arrived.
    pub lost: usize,
    /// Frames that arrived with other bytes.
    pub different: usize,
    /// Frames that arrived and were never sent: silence put in where the line had a gap.
    pub added: usize,
    /// Frames sent before the provider was ready, which had to wait; they arrived, but are not in `delays`.
    pub held: usize,
    /// How long each other frame took from the telephone to the provider.
    pub delays: Vec<Duration>,
}

struct Sent {
    at: Instant,
    fingerprint: u64,
}

pub(super) fn settle(call: &CallTruth, served: &[SessionTruth]) -> Uplink {
    let frames = call.streams.iter().flat_map(|stream| &stream.sent);
    let sent: Vec<Sent> =
        frames.map(|frame| Sent { at: moment(call, frame.at_ns), fingerprint: frame.fingerprint }).collect();
    let received: Vec<PieceIn> = served.iter().flat_map(|session| session.pieces.iter().copied()).collect();
    let ready = served.iter().filter_map(|session| session.ready_at).min();
    compare(&sent, &received, ready)
}

fn compare(sent: &[Sent], received: &[PieceIn], ready: Option<Instant>) -> Uplink {
    let mut up = Uplink { sent: sent.len(), ..Uplink::default() };
    let (mut here, mut there) = (0, 0);
    while let (Some(frame), Some(piece)) = (sent.get(here), received.get(there)) {
        if frame.fingerprint == piece.fingerprint {
            up.arrived(frame, piece, ready);
            (here, there) = (here + 1, there + 1);
        } else if let Some(skipped) = ahead(&sent[here..], |later| later.fingerprint == piece.fingerprint) {
            up.lost += skipped;
            here += skipped;
        } else if let Some(skipped) = ahead(&received[there..], |later| later.fingerprint == frame.fingerprint) {
            up.added += skipped;
            there += skipped;
        } else {
            up.different += 1;
            (here, there) = (here + 1, there + 1);
        }
    }
    up.lost += sent.len() - here;
    up.added += received.len() - there;
    up
}

fn ahead<T>(rest: &[T], same: impl Fn(&T) -> bool) -> Option<usize> {
    rest.iter().take(LOOK_AHEAD).position(same)
}

impl Uplink {
    fn arrived(&mut self, frame: &Sent, piece: &PieceIn, ready: Option<Instant>) {
        if ready.is_some_and(|ready| frame.at < ready) {
            self.held += 1;
        } else {
            self.delays.push(piece.at.saturating_duration_since(frame.at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames by their fingerprints, a millisecond apart; the far end receives its frames two milliseconds later.
    fn settled(sent: &[u64], received: &[u64]) -> Uplink {
        let start = Instant::now();
        let at = |n: usize| start + Duration::from_millis(n as u64);
        let sent: Vec<Sent> =
            sent.iter().enumerate().map(|(n, print)| Sent { at: at(n), fingerprint: *print }).collect();
        let received: Vec<PieceIn> = received
            .iter()
            .enumerate()
            .map(|(n, print)| PieceIn { at: at(n + 2), fingerprint: *print, bytes: 160 })
            .collect();
        compare(&sent, &received, None)
    }

    fn counts(up: &Uplink) -> (usize, usize, usize) {
        (up.lost, up.different, up.added)
    }

    #[test]
    fn frames_that_all_arrive_are_only_late() {
        let up = settled(&[1, 2, 3], &[1, 2, 3]);
        assert_eq!(counts(&up), (0, 0, 0));
        assert_eq!(up.delays, [Duration::from_millis(2); 3]);
    }

    #[test]
    fn a_lost_frame_does_not_make_the_next_ones_different() {
        assert_eq!(counts(&settled(&[1, 2, 3, 4], &[1, 3, 4])), (1, 0, 0));
        assert_eq!(counts(&settled(&[1, 2, 3, 4], &[1, 2])), (2, 0, 0));
    }

    #[test]
    fn a_changed_frame_is_different_and_a_filled_gap_is_added() {
        assert_eq!(counts(&settled(&[1, 2, 3], &[1, 9, 3])), (0, 1, 0));
        assert_eq!(counts(&settled(&[1, 2, 3], &[1, 9, 9, 2, 3])), (0, 0, 2));
    }
}
