//! Flags that say how people are called.

use ::outbound::words::{self, Days, Retries};
use anyhow::Context;
use clap::Args;
use common::company::Roster;
use common::ids::{AgentId, CompanyId};
use common::ports::outbound::{DialPlan, OnMachine, Window};
use common::private::PhoneNumber;
use jiff::tz::TimeZone;
use outbound::wish;

/// Who calls.
#[derive(Args)]
pub(super) struct WhoArgs {
    /// Whose call it is
    #[arg(long, value_name = "COMPANY", value_parser = crate::agents::parse_company)]
    pub(super) company: CompanyId,
    /// Who speaks
    #[arg(long, value_name = "AGENT", value_parser = |text: &str| AgentId::parse(text).map_err(|error| error.to_string()))]
    pub(super) agent: AgentId,
    /// On what ground they may be called: who agreed to it, when and how. Kept with the batch
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) consent: String,
    /// Our number, one of the agent's; its first where none is given
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
}

impl WhoArgs {
    /// Our number, as it was given.
    pub(super) fn from(&self) -> Option<PhoneNumber> {
        self.from.as_deref().map(PhoneNumber::new)
    }
}

/// How.
#[derive(Args)]
pub(super) struct HowArgs {
    /// Hours in which people are called, by their own clocks
    #[arg(long, value_name = "FROM-UNTIL", default_value = "09:00-20:00", value_parser = words::hours)]
    hours: (u16, u16),
    /// Days on which they are called
    #[arg(long, default_value = "mon-fri", value_parser = words::days)]
    days: Days,
    /// Who is called again, by outcome, how often and how long after: no_answer=2@60m,busy=2@10m
    #[arg(long, value_name = "RULES", value_parser = words::retries)]
    retry: Option<Retries>,
    /// What is done when a machine answers: hang-up, go-on, or "message: what is spoken after the beep"
    #[arg(long, default_value = "hang-up", value_parser = words::machine)]
    machine: OnMachine,
    /// How long it rings
    #[arg(long, value_name = "SECONDS", default_value_t = wish::usual_plan().ring_s)]
    ring: u32,
    /// Longest call
    #[arg(long, value_name = "MINUTES", default_value_t = wish::usual_plan().most_s / 60)]
    longest: u32,
    /// After this nobody is called any more: 2026-12-01 or 2026-12-01T18:00, by the company's clock
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl HowArgs {
    /// As a plan, with the usual pace.
    pub(super) fn plan(&self, roster: &Roster, company: &CompanyId) -> anyhow::Result<DialPlan> {
        let zone = roster.companies.get(company).and_then(|company| TimeZone::get(&company.timezone).ok());
        let until = |text: &String| words::until(text, &zone.unwrap_or(TimeZone::UTC)).map_err(anyhow::Error::msg);
        let until_ms = self.until.as_ref().map(until).transpose().context("failed to read --until")?;
        let (from_minute, until_minute) = self.hours;
        Ok(DialPlan {
            window: Window { from_minute, until_minute, days: self.days.0 },
            retries: self.retry.clone().unwrap_or_default().0,
            machine: self.machine.clone(),
            ring_s: self.ring,
            most_s: self.longest.saturating_mul(60),
            until_ms,
            ..wish::usual_plan()
        })
    }
}

/// A plan in one line, for people.
pub(super) fn shown(plan: &DialPlan) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let Window { from_minute, until_minute, days } = &plan.window;
    let hours = if (*from_minute, *until_minute, *days) == (0, 24 * 60, [true; 7]) {
        "at any hour".to_owned()
    } else {
        format!("{}-{} {} by their clocks", time(*from_minute), time(*until_minute), words::shown_days(days))
    };
    let retries = plan.retries.iter().map(|(outcome, retry)| {
        format!(", again after {} {} times, {} min apart", outcome.as_str(), retry.times, retry.after_s / 60)
    });
    let end = plan.until_ms.map(|until_ms| format!(", until {}", super::moment(until_ms))).unwrap_or_default();
    let retries: String = retries.collect();
    format!("{} a minute, {} at a time, {hours}{retries}{end}", plan.per_minute, plan.concurrency)
}
