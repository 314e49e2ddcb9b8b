//! Tapes: everything that happened to a call, written down so that the core does the same again. A bug arrives as one.
//!
//! A tape is text, one JSON value a line: first [`Header`], then an input or a run of audio frames each. It holds no
//! speech, only its length: every [`Spoken`] is written as that many `x`, every pressed key as `0`. The core never
//! branches on what was said, so a replay gives the same commands at the same times, texts apart.
//!
//! Before it: the worker's session driver, which may write one. After it: `patchbay replay`.

mod mask;

use call::{At, Call, Command, Conversation, Frame, Input, Limits, Resumed};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};
use std::time::Duration;

/// The version this build writes, and the only one it reads: a core of another version would do something else.
pub const TAPE_VERSION: u32 = 1;

/// Frames of one line. Higher loses more when a process dies in between; lower costs a little space.
const LONGEST_RUN: usize = 1024;

/// How a call began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`TAPE_VERSION`].
    pub version: u32,
    /// The call's limits.
    pub limits: Limits,
    /// What was heard before, when the call goes on from a checkpoint.
    pub resumed: Option<Conversation>,
    /// Why it goes on; tapes that do not say were resumed because a worker was lost.
    #[serde(default = "worker_lost")]
    pub why: Resumed,
}

fn worker_lost() -> Resumed {
    Resumed::Yes
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// An input.
    Input(Input),
    /// A piece of audio that wanted to pass.
    Frame(Frame),
}

/// A tape that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    /// How the call began.
    pub header: Header,
    /// What happened, in order.
    pub steps: Vec<(At, Step)>,
}

/// A tape that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TapeFault {
    /// It cannot be read at all.
    #[error("tape cannot be read")]
    Io(#[from] io::Error),
    /// A line makes no sense.
    #[error("tape line {line} is not valid")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error("tape has version {0}, this build reads version {TAPE_VERSION}")]
    Version(u32),
}

/// One line behind the header; times in nanoseconds, because a timer rounded down does not fire.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Input {
        at: u64,
        input: Input,
    },
    /// `run` holds, for each frame, which of `kinds` it is and how long after the one before it came.
    Frames {
        at: u64,
        kinds: Vec<Frame>,
        run: Vec<(usize, u64)>,
    },
}

/// Writes a tape as a call goes on.
pub struct TapeWriter<W: Write> {
    out: W,
    started: u64,
    last: u64,
    kinds: Vec<Frame>,
    run: Vec<(usize, u64)>,
}

impl<W: Write> TapeWriter<W> {
    /// Begins with how the call began: anew, or with what was heard before and why it goes on.
    pub fn new(out: W, limits: &Limits, resumed: Option<(&Conversation, Resumed)>) -> io::Result<Self> {
        let why = resumed.map_or(Resumed::No, |(_, why)| why);
        let resumed = resumed.map(|(conversation, _)| mask::conversation(conversation.clone()));
        let header = Header { version: TAPE_VERSION, limits: limits.clone(), resumed, why };
        let mut writer = Self { out, started: 0, last: 0, kinds: Vec::new(), run: Vec::new() };
        writer.line(&header)?;
        Ok(writer)
    }

    /// Writes an input; what was said in it is left out.
    pub fn input(&mut self, at: At, input: &Input) -> io::Result<()> {
        self.end_run()?;
        self.line(&Line::Input { at: nanos(at), input: mask::input(input.clone()) })
    }

    /// Writes a piece of audio that wanted to pass.
    pub fn frame(&mut self, at: At, frame: Frame) -> io::Result<()> {
        let at = nanos(at);
        // A clock that stepped back cannot be told as a gap.
        if self.run.len() == LONGEST_RUN || at < self.last {
            self.end_run()?;
        }
        if self.run.is_empty() {
            (self.started, self.last) = (at, at);
        }
        let kind = self.kinds.iter().position(|kind| *kind == frame).unwrap_or_else(|| {
            self.kinds.push(frame);
            self.kinds.len() - 1
        });
        self.run.push((kind, at - self.last));
        self.last = at;
        Ok(())
    }

    /// Writes what is left and hands the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_run()?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_run(&mut self) -> io::Result<()> {
        if self.run.is_empty() {
            return Ok(());
        }
        let (kinds, run) = (std::mem::take(&mut self.kinds), std::mem::take(&mut self.run));
        self.line(&Line::Frames { at: self.started, kinds, run })
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl Tape {
    /// Reads a whole tape.
    pub fn read(input: impl BufRead) -> Result<Self, TapeFault> {
        let mut lines = input.lines().enumerate();
        let (_, first) = lines.next().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let header: Header = parse(0, &first?)?;
        if header.version != TAPE_VERSION {
            return Err(TapeFault::Version(header.version));
        }
        let mut steps = Vec::new();
        for (number, line) in lines {
            unroll(parse(number, &line?)?, &mut steps);
        }
        Ok(Self { header, steps })
    }

    /// Plays it to a fresh call: the commands it gives, and when.
    pub fn replay(&self) -> Vec<(At, Command)> {
        let limits = self.header.limits.clone();
        let mut call = match &self.header.resumed {
            Some(conversation) => Call::resume(limits, conversation.clone(), self.header.why),
            None => Call::answer(limits),
        };
        let mut commands = Vec::new();
        for (at, step) in &self.steps {
            match step {
                Step::Input(input) => call.handle(*at, input.clone()),
                Step::Frame(frame) => {
                    call.frame(*at, *frame);
                }
            }
            commands.extend(std::iter::from_fn(|| call.next_command()).map(|command| (*at, command)));
        }
        commands
    }
}

fn parse<T: for<'d> Deserialize<'d>>(number: usize, line: &str) -> Result<T, TapeFault> {
    serde_json::from_str(line).map_err(|source| TapeFault::Line { line: number + 1, source })
}

fn unroll(line: Line, steps: &mut Vec<(At, Step)>) {
    match line {
        Line::Input { at, input } => steps.push((Duration::from_nanos(at), Step::Input(input))),
        Line::Frames { mut at, kinds, run } => {
            for (kind, gap) in run {
                at = at.saturating_add(gap);
                // A kind that was never named belongs to a tape somebody edited; the frame is left out.
                if let Some(frame) = kinds.get(kind) {
                    steps.push((Duration::from_nanos(at), Step::Frame(*frame)));
                }
            }
        }
    }
}

fn nanos(at: At) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
