//! The people of a campaign: their numbers, who they are, and the list of them that is handed to `patchbay`.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::network::{Book, Kind, Population};
use crate::phone::Step;
use crate::run::callers;

/// Our number, of `packs/campaign`.
pub(super) const FROM: &str = "+15005550020";
/// What is said to machines; the name is the row's.
pub(super) const MESSAGE: &str = "Hello {name}, this is Harbour Rooms. Please call us back.";

/// Area codes in which people live. Each has a hundred numbers that belong to nobody (555-0100 to 555-0199:
/// <https://nationalnanpa.com/number_resource_info/555_numbers.html>, read 2026-11).
const AREAS: [u16; 24] = [
    212, 305, 312, 415, 617, 206, 303, 404, 512, 602, 702, 713, 214, 215, 313, 314, 412, 503, 504, 612, 614, 615, 619,
    704,
];
const EACH: usize = 100;
/// How long a person waits for a word after their own, before they hang up.
const WAITS_MS: u64 = 8_000;
/// What a person says.
const ANSWER: &str = "en_bye";

/// Somebody to be called.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// Everybody to be called.
#[derive(Clone, Debug)]
pub(super) struct People {
    pub(super) all: Vec<Person>,
    population: Population,
    talk: Vec<Step>,
}

impl People {
    pub(super) fn new(rows: usize, population: Population) -> Result<Self> {
        let most = AREAS.len() * EACH;
        ensure!(rows <= most, "a campaign has numbers for {most} people at most");
        let number = |n: usize| format!("+1{}55501{:02}", AREAS[n / EACH], n % EACH);
        let person = |n: usize| {
            let number = number(n);
            Person { kind: population.kind(&number), name: format!("guest {n}"), number }
        };
        let talk = vec![
            Step::Listen { quiet_ms: 500 },
            Step::Say(callers::read(ANSWER)?),
            Step::Silence { ms: WAITS_MS },
            Step::HangUp,
        ];
        Ok(Self { all: (0..rows).map(person).collect(), population, talk })
    }

    /// What happens when each is called.
    pub(super) fn book(&self) -> Book {
        let entry = |person: &Person| (person.number.clone(), self.population.callee(&person.number, &self.talk));
        self.all.iter().map(entry).collect()
    }

    /// The list.
    pub(super) fn csv(&self) -> String {
        let mut list = "to,name\n".to_owned();
        for person in &self.all {
            let _ = writeln!(list, "{},{}", person.number, person.name);
        }
        list
    }

    /// What is to be said to this person's machine.
    pub(super) fn message(person: &Person) -> String {
        MESSAGE.replace("{name}", &person.name)
    }
}
