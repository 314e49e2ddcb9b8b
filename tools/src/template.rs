//! Templates of URLs and bodies: `{argument}` is replaced by that argument, escaped where it stands in a URL, with its
//! JSON type where it is a whole value of a body.
//!
//! Before it: a tool as configured. After it: [`crate::http`]. An argument never changes where a request goes: not the
//! host, not the number of path segments.

#[cfg(test)]
mod tests;

use crate::errors::{ErrorCode, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Everything but what RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names a template may use beside arguments: who calls, the call's sid, the language of the conversation. An argument
/// of the same name comes before them.
pub(crate) const CONTEXT: [&str; 3] = ["caller", "call", "language"];

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// As it stands.
    Text(&'t str),
    /// To be replaced.
    Hole(&'t str),
}

/// The parts of a template. Braces around anything but a name stand for themselves.
pub(crate) fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (template, 0);
    while let Some(open) = rest[from..].find('{').map(|place| from + place) {
        let inside = &rest[open + 1..];
        match inside.find('}').map(|close| &inside[..close]).filter(|name| is_name(name)) {
            Some(name) => {
                if open > 0 {
                    pieces.push(Piece::Text(&rest[..open]));
                }
                pieces.push(Piece::Hole(name));
                (rest, from) = (&inside[name.len() + 1..], 0);
            }
            None => from = open + 1,
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Names a template uses.
pub(crate) fn holes(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).into_iter().filter_map(|piece| match piece {
        Piece::Hole(name) => Some(name),
        Piece::Text(_) => None,
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What a template is filled with.
#[derive(Clone, Copy)]
pub(crate) struct Filling<'a> {
    pub(crate) arguments: &'a Map<String, Value>,
    /// The tool's schema: an argument it declares is never taken from the context.
    pub(crate) schema: &'a Value,
    pub(crate) caller: Option<&'a str>,
    pub(crate) call: &'a str,
    pub(crate) language: &'a str,
}

impl<'a> Filling<'a> {
    fn value(&self, name: &str) -> Option<Cow<'a, Value>> {
        if let Some(value) = self.arguments.get(name) {
            return Some(Cow::Borrowed(value)).filter(|value| !value.is_null());
        }
        if self.schema["properties"].get(name).is_some() {
            return None;
        }
        let text = match name {
            "caller" => self.caller?,
            "call" => self.call,
            "language" => self.language,
            _ => return None,
        };
        Some(Cow::Owned(text.into()))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Problem> {
        match self.value(name).as_deref() {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(_) => Err(wrong(name, "a text, a number, true or false")),
        }
    }

    /// The path and query of a URL. A pair of the query whose argument is missing is left out.
    pub(crate) fn path_and_query(&self, template: &str) -> Result<String, Problem> {
        let template = template.split('#').next().unwrap_or_default();
        let (path, query) = template.split_once('?').unwrap_or((template, ""));
        let segments: Result<Vec<_>, _> = path.split('/').map(|segment| self.segment(segment)).collect();
        let mut filled = segments?.join("/");
        let pairs: Result<Vec<_>, _> = query.split('&').map(|pair| self.pair(pair)).collect();
        let pairs: Vec<String> = pairs?.into_iter().flatten().filter(|pair| !pair.is_empty()).collect();
        if !pairs.is_empty() {
            filled.push('?');
            filled.push_str(&pairs.join("&"));
        }
        Ok(filled)
    }

    fn segment(&self, template: &str) -> Result<String, Problem> {
        let mut filled = String::new();
        for piece in pieces(template) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Hole(name) => {
                    let text = self.text(name)?.ok_or_else(|| wrong(name, "a value"))?;
                    if !stays_in_place(&text) {
                        return Err(wrong(name, "a value that is no path"));
                    }
                    filled.extend(utf8_percent_encode(&text, ESCAPED));
                }
            }
        }
        Ok(filled)
    }

    fn pair(&self, template: &str) -> Result<Option<String>, Problem> {
        let mut filled = String::new();
        for piece in pieces(template) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Hole(name) => {
                    let Some(text) = self.text(name)? else { return Ok(None) };
                    filled.extend(utf8_percent_encode(&text, ESCAPED));
                }
            }
        }
        Ok(Some(filled))
    }

    /// A body. A field whose only value is a missing argument is left out.
    pub(crate) fn body(&self, template: &Value) -> Result<Value, Problem> {
        Ok(self.part(template)?.unwrap_or(Value::Null))
    }

    fn part(&self, template: &Value) -> Result<Option<Value>, Problem> {
        match template {
            Value::String(text) => match pieces(text)[..] {
                [Piece::Hole(name)] => Ok(self.value(name).map(Cow::into_owned)),
                _ => self.sentence(text).map(|text| Some(Value::String(text))),
            },
            Value::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.part(item)).collect();
                Ok(Some(items?.into_iter().flatten().collect()))
            }
            Value::Object(fields) => {
                let fields: Result<Vec<_>, Problem> =
                    fields.iter().map(|(key, value)| Ok(self.part(value)?.map(|value| (key.clone(), value)))).collect();
                Ok(Some(Value::Object(fields?.into_iter().flatten().collect())))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Some(template.clone())),
        }
    }

    fn sentence(&self, template: &str) -> Result<String, Problem> {
        let mut filled = String::new();
        for piece in pieces(template) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Hole(name) => filled.push_str(&self.text(name)?.unwrap_or_default()),
            }
        }
        Ok(filled)
    }
}

/// Whether a text is one segment of a path, also for a server that decodes it before it looks at slashes.
fn stays_in_place(text: &str) -> bool {
    let climbs = text.split(['/', '\\']).any(|part| matches!(part, "." | ".."));
    !text.is_empty() && !climbs && !text.chars().any(char::is_control)
}

fn wrong(field: &str, expected: &str) -> Problem {
    Problem::new(ErrorCode::InvalidArguments, json!([{"field": field, "expected": expected}]))
}
