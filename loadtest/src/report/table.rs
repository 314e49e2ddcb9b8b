//! The figures for people: a few short tables, one line a thing.

use std::fmt::{self, Display, Formatter};

use super::{Figures, Percentiles, Record};

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_calls(f)?;
        self.write_delays(f)?;
        self.write_cost(f)?;
        if let Some(record) = &self.record {
            write_record(f, record)?;
        }
        for broken in &self.broken {
            writeln!(f, "BROKEN: {broken}")?;
        }
        Ok(())
    }
}

impl Figures {
    fn write_calls(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (calls, frames, audio) = (&self.calls, &self.frames, &self.audio);
        writeln!(f, "calls      {} placed, {} dropped, {:.1} minutes", calls.placed, calls.dropped, calls.minutes)?;
        for (reason, count) in &calls.reasons {
            writeln!(f, "           {count} {reason}")?;
        }
        writeln!(
            f,
            "frames up  {} sent, {} lost, {} different, {} added, {} held for the provider, {} overflowed",
            frames.sent, frames.lost, frames.different, frames.added, frames.held, frames.overflowed
        )?;
        writeln!(
            f,
            "audio down {} sent, {} received, {} withheld, {} lost, {} foreign",
            audio.sent, audio.received, audio.withheld, audio.lost, audio.foreign
        )?;
        let talk = &self.talk;
        let (cuts, refused) = (talk.truncation_error_ms.count, talk.truncations_refused);
        writeln!(
            f,
            "barge-in   {} cleared, {} ignored, {cuts} replies cut, {refused} cuts refused",
            talk.clear_ms.count, talk.interruptions_ignored
        )?;
        for (code, count) in &calls.provider_errors {
            writeln!(f, "           provider said {code} {count} times")?;
        }
        for (code, count) in &calls.notices {
            writeln!(f, "           network noticed {code} {count} times")?;
        }
        if calls.sessions_unused + calls.sessions_unknown > 0 {
            let (unused, unknown) = (calls.sessions_unused, calls.sessions_unknown);
            writeln!(f, "sessions   {unused} of the provider unused, {unknown} of no known call")?;
        }
        Ok(())
    }

    fn write_delays(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        let head = ["milliseconds", "count", "p50", "p95", "p99", "p99.9", "max"];
        let [name, count, p50, p95, p99, p999, max] = head;
        writeln!(f, "{name:<34}{count:>10}{p50:>10}{p95:>10}{p99:>10}{p999:>10}{max:>10}")?;
        write_row(f, "frame, telephone to provider", &self.frames.delay_ms)?;
        write_row(f, "audio, provider to telephone", &self.audio.delay_ms)?;
        if let Some(limit) = &self.limit {
            write_row(f, "frame through the bare relay", &limit.up_ms)?;
            write_row(f, "audio through the bare relay", &limit.down_ms)?;
        }
        write_row(f, "telephone's own lateness, worst", &self.calls.telephone_lateness_ms)?;
        write_row(f, "webhook to TwiML", &self.webhook_ms)?;
        write_row(f, "first word after start", &self.talk.first_word_ms)?;
        write_row(f, "reply gap", &self.talk.reply_gap_ms)?;
        write_row(f, "speech noticed to clear", &self.talk.clear_ms)?;
        write_row(f, "truncation error", &self.talk.truncation_error_ms)
    }

    fn write_cost(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.processes.is_empty() {
            return Ok(());
        }
        writeln!(f)?;
        let [name, total, minute, idle, peak, killed] =
            ["process", "CPU s", "CPU s/min", "idle MiB", "peak MiB", "killed"];
        writeln!(f, "{name:<34}{total:>10}{minute:>10}{idle:>10}{peak:>10}{killed:>10}")?;
        for process in &self.processes {
            let mib = |kib: u64| kib as f64 / 1_024.0;
            let (name, cpu, minute) = (&process.name, process.cpu_s, process.cpu_s_per_call_minute);
            let (idle, peak, killed) = (mib(process.idle_kib), mib(process.peak_kib), process.killed);
            writeln!(f, "{name:<34}{cpu:>10.2}{minute:>10.4}{idle:>10.1}{peak:>10.1}{killed:>10}")?;
        }
        if let Some(limit) = &self.limit {
            let (name, minute) = ("the bare relay", limit.cpu_s_per_call_minute);
            writeln!(f, "{name:<34}{:>10}{minute:>10.4}", "")?;
        }
        let cost = &self.cost;
        let ratio = cost.worker_to_limit.map_or_else(|| "not measured".to_owned(), |ratio| format!("{ratio:.2}"));
        let (cpu, kib) = (cost.worker_cpu_s_per_call_minute, cost.worker_kib_per_call);
        writeln!(f, "workers: {cpu:.4} CPU s a call-minute, {ratio} times the bare relay; {kib:.0} KiB a call")
    }
}

fn write_row(f: &mut Formatter<'_>, name: &str, row: &Percentiles) -> fmt::Result {
    let Percentiles { count, p50, p95, p99, p999, max } = row;
    writeln!(f, "{name:<34}{count:>10}{p50:>10.2}{p95:>10.2}{p99:>10.2}{p999:>10.2}{max:>10.2}")
}

fn write_record(f: &mut Formatter<'_>, record: &Record) -> fmt::Result {
    writeln!(f)?;
    writeln!(
        f,
        "record     {} CDRs ({} complete, {} missing), {} turns ({} missing), {} events ({} missing), {} in quarantine, settled after {:.1} s",
        record.cdrs,
        record.complete,
        record.missing,
        record.turns,
        record.turns_missing,
        record.events,
        record.gaps,
        record.quarantined,
        record.settled_s
    )
}
