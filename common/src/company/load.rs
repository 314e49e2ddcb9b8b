//! Reads `agents/` into a [`super::Roster`], reporting every mistake at once.
