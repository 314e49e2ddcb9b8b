//! Walks a JSON object field by field and gives each text as a slice of the frame: no tree, no allocation.
//!
//! It takes the JSON that servers write (nested objects; texts without escapes; numbers, `true`, `false`, `null`) in
//! any order of fields, and says [`Odd`] to the rest: arrays, escapes, malformed text. Whoever gets `Odd` parses the
//! frame with serde instead, which is slower and takes everything. Control characters inside a text are not looked for.

/// The text is not plain: parse it another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Odd;

/// One field of the object or of an object inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// 1 for the outer object's own fields.
    pub(crate) depth: usize,
    /// Its name.
    pub(crate) name: &'a [u8],
    /// Its value.
    pub(crate) value: Value<'a>,
}

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// What stands between the quotes.
    Text(&'a [u8]),
    /// An object; its fields follow, one deeper.
    Object,
    /// A number, `true`, `false` or `null`.
    Other,
}

/// What may stand next.
#[derive(Clone, Copy)]
enum Next {
    Object,
    FieldOrEnd,
    CommaOrEnd,
}

/// A walk through one object.
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    next: Next,
}

impl<'a> Walk<'a> {
    /// From the beginning.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0, next: Next::Object }
    }

    /// The next field, in the order written; `None` after the object's end.
    pub(crate) fn field(&mut self) -> Result<Option<Field<'a>>, Odd> {
        if let Next::Object = self.next {
            self.take(b'{')?;
            self.enter();
        }
        loop {
            match (self.peek()?, self.next) {
                (b'}', _) => {
                    self.at += 1;
                    self.depth -= 1;
                    self.next = Next::CommaOrEnd;
                    if self.depth == 0 {
                        return self.finish();
                    }
                }
                (b',', Next::CommaOrEnd) => {
                    self.at += 1;
                    return self.named().map(Some);
                }
                (b'"', Next::FieldOrEnd) => return self.named().map(Some),
                _ => return Err(Odd),
            }
        }
    }

    fn named(&mut self) -> Result<Field<'a>, Odd> {
        let (name, depth) = (self.quoted()?, self.depth);
        self.take(b':')?;
        let value = match self.peek()? {
            b'"' => Value::Text(self.quoted()?),
            b'{' => {
                self.at += 1;
                self.enter();
                return Ok(Field { depth, name, value: Value::Object });
            }
            _ => self.bare()?,
        };
        self.next = Next::CommaOrEnd;
        Ok(Field { depth, name, value })
    }

    fn enter(&mut self) {
        self.depth += 1;
        self.next = Next::FieldOrEnd;
    }

    fn finish(&mut self) -> Result<Option<Field<'a>>, Odd> {
        self.skip_space();
        if self.at == self.text.len() { Ok(None) } else { Err(Odd) }
    }

    fn quoted(&mut self) -> Result<&'a [u8], Odd> {
        self.take(b'"')?;
        let rest = &self.text[self.at..];
        let end = memchr::memchr2(b'"', b'\\', rest).ok_or(Odd)?;
        if rest[end] == b'\\' {
            return Err(Odd);
        }
        self.at += end + 1;
        Ok(&rest[..end])
    }

    fn bare(&mut self) -> Result<Value<'a>, Odd> {
        let rest = &self.text[self.at..];
        let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| rest.starts_with(word));
        let number = || rest.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        let length = word.map_or_else(number, <[u8]>::len);
        self.at += length;
        if length == 0 { Err(Odd) } else { Ok(Value::Other) }
    }

    fn take(&mut self, wanted: u8) -> Result<(), Odd> {
        if self.peek()? == wanted {
            self.at += 1;
            return Ok(());
        }
        Err(Odd)
    }

    fn peek(&mut self) -> Result<u8, Odd> {
        self.skip_space();
        self.text.get(self.at).copied().ok_or(Odd)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(text: &str) -> Result<Vec<(usize, String, String)>, Odd> {
        let mut walk = Walk::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(field) = walk.field()? {
            let value = match field.value {
                Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Value::Object => "{".into(),
                Value::Other => "-".into(),
            };
            all.push((field.depth, String::from_utf8_lossy(field.name).into_owned(), value));
        }
        Ok(all)
    }

    #[test]
    fn fields_come_in_order_with_their_depth() {
        let text = r#" {"a":"x", "b" : {"c":-1.5e3,"d":{}} ,"e":null,"f":"}"} "#;
        let own = |depth, name: &str, value: &str| (depth, name.to_owned(), value.to_owned());
        let wanted = [
            own(1, "a", "x"),
            own(1, "b", "{"),
            own(2, "c", "-"),
            own(2, "d", "{"),
            own(1, "e", "-"),
            own(1, "f", "}"),
        ];
        assert_eq!(fields(text).as_deref(), Ok(&wanted[..]));
        assert_eq!(fields("{}").as_deref(), Ok(&[][..]));
    }

    #[test]
    fn what_is_not_plain_is_odd() {
        for text in [
            "",
            "{",
            "}",
            "[]",
            "\"a\"",
            "{}{}",
            "{} x",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":[1]}"#,
            r#"{"a":"\n"}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":x}"#,
            r#"{"a":"x}"#,
            r#"{"a":{}"#,
        ] {
            assert_eq!(fields(text), Err(Odd), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"[{}",:a1 \\n\[\]]{0,40}"#) {
            let _ = fields(&text);
        }
    }
}
