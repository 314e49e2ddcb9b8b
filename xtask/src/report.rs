//! Reads the output of `cargo test` line by line and adds it up. Never changes what it reads.

use std::fmt::{self, Write};
use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};

/// Tests that passed, failed or were left out (`#[ignore]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

/// The closing line, which other programs may read.
impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// All suites so far.
#[derive(Debug)]
pub(crate) struct Report {
    root: PathBuf,
    suites: Vec<Suite>,
}

/// One test program.
#[derive(Debug)]
struct Suite {
    name: String,
    counts: Counts,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Started,
    Reported,
    Broken,
}

impl Report {
    /// A report on the workspace in `root`, where the crate of a test file is looked up.
    pub(crate) fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), suites: Vec::new() }
    }

    /// Takes one line of cargo's or a test's output.
    pub(crate) fn line(&mut self, line: &str) {
        let line = without_colour(line);
        let line = line.trim();
        if let Some(target) = line.strip_prefix("Running ") {
            self.started(target_name(&self.root, target));
        } else if let Some(krate) = line.strip_prefix("Doc-tests ") {
            self.started(Some(format!("{krate} (documentation)")));
        } else if let Some(counts) = line.strip_prefix("test result: ").and_then(counts)
            && let Some(suite) = self.suites.last_mut()
        {
            suite.counts += counts;
            suite.state = State::Reported;
        }
    }

    /// The output is over.
    pub(crate) fn finished(mut self) -> Self {
        self.close_last();
        self
    }

    pub(crate) fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        for suite in &self.suites {
            totals += suite.counts;
        }
        totals
    }

    /// One line a suite that has tests, with a mark where one failed.
    pub(crate) fn table(&self) -> String {
        let shown = self.suites.iter().filter(|suite| suite.counts != Counts::default());
        let width = shown.clone().map(|suite| suite.name.chars().count()).max().unwrap_or(0).max(5);
        let mut table = format!("{:width$}  passed  failed  skipped\n", "suite");
        for Suite { name, counts, state } in shown {
            let Counts { passed, failed, skipped } = counts;
            let mark = match state {
                State::Broken => "  <- ended without a result",
                _ if *failed > 0 => "  <-",
                _ => "",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{name:width$}  {passed:6}  {failed:6}  {skipped:7}{mark}");
        }
        table
    }

    fn started(&mut self, name: Option<String>) {
        if let Some(name) = name {
            self.close_last();
            self.suites.push(Suite { name, counts: Counts::default(), state: State::Started });
        }
    }

    /// A test program that was killed reports nothing: that is one failure, not none.
    fn close_last(&mut self) {
        if let Some(suite) = self.suites.last_mut().filter(|suite| suite.state == State::Started) {
            suite.counts.failed += 1;
            suite.state = State::Broken;
        }
    }
}

/// `unittests src/lib.rs (target/debug/deps/call-0123456789abcdef)` is `call`; `tests/life.rs (…)` is `call/tests/life.rs`
/// if only one crate has that file. Tests may print "Running" too, but not followed by a program in brackets.
fn target_name(root: &Path, target: &str) -> Option<String> {
    let (source, program) = target.strip_suffix(')')?.rsplit_once(" (")?;
    let Some(unit) = source.strip_prefix("unittests ") else { return Some(in_its_crate(root, source)) };
    let program = program.rsplit('/').next().unwrap_or(program);
    let krate = program.rsplit_once('-').map_or(program, |(krate, _hash)| krate);
    Some(if unit == "src/lib.rs" { krate.to_owned() } else { format!("{krate} ({unit})") })
}

fn in_its_crate(root: &Path, source: &str) -> String {
    let mut crates =
        fs::read_dir(root).into_iter().flatten().flatten().filter(|krate| krate.path().join(source).is_file());
    match (crates.next(), crates.next()) {
        (Some(only), None) => format!("{}/{source}", only.file_name().to_string_lossy()),
        _ => source.to_owned(),
    }
}

/// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s`
fn counts(result: &str) -> Option<Counts> {
    let (_verdict, numbers) = result.split_once(". ")?;
    let mut counts = Counts::default();
    for part in numbers.split("; ") {
        match part.split_once(' ') {
            Some((count, "passed")) => counts.passed = count.parse().ok()?,
            Some((count, "failed")) => counts.failed = count.parse().ok()?,
            Some((count, "ignored")) => counts.skipped = count.parse().ok()?,
            _ => {}
        }
    }
    Some(counts)
}

/// Drops the terminal's colour codes, `ESC [ … m`.
fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_code, text)| text));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
   Compiling call v0.1.0
    Finished `test` profile in 4.2s
     Running unittests src/lib.rs (target/debug/deps/call-0123456789abcdef)

running 3 tests
test floor::a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

     Running unittests src/main.rs (target/debug/deps/patch_bay-0123456789abcdef)
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/barge_in.rs (target/debug/deps/barge_in-0123456789abcdef)
test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.70s

   Doc-tests call
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn report(output: &str) -> Report {
        let mut report = Report::of(Path::new("/nowhere"));
        output.lines().for_each(|line| report.line(line));
        report.finished()
    }

    #[test]
    fn the_closing_line_is_the_sum_of_all_suites() {
        assert_eq!(report(OUTPUT).totals().to_string(), "6 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn the_table_names_each_suite_that_has_tests() {
        let expected = "\
suite                 passed  failed  skipped
call                       2       0        1
tests/barge_in.rs          1       2        0  <-
call (documentation)       3       0        0
";
        assert_eq!(report(OUTPUT).table(), expected);
    }

    #[test]
    fn a_suite_that_dies_is_a_failure() {
        let killed = "Running tests/a.rs (deps/a-01)\nRunning tests/b.rs (deps/b-02)\n\
                      test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        let report = report(killed);
        assert_eq!(report.totals(), Counts { passed: 1, failed: 1, skipped: 0 });
        assert!(report.table().contains("ended without a result"));
    }

    #[test]
    fn the_last_suite_may_die_too() {
        assert_eq!(report("Running tests/a.rs (deps/a-01)").totals().failed, 1);
    }

    #[test]
    fn colours_do_not_hide_a_line() {
        let coloured = "\u{1b}[1m\u{1b}[92m     Running\u{1b}[0m unittests src/lib.rs (target/debug/deps/call-01)\n\
                        test result: \u{1b}[32mok\u{1b}[m. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(report(coloured).totals().passed, 5);
    }

    #[test]
    fn what_tests_print_is_not_taken_for_a_suite() {
        assert!(report("Running late\nRunning in circles (twice").suites.is_empty());
        assert_eq!(report("test result: everything is fine").totals(), Counts::default());
    }

    #[test]
    fn a_test_file_is_named_with_its_crate_where_that_is_certain() {
        let root = tempfile::tempdir().unwrap();
        for file in ["call/tests/life.rs", "call/tests/same.rs", "worker/tests/same.rs"] {
            fs::create_dir_all(root.path().join(file).parent().unwrap()).unwrap();
            fs::write(root.path().join(file), "").unwrap();
        }
        assert_eq!(in_its_crate(root.path(), "tests/life.rs"), "call/tests/life.rs");
        assert_eq!(in_its_crate(root.path(), "tests/same.rs"), "tests/same.rs");
    }
}
