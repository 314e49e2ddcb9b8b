//! Who has picked up, told to an application that asked: the answering-machine detection of a call placed by REST.
//!
//! `status.rs` begins it when the call is picked up. The verdict is known from the start (`network/detection.rs`); what
//! takes time is listening, and a call that ends meanwhile leaves it at `unknown`.

use std::time::Duration;

use tokio::time::sleep;

use super::call::{Call, Report};
use super::truth::{VerdictTruth, nanos};
use super::verbs::params;
use crate::network::{AnswersAs, Detection, DetectionTold, Method, Params};

impl Call {
    /// Begins to listen. Where the document waits for the verdict, gives what its request says of it, once it is known.
    pub(super) fn detect(&mut self) {
        if let AnswersAs::Machine(machine) = &self.plan.answers_as {
            let beep = machine.beep().zip(self.answered).map(|(beep, from)| nanos(self.begun, from + beep));
            self.truth.beep_ns = beep;
        }
        let Some(detection) = self.detection.clone() else { return };
        let (word, after) = detection.verdict(&self.plan.answers_as);
        match &detection.told {
            DetectionTold::WithDocument => {}
            DetectionTold::Callback(url, method) => self.tell_verdict(word, after, url.clone(), *method),
            DetectionTold::Nobody => self.network.calls().set_answered_by(&self.sid, word),
        }
    }

    /// Listens before the document is asked for, where that is wanted: what its request says then.
    pub(super) async fn detect_first(&mut self) -> Params {
        let Some(Detection { told: DetectionTold::WithDocument, .. }) = &self.detection else { return Vec::new() };
        let Some(detection) = self.detection.take() else { return Vec::new() };
        let (word, after) = detection.verdict(&self.plan.answers_as);
        sleep(after).await;
        self.network.calls().set_answered_by(&self.sid, word);
        self.truth.verdict = Some(VerdictTruth { answered_by: word, is_told: true });
        verdict(word, after).to_vec()
    }

    fn tell_verdict(&mut self, word: &'static str, after: Duration, url: String, method: Method) {
        let (network, sid, over) = (self.network.clone(), self.sid.clone(), self.over.clone());
        let common = params([("AccountSid", network.account_sid().to_owned()), ("CallSid", sid.clone())]);
        let question = self.question(url, method, common);
        self.posts.spawn(async move {
            let word = tokio::select! {
                () = sleep(after) => word,
                () = over.cancelled() => "unknown",
            };
            network.calls().set_answered_by(&sid, word);
            let mut question = question;
            question.params.extend(verdict(word, after));
            let answer = network.tell(&question).await;
            let is_told = answer.is_some_and(|answer| answer.is_ok_and(|answer| (200..300).contains(&answer.status)));
            Report::Verdict(VerdictTruth { answered_by: word, is_told })
        });
    }
}

fn verdict(word: &str, after: Duration) -> [(String, String); 2] {
    [("AnsweredBy".to_owned(), word.to_owned()), ("MachineDetectionDuration".to_owned(), after.as_millis().to_string())]
}
