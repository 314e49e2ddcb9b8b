//! What is refused, all of it at once, and what is the same batch.

use super::*;
use crate::file;
use common::company::Services;
use common::company::load;
use common::ports::outbound::{Outcome, Retry};
use std::path::Path;

const NOW: u64 = 1_764_000_000_000;

fn roster() -> Roster {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents");
    load::load(&packs, &Services::default()).unwrap_or_else(|mistakes| panic!("{mistakes}")).roster
}

fn wish() -> Wish {
    Wish {
        id: None,
        name: "Spring".into(),
        company: CompanyId::parse("harbour").unwrap(),
        agent: AgentId::parse("reception").unwrap(),
        from: None,
        consent: "they asked on the form of May 3".into(),
        plan: usual_plan(),
        by: "test".into(),
    }
}

fn rows(text: &str) -> Vec<BatchRow> {
    let list = file::read(text.as_bytes(), &[]);
    assert_eq!(list.broken, []);
    list.rows
}

const TWO: &str = "to,name\n+12125550101,Ann\n+12125550102,Bob\n";

/// A wish that is wrong in these ways.
#[track_caller]
fn check(change: impl FnOnce(&mut Wish), file: &str, expected: &[&str]) {
    let mut wish = wish();
    change(&mut wish);
    let faults = wish.batch(&roster(), &rows(file), NOW).unwrap_err();
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, part) in faults.iter().zip(expected) {
        assert!(fault.contains(part), "{fault:?} speaks of {part:?}");
    }
}

#[test]
fn nobody_is_called_without_consent() {
    check(|wish| wish.consent = "  ".into(), TWO, &["consent"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    check(
        |wish| {
            wish.consent.clear();
            wish.agent = AgentId::parse("nobody").unwrap();
            wish.plan.per_minute = 0;
            wish.plan.window.until_minute = 60;
            wish.plan.window.days = [false; 7];
            wish.plan.until_ms = Some(NOW);
            wish.plan.retries = BTreeMap::from([
                (Outcome::Answered, Retry { times: 1, after_s: 600 }),
                (Outcome::Busy, Retry { times: 1, after_s: 1 }),
            ]);
        },
        TWO,
        &[
            "calls a minute",
            "hours",
            "day of the week",
            "over already",
            "after answered",
            "after busy",
            "consent",
            "reception",
        ],
    );
    check(|wish| wish.company = CompanyId::parse("nobody").unwrap(), TWO, &["harbour"]);
    check(|wish| wish.from = Some(PhoneNumber::new("+12125550100")), TWO, &["none of agent"]);
    check(|_| (), "to,language\n+12125550101,en\n+12125550102,fr\n", &["line 3 wants the language fr"]);
}

#[test]
fn a_message_names_only_what_every_row_has() {
    let leave = |text: &str| {
        let text = text.to_owned();
        move |wish: &mut Wish| wish.plan.machine = OnMachine::LeaveMessage(text)
    };
    check(leave("Hello {name}, your order {order} is here."), TWO, &["{order}"]);
    check(leave("Hello {name}."), "to,name\n+12125550101,Ann\n+12125550102,\n", &["line 3"]);
    check(leave(" "), TWO, &["1 to 1000 characters"]);
    let mut good = wish();
    leave("Hello {name}.")(&mut good);
    assert!(good.batch(&roster(), &rows(TWO), NOW).is_ok());
}

#[test]
fn the_same_people_are_the_same_batch() {
    let id = |file: &str| wish().batch(&roster(), &rows(file), NOW).unwrap().id;
    assert_eq!(id(TWO), id("\u{feff}to;name\r\n+12125550101;Ann\r\n+12125550102;Bob"));
    assert_ne!(id(TWO), id("to,name\n+12125550101,Ann\n+12125550102,Bo\n"));
    assert_eq!(wish().batch(&roster(), &rows(TWO), NOW).unwrap().from, PhoneNumber::new("+15005550006"));
}
