//! `<Gather>` and the keys a caller presses.

use loadtest::phone::{self, CallPlan, CallTruth, Step};

use crate::application::{Application, NUMBER, no_stream};

async fn call(attributes: &str, gathered: &[&str], steps: Vec<Step>) -> (CallTruth, Application) {
    // Thirty seconds that only an impatient caller does not sit through.
    let pause_s = if steps.is_empty() { 1 } else { 30 };
    let document = format!(
        r#"<Response><Gather action="/keys" {attributes}><Say>Please type the number of your order, as it stands in our letter.</Say><Pause length="{pause_s}"/></Gather><Say>Nothing.</Say></Response>"#
    );
    let documents = [("/voice", document.as_str()), ("/keys", "<Response><Hangup/></Response>")];
    let (application, network) = Application::start(&documents, no_stream).await;
    let mut plan = CallPlan::new(1, NUMBER, steps);
    plan.gathered = gathered.iter().map(|keys| (*keys).to_owned()).collect();
    (phone::call(&network, plan).await, application)
}

fn impatient(keys: &str) -> Vec<Step> {
    vec![Step::AwaitVerb("Gather".into()), Step::Silence { ms: 500 }, Step::Digits(keys.into()), Step::AwaitEnd]
}

#[tokio::test]
async fn a_caller_may_press_before_the_prompts_are_over() {
    let (truth, application) = call("", &[], impatient("4711#")).await;
    assert_eq!(
        (application.told("/keys", "Digits"), application.told("/keys", "FinishedOnKey")),
        ("4711".into(), "#".into())
    );
    assert_eq!((truth.gathered, truth.pressed.as_str()), (vec!["4711".to_owned()], "4711#"));
    assert!(truth.ended_ns < 1_000_000_000, "thirty seconds of pause were cut short: {} ns", truth.ended_ns);
}

#[tokio::test]
async fn as_many_keys_are_taken_as_are_asked_for() {
    let (truth, application) = call(r#"numDigits="2""#, &["123"], vec![]).await;
    assert_eq!((application.told("/keys", "Digits"), truth.gathered), ("12".into(), vec!["12".to_owned()]));
}

#[tokio::test]
async fn keys_without_an_end_are_taken_when_no_more_come() {
    let (_, application) = call(r#"timeout="2" finishOnKey="""#, &["1#"], vec![]).await;
    assert_eq!(
        (application.told("/keys", "Digits"), application.told("/keys", "FinishedOnKey")),
        ("1#".into(), "".into())
    );
}

#[tokio::test]
async fn a_caller_who_presses_nothing_goes_on_with_the_document() {
    let (truth, application) = call(r#"timeout="1""#, &[], vec![]).await;
    assert_eq!(truth.spoken.last().unwrap(), "Nothing.");
    assert_eq!((truth.gathered, application.hits("/keys").len()), (vec![String::new()], 0));
}

#[tokio::test]
async fn nothing_pressed_is_told_if_asked_for() {
    let (_, application) = call(r#"timeout="1" actionOnEmptyResult="true""#, &[], vec![]).await;
    assert_eq!(application.hits("/keys")[0].params["Digits"], "");
}

#[tokio::test]
async fn a_gather_of_speech_takes_no_keys() {
    let (truth, application) = call(r#"input="speech" timeout="1""#, &["1"], impatient("2")).await;
    assert_eq!((truth.gathered, application.hits("/keys").len()), (vec![String::new()], 0));
}
