//! `<Dial>`: who is called, who answers, and what the application is told.

use std::time::Duration;

use loadtest::network::{CallStatus, Callee, Human, Leg, Network};
use loadtest::phone::{self, CallEnd, CallPlan, CallTruth, Step};

use crate::application::{Application, NUMBER, no_stream, rest};

const ANNA: &str = "+15005550071";
const BEN: &str = "+15005550072";
const AFTER: (&str, &str) = ("/after", "<Response><Say>Goodbye.</Say></Response>");

fn one(attributes: &str) -> String {
    format!(
        r#"<Response><Dial action="/after" timeout="20" callerId="{NUMBER}"><Number {attributes}>{ANNA}</Number></Dial></Response>"#
    )
}

async fn start(documents: &[(&str, &str)], book: &[(&str, Callee)]) -> (Application, Network) {
    let (application, network) = Application::start(documents, no_stream).await;
    for (number, callee) in book {
        network.list(*number, callee.clone());
    }
    (application, network)
}

async fn call(network: &Network, steps: Vec<Step>) -> CallTruth {
    phone::call(network, CallPlan::new(1, NUMBER, steps)).await
}

#[tokio::test]
async fn a_human_who_answers_is_connected_and_the_action_is_told() {
    let human = Human::after_ms(2_000).talking(Duration::from_secs(8));
    let (application, network) = start(&[("/voice", &one("")), AFTER], &[(ANNA, human.into())]).await;
    let truth = call(&network, vec![]).await;

    let legs = network.legs();
    let [leg] = legs.as_slice() else { panic!("{legs:?}") };
    assert_eq!((leg.to.as_str(), leg.caller_id.as_str(), leg.status), (ANNA, NUMBER, CallStatus::Completed));
    assert_eq!(leg.parent.as_ref(), Some(&truth.call_sid));
    assert_eq!(leg.connected_with, [truth.call_sid.as_str()]);
    assert_eq!(leg.truth.as_ref().unwrap().end, CallEnd::HungUp, "the human hangs up");
    assert!(leg.talked >= Duration::from_secs(8), "{:?}", leg.talked);

    let dial = &truth.dials[0];
    assert_eq!(
        (dial.to.as_slice(), dial.legs.as_slice()),
        ([ANNA.into()].as_slice(), [leg.call_sid.clone()].as_slice())
    );
    assert_eq!((dial.status.as_str(), truth.connections[0].with.as_str()), ("completed", leg.call_sid.as_str()));
    assert_eq!((truth.spoken, truth.end), (vec!["Goodbye.".to_owned()], CallEnd::Completed));
    for (name, value) in [("DialCallStatus", "completed"), ("DialBridged", "true"), ("DialCallSid", &leg.call_sid)] {
        assert_eq!(application.told("/after", name), value, "{name}");
    }
    let seconds: u64 = application.told("/after", "DialCallDuration").parse().unwrap();
    assert_eq!(seconds, dial.talked.unwrap().as_secs());
    assert_eq!(application.told("/after", "CallSid"), truth.call_sid);
}

#[tokio::test]
async fn nobody_there_is_told_in_twilios_words() {
    let late = Human::after_ms(25_000).into();
    for (callee, status) in
        [(Callee::Busy, "busy"), (Callee::NoAnswer, "no-answer"), (late, "no-answer"), (Callee::Fails, "failed")]
    {
        let (application, network) = start(&[("/voice", &one("")), AFTER], &[(ANNA, callee)]).await;
        let truth = call(&network, vec![]).await;
        assert_eq!(application.told("/after", "DialCallStatus"), status);
        assert_eq!(application.told("/after", "DialBridged"), "false");
        assert_eq!(application.told("/after", "DialCallDuration"), "");
        assert_eq!((truth.dials[0].status.as_str(), truth.dials[0].talked), (status, None));
        let legs = network.legs();
        assert_eq!((legs.len(), legs[0].status.as_str(), legs[0].was_connected()), (1, status, false));
        assert_eq!(legs[0].truth.as_ref().unwrap().end, CallEnd::Unanswered);
    }
}

#[tokio::test]
async fn a_number_nobody_has_is_recorded_and_fails() {
    let document = r#"<Response><Dial action="/after" callerId="Anna">+19005550199</Dial></Response>"#;
    let (application, network) = start(&[("/voice", document), AFTER], &[(ANNA, Callee::Busy)]).await;
    let truth = call(&network, vec![]).await;
    assert_eq!(application.told("/after", "DialCallStatus"), "failed");
    assert!(truth.noticed(13214), "a caller ID is a number too");
    let dialled: Vec<_> = network.legs().into_iter().map(|leg| leg.to).collect();
    assert_eq!(dialled, ["+19005550199"]);
}

