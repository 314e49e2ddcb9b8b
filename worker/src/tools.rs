//! The tools of one call: asks the toolbox what a tool call comes to, and runs what takes time beside the call.
//!
//! Before it: the session driver, which tells what the agent asked. After it: [`tools::Toolbox`], and a task for each job.
//! The media loop never waits for one: answers come back through a channel.
//!
//! ```text
//! RunTool ─▶ plan ─▶ Now ───────────────────────────────────────────▶ answer
//!             └▶ Later ─▶ task: journal stored? ─▶ run ─▶ 1.5 s: slow ─▶ answer
//!                                 └ fenced, taken back: it never runs
//! ```
//!
//! What may not run twice runs to its end once it has begun, even when nobody waits for it any more: taking back a
//! request that is out does not undo it, and its answer still tells the record what was done.

use crate::moments;
use ::tools::{Asked, Job, Memory, Plan, Toolbox};
use call::{Conversation, Spoken, ToolAnswer, ToolCallId, ToolInput};
use common::company::AgentSnapshot;
use common::ids::{CallId, Epoch};
use common::lifecycle::Lifecycle;
use common::ports::Fence;
use common::private::PhoneNumber;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// Longest wait for the journal of a tool that must not run twice. With the store away it runs after this all the same:
/// a live call never depends on a store. Higher would leave the tool less time than the core gives it.
const JOURNAL: Duration = Duration::from_millis(750);

/// After this the caller hears that it takes a while. Lower talks over answers that come at once; higher is dead air.
const SLOW: Duration = Duration::from_millis(1_500);

/// What tasks have to tell, at most; more of them wait with it. The core lets 16 run at once, and each tells two things.
const REPORTS: usize = 32;

/// The tools of one call.
pub struct Tools {
    toolbox: Arc<Toolbox>,
    lifecycle: Lifecycle,
    whose: Whose,
    memory: Memory,
    /// Dropped when nobody waits for the tool any more.
    wanted: BTreeMap<ToolCallId, oneshot::Sender<Infallible>>,
    /// Tasks that have not told their end.
    running: u32,
    report: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
}

/// The call the tools belong to.
pub struct Whose {
    /// Which.
    pub call: CallId,
    /// Under which claim.
    pub epoch: Epoch,
    /// Who calls, where the network says so.
    pub caller: Option<PhoneNumber>,
    /// Our number in the call.
    pub ours: Option<PhoneNumber>,
}

/// What a task tells.
enum Report {
    Slow {
        call: ToolCallId,
        filler: Spoken,
    },
    /// It is over; `None` when it never ran or was dropped. Boxed: a channel has room for 32 from its start.
    Over {
        call: ToolCallId,
        answer: Option<Box<ToolAnswer>>,
    },
}

impl Tools {
    /// For a call with this much behind it. Its tasks belong to `lifecycle` and may outlive the call.
    pub fn new(toolbox: Arc<Toolbox>, lifecycle: Lifecycle, whose: Whose, conversation: &Conversation) -> Self {
        let (report, reports) = mpsc::channel(REPORTS);
        let memory = Memory::resume(conversation);
        Self { toolbox, lifecycle, whose, memory, wanted: BTreeMap::new(), running: 0, report, reports }
    }

    /// What a tool call comes to.
    pub fn plan(
        &mut self,
        id: &ToolCallId,
        name: &str,
        arguments: &Spoken,
        agent: &AgentSnapshot,
        conversation: &Conversation,
    ) -> Plan {
        let Whose { call, epoch, caller, ours } = &self.whose;
        let (epoch, caller, ours) = (*epoch, caller.as_ref(), ours.as_ref());
        let asked = Asked { call, epoch, agent, caller, ours, id, name, arguments, conversation };
        self.toolbox.plan(&asked, &mut self.memory)
    }

