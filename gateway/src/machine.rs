//! A machine has answered a call that we made: the call is ended, a message is left after the beep, or the agent goes on.
//!
//! Before it: Twilio's answering-machine detection, which listens while the agent has already begun to speak. What is
//! done goes by REST, so that it does not depend on the worker; the record learns of it as an event of its own.

use crate::GatewayContext;
use crate::asked::{Asked, Leg};
use crate::dossier::{Dossier, own_url};
use crate::errand::{self, Errand};
use crate::moments;
use crate::notices::{forged, tell};
use crate::signed::Signed;
use crate::witness::envelope;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use call::NextStep;
use common::event::{Event, GatewayEvent, MachineDeed, Source};
use common::ids::{CallId, CompanyId, Epoch};
use common::ports::outbound::OnMachine;
use common::ports::{Session, SessionWrite};
use common::token::AttemptToken;
use common::twilio::{AnsweredByCallback, Verb, derived_sequence, document};
use std::sync::Arc;

/// Said before the message: machines cut the first moment.
const BREATH_S: u32 = 1;

/// `POST|GET /twilio/amd/{token}`: who has answered.
pub async fn answered_by(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let signed = match Signed::read(&gateway, "amd", request).await {
        Ok(signed) => signed,
        Err(refused) => return refused,
    };
    let Ok(token) = gateway.keys.open_attempt(&token) else { return forged() };
    let Ok(callback) = AnsweredByCallback::read(&signed.form) else {
        moments::webhook_unreadable("amd");
        return StatusCode::NO_CONTENT.into_response();
    };
    let sequence = derived_sequence(&["answered-by", &callback.by]);
    tell(&gateway, &callback.call, sequence, Some(&token.company), callback.to_event()).await;
    if callback.is_machine() {
        // Once, however often Twilio says so: a message must not begin again.
        let act = act(&gateway, &token, &callback);
        gateway.answers.once(&format!("machine:{}", callback.call), gateway.deadline, act).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

/// Does what the batch wants; gives the deed's name, for repeats.
async fn act(gateway: &Arc<GatewayContext>, token: &AttemptToken, callback: &AnsweredByCallback) -> String {
    let session = gateway.state.session(&callback.call).await.ok().flatten();
    let errand = session.as_ref().and_then(Dossier::of).and_then(|dossier| dossier.errand);
    let errand = match errand {
        Some(errand) => errand,
        None => errand::look_up(gateway, token).await.2,
    };
    let leaves = matches!(errand.machine, OnMachine::LeaveMessage(_)) && callback.takes_messages();
    moments::machine_answered(&callback.call, &callback.by);
    match errand.machine {
        OnMachine::GoOn => done(gateway, &callback.call, &token.company, &callback.by, MachineDeed::WentOn).await,
        OnMachine::LeaveMessage(_) if leaves => {
            leave_message(gateway, callback, session).await;
            MachineDeed::LeftMessage.as_str().to_owned()
        }
        OnMachine::LeaveMessage(_) | OnMachine::HangUp => {
            let (telephone, call) = (gateway.telephone.clone(), callback.call.clone());
            gateway.lifecycle.start("hang up on a machine", async move {
                let Some(telephone) = telephone else { return moments::nobody_called(&call) };
                if let Err(error) = telephone.hang_up(&call).await {
                    moments::machine_not_left(&call, &error);
                }
            });
            done(gateway, &callback.call, &token.company, &callback.by, MachineDeed::HungUp).await
        }
    }
}

/// Sends the call to the message. The session is told first that nothing follows its stream: the stream's end must not
/// wake another worker.
async fn leave_message(gateway: &Arc<GatewayContext>, callback: &AnsweredByCallback, session: Option<Session>) {
    if let Some(session) = session {
        let mut write = SessionWrite::new(callback.call.clone(), session.epoch);
        write.next = Some(NextStep::HangUp);
        gateway.witness.write(write).await;
    }
    let url = own_url(gateway, "message", &callback.call);
    let (telephone, call) = (gateway.telephone.clone(), callback.call.clone());
    gateway.lifecycle.start("leave a message", async move {
        let Some(telephone) = telephone else { return moments::nobody_called(&call) };
        if let Err(error) = telephone.redirect(&call, &url).await {
            moments::machine_not_left(&call, &error);
        }
    });
}

/// `POST|GET /twilio/message/{token}`: what is said after the beep. That it was asked for is what the record is told:
/// from here on Twilio speaks it.
pub async fn message(
    State(gateway): State<Arc<GatewayContext>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let asked = match Asked::read(&gateway, "message", &token, Leg::Own, request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    asked.once(&gateway, "message", Some("the message".into()), speak(&gateway, &asked.call)).await
}

async fn speak(gateway: &GatewayContext, call: &CallId) -> String {
    let over = document(&[Verb::Hangup]);
    let Ok(Some(session)) = gateway.state.session(call).await else { return over };
    let Some(dossier) = Dossier::of(&session) else { return over };
    let Some(Errand { machine: OnMachine::LeaveMessage(text), .. }) = dossier.errand else { return over };
    done(gateway, call, &dossier.agent.company, "machine", MachineDeed::LeftMessage).await;
    let say = Verb::Say { text, language: Some(dossier.agent.language.clone()) };
    document(&[Verb::Pause { seconds: BREATH_S }, say, Verb::Hangup])
}

/// Tells the record what was done, under no claim: the call's own goes on or ends by itself.
async fn done(
    gateway: &GatewayContext,
    call: &CallId,
    company: &CompanyId,
    answered_by: &str,
    deed: MachineDeed,
) -> String {
    let sequence = derived_sequence(&["machine", deed.as_str()]);
    let event = Event::Gateway(GatewayEvent::Machine { answered_by: answered_by.to_owned(), deed });
    let event = envelope(call, Source::Gateway, Epoch(0), sequence, Some(company), event);
    gateway.witness.tell(call, vec![event]).await;
    deed.as_str().to_owned()
}
