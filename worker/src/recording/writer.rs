//! The one task that turns what taps note into files. Before it: the taps. After it: the keeper.
//!
//! It takes all that waits at once to a thread that may block, so the media loops share no lock, thread or file with it.

use super::Claim;
use super::reel::{Ended, Reel};
use super::spool::Spool;
use super::tap::{Over, Word};
use crate::moments;
use common::ids::RecordingId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Blocks taken at once: what 256 calls give in a second.
const AT_ONCE: usize = 256;

/// Runs until no tap is left. `finished` hears when something waits in the spool, and is dropped at the end.
pub(super) async fn run(mut words: mpsc::Receiver<Word>, spool: Arc<Spool>, finished: mpsc::Sender<()>) {
    let old = spool.clone();
    match spawn_blocking(move || old.recover()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => moments::recordings_not_recovered(&error),
        Err(panicked) => moments::recordings_not_recovered(&panicked),
    }
    let mut desk = Desk { reels: BTreeMap::new(), spool: spool.clone() };
    let mut batch = Vec::with_capacity(AT_ONCE);
    while words.recv_many(&mut batch, AT_ONCE).await > 0 {
        let taken = std::mem::replace(&mut batch, Vec::with_capacity(AT_ONCE));
        let worked = spawn_blocking(move || {
            let news = desk.work(taken);
            (desk, news)
        });
        match worked.await {
            Ok((back, news)) => {
                desk = back;
                if news == News::Some {
                    // One word that waits says it all.
                    let _ = finished.try_send(());
                }
            }
            Err(panicked) => {
                // Files that were begun are completed at the next start.
                moments::recordings_not_recovered(&panicked);
                desk = Desk { reels: BTreeMap::new(), spool: spool.clone() };
            }
        }
    }
}

/// Whether there is something for the keeper.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    Some,
}

/// All recordings in the making.
struct Desk {
    reels: BTreeMap<RecordingId, Reel>,
    spool: Arc<Spool>,
}

impl Desk {
    fn work(&mut self, words: Vec<Word>) -> News {
        let mut news = News::None;
        for word in words {
            let ended = match word {
                Word::Block(claim, block) => {
                    self.block(&claim, block);
                    continue;
                }
                Word::Over(claim, block, over) => self.over(&claim, block, over),
            };
            if ended != Ended::Nothing {
                news = News::Some;
            }
        }
        news
    }

    fn block(&mut self, claim: &Arc<Claim>, mut block: Vec<u8>) {
        let reel = self.reels.entry(claim.recording.clone()).or_insert_with(|| Reel::new(claim.clone()));
        reel.block(&block, &self.spool);
        block.clear();
        // A tap that has enough of them, or is gone, needs none.
        let _ = claim.spare.try_send(block);
    }

    fn over(&mut self, claim: &Arc<Claim>, block: Vec<u8>, over: Over) -> Ended {
        let mut reel = self.reels.remove(&claim.recording).unwrap_or_else(|| Reel::new(claim.clone()));
        reel.block(&block, &self.spool);
        reel.end(over, &self.spool).unwrap_or_else(|error| {
            // What stands in the folder is completed at the next start.
            moments::recording_unwritable(&claim.call, &error);
            Ended::Nothing
        })
    }
}
