//! Who may open a media stream: the holder of a fresh token for this seat, over the network's own signature.

use crate::support::telephone::Telephone;
use crate::support::{Bench, PUBLIC, Seat, Setup, TOKEN, WORKER, call, demo_agent};
use common::ids::{BootId, Epoch, WorkerId};
use common::ports::SessionStatus;
use common::private::SecretString;
use common::token::{Keys, StreamToken};
use common::twilio::signature;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_token_that_is_forged_is_refused() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let good = bench.keys.sign_stream(&bench.token(&seat));
    let foreign = Keys::new("another system").sign_stream(&bench.token(&seat));
    for token in ["x", "a.b", &good[..good.len() - 1], &foreign] {
        check_refused(&bench, &seat, token).await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_for_this_start_of_this_worker_is_refused() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let good = bench.token(&seat);
    let others = [
        StreamToken { expires_ms: 1, ..good.clone() },
        StreamToken { worker: WorkerId::parse("worker-4").unwrap(), ..good.clone() },
        StreamToken { boot: BootId::fresh(), ..good },
    ];
    for token in others {
        check_refused(&bench, &seat, &bench.keys.sign_stream(&token)).await;
    }
}

#[tokio::test]
async fn a_token_opens_once() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let token = bench.keys.sign_stream(&bench.token(&seat));
    let _first = Telephone::dial(bench.address, WORKER, &token).await.unwrap();
    assert_eq!(Telephone::dial(bench.address, WORKER, &token).await.err(), Some(403));
}

#[tokio::test]
async fn a_stream_the_network_did_not_sign_is_refused() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let token = bench.keys.sign_stream(&bench.token(&seat));
    let path = format!("/media/{WORKER}/{token}");
    let sign = |secret: &str, url: String| signature::sign_upgrade(&SecretString::from(secret), &url);
    let signatures = [
        None,
        Some(String::from("")),
        Some(sign("another account's token", format!("{}{path}", PUBLIC.replace("https", "wss")))),
        Some(sign(TOKEN, format!("wss://evil.example.com{path}"))),
        Some(sign(TOKEN, format!("{PUBLIC}{path}"))),
    ];
    for signature in signatures {
        let socket = TcpStream::connect(bench.address).await.unwrap();
        let refusal = Telephone::upgrade(socket, &path, signature.as_deref()).await.err();
        assert_eq!(refusal, Some(403), "{signature:?}");
    }
    check_untouched(&bench, &seat).await;
    // None of them has used the token up.
    Telephone::dial(bench.address, WORKER, &token).await.unwrap();
}

#[tokio::test]
async fn another_worker_s_path_is_not_found_here() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let token = bench.keys.sign_stream(&bench.token(&seat));
    assert_eq!(Telephone::dial(bench.address, "worker-4", &token).await.err(), Some(404));
}

#[tokio::test]
async fn a_stream_that_starts_for_another_call_is_closed() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let mut telephone = bench.dial(&seat).await;
    telephone.start(&call(2)).await;
    assert_eq!(telephone.closed().await, (1008, "other call".to_owned()));
    check_untouched(&bench, &seat).await;
}

#[tokio::test]
async fn a_live_call_has_one_stream() {
    let bench = Bench::new().await;
    let seat = bench.reserve(&call(1)).await;
    let mut first = bench.dial(&seat).await;
    first.start(&call(1)).await;
    first.hear(1).await;

    // A millisecond later: the same token would be refused before it is tried.
    let later = StreamToken { expires_ms: bench.token(&seat).expires_ms + 1, ..bench.token(&seat) };
    let token = bench.keys.sign_stream(&later);
    let mut second = Telephone::dial(bench.address, WORKER, &token).await.unwrap();
    second.start(&call(1)).await;

    assert_eq!(second.closed().await, (1008, "no reservation".to_owned()));
    first.stop().await;
    assert_eq!(first.closed().await.0, 1000, "the first stream goes on until it is stopped");
}

#[tokio::test]
async fn a_seat_is_given_again_to_whoever_asks_again() {
    let bench = Setup::new().with("worker.seats", "1").start().await;
    let seat = bench.reserve(&call(1)).await;
    bench.try_reserve(&call(1), seat.epoch, demo_agent()).await.unwrap();
    assert_eq!(bench.try_reserve(&call(2), Epoch(1), demo_agent()).await.unwrap_err(), "full");
    assert_eq!(bench.try_reserve(&call(1), Epoch(seat.epoch.0 - 1), demo_agent()).await.unwrap_err(), "stale");
}

#[tokio::test]
async fn only_gateways_reserve_and_look() {
    let bench = Bench::new().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (method, path) in [("POST", "reserve"), ("GET", "media-proof"), ("POST", "drain"), ("GET", "drain")] {
        let url = format!("http://{}/{path}", bench.address);
        for bearer in ["", "guess"] {
            let request = client.request(method.parse().unwrap(), &url).bearer_auth(bearer);
            assert_eq!(request.send().await.unwrap().status().as_u16(), 401, "{method} {path}");
        }
    }
}

async fn check_refused(bench: &Bench, seat: &Seat, token: &str) {
    assert_eq!(Telephone::dial(bench.address, WORKER, token).await.err(), Some(403), "{token}");
    check_untouched(bench, seat).await;
}

/// The seat is still there for whoever has the right to it.
async fn check_untouched(bench: &Bench, seat: &Seat) {
    assert_eq!(bench.proof().await.live, 0);
    assert_eq!(bench.session(&seat.call).await.status, SessionStatus::Reserved);
}
