//! Keeps the record of a running call: the log stream, the turns with their timings, barge-ins
//! and pacing.

use std::time::Duration;

use offhook_turn_taking::{Fact, HangUpCause, HeardText, Instant, TurnId};
use tokio::sync::mpsc;

use crate::record::{
    AgentChange, BackchannelRecord, BargeInOutcome, BargeInRecord, CallRecord, EntryKind, LogEntry,
    PacingRecord, TurnRecord,
};

/// Problems that are kept; a provider that fails for ever must not fill the memory.
const PROBLEMS_MAX: usize = 100;

/// Changes of the agent that are kept.
const AGENT_CHANGES_MAX: usize = 1_000;

/// Backchannels that are kept: those of several hours.
const BACKCHANNELS_MAX: usize = 1_000;

/// When the caller's newest turn reached which stage.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CallerTimings {
    pub(super) speech_ended: Option<Instant>,
    pub(super) pause_detected: Option<Instant>,
    pub(super) transcript_settled: Option<Instant>,
}

/// The record of a running call.
#[derive(Debug)]
pub(super) struct Chronicle {
    log: Option<mpsc::Sender<LogEntry>>,
    lost_entries: u64,
    pub(super) caller: CallerTimings,
    caller_onset: Option<Instant>,
    /// Name of the agent that answered, where another has taken over.
    first_agent: Option<String>,
    agent_changes: Vec<AgentChange>,
    turns: Vec<TurnRecord>,
    barge_ins: Vec<BargeInRecord>,
    backchannels: Vec<BackchannelRecord>,
    pacing: PacingRecord,
    discarded_drafts: u32,
    problems: Vec<String>,
}

impl Chronicle {
    pub(super) fn new(log: Option<mpsc::Sender<LogEntry>>) -> Self {
        Self {
            log,
            lost_entries: 0,
            caller: CallerTimings::default(),
            caller_onset: None,
            first_agent: None,
            agent_changes: Vec::new(),
            turns: Vec::new(),
            barge_ins: Vec::new(),
            backchannels: Vec::new(),
            pacing: PacingRecord::default(),
            discarded_drafts: 0,
            problems: Vec::new(),
        }
    }

    /// Sends an entry to whoever watches. A watcher that falls behind loses entries, never the
    /// call; the loss is told in the record.
    pub(super) fn log(&mut self, at: Instant, kind: EntryKind) {
        if let Some(log) = &self.log
            && log.try_send(LogEntry { at, kind }).is_err()
        {
            self.lost_entries += 1;
        }
    }

    pub(super) fn note_fact(&mut self, fact: &Fact, now: Instant) {
        match fact {
            Fact::SpeechStarted { onset_ago, .. } => self.caller_onset = Some(now - *onset_ago),
            Fact::SpeechStopped { silence, .. } => {
                self.caller.speech_ended = Some(now - *silence);
                self.caller.pause_detected = Some(now);
            }
            Fact::TranscriptFinal { text, .. } if !text.is_empty() => {
                self.caller.transcript_settled = Some(now);
            }
            _ => {}
        }
    }

    /// Another agent has taken over from the one of that name.
    pub(super) fn agent_changed(&mut self, from: &str, to: AgentChange) {
        self.first_agent.get_or_insert_with(|| from.to_owned());
        self.log(
            to.at,
            EntryKind::AgentChanged {
                id: to.id.clone(),
                name: to.name.clone(),
            },
        );
        if self.agent_changes.len() < AGENT_CHANGES_MAX {
            self.agent_changes.push(to);
        }
    }

    pub(super) fn problem(&mut self, at: Instant, problem: String) {
        tracing::warn!(problem, "a provider is in trouble");
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem.clone());
        }
        self.log(at, EntryKind::Problem(problem));
    }

    pub(super) fn frame_sent(&mut self, lateness: Duration) {
        if self.pacing.lateness_micros.len() < PacingRecord::KEPT_MAX {
            let micros = u32::try_from(lateness.as_micros()).unwrap_or(u32::MAX);
            self.pacing.lateness_micros.push(micros);
        }
    }

    pub(super) fn held(&mut self, turn: TurnId, now: Instant, last_frame_sent: Option<Instant>) {
        self.barge_ins.push(BargeInRecord {
            turn,
            onset: self.caller_onset.unwrap_or(now),
            held: now,
            last_frame_sent,
            outcome: BargeInOutcome::Open,
            decided: None,
        });
    }

    pub(super) fn decided(&mut self, turn: TurnId, outcome: BargeInOutcome, now: Instant) {
        if let Some(barge_in) = self.barge_ins.last_mut()
            && barge_in.turn == turn
            && barge_in.outcome == BargeInOutcome::Open
        {
            barge_in.outcome = outcome;
            barge_in.decided = Some(now);
        }
    }

    pub(super) fn backchannel(&mut self, text: String, at: Instant) {
        if self.backchannels.len() < BACKCHANNELS_MAX {
            self.backchannels.push(BackchannelRecord { at, text });
        }
    }

    pub(super) fn draft_discarded(&mut self) {
        self.discarded_drafts += 1;
    }

    pub(super) fn turn_ended(&mut self, record: TurnRecord, heard: &HeardText, now: Instant) {
        let heard_text = match heard {
            HeardText::Known(text) => Some(text.clone()),
            HeardText::Unknown => None,
        };
        self.log(
            now,
            EntryKind::ReplyHeard {
                turn: record.turn,
                heard_text: heard_text.clone(),
                is_interrupted: record.is_interrupted,
            },
        );
        self.turns.push(TurnRecord {
            heard_text,
            ..record
        });
    }

    /// The record, once the call is over.
    pub(super) fn close(mut self, call: Closing) -> CallRecord {
        if self.lost_entries > 0 {
            self.problems.push(format!(
                "{} log entries were lost: the log was written too slowly and cannot be replayed",
                self.lost_entries
            ));
        }
        self.pacing.underruns = call.underruns;
        CallRecord {
            call_id: call.call_id,
            agent_name: self.first_agent.unwrap_or(call.last_agent),
            transport: call.transport,
            duration: call.duration,
            ended: call.ended,
            agent_changes: self.agent_changes,
            turns: self.turns,
            barge_ins: self.barge_ins,
            backchannels: self.backchannels,
            pacing: self.pacing,
            discarded_drafts: self.discarded_drafts,
            dropped_caller_frames: call.dropped_caller_frames,
            problems: self.problems,
        }
    }
}

/// What the session knows at the end.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) call_id: String,
    pub(super) last_agent: String,
    pub(super) transport: String,
    pub(super) duration: Duration,
    pub(super) ended: HangUpCause,
    pub(super) underruns: u32,
    pub(super) dropped_caller_frames: u64,
}