    /// Runs a job beside the call; first it waits for `stored`, the journal that says so.
    pub fn start(&mut self, id: ToolCallId, job: Job, stored: Option<oneshot::Receiver<Fence>>) {
        let (wanted, unwanted) = oneshot::channel();
        self.wanted.insert(id.clone(), wanted);
        self.running += 1;
        let (call, report) = (self.whose.call.clone(), self.report.clone());
        self.lifecycle.start("tool", Task { call, id, stored, unwanted, report }.run(job));
    }

    /// Nobody waits for this answer any more.
    pub fn cancel(&mut self, call: &ToolCallId) {
        self.wanted.remove(call);
    }

    /// The call is over: what only reads is dropped, what runs on tells nobody but the log.
    pub fn leave_alone(&mut self) {
        self.wanted.clear();
        self.reports.close();
        while let Ok(report) = self.reports.try_recv() {
            if let Report::Over { answer: Some(answer), .. } = report {
                moments::tool_outlived_its_call(&self.whose.call, answer.outcome);
            }
        }
    }

    /// What a tool has to say next. Costs a comparison while none runs.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<ToolInput> {
        while self.running > 0 {
            match self.reports.poll_recv(cx) {
                Poll::Ready(Some(Report::Slow { call, filler })) => {
                    return Poll::Ready(ToolInput::Slow { call, filler });
                }
                Poll::Ready(Some(Report::Over { call, answer })) => {
                    self.running -= 1;
                    self.wanted.remove(&call);
                    if let Some(answer) = answer {
                        return Poll::Ready(ToolInput::Answered(*answer));
                    }
                }
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Pending
    }
}

/// A job that runs. Boxed: it is large, and most calls run none.
type Running = Pin<Box<dyn Future<Output = ToolAnswer> + Send>>;

/// One job's way beside the call.
struct Task {
    call: CallId,
    id: ToolCallId,
    stored: Option<oneshot::Receiver<Fence>>,
    unwanted: oneshot::Receiver<Infallible>,
    report: mpsc::Sender<Report>,
}

/// Whether a job may run.
#[derive(PartialEq, Eq)]
enum Start {
    Yes,
    /// It was taken back, or the call belongs to another worker.
    Never,
}

impl Task {
    async fn run(mut self, job: Job) {
        let answer = self.carry_out(job).await;
        let outcome = answer.as_ref().map(|answer| answer.outcome);
        let over = Report::Over { call: self.id.clone(), answer: answer.map(Box::new) };
        if self.report.send(over).await.is_err()
            && let Some(outcome) = outcome
        {
            moments::tool_outlived_its_call(&self.call, outcome);
        }
    }

    async fn carry_out(&mut self, mut job: Job) -> Option<ToolAnswer> {
        let slow = tokio::time::sleep(SLOW);
        tokio::pin!(slow);
        let once = job.journal_first;
        if self.start().await == Start::Never {
            return None;
        }
        let mut filler = job.filler.take();
        let mut running: Running = Box::pin(job.run());
        loop {
            tokio::select! {
                biased;
                answer = &mut running => return Some(answer),
                _ = &mut self.unwanted, if !once => return None,
                () = &mut slow, if filler.is_some() => self.slow(filler.take()),
            }
        }
    }

    /// Waits for the journal, where there is one to wait for.
    async fn start(&mut self) -> Start {
        let Some(stored) = self.stored.take() else { return Start::Yes };
        let waiting = Instant::now();
        let answer = tokio::select! {
            biased;
            _ = &mut self.unwanted => return Start::Never,
            answer = timeout(JOURNAL, stored) => answer,
        };
        match answer {
            Ok(Ok(Fence::Fenced)) => return Start::Never,
            Ok(Ok(Fence::Held | Fence::Recreated)) => moments::tool_journal_stored(waiting.elapsed()),
            Ok(Err(_)) | Err(_) => moments::tool_journal_missing(&self.call),
        }
        Start::Yes
    }

    fn slow(&self, filler: Option<Spoken>) {
        if let Some(filler) = filler {
            // With no room for it there is more important news.
            let _ = self.report.try_send(Report::Slow { call: self.id.clone(), filler });
        }
    }
}
