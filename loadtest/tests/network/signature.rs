//! Signatures against vectors made with Twilio's own validator.

use loadtest::network::{sign, signed_form, signed_stream_form};

const T1: &str = "12345";
const T2: &str = "0123456789abcdef0123456789abcdef";

fn params(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn documented() -> Vec<(String, String)> {
    params(&[
        ("To", "+18005551212"),
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
    ])
}

fn incoming() -> Vec<(String, String)> {
    params(&[
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", "CA00000000000000000000000000000002"),
        ("CallStatus", "ringing"),
        ("Called", "+15005550006"),
        ("Caller", "+15005550010"),
        ("CallerName", "ZOË & SONS"),
        ("Direction", "inbound"),
        ("From", "+15005550010"),
        ("FromCity", ""),
        ("FromState", "CA"),
        ("To", "+15005550006"),
    ])
}

#[test]
fn forms_are_signed_as_twilio_signs_them() {
    for (token, url, params, expected) in [
        (T1, "https://example.com/myapp.php?foo=1&bar=2", documented(), "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        (T1, "https://example.com:443/myapp.php?foo=1&bar=2", documented(), "nbjTKFXyL7SOTAXZi6MWqyIuq40="),
        (T2, "https://gw.example.com/twilio/voice", incoming(), "u0SMa1SJWaCNZYubpW8irAi9KI4="),
        (T2, "https://gw.example.com/twilio/voice/", incoming(), "p3LGiof9DDBvi1ibZRyGGBf426c="),
        (T2, "https://gw.example.com:8443/twilio/voice", incoming(), "q1/sqnZLWGWH3gWFVcoEINS5PI0="),
    ] {
        assert_eq!(sign(token, url, &params), expected, "{url}");
    }
}

#[test]
fn repeated_names_empty_values_and_spaces_are_kept() {
    let repeated = [
        ("a", "1"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("A", "2"),
        ("StatusCallbackEvent", "answered"),
    ];
    assert_eq!(sign(T2, "https://gw.example.com/x", &params(&repeated)), "iPj0N7Bps/oJNCEzqagbVN1DDKk=");
    let spaced = params(&[("Body", " hello "), ("From", "+15005550010")]);
    assert_eq!(sign(T2, "https://gw.example.com/sms", &spaced), "Zq2rnJz5DIyI9r2qf2cIREDkWI8=");
}

#[test]
fn addresses_without_a_form_are_signed_alone() {
    let status = "https://gw.example.com/twilio/status?CallSid=CA00000000000000000000000000000002&CallStatus=completed&CallDuration=37";
    let hashed =
        "https://example.com/myapp?bodySHA256=5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9";
    for (token, url, expected) in [
        (T2, status, "QMdD+iUCNmoXfgo6ggSPzCuAoFc="),
        (T1, hashed, "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo="),
        (T2, "wss://gw.example.com/media/abc", "Gh5v0huo+gnde+736NduiV5ugSI="),
        (T2, "wss://gw.example.com/media/abc/", "DFmo/4qC/RQKmLZAVYGE5GGUgH8="),
        (T2, "wss://gw.example.com:443/media/abc", "7qet6jU9Gyi0zPDtIrmc7xpwSiA="),
        (T2, "https://gw.example.com/media/abc", "+PbnxHjW5TIcJeWNfTsliGU77s0="),
    ] {
        assert_eq!(sign(token, url, &[]), expected, "{url}");
    }
}

#[test]
fn a_stream_callback_is_signed_as_a_form() {
    let stream = params(&[
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("CallSid", "CA00000000000000000000000000000002"),
        ("StreamSid", "MZ00000000000000000000000000000003"),
        ("StreamName", "MZ00000000000000000000000000000003"),
        ("StreamEvent", "stream-started"),
        ("Timestamp", "2026-01-02T03:04:05.678Z"),
    ]);
    assert_eq!(sign(T2, "https://gw.example.com/twilio/stream-status", &stream), "rhm5QovjdznRw9f055B0/SoCVro=");
}

#[test]
fn the_signed_spelling_drops_what_twilio_drops() {
    for (url, signed) in [
        ("https://gw.example.com:8443/a?b=1#rc=2", "https://gw.example.com/a?b=1"),
        ("https://user:pass@gw.example.com/a", "https://gw.example.com/a"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("https://gw.example.com?x=a:1", "https://gw.example.com?x=a:1"),
        ("https://[::1]:8443/a", "https://[::1]/a"),
    ] {
        assert_eq!(signed_form(url), signed);
    }
    assert_eq!(signed_stream_form("ws://127.0.0.1:8080/m"), "wss://127.0.0.1:8080/m");
    assert_eq!(signed_stream_form("wss://gw.example.com/m"), "wss://gw.example.com/m");
}
