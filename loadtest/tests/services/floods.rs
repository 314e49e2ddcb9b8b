//! Answers that are too much: they come as fast as they are taken, and what was taken is counted.

use std::io::Read;

use loadtest::services::{
    Services,
    faults::{Fault, Rule},
};
use reqwest::{Response, header};

use crate::client::{client, services, soon};

/// As much as a careful client takes.
const CAP: usize = 256 << 10;
/// What may be on the way besides: the buffers of the kernel on both sides and of the client.
const UNDERWAY: u64 = 8 << 20;

async fn flooded(fault: Fault) -> (Services, Response) {
    let services = services().await;
    services.bank.server.fail(Rule::always("*", fault));
    let request = client().get(format!("{}/routing-numbers/021000021", services.bank.server.url()));
    let response = request.send().await.unwrap();
    (services, response)
}

async fn take(response: &mut Response, bytes: usize) -> Vec<u8> {
    let mut taken = Vec::new();
    while taken.len() < bytes {
        taken.extend_from_slice(&response.chunk().await.unwrap().unwrap());
    }
    taken
}

#[tokio::test]
async fn an_endless_body_stops_when_nobody_takes_it() {
    let (services, mut response) = flooded(Fault::EndlessBody).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert!(response.content_length().is_none());
    let taken = soon(take(&mut response, CAP)).await;
    assert!(taken.starts_with(b"{\"answer\":\"AAAA"));
    drop(response);
    services.bank.server.stop().await;
    let sent = services.bank.server.bytes_sent();
    assert!((CAP as u64..CAP as u64 + UNDERWAY).contains(&sent), "{sent} bytes sent");
}

#[tokio::test]
async fn an_endless_body_goes_on_as_long_as_it_is_taken() {
    let (services, mut response) = flooded(Fault::EndlessBody).await;
    soon(take(&mut response, 64 << 20)).await;
    assert!(services.bank.server.bytes_sent() >= 64 << 20);
}

#[tokio::test]
async fn a_gzip_bomb_is_a_thousand_times_what_it_weighs() {
    let (_services, mut response) = flooded(Fault::GzipBomb).await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let packed = soon(take(&mut response, 32 << 10)).await;
    let mut text = Vec::new();
    // The file does not end here, which the reader may complain about after it has read all there is.
    let _cut = flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut text);
    assert!(text.len() > packed.len() * 900, "{} bytes of {}", text.len(), packed.len());
    assert!(text.iter().all(|byte| *byte == b' '));
}
