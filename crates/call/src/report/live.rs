//! The transcript of a call while it runs: who is speaking, and what. On a terminal the line that
//! is still growing is replaced in place; elsewhere only what is settled is printed.

use std::io::{self, Write};

use offhook_turn_taking::{Command, Decision, Fact, Instant, TurnId};

use crate::{EntryKind, LogEntry};

use super::text::{cut, end_name, plain};

/// Replies whose text is kept while they wait to be heard.
const DRAFTS_MAX: usize = 8;

/// Prints a running call from its log entries.
#[derive(Debug)]
pub struct LiveTranscript<W> {
    pub(super) out: W,
    terminal_width: Option<usize>,
    drafts: Vec<Draft>,
    caller_line: String,
    is_line_open: bool,
}

/// A reply that is being written or heard.
#[derive(Debug)]
struct Draft {
    turn: TurnId,
    text: String,
    is_heard: bool,
}

impl<W: Write> LiveTranscript<W> {
    /// Prints to `out`, which is a terminal of the given width, or no terminal.
    pub const fn new(out: W, terminal_width: Option<usize>) -> Self {
        Self {
            out,
            terminal_width,
            drafts: Vec::new(),
            caller_line: String::new(),
            is_line_open: false,
        }
    }

    /// Shows what an entry changes.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn show(&mut self, entry: &LogEntry) -> io::Result<()> {
        match &entry.kind {
            EntryKind::Fact(fact) => self.show_fact(fact, entry.at),
            EntryKind::Decision(decision) => self.show_decision(decision, entry.at),
            EntryKind::ReplyText { turn, text } => {
                let index = self.draft(*turn);
                self.drafts[index].text.push_str(text);
                self.grow_agent(index, entry.at)
            }
            EntryKind::ReplyHeard {
                turn,
                heard_text,
                is_interrupted,
            } => {
                let drafts = std::mem::take(&mut self.drafts);
                let (ended, others) = drafts.into_iter().partition(|draft| draft.turn == *turn);
                self.drafts = others;
                let written = ended.into_iter().next().map(|draft: Draft| draft.text);
                let note = if *is_interrupted {
                    " [interrupted]"
                } else {
                    ""
                };
                match heard_text.as_deref().or(written.as_deref()).map(str::trim) {
                    Some("") | None => Ok(()),
                    Some(text) => {
                        let text = format!("{text}{note}");
                        self.settle(entry.at, "agent", &text)
                    }
                }
            }
            EntryKind::EchoIgnored { text, .. } => {
                self.caller_line.clear();
                let text = format!("[the caller's line sends the agent's own words back: {text}]");
                self.settle(entry.at, "caller", &text)
            }
            EntryKind::AgentChanged { name, .. } => {
                let text = format!("[{name} has taken the call over]");
                self.settle(entry.at, "agent", &text)
            }
            EntryKind::MachineAnswered => {
                self.settle(entry.at, "caller", "[a machine has answered]")
            }
            EntryKind::Problem(problem) => self.settle(entry.at, "problem", problem),
            EntryKind::Timer => Ok(()),
        }
    }

    /// Ends a line that is still growing, and flushes.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_line_open) {
            writeln!(self.out)?;
        }
        self.out.flush()
    }

    fn show_fact(&mut self, fact: &Fact, at: Instant) -> io::Result<()> {
        match fact {
            Fact::SpeechStarted { .. } if self.caller_line.is_empty() => {
                self.grow(at, "caller", "…")
            }
            Fact::TranscriptInterim { text, .. } => {
                self.caller_line.clone_from(text);
                self.grow(at, "caller", &format!("{text} …"))
            }
            Fact::TranscriptFinal { text, .. } => {
                self.caller_line.clear();
                if text.trim().is_empty() {
                    Ok(())
                } else {
                    self.settle(at, "caller", text)
                }
            }
            Fact::PlayoutStarted { turn } | Fact::FillerStarted { turn } => {
                let index = self.draft(*turn);
                self.drafts[index].is_heard = true;
                self.grow_agent(index, at)
            }
            Fact::UserMessage { text } => self.settle(at, "caller", &format!("[typed] {text}")),
            Fact::DtmfPressed { digit } => self.settle(at, "caller", &format!("[key {digit}]")),
            Fact::HungUp => self.settle(at, "call", "the caller hung up"),
            _ => Ok(()),
        }
    }

    fn show_decision(&mut self, decision: &Decision, at: Instant) -> io::Result<()> {
        let Decision { command, reason } = decision;
        match command {
            Command::HoldPlayout { .. } => self.settle(at, "agent", &format!("[holds: {reason}]")),
            Command::ResumePlayout { .. } => {
                self.settle(at, "agent", &format!("[goes on: {reason}]"))
            }
            Command::CancelReply { .. } if reason.is_interruption() => {
                self.settle(at, "agent", &format!("[stops: {reason}]"))
            }
            Command::SayFiller { .. } => {
                self.settle(at, "agent", &format!("[says a filler: {reason}]"))
            }
            Command::Backchannel { .. } => {
                self.settle(at, "agent", &format!("[shows that it listens: {reason}]"))
            }
            Command::StaySilent { .. } => {
                self.settle(at, "agent", &format!("[stays silent: {reason}]"))
            }
            Command::HangUp { cause } => self.settle(
                at,
                "call",
                &format!("the agent hangs up: {}", end_name(*cause)),
            ),
            _ => Ok(()),
        }
    }

    /// The draft of a reply; a new one where there is none.
    fn draft(&mut self, turn: TurnId) -> usize {
        if let Some(index) = self.drafts.iter().position(|draft| draft.turn == turn) {
            return index;
        }
        if self.drafts.len() == DRAFTS_MAX {
            self.drafts.remove(0);
        }
        self.drafts.push(Draft {
            turn,
            text: String::new(),
            is_heard: false,
        });
        self.drafts.len() - 1
    }

    /// Shows a reply that is being heard as far as it is written.
    fn grow_agent(&mut self, index: usize, at: Instant) -> io::Result<()> {
        let Some(draft) = self.drafts.get(index) else {
            return Ok(());
        };
        if !draft.is_heard || draft.text.trim().is_empty() {
            return Ok(());
        }
        let text = format!("{} …", draft.text);
        self.grow(at, "agent", &text)
    }

    /// Replaces the growing line; nothing where there is no terminal.
    fn grow(&mut self, at: Instant, speaker: &str, text: &str) -> io::Result<()> {
        let Some(width) = self.terminal_width else {
            return Ok(());
        };
        let line = line(at, speaker, text);
        // The end of the text is what is new; the last column stays free so that nothing wraps.
        let surplus = line.chars().count().saturating_sub(width.saturating_sub(1));
        let shown = if surplus == 0 {
            line
        } else {
            let lead = self::line(at, speaker, "… ");
            let rest = line.chars().skip(lead.chars().count() + surplus);
            cut(&(lead + &rest.collect::<String>()), width.saturating_sub(1))
        };
        write!(self.out, "\r\u{1b}[2K{shown}")?;
        self.is_line_open = true;
        self.out.flush()
    }

    /// Prints a line that will not change.
    fn settle(&mut self, at: Instant, speaker: &str, text: &str) -> io::Result<()> {
        let line = line(at, speaker, text);
        if std::mem::take(&mut self.is_line_open) {
            write!(self.out, "\r\u{1b}[2K")?;
        }
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }
}

fn line(at: Instant, speaker: &str, text: &str) -> String {
    let seconds = at.as_millis() as f64 / 1_000.0;
    format!("{seconds:>7.1} s  {speaker:<8}{}", plain(text))
        + if text.ends_with(' ') { " " } else { "" }
}
