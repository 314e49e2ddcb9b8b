//! Mistakes of people in what they configured: all of them at once, each with its place, what is wrong and an example.

use std::fmt;

/// One mistake. It never shows the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `patchbay.toml line 4`, `environment`, `agents/harbour/agent.toml line 7`.
    pub place: String,
    /// Which setting, as it is spelt at that place: `PATCHBAY_WORKER__SEATS`, `limits.max_call_ms`.
    pub key: String,
    /// What is wrong, to be read after the key: `is "many", but must be a whole number`.
    pub fault: String,
    /// How it may look instead; empty where there is nothing to show.
    pub example: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.place, self.key, self.fault)?;
        if self.example.is_empty() { Ok(()) } else { write!(f, "; for example {}", self.example) }
    }
}

/// Every mistake that was found; one a line when printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Adds one.
    pub fn add(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    /// Adds those found elsewhere.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// All of them, in the order found.
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }

    /// The value, if nothing was wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} mistake{} in the configuration:", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// The known name most like a wrong one, if any is like it at all.
pub fn nearest<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = wrong.to_ascii_lowercase();
    let rated = known.into_iter().map(|name| (distance(&wrong, &name.to_ascii_lowercase()), name));
    let (distance, name) = rated.min()?;
    (distance <= name.len().max(3) / 3).then_some(name)
}

/// What is said of a name nobody knows.
pub fn unknown<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    match nearest(wrong, known) {
        Some(name) => format!("is not known; did you mean {name}?"),
        None => "is not known".into(),
    }
}

/// How many letters must be changed, added or left out to get from one text to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

/// The line of a byte in a text, from 1.
pub fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|&b| b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_nonsense_is_not() {
        assert_eq!(nearest("gateway.lisen", ["gateway.listen", "worker.listen"]), Some("gateway.listen"));
        assert_eq!(nearest("PATCHBAY_WORKER_SEATS", ["PATCHBAY_WORKER__SEATS"]), Some("PATCHBAY_WORKER__SEATS"));
        assert_eq!(nearest("colour", ["gateway.listen", "worker.listen"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!([line_of("a\nb", 0), line_of("a\nb", 2), line_of("a\nb", 99)], [1, 2, 2]);
    }
}
