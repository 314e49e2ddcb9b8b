//! A call that was answered, and what happens to it then.

use super::request::Question;
use super::worker::{FakeWorker, Manner};
use super::{Answer, Gateway, PUBLIC, World, call};
use ::call::{Conversation, Heard, NextStep, Speaker, Spoken, Turn};
use common::ids::Epoch;
use common::ports::{Session, SessionStatus, SessionWrite, State};

/// A call that was answered by `worker-0`, and `worker-1` beside it.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    pub(crate) workers: [FakeWorker; 2],
    path: String,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::of(World::new()).await
    }

    /// In this world.
    pub(crate) async fn of(world: World) -> Self {
        let gateway = world.gateway();
        let workers = [
            FakeWorker::start(&world, "worker-0", Manner::Willing).await,
            FakeWorker::start(&world, "worker-1", Manner::Willing).await,
        ];
        let (path, _, _) = gateway.answer(Question::voice(&call(1)).post()).await.document().connect();
        Self { world, gateway, workers, path }
    }

    pub(crate) async fn session(&self) -> Session {
        self.world.state.session(&call(1)).await.unwrap().unwrap()
    }

    /// Writes as the call's worker does.
    pub(crate) async fn write(&self, change: impl FnOnce(&mut SessionWrite)) {
        let mut write = SessionWrite::new(call(1), self.session().await.epoch);
        change(&mut write);
        self.world.state.write(&write).await.unwrap();
    }

    pub(crate) fn question(&self, status: &str) -> Question {
        Question::ask(&self.path, &call(1), status)
    }

    pub(crate) async fn ask(&self, status: &str) -> Answer {
        self.gateway.answer(self.question(status).post()).await
    }

    /// The worker sends the call to this step, with what was said; the network asks what comes next.
    pub(crate) async fn leave_for(&self, step: NextStep) -> Answer {
        self.write(|write| {
            write.status = Some(SessionStatus::Live);
            write.next = Some(step);
            write.checkpoint = Some(serde_json::to_vec(&conversation()).unwrap().into());
        })
        .await;
        self.ask("in-progress").await
    }

    /// The network asks one of the call's own routes.
    pub(crate) async fn ask_at(&self, url: &str, pairs: &[(&str, &str)]) -> Answer {
        let path = url.strip_prefix(PUBLIC).unwrap();
        let question = pairs
            .iter()
            .fold(Question::ask(path, &call(1), "in-progress"), |question, (name, value)| question.with(name, value));
        self.gateway.answer(question.post()).await
    }

    pub(crate) async fn check_hung_up(&self, status: &str) {
        let before: Epoch = self.session().await.epoch;
        assert!(self.ask(status).await.document().is_hangup(), "{status}");
        assert_eq!(self.session().await.epoch, before, "nobody claimed the call");
        assert_eq!(self.workers.iter().map(|worker| worker.reservations().len()).sum::<usize>(), 1);
    }
}

/// What was said before.
pub(crate) fn conversation() -> Conversation {
    let turn = |number, speaker, text: &str| Turn {
        number,
        speaker,
        text: Some(Spoken::new(text)),
        started_ms: u64::from(number) * 1_000,
        ended_ms: u64::from(number) * 1_000 + 500,
        heard: Heard::Whole,
        version: None,
    };
    let turns = vec![turn(1, Speaker::Agent, "Hello."), turn(2, Speaker::Caller, "What time is breakfast?")];
    Conversation { turns, numbered: 2, ..Conversation::default() }
}
