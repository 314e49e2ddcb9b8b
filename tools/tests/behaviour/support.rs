//! A call that asks for tools, and servers that remember what they were asked.

use crate::shelf::Shelf;
use axum::Router;
use call::{Conversation, Heard, Journal, Speaker, Spoken, ToolAnswer, ToolCallId, ToolOutcome, ToolStage, Turn};
use common::company::{AgentSnapshot, HttpTool, Tool, ToolKind};
use common::ids::{CallId, CompanyId, Epoch};
use common::private::{PhoneNumber, SecretString};
use common::testing;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tools::{Asked, Job, Memory, Plan, Secrets, Settings, Toolbox, Want};

/// A call whose agent has these tools.
pub(crate) struct Phone {
    pub(crate) toolbox: Toolbox,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) agent: AgentSnapshot,
    pub(crate) call: CallId,
    pub(crate) caller: Option<PhoneNumber>,
    pub(crate) ours: Option<PhoneNumber>,
    pub(crate) conversation: Conversation,
    pub(crate) memory: Memory,
    asked: u32,
}

impl Phone {
    /// It may reach this server.
    pub(crate) fn new(tools: Vec<Tool>, server: Option<SocketAddr>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let values = BTreeMap::from([
            ("SHOP_KEY".to_owned(), SecretString::from("sesame")),
            ("SHOP_SIGN".to_owned(), SecretString::from("sign me")),
        ]);
        let private_hosts = server.iter().map(SocketAddr::to_string).collect();
        let shelf = Arc::new(Shelf::default());
        let settings = Settings { secrets: Secrets::new(None, values), private_hosts };
        let mut agent = testing::agent_snapshot();
        agent.tools = tools;
        agent.services.extend(server.map(|server| ("shop".to_owned(), format!("http://{server}"))));
        Self {
            toolbox: Toolbox::new(settings, shelf.clone()).unwrap(),
            shelf,
            agent,
            call: testing::call_id(7),
            caller: Some(PhoneNumber::new("+12025550143")),
            ours: Some(PhoneNumber::new("+12025550100")),
            conversation: Conversation::default(),
            memory: Memory::default(),
            asked: 0,
        }
    }

    /// The agent asks for a tool.
    pub(crate) fn plan(&mut self, name: &str, arguments: &Value) -> Plan {
        self.plan_text(name, &arguments.to_string())
    }

    /// The agent asks for a tool with arguments as it wrote them.
    pub(crate) fn plan_text(&mut self, name: &str, arguments: &str) -> Plan {
        self.asked += 1;
        let asked = Asked {
            call: &self.call,
            epoch: Epoch(1),
            agent: &self.agent,
            caller: self.caller.as_ref(),
            ours: self.ours.as_ref(),
            id: &ToolCallId(format!("call_{}", self.asked)),
            name,
            arguments: &Spoken::new(arguments),
            conversation: &self.conversation,
        };
        self.toolbox.plan(&asked, &mut self.memory)
    }

    /// The agent asks for a tool that has to be run.
    pub(crate) fn job(&mut self, name: &str, arguments: &Value) -> Job {
        match self.plan(name, arguments) {
            Plan::Later(job) => job,
            Plan::Now { answer, .. } => panic!("{}", answer.output.reveal()),
        }
    }

    /// The agent asks for a tool, and what it is answered.
    pub(crate) async fn ask(&mut self, name: &str, arguments: &Value) -> Answer {
        match self.plan(name, arguments) {
            Plan::Now { answer, wants } => Answer::new(answer, wants),
            Plan::Later(job) => Answer::new(job.run().await, None),
        }
    }

    /// The next call, of another company, at the same worker.
    pub(crate) fn hang_up(&mut self, number: u64) {
        self.call = testing::call_id(number);
        self.agent.company = CompanyId::parse(format!("company-{number}")).unwrap();
        self.conversation = Conversation::default();
        self.memory = Memory::default();
    }

    /// Somebody says something.
    pub(crate) fn says(&mut self, speaker: Speaker, text: &str) {
        self.conversation.numbered += 1;
        if speaker == Speaker::Caller {
            self.conversation.caller_spoke = self.conversation.numbered;
        }
        self.conversation.turns.push(Turn {
            number: self.conversation.numbered,
            speaker,
            text: Some(Spoken::new(text)),
            started_ms: 0,
            ended_ms: 0,
            heard: Heard::Whole,
            version: None,
        });
    }

    /// Another worker goes on with the call; this is what the journal says.
    pub(crate) fn resume(&mut self, name: &str, arguments: &Value, stage: ToolStage) {
        self.conversation.tools.push(Journal {
            call: ToolCallId("call_before".into()),
            name: name.to_owned(),
            arguments: Spoken::new(arguments.to_string()),
            after: self.conversation.numbered,
            stage,
        });
        self.memory = Memory::resume(&self.conversation);
    }
}

/// What the agent is answered.
pub(crate) struct Answer {
    pub(crate) json: Value,
    pub(crate) whole: ToolAnswer,
    pub(crate) wants: Option<Want>,
}

impl Answer {
    pub(crate) fn new(whole: ToolAnswer, wants: Option<Want>) -> Self {
        Self { json: serde_json::from_str(whole.output.reveal()).unwrap(), whole, wants }
    }

    /// It is this error, for the model and for the record.
    #[track_caller]
    pub(crate) fn is_error(&self, code: &str, outcome: ToolOutcome) {
        assert_eq!(self.json["error"], code, "{}", self.json);
        assert_eq!(self.whole.error.as_deref(), Some(code));
        assert_eq!(self.whole.outcome, outcome);
    }

    /// It answered well.
    #[track_caller]
    pub(crate) fn is_result(&self, result: &Value) {
        assert_eq!(self.json["result"], *result, "{}", self.json);
        assert_eq!((self.whole.error.as_deref(), self.whole.outcome), (None, ToolOutcome::Answered));
    }
}

/// A tool that asks `{shop}` and takes any arguments.
pub(crate) fn http_tool(name: &str, method: &str, url: &str) -> Tool {
    let http = HttpTool {
        method: method.into(),
        url: url.into(),
        headers: BTreeMap::new(),
        secret: None,
        sign: None,
        body: None,
        result: BTreeMap::new(),
        sample: None,
    };
    testing::tool(name, ToolKind::Http(http))
}

/// The same, with more about the request.
pub(crate) fn with_http(mut tool: Tool, change: impl FnOnce(&mut HttpTool)) -> Tool {
    if let ToolKind::Http(http) = &mut tool.kind {
        change(http);
    }
    tool
}

/// A tool that pays: it must not run twice.
pub(crate) fn pay() -> Tool {
    let mut tool = http_tool("pay", "POST", "{shop}/pay");
    tool.idempotent = false;
    tool.parameters = json!({
        "type": "object",
        "properties": {"amount": {"type": "number", "minimum": 1}, "card": {"type": "string"}},
        "required": ["amount"],
        "additionalProperties": false,
    });
    tool
}

/// Serves until the test ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}
