//! Documents: how they are asked for, what is refused, and what the verbs do.

use loadtest::network::{Network, NetworkConfig, Route};
use loadtest::phone::{self, CallEnd, CallPlan, CallTruth, DuplicateCheck, Fault, StatusDelivery, WebhookDelivery};

use crate::application::{Application, NUMBER, no_stream};

async fn call(
    documents: &[(&str, &str)],
    change: impl FnOnce(&mut CallPlan, &Application),
) -> (CallTruth, Application) {
    let (application, network) = Application::start(documents, no_stream).await;
    let mut plan = CallPlan::new(1, NUMBER, vec![]);
    plan.speed = 1000;
    change(&mut plan, &application);
    (phone::call(&network, plan).await, application)
}

#[tokio::test]
async fn a_webhook_carries_the_standard_parameters_and_a_signature() {
    let (truth, application) = call(&[("/voice", "<Response/>")], |_, _| {}).await;
    let hit = &application.hits("/voice")[0];
    assert!(hit.is_signed && hit.headers.contains_key("i-twilio-idempotency-token"));
    for (name, value) in [
        ("CallSid", truth.call_sid.as_str()),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", "+15005550001"),
        ("Caller", "+15005550001"),
        ("To", NUMBER),
        ("Called", NUMBER),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("ApiVersion", "2010-04-01"),
        ("FromCity", ""),
    ] {
        assert_eq!(hit.params[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_webhook_sent_twice_has_one_token_and_is_compared() {
    let (truth, application) = call(&[("/voice", "<Response/>")], |plan, _| {
        plan.webhook_delivery = WebhookDelivery::Twice;
        plan.status_delivery = StatusDelivery::Twice;
    })
    .await;
    assert_eq!(truth.duplicate, DuplicateCheck::Identical);
    for path in ["/voice", "/status"] {
        let tokens: Vec<_> =
            application.hits(path).iter().map(|hit| hit.headers["i-twilio-idempotency-token"].clone()).collect();
        assert!(tokens.len() == 2 && tokens[0] == tokens[1], "{path}: {tokens:?}");
    }
}

#[tokio::test]
async fn a_forged_webhook_is_refused_and_the_call_fails() {
    for fault in [Fault::ForgedWebhook, Fault::UnsignedWebhook] {
        let (truth, application) = call(&[("/voice", "<Response/>")], |plan, _| plan.faults.push(fault.clone())).await;
        let CallEnd::Failed(why) = &truth.end else { panic!("{:?}", truth.end) };
        assert!(why.ends_with("status 403") && truth.documents[0].status == 403, "{why}");
        assert!(truth.noticed(11200) && !application.hits("/voice")[0].is_signed);
    }
}

#[tokio::test]
async fn a_bad_document_leads_to_the_fallback_with_its_error() {
    for (document, code) in [("<Response><Say>", 12100), ("hello", 12300)] {
        let documents = [("/voice", document), ("/fallback", "<Response><Say>Sorry.</Say></Response>")];
        let (truth, application) = call(&documents, |plan, application| {
            plan.fallback_url = Some(application.url("/fallback"));
        })
        .await;
        assert!(truth.noticed(code), "{:?}", truth.notices);
        assert_eq!((truth.spoken.as_slice(), &truth.end), (["Sorry.".to_owned()].as_slice(), &CallEnd::Completed));
        let asked = &application.hits("/fallback")[0].params;
        assert_eq!((&asked["ErrorCode"], &asked["ErrorUrl"]), (&code.to_string(), &application.url("/voice")));
    }
}

#[tokio::test]
async fn an_application_that_is_not_there_is_a_failed_call() {
    let (truth, _) = call(&[], |plan, _| plan.voice_url = Some("http://127.0.0.1:1/voice".into())).await;
    assert!(matches!(truth.end, CallEnd::Failed(_)) && truth.documents[0].status == 0);
    assert!(truth.noticed(11205));
}

#[tokio::test]
async fn verbs_lead_from_document_to_document() {
    let documents = [
        (
            "/voice",
            r#"<Response><Pause/><Gather action="/keys?a=1&amp;b=2" numDigits="1"><Say>Press one.</Say></Gather></Response>"#,
        ),
        (
            "/keys",
            r#"<Response><Dial action="/dialled" method="GET" timeout="9"><Number>+15005550099</Number></Dial></Response>"#,
        ),
        ("/dialled", r#"<Response><Redirect>{http}/last</Redirect><Say>Never.</Say></Response>"#),
        ("/last", r#"<Response><Say>Bye.</Say><Sing/><Hangup/><Say>Never.</Say></Response>"#),
    ];
    let (truth, application) = call(&documents, |plan, _| plan.gathered.push_back("1".into())).await;
    assert_eq!(
        (truth.spoken.as_slice(), &truth.end),
        (["Press one.", "Bye."].map(str::to_owned).as_slice(), &CallEnd::Completed)
    );
    assert_eq!(truth.verbs, ["Pause", "Gather", "Dial", "Redirect", "Say", "Sing", "Hangup"]);
    assert_eq!(truth.documents[3].verbs, ["Say", "Sing", "Hangup", "Say"]);
    assert_eq!(truth.notices.len(), 1, "{:?}", truth.notices);
    assert!(truth.noticed(12200));
    let keys = &application.hits("/keys")[0].params;
    assert_eq!((keys["Digits"].as_str(), keys["b"].as_str()), ("1", "2"));
    let dialled = &application.hits("/dialled")[0];
    assert!(dialled.is_signed && dialled.method == "GET", "a GET is signed over its whole address");
    assert_eq!(dialled.params["DialCallStatus"], "failed", "nobody has this number");
}

#[tokio::test]
async fn a_rejected_call_was_never_answered() {
    let (truth, application) = call(&[("/voice", r#"<Response><Reject reason="busy"/></Response>"#)], |_, _| {}).await;
    assert_eq!(truth.end, CallEnd::Rejected);
    let status = &application.hits("/status")[0].params;
    assert_eq!((status["CallStatus"].as_str(), status["CallDuration"].as_str()), ("busy", "0"));
    assert!(!status.contains_key("Duration"));
}

#[tokio::test]
async fn of_several_servers_behind_one_address_the_one_that_lives_answers() {
    let (application, _) = Application::start(&[("/voice", "<Response/>")], no_stream).await;
    let public = "http://calls.example.test";
    let route = |actual: String| Route { public: public.to_owned(), actual };
    let mut config = NetworkConfig::new(format!("{public}/voice"));
    // Nobody listens on the first.
    config.routes = vec![route("http://127.0.0.1:9".to_owned()), route(application.url(""))];
    let network = Network::start(config).await.unwrap();
    for number in 0..2 {
        let truth = phone::call(&network, CallPlan::new(number, NUMBER, vec![])).await;
        assert_eq!(
            (truth.documents[0].status, truth.notices.len()),
            (403, 1),
            "signed for the public address, not its own"
        );
    }
    assert_eq!(application.hits("/voice").len(), 2);
}
