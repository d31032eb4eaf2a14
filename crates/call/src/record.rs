//! What a call leaves behind: its turns with their timings, its barge-ins, its pacing, and the
//! stream of facts and decisions from which all of it can be reproduced.

use std::time::Duration;

use offhook_turn_taking::{
    Command, Decision, Fact, HangUpCause, Instant, Line, TurnId, UtteranceId,
};

use crate::report::end_name;

/// Everything that is known of a call once it has ended.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// The call's id.
    pub call_id: String,
    /// Name of the agent that answered.
    pub agent_name: String,
    /// Name of the transport that carried it.
    pub transport: String,
    /// From the answer to the end.
    pub duration: Duration,
    /// Why it ended.
    pub ended: HangUpCause,
    /// Agents that took the call over, the first first.
    pub agent_changes: Vec<AgentChange>,
    /// Replies in the order in which they were begun; cancelled drafts that nobody could hear are
    /// counted in `discarded_drafts` instead.
    pub turns: Vec<TurnRecord>,
    /// Each time the caller spoke over the agent and playout was held.
    pub barge_ins: Vec<BargeInRecord>,
    /// Each time the agent showed that it listens.
    pub backchannels: Vec<BackchannelRecord>,
    /// How exactly frames left.
    pub pacing: PacingRecord,
    /// Speculative replies that were thrown away unheard.
    pub discarded_drafts: u32,
    /// Caller frames dropped because the session fell behind.
    pub dropped_caller_frames: u64,
    /// Trouble with providers, in the words of the errors, in order.
    pub problems: Vec<String>,
}

impl CallRecord {
    /// Why it ended, in one word for programs, such as `caller_hung_up`.
    #[must_use]
    pub const fn ended_name(&self) -> &'static str {
        end_name(self.ended)
    }
}

/// Another agent has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentChange {
    /// When.
    pub at: Instant,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// One reply and the caller's turn that it answers.
#[derive(Debug, Clone)]
pub struct TurnRecord {
    /// The reply's id.
    pub turn: TurnId,
    /// What kind of reply.
    pub kind: TurnKind,
    /// What the caller said; empty for a configured line.
    pub caller_text: String,
    /// All text that was made for the reply, fillers included.
    pub generated_text: String,
    /// The fillers in it, in order.
    pub fillers: Vec<String>,
    /// What of it the caller heard; `None` where it cannot be known.
    pub heard_text: Option<String>,
    /// Whether the caller cut it short.
    pub is_interrupted: bool,
    /// When what happened.
    pub timings: TurnTimings,
}

/// What kind of reply a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnKind {
    /// Written by the chat model.
    Answer,
    /// A configured line.
    Line(Line),
}

/// When what happened in a turn, since the call was answered; `None` where it did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnTimings {
    /// The caller's last sound.
    pub speech_ended: Option<Instant>,
    /// The detector said that the caller fell silent.
    pub pause_detected: Option<Instant>,
    /// The last final transcript of the caller's turn.
    pub transcript_settled: Option<Instant>,
    /// The chat model was asked.
    pub reply_asked: Option<Instant>,
    /// Its first token.
    pub first_token: Option<Instant>,
    /// The first piece of text went to the voice.
    pub first_sentence: Option<Instant>,
    /// The voice's first audio.
    pub first_audio: Option<Instant>,
    /// The moment from which the policy allowed the turn to end (the wait that is configured).
    pub turn_ended: Option<Instant>,
    /// The first frame of a filler left.
    pub filler_started: Option<Instant>,
    /// The first frame of the reply's own speech left.
    pub first_frame_sent: Option<Instant>,
    /// The reply was heard to its end, or cut.
    pub finished: Option<Instant>,
}

impl TurnTimings {
    /// From the caller's last sound to the first frame of the reply.
    #[must_use]
    pub fn voice_to_voice(&self) -> Option<Duration> {
        Some(self.first_frame_sent?.since(self.speech_ended?))
    }
}

/// One time that the caller spoke over the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BargeInRecord {
    /// The reply that was held.
    pub turn: TurnId,
    /// The caller's first sound.
    pub onset: Instant,
    /// When playout was held.
    pub held: Instant,
    /// When the last frame before the hold left.
    pub last_frame_sent: Option<Instant>,
    /// What became of it.
    pub outcome: BargeInOutcome,
    /// When that was decided.
    pub decided: Option<Instant>,
}

impl BargeInRecord {
    /// From the caller's first sound to the last frame of the agent.
    #[must_use]
    pub fn stop_time(&self) -> Duration {
        self.last_frame_sent.unwrap_or(self.held).since(self.onset)
    }
}

/// One time that the agent showed, in the caller's turn, that it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackchannelRecord {
    /// When.
    pub at: Instant,
    /// What it said.
    pub text: String,
}

/// What became of a barge-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BargeInOutcome {
    /// The caller took the floor.
    Committed,
    /// The agent went on.
    Resumed,
    /// The call ended first.
    Open,
}

/// How exactly frames left, against an absolute 20 ms schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PacingRecord {
    /// How late each frame left, in microseconds, in the order of sending; the newest
    /// [`PacingRecord::KEPT_MAX`] are kept.
    pub lateness_micros: Vec<u32>,
    /// Times that a reply ran dry in mid-speech.
    pub underruns: u32,
}

impl PacingRecord {
    /// Frames that are kept: ten minutes of speech.
    pub const KEPT_MAX: usize = 30_000;
}

/// One line of a call's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: EntryKind,
}

/// What the log of a call holds. Facts and timers are what went in, decisions what came out:
/// handing the former to a new turn manager of the same policy gives the latter again.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryKind {
    /// A fact was handed in.
    Fact(Fact),
    /// The time was handed in because a deadline was due.
    Timer,
    /// A decision came out.
    Decision(Decision),
    /// Another agent has taken over (for people who watch; replay does not need it).
    AgentChanged {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
    },
    /// Text of a reply as it was written (for people who watch; replay does not need it).
    ReplyText {
        /// The reply.
        turn: TurnId,
        /// The new piece.
        text: String,
    },
    /// A reply ended; what of it was heard (for people who watch).
    ReplyHeard {
        /// The reply.
        turn: TurnId,
        /// `None` where it cannot be known.
        heard_text: Option<String>,
        /// Whether the caller cut it short.
        is_interrupted: bool,
    },
    /// Recognition heard the agent's own words, which the caller's line sends back: they were
    /// left out.
    EchoIgnored {
        /// The utterance.
        utterance: UtteranceId,
        /// What was heard, the caller's words in it included.
        text: String,
    },
    /// A machine has answered the call that the agent placed.
    MachineAnswered,
    /// A provider is in trouble.
    Problem(String),
}

impl LogEntry {
    /// The command, where this is a decision.
    #[must_use]
    pub const fn command(&self) -> Option<&Command> {
        match &self.kind {
            EntryKind::Decision(decision) => Some(&decision.command),
            _ => None,
        }
    }
}
