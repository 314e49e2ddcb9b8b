//! Files as people's programs write them.

use super::*;
use proptest::prelude::*;

fn list(text: &str) -> List {
    read(text.as_bytes(), &[PhoneNumber::new("+12125550199")])
}

/// Line by line what is wrong with a file.
#[track_caller]
fn check(text: &str, good: &[u32], broken: &[(u32, &str)]) {
    let list = list(text);
    let found: Vec<(u32, &str)> = list.broken.iter().map(|row| (row.line, row.fault.as_str())).collect();
    assert_eq!(list.rows.iter().map(|row| row.row).collect::<Vec<_>>(), good, "{found:?}");
    assert_eq!(found.len(), broken.len(), "{found:?}");
    for ((line, fault), (expected, part)) in found.iter().zip(broken) {
        assert!(line == expected && fault.contains(part), "line {line}: {fault}, expected {expected}: {part}");
    }
}

#[test]
fn every_broken_row_is_told_and_every_good_one_is_kept() {
    let file = "\
to,timezone,name
+12125550101,,Ann
2125550102,,Bob
00442071838750,,Cid
+12125550103,Mars/Base,Dee
+12125550101,,Eve
+19005550100,,Fay
,,Gus
+1212555010,,Hal
+12125550104,,Ivy,extra
1.21256E+10,,Jim
+12125550199,,Us
+442071838750,Europe/London,Kim
";
    check(
        file,
        &[2, 13],
        &[
            (3, "+1"),
            (4, "+ instead of 00"),
            (5, "time zone"),
            (6, "line 2"),
            (7, "premium rate"),
            (8, "has no number"),
            (9, "no numbering plan"),
            (10, "4 columns"),
            (11, "spreadsheet"),
            (12, "our own"),
        ],
    );
}

#[test]
fn what_spreadsheets_write_is_read() {
    let marked = "\u{feff}To;Name ;TimeZone\r\n+12125550101;\"Smith; Ann\";\r\n\r\n;;\r\n+442071838750;Bob;\r\n";
    let list = list(marked);
    assert_eq!(list.broken, []);
    assert_eq!(list.columns, ["name"]);
    assert_eq!(list.rows[0].columns["name"], "Smith; Ann");
    assert_eq!(list.rows[0].zones, ["America/New_York"]);
    assert_eq!(list.rows[1].row, 5);
    check("phone\tlanguage\n+12125550101\tes-MX\n+12125550102\tSpanish please\n", &[2], &[(3, "language")]);
}

#[test]
fn a_file_that_is_no_list_says_so_once() {
    check("", &[], &[(1, "empty")]);
    check("name,street\nAnn,Main\n", &[], &[(1, "no column of numbers")]);
    check("to,name,name\n", &[], &[(1, "twice")]);
    assert_eq!(read(&b"\xff\xfet\0o\0"[..], &[]).broken[0].fault, "the file is UTF-16; save it as CSV in UTF-8");
    let latin = read(&b"to,name\n+12125550101,Andr\xe9\n+12125550102,Bob\n"[..], &[]);
    assert_eq!((latin.rows.len(), latin.broken[0].fault.as_str()), (1, "is not UTF-8"));
}

#[test]
fn a_column_of_consent_must_be_filled() {
    let file = "to,consent\n+12125550101,form of May 3\n+12125550102,\n";
    check(file, &[2], &[(3, "consent")]);
    assert_eq!(list(file).consent, Consent::EveryRow);
    assert_eq!(list(file).rows[0].columns["consent"], "form of May 3", "kept for whoever asks later");
}

#[test]
fn what_is_told_of_a_row_shows_nothing_of_it() {
    let file = "to,name\n+1212555,Secret\n12125550102,Secret\n+12125550103,Secret,5550104\n";
    for row in list(file).broken {
        assert!(!row.fault.contains("Secret") && !row.fault.contains("555"), "{}", row.fault);
    }
}

proptest! {
    #[test]
    fn no_file_breaks_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut file = b"to,name\n+12125550101,Ann\n".to_vec();
        file.extend(bytes);
        let list = read(&file[..], &[]);
        prop_assert!(list.rows.iter().all(|row| !row.zones.is_empty() && row.to.reveal().starts_with('+')));
    }
}
