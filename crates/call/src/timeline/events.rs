//! What of a call's log can be seen: who spoke when, what was said, what was decided and why.

use offhook_turn_taking::{Command, Decision, Fact, Instant, Line, TurnId};

use crate::{CallRecord, EntryKind, LogEntry};

/// Marks and texts that are drawn; a longer call shows the first.
const EVENTS_MAX: usize = 5_000;

/// From when to when someone spoke, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Something said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Saying {
    /// Second at which it began.
    pub(super) at: f64,
    pub(super) text: String,
    /// What would have followed, had nobody cut in.
    pub(super) lost: String,
}

/// A decision.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    /// Second at which it was made.
    pub(super) at: f64,
    /// What was decided, in two or three words.
    pub(super) name: String,
    /// Why.
    pub(super) reason: String,
    pub(super) kind: JudgementKind,
}

/// What a decision means for the caller's ear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JudgementKind {
    /// The agent takes the floor.
    Speaks,
    /// The agent holds its breath.
    Holds,
    /// The agent goes on.
    GoesOn,
    /// The agent gives up the floor.
    Stops,
    /// The call ends.
    Ends,
    /// Nothing that can be heard.
    Unheard,
}

impl JudgementKind {
    /// Its colour, and what the legend calls it.
    pub(super) const fn look(self) -> (&'static str, &'static str) {
        match self {
            Self::Speaks => ("#15803d", "takes the floor"),
            Self::Holds => ("#b45309", "holds"),
            Self::GoesOn => ("#0369a1", "goes on"),
            Self::Stops => ("#b91c1c", "stops"),
            Self::Ends => ("#111827", "hangs up"),
            Self::Unheard => ("#94a3b8", "drafts, prompts (point at it)"),
        }
    }
}

/// All that can be seen, each list in order of time.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) caller_spans: Vec<Span>,
    pub(super) agent_spans: Vec<Span>,
    pub(super) caller_sayings: Vec<Saying>,
    pub(super) agent_sayings: Vec<Saying>,
    pub(super) judgements: Vec<Judgement>,
}

impl Events {
    pub(super) fn new(entries: &[LogEntry], record: &CallRecord) -> Self {
        let mut watch = Watch::default();
        for entry in entries.iter() {
            watch.see(entry);
        }
        let end = Instant::START + record.duration;
        watch.caller_stopped(end);
        watch.agent_stopped(end);
        watch.events.agent_sayings = agent_sayings(record);
        watch
            .events
            .caller_sayings
            .sort_by(|one, other| one.at.total_cmp(&other.at));
        watch.events
    }
}

fn agent_sayings(record: &CallRecord) -> Vec<Saying> {
    let heard = record.turns.iter().filter_map(|turn| {
        let timings = &turn.timings;
        let at = seconds(timings.filler_started.or(timings.first_frame_sent)?);
        let generated = turn.generated_text.trim();
        let heard = turn.heard_text.as_deref().unwrap_or(generated).trim();
        let lost = generated
            .strip_prefix(heard)
            .filter(|_| turn.is_interrupted);
        Some(Saying {
            at,
            text: heard.to_owned(),
            lost: lost.unwrap_or_default().to_owned(),
        })
    });
    let beside = record.backchannels.iter().map(|backchannel| Saying {
        at: seconds(backchannel.at),
        text: format!("[{}]", backchannel.text),
        lost: String::new(),
    });
    let mut sayings: Vec<Saying> = heard.chain(beside).take(EVENTS_MAX).collect();
    sayings.sort_by(|one, other| one.at.total_cmp(&other.at));
    sayings
}

/// What is known half-way through the log.
#[derive(Debug, Default)]
struct Watch {
    events: Events,
    caller_since: Option<Instant>,
    agent_since: Option<Instant>,
    utterance_began: Option<Instant>,
    speaking: Option<TurnId>,
}

impl Watch {
    fn see(&mut self, entry: &LogEntry) {
        let at = entry.at;
        match &entry.kind {
            EntryKind::Fact(fact) => self.see_fact(fact, at),
            EntryKind::Decision(decision) => self.see_decision(decision, at),
            EntryKind::ReplyHeard { turn, .. } if self.speaking == Some(*turn) => {
                self.agent_stopped(at);
            }
            _ => {}
        }
    }

