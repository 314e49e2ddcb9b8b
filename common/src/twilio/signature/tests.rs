//! Vectors produced by Twilio's own Python validator (twilio-python 9.13.0), and what must not pass.

use super::*;
use crate::twilio::address::{signed_stream_url, webhook_url};
use proptest::prelude::*;

const T1: &str = "12345";
const T2: &str = "0123456789abcdef0123456789abcdef";
const VOICE: &str = "https://gw.example.com/twilio/voice";
const MEDIA: &str = "wss://gw.example.com/media/abc";
const JSON_URL: &str =
    "https://example.com/myapp?bodySHA256=5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9";
const JSON: &[u8] = br#"{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}"#;

fn token(text: &str) -> [SecretString; 1] {
    [SecretString::from(text)]
}

fn documented() -> Form {
    Form::from_pairs([
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ])
}

fn incoming() -> Form {
    Form::parse(
        "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&CallSid=CA00000000000000000000000000000002\
         &CallStatus=ringing&Called=%2B15005550006&Caller=%2B15005550010&CallerName=ZO%C3%8B+%26+SONS&Direction=inbound\
         &From=%2B15005550010&FromCity=&FromState=CA&To=%2B15005550006"
            .as_bytes(),
    )
    .unwrap()
}

#[test]
fn forms_verify_as_twilio_signs_them() {
    let shop = "https://example.com/myapp.php?foo=1&bar=2";
    for (key, url, form, signature) in [
        (T1, shop, documented(), "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        (T1, "https://example.com:443/myapp.php?foo=1&bar=2", documented(), "nbjTKFXyL7SOTAXZi6MWqyIuq40="),
        (T2, VOICE, incoming(), "u0SMa1SJWaCNZYubpW8irAi9KI4="),
        (T2, "https://gw.example.com/twilio/voice/", incoming(), "p3LGiof9DDBvi1ibZRyGGBf426c="),
        (T2, "https://gw.example.com:8443/twilio/voice", incoming(), "q1/sqnZLWGWH3gWFVcoEINS5PI0="),
    ] {
        assert_eq!(sign_form(&token(key)[0], url, &form), signature, "{url}");
        assert_eq!(verify_form(&token(key), url, &form, signature), Ok(()), "{url}");
    }
}

#[test]
fn a_get_is_signed_by_its_url_alone() {
    let url = "https://gw.example.com/twilio/status?CallSid=CA00000000000000000000000000000002&CallStatus=completed\
               &CallDuration=37";
    assert_eq!(verify_form(&token(T2), url, &Form::default(), "QMdD+iUCNmoXfgo6ggSPzCuAoFc="), Ok(()));
}

#[test]
fn the_port_may_be_signed_or_not() {
    let with = sign_form(&token(T2)[0], "https://gw.example.com:443/twilio/voice", &incoming());
    let without = sign_form(&token(T2)[0], VOICE, &incoming());
    for url in [VOICE, "https://gw.example.com:443/twilio/voice", "https://me:pw@gw.example.com/twilio/voice#rc=2"] {
        assert_eq!(verify_form(&token(T2), url, &incoming(), &with), Ok(()), "{url}");
        assert_eq!(verify_form(&token(T2), url, &incoming(), &without), Ok(()), "{url}");
    }
    assert_eq!(verify_form(&token(T2), "https://gw.example.com:8443/twilio/voice", &incoming(), &without), Ok(()));
    let laptop = webhook_url("http://127.0.0.1:8080", "/twilio/voice");
    let signature = sign_form(&token(T2)[0], &laptop, &incoming());
    assert_eq!(verify_form(&token(T2), &laptop, &incoming(), &signature), Ok(()));
}

#[test]
fn a_json_body_is_vouched_for_by_its_hash() {
    let signature = "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo=";
    assert_eq!(verify_json(&token(T1), JSON_URL, JSON, signature), Ok(()));
    assert_eq!(verify_json(&token(T1), JSON_URL, b"{}", signature), Err(Forged));
    let bare = "https://example.com/myapp";
    let signed = sign_form(&token(T1)[0], bare, &Form::default());
    assert_eq!(verify_json(&token(T1), bare, JSON, &signed), Err(Forged));
}

#[test]
fn an_upgrade_verifies_as_it_is_with_a_slash_or_with_the_port() {
    for (url, signature) in [
        (MEDIA, "Gh5v0huo+gnde+736NduiV5ugSI="),
        ("wss://gw.example.com/media/abc/", "DFmo/4qC/RQKmLZAVYGE5GGUgH8="),
        ("wss://gw.example.com:443/media/abc", "7qet6jU9Gyi0zPDtIrmc7xpwSiA="),
    ] {
        assert_eq!(sign_upgrade(&token(T2)[0], url), signature);
        assert_eq!(verify_upgrade(&token(T2), MEDIA, signature), Ok(()), "{url}");
    }
    let laptop = signed_stream_url("http://127.0.0.1:8080", "/media/w/t");
    let signature = sign_upgrade(&token(T2)[0], "wss://127.0.0.1:8080/media/w/t");
    assert_eq!(verify_upgrade(&token(T2), &laptop, &signature), Ok(()));
}

#[test]
fn an_upgrade_signed_as_https_is_forged() {
    let signature = "+PbnxHjW5TIcJeWNfTsliGU77s0=";
    assert_eq!(sign_upgrade(&token(T2)[0], "https://gw.example.com/media/abc"), signature);
    assert_eq!(verify_upgrade(&token(T2), MEDIA, signature), Err(Forged));
    assert_eq!(verify_upgrade(&token(T2), "https://gw.example.com/media/abc", signature), Err(Forged));
}

#[test]
fn the_slash_and_the_query_are_significant() {
    let signature = sign_form(&token(T2)[0], VOICE, &incoming());
    for url in [
        "https://gw.example.com/twilio/voice/",
        "https://gw.example.com/twilio/voice?a=1",
        "https://gw.example.com/twilio",
    ] {
        assert_eq!(verify_form(&token(T2), url, &incoming(), &signature), Err(Forged), "{url}");
    }
}

#[test]
fn while_a_token_is_rotated_both_are_taken() {
    let both = [SecretString::from(T1), SecretString::from(T2)];
    for key in [T1, T2] {
        let signature = sign_form(&token(key)[0], VOICE, &incoming());
        assert_eq!(verify_form(&both, VOICE, &incoming(), &signature), Ok(()));
    }
    let other = sign_form(&token("other")[0], VOICE, &incoming());
    assert_eq!(verify_form(&both, VOICE, &incoming(), &other), Err(Forged));
}

#[test]
fn without_a_token_nothing_verifies() {
    let empty = sign_form(&SecretString::from(""), VOICE, &incoming());
    assert_eq!(verify_form(&[], VOICE, &incoming(), &empty), Err(Forged));
    assert_eq!(verify_form(&token(""), VOICE, &incoming(), &empty), Err(Forged));
}

#[test]
fn a_repeated_parameter_counts_each_value_once() {
    let once = Form::from_pairs([("A", "2"), ("A", "1"), ("A", "2")]);
    let plain = Form::from_pairs([("A", "1"), ("A", "2")]);
    assert_eq!(sign_form(&token(T1)[0], VOICE, &once), sign_form(&token(T1)[0], VOICE, &plain));
}

/// Names and values without the letters of the URL, so that a shifted boundary cannot spell the same text.
fn some_form() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::btree_map("[A-Z][a-z]{3,8}", "\\PC{0,12}", 1..8).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn no_flipped_bit_of_a_signature_verifies(form in some_form(), position in 0usize..28, bit in 0u8..7) {
        let form = Form::from_pairs(form);
        let mut bytes = sign_form(&token(T2)[0], VOICE, &form).into_bytes();
        bytes[position] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(verify_form(&token(T2), VOICE, &form, &changed), Err(Forged));
    }

    #[test]
    fn no_changed_value_verifies(form in some_form(), which in any::<prop::sample::Index>(), value in "\\PC{0,12}") {
        let signature = sign_form(&token(T2)[0], VOICE, &Form::from_pairs(form.clone()));
        let mut changed = form.clone();
        let at = which.index(changed.len());
        prop_assume!(changed[at].1 != value);
        changed[at].1 = value;
        prop_assert_eq!(verify_form(&token(T2), VOICE, &Form::from_pairs(changed), &signature), Err(Forged));
    }

    #[test]
    fn no_lost_or_added_parameter_verifies(form in some_form(), which in any::<prop::sample::Index>()) {
        let signature = sign_form(&token(T2)[0], VOICE, &Form::from_pairs(form.clone()));
        let mut shorter = form.clone();
        shorter.remove(which.index(form.len()));
        prop_assert_eq!(verify_form(&token(T2), VOICE, &Form::from_pairs(shorter), &signature), Err(Forged));
        let mut longer = form;
        longer.push(("Zz".into(), "1".into()));
        prop_assert_eq!(verify_form(&token(T2), VOICE, &Form::from_pairs(longer), &signature), Err(Forged));
    }

    #[test]
    fn no_input_panics(url in "\\PC{0,60}", form in prop::collection::vec(("\\PC*", "\\PC*"), 0..4), given in "\\PC*", body: Vec<u8>) {
        let form = Form::from_pairs(form);
        prop_assert_eq!(verify_form(&token(T2), &url, &form, &given), Err(Forged));
        prop_assert_eq!(verify_json(&token(T2), &url, &body, &given), Err(Forged));
        prop_assert_eq!(verify_upgrade(&token(T2), &url, &given), Err(Forged));
    }
}
