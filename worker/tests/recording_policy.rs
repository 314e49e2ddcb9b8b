//! From when on a call is recorded, and what a call that comes back keeps of that.

use crate::support::call;
use crate::support::phone::Caller;
use crate::support::studio::{Studio, recorded};
use call::{Conversation, RecordingState};
use common::company::{RecordBy, RecordFrom, Recording};
use common::ids::Epoch;

fn from(from: RecordFrom) -> Recording {
    Recording { by: RecordBy::Patchbay, from, ..Recording::default() }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_before_the_announcement_was_heard() {
    let studio = Studio::new().await;
    let caller = [Caller::Listen, Caller::Speak(60), Caller::Listen];
    let played = studio.call(&call(1), from(RecordFrom::Announced), &caller).await;
    let takes = studio.close().await;
    let wav = takes.recording(&call(1));
    let announcement = &played.spans[0];
    let end = announcement.at + announcement.sound.len() as u64;
    let begins = played.begins(&wav);
    assert!((end..end + 320).contains(&begins), "it begins at {begins}, the announcement was heard at {end}");
    played.check(&wav, &[]);
    assert_eq!(takes.states(), [RecordingState::Started]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_did_not_hear_the_announcement_is_not_recorded() {
    let studio = Studio::new().await;
    let caller = [Caller::Hear(8_000), Caller::Speak(60), Caller::Listen];
    let played = studio.call(&call(1), from(RecordFrom::Announced), &caller).await;
    assert!(played.spans.iter().any(|span| span.cut));
    let takes = studio.close().await;
    assert_eq!((takes.states(), takes.told(&call(1)), takes.files()), (vec![], vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_recording_nobody_asked_for_is_not_recorded() {
    let studio = Studio::new().await;
    studio.call(&call(1), from(RecordFrom::Asked), &[Caller::Listen]).await;
    studio.call(&call(2), Recording::default(), &[Caller::Listen]).await;
    let takes = studio.close().await;
    assert_eq!((takes.states(), takes.files()), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_back_goes_on_in_a_recording_of_its_own() {
    let studio = Studio::new().await;
    let agent = recorded(from(RecordFrom::Announced));
    let heard = Conversation { recording: Some(RecordingState::Started), ..Conversation::default() };
    let played = studio.resumed(&call(1), Epoch(7), agent, Some(heard), &[Caller::Quiet(100)]).await;
    let takes = studio.close().await;
    let [common::event::TapEvent::Stored { recording, place, .. }] = &takes.told(&call(1))[..] else { panic!() };
    assert_eq!(recording.as_str(), format!("{}-7", call(1)));
    assert!(place.starts_with("demo/20") && place.ends_with("/ca00000000000000000000000000000001-7.wav"), "{place}");
    assert_eq!(played.begins(&takes.recording(&call(1))), 0);
}

#[tokio::test(start_paused = true)]
async fn who_refused_is_not_recorded_when_the_call_comes_back() {
    let studio = Studio::new().await;
    let agent = recorded(from(RecordFrom::Start));
    let heard = Conversation { recording: Some(RecordingState::Refused), ..Conversation::default() };
    studio.resumed(&call(1), Epoch(7), agent, Some(heard), &[Caller::Quiet(100)]).await;
    let takes = studio.close().await;
    assert_eq!((takes.states(), takes.files()), (vec![], vec![]));
}
