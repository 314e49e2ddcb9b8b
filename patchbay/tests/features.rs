//! `docs/FEATURES.md` against the repository: each place it names is there, each test it names stands in its file, and its
//! counts are those of its rows. What the rows say is for people to judge.

use std::fs;
use std::path::Path;

/// Rows of the page.
const ROWS: usize = 207;

/// How far a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Done,
    Partly,
    NotYet,
}

/// A row: its number, where it is done, what shows it.
struct Row {
    number: usize,
    place: String,
    shown_by: String,
}

#[test]
fn every_place_and_test_the_features_name_is_there() {
    let faults: Vec<String> = rows().iter().flat_map(Row::faults).collect();
    assert!(faults.is_empty(), "docs/FEATURES.md is not true any more:\n{}", faults.join("\n"));
}

#[test]
fn the_features_are_counted_right() {
    let rows = rows();
    let numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>(), "each row once, in order");
    let count = |standing| rows.iter().filter(|row| row.standing() == standing).count();
    let (done, partly, not_yet) = (count(Standing::Done), count(Standing::Partly), count(Standing::NotYet));
    let sentence = format!("Of {ROWS} rows, {done} are done, {partly} partly, {not_yet} not yet.");
    assert!(page().contains(&sentence), "the page should say: {sentence}");
}

impl Row {
    /// Of a line, where it is one: `| 1 | feature | where | shown by |`.
    fn of(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let number: usize = cells[0].parse().ok()?;
        let [_, _, place, shown_by] = cells[..] else { panic!("row {number} has {} cells", cells.len()) };
        Some(Self { number, place: place.to_owned(), shown_by: shown_by.to_owned() })
    }

    fn standing(&self) -> Standing {
        if self.place.starts_with("not yet") {
            Standing::NotYet
        } else if self.place.starts_with("partly:") {
            Standing::Partly
        } else {
            Standing::Done
        }
    }

    /// Places that are gone, and tests that are not in the file named before them.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.standing() != Standing::NotYet && names(&self.shown_by).next().is_none() {
            faults.push(format!("row {}: nothing shows it", self.number));
        }
        for path in names(&self.place).chain(names(&self.shown_by)).filter(|name| is_path(name)) {
            if !root().join(path).exists() {
                faults.push(format!("row {}: there is no {path}", self.number));
            }
        }
        let mut file = "";
        for name in names(&self.shown_by) {
            if is_path(name) {
                file = name;
            } else if !holds(file, name) {
                faults.push(format!("row {}: {name} is not in {file}", self.number));
            }
        }
        faults
    }
}

/// Whether a file of Rust holds this function, or another file these words.
fn holds(path: &str, name: &str) -> bool {
    let text = fs::read_to_string(root().join(path)).unwrap_or_default();
    if path.ends_with(".rs") { text.contains(&format!("fn {name}(")) } else { text.contains(name) }
}

/// What stands between backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether a name is a path of the repository; not a route, a command or a function.
fn is_path(name: &str) -> bool {
    let is_file = name.ends_with(".md") || name.ends_with(".rs");
    !name.contains(' ') && !name.starts_with('/') && (name.contains('/') || is_file)
}

fn rows() -> Vec<Row> {
    page().lines().filter_map(Row::of).collect()
}

fn page() -> String {
    fs::read_to_string(root().join("docs/FEATURES.md")).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
