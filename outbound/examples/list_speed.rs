//! How long a list of half a million people takes to read, check and place in time:
//! `cargo run --release -p outbound --example list_speed`

use common::clock::unix_ms;
use outbound::{file, plan, wish};
use std::fmt::Write;

/// As many as one batch may have.
const ROWS: u32 = 500_000;

/// Area codes of four time zones, one of them in two.
const AREAS: [u32; 10] = [212, 213, 312, 415, 617, 702, 808, 850, 907, 713];

fn main() {
    let mut text = String::from("to,name,order\n");
    for row in 0..ROWS {
        let (area, line) = (AREAS[row as usize % AREAS.len()], 2_000_000 + row / 10 * 13);
        writeln!(text, "+1{area}{line},Name {row},A{row}").expect("a text takes everything");
    }
    let began = unix_ms();
    let list = file::read(text.as_bytes(), &[]);
    let read = unix_ms();
    let usual = wish::usual_plan();
    let later = list.rows.iter().filter(|row| plan::when(&usual, &row.zones, read) != plan::When::Now).count();
    let placed = unix_ms();
    println!("{} rows read and checked in {} ms, {} broken", list.rows.len(), read - began, list.broken.len());
    println!("placed in time in {} ms, {later} not to be called now", placed - read);
}
