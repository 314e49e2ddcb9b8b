//! A REST API that does not tell the truth: what it was asked to create is there, whatever it answers.

use std::time::Duration;

use loadtest::network::{Callee, Network, RestFault};

use crate::application::{Application, NUMBER, get, no_stream, post, rest};

const ANNA: &str = "+15005550071";
const FORM: [(&str, &str); 3] = [("To", ANNA), ("From", NUMBER), ("Twiml", "<Response/>")];

async fn network() -> Network {
    let (_, network) = Application::start(&[], no_stream).await;
    network.list(ANNA, Callee::Busy);
    network
}

#[tokio::test]
async fn a_call_may_exist_although_its_creation_failed() {
    let network = network().await;
    for (fault, status) in [(RestFault::CreatedThenError(500), 500), (RestFault::CreatedThenNonsense, 201)] {
        let before = network.legs().len();
        network.fail_next(fault, 1);
        let (answered, body) = post(&network, "/Calls.json", &FORM).await;
        assert_eq!((answered, network.legs().len()), (status, before + 1));
        assert!(body["sid"].is_null());
    }
    let (_, body) = get(&network, "/Calls.json").await;
    assert_eq!(body["calls"].as_array().unwrap().len(), 2, "whoever asks finds them");
}

#[tokio::test]
async fn an_answer_may_never_come() {
    let network = network().await;
    network.fail_next(RestFault::CreatedThenSilence, 1);
    let answer = tokio::time::timeout(Duration::from_millis(300), post(&network, "/Calls.json", &FORM)).await;
    assert!(answer.is_err());
    assert_eq!(network.legs().len(), 1);
}

#[tokio::test]
async fn a_refusal_does_nothing_and_may_say_how_long_to_wait() {
    let network = network().await;
    network.fail_next(RestFault::Busy { retry_after_s: Some(3) }, 1);
    let url = format!("{}/2010-04-01/Accounts/{}/Calls.json", network.api_base_url(), network.account_sid());
    let request = reqwest::Client::new().post(url).basic_auth(network.account_sid(), Some(network.auth_token()));
    let answer = request.form(&FORM).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "3"));
    assert!(network.legs().is_empty());
    network.fail_next(RestFault::Error(503), 1);
    assert_eq!(rest(&network, "", &FORM).await.0, 503);
    assert!(network.legs().is_empty());
}

#[tokio::test]
async fn a_live_call_may_be_said_to_be_over() {
    let network = network().await;
    network.list(ANNA, Callee::NoAnswer);
    let (_, body) = rest(&network, "", &FORM).await;
    let tail = format!("/{}", body["sid"].as_str().unwrap());
    for (fault, status, code) in [(RestFault::NotInProgress, 400, 21220), (RestFault::NotFound, 404, 20404)] {
        network.fail_next(fault, 1);
        let (answered, body) = rest(&network, &tail, &[("Status", "completed")]).await;
        assert_eq!((answered, &body["code"]), (status, &code.into()));
    }
    assert_eq!(rest(&network, &tail, &[("Status", "completed")]).await.0, 200);
}

#[tokio::test]
async fn numbers_that_are_no_numbers_are_refused() {
    let network = network().await;
    for to in ["0301234567", "+0", "+1500555007a", "+12345678901234567"] {
        let (status, body) = rest(&network, "", &[("To", to), ("From", NUMBER), ("Twiml", "<Response/>")]).await;
        assert_eq!((status, &body["code"]), (400, &21211.into()), "{to}");
    }
    network.own("+15005550001");
    let (status, body) = rest(&network, "", &FORM).await;
    assert_eq!((status, &body["code"]), (400, &21210.into()), "the account does not own {NUMBER}");
}
