//! Whose requests are done: those signed with the shared secret, over this body, within five minutes.

use loadtest::services::signature::{Flaw, Verdict, sign, verify};

use crate::client::{ask, payment, services};

const SECRET: &str = "shared-secret";
const BODY: &[u8] = br#"{"loan_number":"100200300"}"#;
const NOW: i64 = 1_795_000_000;

#[test]
fn a_signature_is_that_of_a_reference_vector() {
    // printf '%s' '1795000000.{"loan_number":"100200300"}' | openssl dgst -sha256 -hmac shared-secret
    let reference = "69a64fc6e0d15cdacf19857ad8eae65025dd34e180c55b072537567459ea61b6";
    assert_eq!(sign(SECRET, BODY, NOW), format!("t={NOW},v1={reference}"));
}

#[test]
fn a_signature_counts_for_five_minutes_either_way() {
    let header = sign(SECRET, BODY, NOW);
    for now in [NOW, NOW + 300, NOW - 300] {
        assert_eq!(verify(SECRET, Some(&header), BODY, now), Verdict::Valid);
    }
    for now in [NOW + 301, NOW - 301] {
        assert_eq!(verify(SECRET, Some(&header), BODY, now), Verdict::Invalid(Flaw::Stale));
    }
}

#[test]
fn a_secret_may_change_while_both_are_in_use() {
    let new = sign("new-secret", BODY, NOW);
    let old = sign(SECRET, BODY, NOW);
    let both = format!("{new},{}", old.split_once(',').unwrap().1);
    assert_eq!(verify(SECRET, Some(&both), BODY, NOW), Verdict::Valid);
    assert_eq!(verify("new-secret", Some(&both), BODY, NOW), Verdict::Valid);
}

#[test]
fn a_signature_of_something_else_does_not_count() {
    let of = |secret: &str, body: &[u8], at: i64| sign(secret, body, at);
    let moved = of(SECRET, BODY, NOW - 1).replace(&(NOW - 1).to_string(), &NOW.to_string());
    let short = of(SECRET, BODY, NOW)[..of(SECRET, BODY, NOW).len() - 2].to_owned();
    for header in [of("other", BODY, NOW), of(SECRET, b"{}", NOW), moved, short, format!("t={NOW},v1=")] {
        assert_eq!(verify(SECRET, Some(&header), BODY, NOW), Verdict::Invalid(Flaw::Forged), "{header}");
    }
}

#[test]
fn a_header_that_cannot_be_read_does_not_count() {
    let digest = "00".repeat(32);
    for header in [
        String::new(),
        "hello".to_owned(),
        format!("t={NOW}"),
        format!("v1={digest}"),
        format!("t=soon,v1={digest}"),
        format!("t={NOW},t={NOW},v1={digest}"),
        format!("t={NOW},v1=xyz"),
        format!("t={NOW},v1=0{digest}"),
    ] {
        assert_eq!(verify(SECRET, Some(&header), BODY, NOW), Verdict::Invalid(Flaw::Malformed), "{header}");
    }
    assert_eq!(verify(SECRET, None, BODY, NOW), Verdict::Missing);
}

#[tokio::test]
async fn only_signed_payments_are_made() {
    let services = services().await;
    assert_eq!(ask(payment(&services, 1.0)).await.0, 201);
    services.loans.server.demand_signatures(SECRET);
    let now = jiff::Timestamp::now().as_second();
    let body = payment(&services, 2.0).build().unwrap().body().unwrap().as_bytes().unwrap().to_vec();
    for (header, status) in [
        (None, 401),
        (Some(sign("guessed", &body, now)), 401),
        (Some(sign(SECRET, &body, now - 400)), 401),
        (Some(sign(SECRET, &body, now)), 201),
    ] {
        let request = payment(&services, 2.0);
        let request = header.iter().fold(request, |request, header| request.header("Patchbay-Signature", header));
        assert_eq!(ask(request).await.0, status, "{header:?}");
    }
    let verdicts: Vec<_> = services.loans.server.requests().iter().map(|request| request.signature).collect();
    assert_eq!(
        verdicts,
        [
            Verdict::NotAsked,
            Verdict::Missing,
            Verdict::Invalid(Flaw::Forged),
            Verdict::Invalid(Flaw::Stale),
            Verdict::Valid
        ]
    );
    assert_eq!(services.loans.payments().len(), 2);
}