#[tokio::test]
async fn a_leg_reports_its_progress_when_asked() {
    let document =
        one(r#"statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed" sendDigits="ww12#""#);
    let human = Human::after_ms(500).talking(Duration::from_secs(1));
    let (application, network) = start(&[("/voice", &document), AFTER], &[(ANNA, human.into())]).await;
    let truth = call(&network, vec![]).await;
    let mut progress: Vec<_> = application.hits("/leg").into_iter().map(|hit| hit.params).collect();
    progress.sort_by_key(|params| params["SequenceNumber"].clone());
    let statuses: Vec<_> = progress.iter().map(|params| params["CallStatus"].as_str()).collect();
    assert_eq!(statuses, ["initiated", "ringing", "in-progress", "completed"]);
    for params in &progress {
        assert_eq!((params["Direction"].as_str(), &params["ParentCallSid"]), ("outbound-dial", &truth.call_sid));
        assert_eq!((params["To"].as_str(), params["From"].as_str()), (ANNA, NUMBER));
    }
    assert_eq!(network.legs()[0].digits_played, "ww12#");
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_leg_and_the_action_is_told_all_the_same() {
    let (application, network) = start(&[("/voice", &one("")), AFTER], &[(ANNA, Human::after_ms(500).into())]).await;
    let steps = vec![Step::AwaitPerson, Step::Silence { ms: 3_000 }, Step::HangUp];
    let truth = call(&network, steps).await;
    assert_eq!((&truth.end, truth.spoken.len()), (&CallEnd::HungUp, 0));
    let leg = &network.legs()[0];
    assert_eq!((leg.status, &leg.truth.as_ref().unwrap().end), (CallStatus::Completed, &CallEnd::Completed));
    assert_eq!(
        (application.told("/after", "CallStatus"), application.told("/after", "DialBridged")),
        ("completed".into(), "true".into())
    );
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_it_rings_calls_it_off() {
    let (_, network) = start(&[("/voice", &one("")), AFTER], &[(ANNA, Callee::NoAnswer)]).await;
    let truth = call(&network, vec![Step::AwaitVerb("Dial".into()), Step::Silence { ms: 3_000 }, Step::HangUp]).await;
    assert_eq!((truth.end, truth.dials[0].status.as_str()), (CallEnd::HungUp, "canceled"));
    assert_eq!(network.legs()[0].status, CallStatus::Canceled);
}

#[tokio::test]
async fn of_several_numbers_the_first_to_pick_up_is_connected_and_the_others_are_called_off() {
    let document = format!(
        r#"<Response><Dial action="/after"><Number>{ANNA}</Number><Number>{BEN}</Number><Number>+1</Number></Dial></Response>"#
    );
    let humans =
        [(ANNA, Human::after_ms(25_000).into()), (BEN, Human::after_ms(2_000).talking(Duration::from_secs(1)).into())];
    let (application, network) = start(&[("/voice", &document), AFTER], &humans).await;
    call(&network, vec![]).await;
    let legs = network.legs();
    let statuses: Vec<_> = legs.iter().map(|leg| leg.status).collect();
    assert_eq!(statuses, [CallStatus::Canceled, CallStatus::Completed, CallStatus::Failed]);
    assert_eq!(application.told("/after", "DialCallSid"), legs[1].call_sid);
}

#[tokio::test]
async fn numbers_in_turn_ring_one_after_the_other() {
    let document = format!(
        r#"<Response><Dial sequential="true"><Number>{ANNA}</Number><Number>{BEN}</Number><Number>+1</Number></Dial><Say>Next.</Say></Response>"#
    );
    let ben = Human::after_ms(100).talking(Duration::from_secs(1)).into();
    let (_, network) = start(&[("/voice", &document)], &[(ANNA, Callee::Busy), (BEN, ben)]).await;
    let truth = call(&network, vec![]).await;
    let statuses: Vec<_> = network.legs().iter().map(|leg| leg.status).collect();
    assert_eq!(statuses, [CallStatus::Busy, CallStatus::Completed], "the third was never called");
    assert_eq!(truth.spoken, ["Next."], "without an action the document goes on");
}

#[tokio::test]
async fn a_conversation_ends_when_its_time_is_up() {
    let document =
        format!(r#"<Response><Dial timeLimit="4" action="/after"><Number>{ANNA}</Number></Dial></Response>"#);
    let (application, network) = start(&[("/voice", &document), AFTER], &[(ANNA, Human::default().into())]).await;
    let truth = call(&network, vec![]).await;
    let talked = truth.dials[0].talked.unwrap();
    assert!(talked >= Duration::from_secs(4) && truth.end == CallEnd::Completed, "{talked:?}");
    assert_eq!(application.told("/after", "DialBridged"), "true");
}

#[tokio::test]
async fn a_call_sent_elsewhere_while_it_talks_cuts_the_leg() {
    let documents = [("/voice", one("")), ("/elsewhere", "<Response><Say>Hello again.</Say></Response>".to_owned())];
    let documents = documents.each_ref().map(|(path, document)| (*path, document.as_str()));
    let (application, network) = start(&documents, &[(ANNA, Human::after_ms(100).into())]).await;
    let elsewhere = application.url("/elsewhere");
    let order = async {
        let legs = network.legs_when(|legs| legs.first().is_some_and(Leg::was_connected)).await;
        rest(&network, &format!("/{}", legs[0].parent.as_ref().unwrap()), &[("Url", &elsewhere)]).await.0
    };
    let (truth, status) = tokio::join!(call(&network, vec![]), order);
    assert_eq!((status, truth.spoken), (200, vec!["Hello again.".to_owned()]));
    assert_eq!(network.legs()[0].status, CallStatus::Completed);
}

#[tokio::test]
async fn a_leg_sent_elsewhere_leaves_the_caller_to_the_action() {
    let (application, network) = start(&[("/voice", &one("")), AFTER], &[(ANNA, Human::after_ms(100).into())]).await;
    let order = async {
        let legs = network.legs_when(|legs| legs.first().is_some_and(Leg::was_connected)).await;
        rest(&network, &format!("/{}", legs[0].call_sid), &[("Twiml", "<Response><Say>For you.</Say></Response>")])
            .await
    };
    let (truth, (status, leg)) = tokio::join!(call(&network, vec![]), order);
    assert_eq!((status, &leg["parent_call_sid"]), (200, &truth.call_sid.as_str().into()));
    assert_eq!((truth.spoken, application.told("/after", "DialBridged")), (vec!["Goodbye.".to_owned()], "true".into()));
    let legs = network.legs_when(|legs| legs[0].truth.is_some()).await;
    assert_eq!(legs[0].heard, ["For you."]);
}
