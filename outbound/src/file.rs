//! Lists of people to be called, from CSV. Broken rows are told with their line and what is wrong; good ones are kept.
//!
//! Before it: a file as somebody's spreadsheet wrote it: with a byte order mark, with `;`, with spaces in its header.
//! After it: the rows of a batch. Columns: `to` (or `phone`, `number`), E.164; optional `timezone`, an IANA name, where
//! the number does not say where its telephone is; `language`; `consent`, on what ground this person may be called. Every
//! other column is kept for the agent. What is told of a broken row never shows a value of it.

use crate::zones;
use common::ports::outbound::BatchRow;
use common::private::PhoneNumber;
use csv::{ByteRecord, ReaderBuilder};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use tools::numbers::{Class, classify};

/// Names the column of numbers may have.
const TO: [&str; 5] = ["to", "phone", "number", "phone_number", "telephone"];
/// Most rows of one batch: they are held in memory and stored in one transaction.
const ROWS: usize = 500_000;
/// Most columns of a file: they go into the agent's instructions, which must stay short.
const COLUMNS: usize = 40;
/// Longest value of a column, in bytes, for the same reason.
const VALUE: usize = 1_000;
/// The mark some programs write at the beginning of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A row that cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Broken {
    /// From 1.
    pub line: u32,
    /// What is wrong, to be read after `line 7: `; no value of the row.
    pub fault: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    /// Who can be called, in the order of the file.
    pub rows: Vec<BatchRow>,
    /// Rows that cannot.
    pub broken: Vec<Broken>,
    /// Names of the columns kept for the agent.
    pub columns: Vec<String>,
    /// Whether every row that can be called says on what ground.
    pub consent: Consent,
}

/// Whether rows say on what ground their people may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// There is no such column.
    #[default]
    NotInFile,
    /// Every row does; rows that do not are broken.
    EveryRow,
}

/// Reads a list. `own` are our own numbers, which are not called.
pub fn read(source: impl Read, own: &[PhoneNumber]) -> List {
    let (mut source, mut content) = (source, Vec::new());
    if let Err(error) = source.read_to_end(&mut content) {
        return List::only(1, format!("the file cannot be read: {error}"));
    }
    let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&content);
    if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        return List::only(1, "the file is UTF-16; save it as CSV in UTF-8");
    }
    let mut reader = ReaderBuilder::new().delimiter(separator(content)).flexible(true).from_reader(content);
    let header = match reader.byte_headers().map_err(|error| error.to_string()).and_then(Header::read) {
        Ok(header) => header,
        Err(fault) => return List::only(1, fault),
    };
    let mut list = List { columns: header.kept().map(str::to_owned).collect(), ..List::default() };
    if header.consent.is_some() {
        list.consent = Consent::EveryRow;
    }
    let (mut seen, mut record, mut lines) = (HashMap::new(), ByteRecord::new(), Lines::new(content));
    loop {
        let line = lines.at(reader.position().byte() as usize);
        match reader.read_byte_record(&mut record) {
            Ok(true) => list.add(&header, line, &record, own, &mut seen),
            Ok(false) => return list,
            Err(error) => {
                list.broken.push(Broken { line, fault: format!("the file cannot be read on: {error}") });
                return list;
            }
        }
    }
}

