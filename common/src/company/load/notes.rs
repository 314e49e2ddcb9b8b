//! What is noted while packs are read, from every file: mistakes, which refuse the packs, and warnings, which do not.

use crate::mistakes::{Mistake, Mistakes};
use std::cell::RefCell;
use std::path::Path;

/// Everything noted so far.
#[derive(Default)]
pub(super) struct Notes {
    mistakes: RefCell<Mistakes>,
    warnings: RefCell<Vec<Mistake>>,
}

impl Notes {
    /// Notes what refuses the packs.
    pub(super) fn mistake(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().add(mistake);
    }

    /// Notes what a person should know.
    pub(super) fn warning(&self, warning: Mistake) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Notes a mistake in a whole file or folder.
    pub(super) fn wrong(&self, path: &Path, key: &str, fault: impl Into<String>, example: &str) {
        let place = path.display().to_string();
        self.mistake(Mistake { place, key: key.into(), fault: fault.into(), example: example.into() });
    }

    /// Reads a file; notes where it cannot be read.
    pub(super) fn read(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(path)
            .map_err(|error| self.wrong(path, "the file", format!("cannot be read: {error}"), ""))
            .ok()
    }

    /// Both lists.
    pub(super) fn into_inner(self) -> (Mistakes, Vec<Mistake>) {
        (self.mistakes.into_inner(), self.warnings.into_inner())
    }
}
