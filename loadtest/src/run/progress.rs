//! A bar that moves with the time of a run and tells how many calls live; silent where nobody looks.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);

/// The progress of one part of a run.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    total: usize,
    live: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    /// A bar for `total` of `what` in about this time.
    pub(super) fn start(what: &'static str, total: usize, time: Duration) -> Self {
        let bar = ProgressBar::new(time.as_secs());
        let style = ProgressStyle::with_template("{bar:40} {elapsed}/{len}s  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(TICK);
        let progress = Self { bar, what, total, live: AtomicUsize::new(0), done: AtomicUsize::new(0) };
        progress.show();
        progress
    }

    /// One more lives.
    pub(super) fn began(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
        self.show();
    }

    /// One has ended.
    pub(super) fn ended(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
        self.show();
    }

    /// So many live, and so many have ended.
    pub(super) fn set(&self, live: usize, done: usize) {
        self.live.store(live, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.show();
    }

    /// The part is over.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The time that has passed, as far as the bar is long.
    pub(super) fn show(&self) {
        self.bar.set_position(self.bar.elapsed().as_secs());
        let (live, done) = (self.live.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed));
        self.bar.set_message(format!("{live} live, {done} of {} {} over", self.total, self.what));
    }
}