/// Counts lines as editors do. The reader's own count stands still before empty lines and between `\r` and `\n`.
struct Lines<'a> {
    content: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    fn new(content: &'a [u8]) -> Self {
        Self { content, at: 0, line: 1 }
    }

    /// The line of the row that begins at or behind this byte. Only forwards.
    fn at(&mut self, byte: usize) -> u32 {
        while let Some(next) = self.content.get(self.at)
            && (self.at < byte || matches!(next, b'\r' | b'\n'))
        {
            self.line += u32::from(*next == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// The separator of the first line: whatever of `,`, `;` and tab stands there most often.
fn separator(content: &[u8]) -> u8 {
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// Which column is what.
struct Header {
    names: Vec<String>,
    to: usize,
    zone: Option<usize>,
    language: Option<usize>,
    consent: Option<usize>,
}

impl Header {
    fn read(header: &ByteRecord) -> Result<Self, String> {
        let name = |name: &[u8]| String::from_utf8(name.to_vec()).map(|name| name.trim().to_lowercase());
        let names: Vec<String> =
            header.iter().map(name).collect::<Result<_, _>>().map_err(|_| "the first line is not UTF-8".to_owned())?;
        if names.iter().all(String::is_empty) {
            return Err("the file is empty; its first line names the columns, for example: to,name,timezone".into());
        }
        if names.len() > COLUMNS {
            return Err(format!("the file has {} columns; at most {COLUMNS} are taken", names.len()));
        }
        if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(format!("the column {:?} stands twice in the first line", twice.1));
        }
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let to = TO.into_iter().find_map(place).ok_or_else(|| {
            "the first line names no column of numbers: call it `to` (or `phone`, `number`)".to_owned()
        })?;
        let [zone, language, consent] = ["timezone", "language", "consent"].map(place);
        Ok(Self { to, zone, language, consent, names })
    }

    fn kept(&self) -> impl Iterator<Item = &str> {
        let special = [Some(self.to), self.zone, self.language, self.consent];
        let kept = self.names.iter().enumerate().filter(move |(at, _)| !special.contains(&Some(*at)));
        kept.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty())
    }

    fn row(&self, line: u32, record: &ByteRecord, own: &[PhoneNumber]) -> Result<BatchRow, String> {
        if record.len() > self.names.len() {
            let (found, named) = (record.len(), self.names.len());
            return Err(format!(
                "has {found} columns, the first line names {named}; put quotes around text with commas"
            ));
        }
        let cells: Vec<&str> =
            record.iter().map(std::str::from_utf8).collect::<Result<_, _>>().map_err(|_| "is not UTF-8")?;
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", |cell| cell.trim());
        let to = number(cell(Some(self.to)), own)?;
        if self.consent.is_some() && cell(self.consent).is_empty() {
            return Err("says nothing in the column `consent`: on what ground may this person be called?".into());
        }
        let mut columns = BTreeMap::new();
        for (at, name) in self.names.iter().enumerate() {
            let text = cell(Some(at));
            let special = [Some(self.to), self.zone, self.language].contains(&Some(at));
            if text.len() > VALUE {
                return Err(format!("has more than {VALUE} bytes in the column `{name}`"));
            }
            if !special && !name.is_empty() && !text.is_empty() {
                columns.insert(name.clone(), text.to_owned());
            }
        }
        Ok(BatchRow {
            row: line,
            zones: zones_of(cell(self.zone), &to)?,
            language: language(cell(self.language))?,
            columns,
            to,
        })
    }
}

impl List {
    fn only(line: u32, fault: impl Into<String>) -> Self {
        Self { broken: vec![Broken { line, fault: fault.into() }], ..Self::default() }
    }

    fn add(
        &mut self,
        header: &Header,
        line: u32,
        record: &ByteRecord,
        own: &[PhoneNumber],
        seen: &mut HashMap<u64, u32>,
    ) {
        // What spreadsheets leave below the last row.
        if record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
            return;
        }
        let row = header.row(line, record, own).and_then(|row| {
            if self.rows.len() >= ROWS {
                return Err(format!("is beyond the first {ROWS} rows; put it into another batch"));
            }
            let digits = row.to.reveal().trim_start_matches('+').parse().unwrap_or_default();
            match seen.get(&digits) {
                Some(first) => Err(format!("has the same number as line {first}")),
                None => {
                    seen.insert(digits, line);
                    Ok(row)
                }
            }
        });
        match row {
            Ok(row) => self.rows.push(row),
            Err(fault) => self.broken.push(Broken { line, fault }),
        }
    }
}

/// A number that may be called, in E.164.
pub fn number(text: &str, own: &[PhoneNumber]) -> Result<PhoneNumber, String> {
    if text.is_empty() {
        return Err("has no number".into());
    }
    // Spreadsheets turn long numbers into powers of ten, and lose their last digits.
    if text.contains(['e', 'E']) && text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("has a number that a spreadsheet has shortened (1.2E+10): format the column as text".into());
    }
    if !text.starts_with('+') {
        let hint = if let Some(rest) = text.strip_prefix("00") {
            if rest.is_empty() { "" } else { ": write + instead of 00" }
        } else if text.bytes().filter(u8::is_ascii_digit).count() == 10 {
            ": write + and the country code first, for a number of North America +1"
        } else {
            ": write + and the country code first"
        };
        return Err(format!("has a number that is not E.164{hint}"));
    }
    match classify(text, None) {
        Class::Allowed(number) if own.contains(&number) => Err("has our own number".into()),
        Class::Allowed(number) => Ok(number),
        Class::Blocked(why) => Err(format!("has a number that is not called: {why}")),
        Class::Invalid => Err("has a number that no numbering plan knows: too long, too short, or not in use".into()),
    }
}

/// The file's own word on the zone, else what the number says.
pub fn zones_of(zone: &str, to: &PhoneNumber) -> Result<Vec<String>, String> {
    if !zone.is_empty() {
        return match zones::is_known(zone) {
            true => Ok(vec![zone.to_owned()]),
            false => Err("names a time zone that does not exist; write it like America/New_York".into()),
        };
    }
    match zones::of(to) {
        [] => Err("has a number of no country: write its time zone into the column `timezone`".into()),
        zones => Ok(zones.to_vec()),
    }
}

fn language(tag: &str) -> Result<Option<String>, String> {
    let parts = || tag.split('-');
    let fits =
        parts().all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match tag {
        "" => Ok(None),
        tag if fits && parts().next().is_some_and(|first| (2..=3).contains(&first.len())) => Ok(Some(tag.to_owned())),
        _ => Err("names no language; write it like en or es-MX".into()),
    }
}

#[cfg(test)]
mod tests;
