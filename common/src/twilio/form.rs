//! A form body, decoded exactly: what Twilio signs is every parameter it sent, in the decoded spelling.
//!
//! Before it: the raw body of a request. After it: [`super::signature`] and [`super::callback`].

use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::fmt;

/// The parameters of a form, in the order they came, repeats and empty values kept. `Debug` shows only how many: the
/// values are phone numbers and tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

/// A body that is no form: it does not decode to UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("form is not UTF-8")]
pub struct NotAForm;

impl Form {
    /// Decodes a body of type `application/x-www-form-urlencoded`. A `%` without two hexadecimal digits stays as it is.
    pub fn parse(body: &[u8]) -> Result<Self, NotAForm> {
        let pairs = body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            Ok((name, value))
        });
        decoded.collect::<Result<_, _>>().map(Self)
    }

    /// From decoded pairs.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The first value of this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All parameters in the order they came.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} parameters)", self.0.len())
    }
}

fn decode(text: &[u8]) -> Result<String, NotAForm> {
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect::<Vec<_>>().into()
    } else {
        text.into()
    };
    String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| NotAForm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(body: &str) -> Vec<(String, String)> {
        Form::parse(body.as_bytes()).unwrap().pairs().to_vec()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn values_are_decoded_exactly() {
        assert_eq!(pairs("To=%2B1500&Name=ZO%C3%8B+%26+SONS"), [pair("To", "+1500"), pair("Name", "ZOË & SONS")]);
        assert_eq!(pairs("A=+x+"), [pair("A", " x ")]);
        assert_eq!(pairs("A=b=c"), [pair("A", "b=c")]);
        assert_eq!(pairs("A=100%&B=%zz"), [pair("A", "100%"), pair("B", "%zz")]);
    }

    #[test]
    fn empty_and_repeated_values_are_kept_in_order() {
        assert_eq!(pairs("B=2&A=&B=1&B=2"), [pair("B", "2"), pair("A", ""), pair("B", "1"), pair("B", "2")]);
        assert_eq!(pairs("A"), [pair("A", "")]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn a_body_that_is_not_text_is_no_form() {
        assert_eq!(Form::parse(b"A=%FF"), Err(NotAForm));
        assert_eq!(Form::parse(&[b'A', b'=', 0xFF]), Err(NotAForm));
    }

    #[test]
    fn a_form_does_not_print() {
        assert_eq!(format!("{:?}", Form::from_pairs([("From", "+15005550010")])), "Form(1 parameters)");
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&body);
        }
    }
}