    fn see_fact(&mut self, fact: &Fact, at: Instant) {
        match fact {
            Fact::SpeechStarted { onset_ago, .. } => {
                let onset = at - *onset_ago;
                self.caller_since.get_or_insert(onset);
                self.utterance_began = Some(onset);
            }
            Fact::SpeechStopped { silence, .. } => self.caller_stopped(at - *silence),
            Fact::TranscriptFinal { text, .. } if !text.trim().is_empty() => {
                let began = self.utterance_began.unwrap_or(at);
                self.caller_said(began, text.clone());
            }
            Fact::UserMessage { text } => self.caller_said(at, format!("[typed] {text}")),
            Fact::DtmfPressed { digit } => self.caller_said(at, format!("[key {digit}]")),
            Fact::PlayoutStarted { turn } | Fact::FillerStarted { turn } => {
                self.speaking = Some(*turn);
                self.agent_since.get_or_insert(at);
            }
            Fact::PlayoutFinished { .. }
            | Fact::PlayoutRanDry { .. }
            | Fact::ReplyCancelled { .. } => self.agent_stopped(at),
            _ => {}
        }
    }

    fn see_decision(&mut self, decision: &Decision, at: Instant) {
        match &decision.command {
            Command::HoldPlayout { .. } => self.agent_stopped(at),
            Command::ResumePlayout { .. } => {
                self.agent_since.get_or_insert(at);
            }
            _ => {}
        }
        if self.events.judgements.len() < EVENTS_MAX {
            self.events.judgements.push(Judgement::new(decision, at));
        }
    }

    fn caller_said(&mut self, at: Instant, text: String) {
        if self.events.caller_sayings.len() < EVENTS_MAX {
            let saying = Saying {
                at: seconds(at),
                text,
                lost: String::new(),
            };
            self.events.caller_sayings.push(saying);
        }
    }

    fn caller_stopped(&mut self, at: Instant) {
        if let Some(since) = self.caller_since.take() {
            self.events.caller_spans.push(Span {
                from: seconds(since),
                to: seconds(at),
            });
        }
    }

    fn agent_stopped(&mut self, at: Instant) {
        if let Some(since) = self.agent_since.take() {
            self.events.agent_spans.push(Span {
                from: seconds(since),
                to: seconds(at),
            });
        }
    }
}

impl Judgement {
    fn new(decision: &Decision, at: Instant) -> Self {
        use JudgementKind::{Ends, GoesOn, Holds, Speaks, Stops, Unheard};
        let (name, kind) = match &decision.command {
            Command::Say { line, .. } => (line_name(*line), Speaks),
            Command::CommitReply { .. } => ("takes the floor", Speaks),
            Command::HoldPlayout { .. } => ("holds", Holds),
            Command::ResumePlayout { .. } => ("goes on", GoesOn),
            Command::SayFiller { .. } => ("bridges a slow reply", Speaks),
            Command::Backchannel { .. } => ("shows that it listens", GoesOn),
            Command::StaySilent { .. } | Command::LeaveUnanswered { .. } => {
                ("stays silent", Unheard)
            }
            Command::BeginHold => ("puts the caller on hold", Holds),
            Command::ChangeAgent => ("lets another agent take over", GoesOn),
            Command::EndHold => ("takes the caller off hold", GoesOn),
            Command::CancelReply { .. } if decision.reason.is_interruption() => ("stops", Stops),
            Command::CancelReply { .. } => ("drops its draft", Unheard),
            Command::HangUp { .. } => ("hangs up", Ends),
            Command::FinaliseTranscript { .. } => ("asks for the transcript", Unheard),
            Command::PrimeReply { .. } => ("reads ahead", Unheard),
            Command::StartReply { .. } => ("drafts a reply", Unheard),
        };
        Self {
            at: seconds(at),
            name: name.to_owned(),
            reason: decision.reason.to_string(),
            kind,
        }
    }
}

const fn line_name(line: Line) -> &'static str {
    match line {
        Line::Greeting => "greets",
        Line::Reprompt(_) => "reminds the caller",
        Line::Apology => "apologises",
        Line::Goodbye(_) => "says goodbye",
        Line::Ordered(_) => "says what it was ordered to",
    }
}

fn seconds(at: Instant) -> f64 {
    at.as_micros() as f64 / 1e6
}
