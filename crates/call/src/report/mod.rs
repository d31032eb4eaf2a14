//! What people and machines get to read of a call: the report as JSON, the table of turns, the
//! live transcript. All of it is made from the [`CallRecord`]; nothing here measures.

mod attribution;
mod events;
mod figures;
mod live;
mod stages;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod transcript;

use serde::{Deserialize, Serialize};

use crate::{
    BackchannelRecord, BargeInOutcome, BargeInRecord, CallRecord, TurnKind, TurnRecord, WordErrors,
    word_error_rate,
};

pub use attribution::{SpokenLine, SpokenTurn, attribute};
pub use events::{CallEvent, CallState, EventReader, InterruptionStage};
pub use figures::{PacingFigures, Spread, percentile};
pub use live::LiveTranscript;
pub use stages::{Shares, Stages};
pub use table::ReportTable;
pub use transcript::{TranscriptRole, TranscriptTurn, TurnLatency, transcript};

use figures::millis;
pub(crate) use text::end_name;

/// A call as `report.json` has it. All times are milliseconds, with tenths; `null` is what did not
/// happen or cannot be known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The call's id.
    pub call_id: String,
    /// Name of the agent.
    pub agent: String,
    /// What carried the call, such as `file` or `websocket`.
    pub transport: String,
    /// From the answer to the end.
    pub duration_ms: f64,
    /// `caller_hung_up`, `silence`, `duration_limit` or `provider_unavailable`.
    pub ended: String,
    /// The figures of the call as a whole.
    pub summary: Summary,
    /// Replies in order, each with the caller's turn that it answers.
    pub turns: Vec<TurnReport>,
    /// Each time the caller spoke over the agent and playout was held.
    pub barge_ins: Vec<BargeInReport>,
    /// Each time the agent showed that it listens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backchannels: Vec<BackchannelReport>,
    /// Speculative replies that were thrown away unheard.
    pub discarded_drafts: u32,
    /// Caller frames dropped because the session fell behind.
    pub dropped_caller_frames: u64,
    /// Times that a reply ran dry in mid-speech.
    pub underruns: u32,
    /// Trouble with providers, in order.
    pub problems: Vec<String>,
    /// What the process needed; only the program that ran the call knows.
    pub process: Option<ProcessFigures>,
    /// How the call fared against its scenario, where it had one.
    pub scenario: Option<ScenarioVerdict>,
}

/// One reply and the caller's turn that it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnReport {
    /// The reply's id.
    pub turn: u32,
    /// `answer`, `greeting`, `reprompt`, `apology` or `goodbye`.
    pub kind: String,
    /// When its first frame left, since the call was answered.
    pub began_ms: Option<f64>,
    /// What the caller said, as recognised.
    pub caller_text: String,
    /// What the caller really said, where that is known.
    pub caller_reference: Option<String>,
    /// Errors per word of `caller_text` against `caller_reference`.
    pub word_error_rate: Option<f64>,
    /// All text that was made.
    pub agent_text_generated: String,
    /// The fillers that it began with, or that bridged it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fillers: Vec<String>,
    /// What of it was heard.
    pub agent_text_heard: Option<String>,
    /// Whether the caller cut it short.
    pub interrupted: bool,
    /// From the caller's last sound to the first frame of the reply.
    pub voice_to_voice_ms: Option<f64>,
    /// From the caller's last sound to the first frame of a filler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filler_after_ms: Option<f64>,
    /// The same as the caller's ear had it, where the caller was simulated.
    pub voice_to_voice_heard_ms: Option<f64>,
    /// What of it was neither model inference nor a configured wait.
    pub runtime_share_ms: Option<f64>,
    /// When each stage was reached, from the caller's last sound.
    pub stages_ms: Option<Stages>,
    /// What the time up to the first frame went into; the parts add up to `voice_to_voice_ms`.
    pub shares_ms: Option<Shares>,
}

/// One time that the caller spoke over the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BargeInReport {
    /// The reply that was held.
    pub turn: u32,
    /// The caller's first sound, since the call was answered.
    pub onset_ms: f64,
    /// From the caller's first sound to the agent's last frame.
    pub stop_ms: f64,
    /// From the caller's first sound to the decision.
    pub decided_ms: Option<f64>,
    /// `committed`, `resumed` or `open` (the call ended first).
    pub outcome: String,
}

/// One time that the agent showed, in the caller's turn, that it listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackchannelReport {
    /// Since the call was answered.
    pub at_ms: f64,
    /// What it said.
    pub text: String,
}

impl From<&BackchannelRecord> for BackchannelReport {
    fn from(backchannel: &BackchannelRecord) -> Self {
        Self {
            at_ms: millis(backchannel.at.since(Default::default())),
            text: backchannel.text.clone(),
        }
    }
}

/// The figures of a call as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Caller turns that were answered.
    pub answers: usize,
    /// Over the answers.
    pub voice_to_voice_ms: Option<Spread>,
    /// Over the answers.
    pub runtime_share_ms: Option<Spread>,
    /// Over the barge-ins that took the floor.
    pub barge_in_stop_ms: Option<Spread>,
    /// The median of each part over the answers.
    pub shares_ms: Option<Shares>,
    /// Errors per word said, over all lines whose words are known.
    pub word_error_rate: Option<f64>,
    /// How late frames left against their 20 ms schedule.
    pub pacing_ms: Option<PacingFigures>,
}

/// What the process needed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProcessFigures {
    /// From the start of the process until it could take a call.
    pub start_up_ms: f64,
    /// From then until the chat model had read this call's prompt, so that it could be answered.
    pub prompt_read_ms: f64,
    /// Resident memory at its highest, in bytes.
    pub rss_bytes: u64,
}

/// How a call fared against its scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScenarioVerdict {
    /// The scenario's name.
    pub name: String,
    /// Whether every check passed.
    pub passed: bool,
    /// All checks, in the order of the scenario.
    pub checks: Vec<Check>,
}

/// One expectation and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was expected, of what.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// Whether that will do.
    pub passed: bool,
}

impl Report {
    /// The report of a call. `lines` are what a simulated caller really said, in order; empty
    /// where that is not known.
    #[must_use]
    pub fn new(record: &CallRecord, lines: &[SpokenLine]) -> Self {
        let spoken = attribute(lines, &record.turns);
        let mut turns: Vec<TurnReport> = record.turns.iter().map(TurnReport::new).collect();
        let mut errors = WordErrors::default();
        for one in &spoken {
            let heard = one.caller_text(&record.turns);
            let Some(reference) = one.reference(lines) else {
                continue;
            };
            let wrong = word_error_rate(&reference, &heard);
            errors = errors + wrong;
            if let Some(turn) = one.turns.first().and_then(|first| turns.get_mut(*first)) {
                turn.voice_to_voice_heard_ms = one.reply_heard_after(lines).map(millis);
                turn.word_error_rate = wrong.rate().map(thousandths);
                turn.caller_reference = Some(reference);
            }
        }
        let word_error_rate = errors.rate().map(thousandths);
        let summary = Summary {
            word_error_rate,
            ..Summary::new(record, &turns)
        };
        Self {
            call_id: record.call_id.clone(),
            agent: record.agent_name.clone(),
            transport: record.transport.clone(),
            duration_ms: millis(record.duration),
            ended: text::end_name(record.ended).to_owned(),
            summary,
            turns,
            barge_ins: record.barge_ins.iter().map(BargeInReport::new).collect(),
            backchannels: record.backchannels.iter().map(Into::into).collect(),
            discarded_drafts: record.discarded_drafts,
            dropped_caller_frames: record.dropped_caller_frames,
            underruns: record.pacing.underruns,
            problems: record.problems.clone(),
            process: None,
            scenario: None,
        }
    }
}

impl TurnReport {
    fn new(turn: &TurnRecord) -> Self {
        let timings = &turn.timings;
        let is_answer = turn.kind == TurnKind::Answer;
        let shares = Shares::new(timings).filter(|_| is_answer);
        Self {
            turn: turn.turn.0,
            kind: text::kind_name(turn.kind).to_owned(),
            began_ms: timings
                .filler_started
                .or(timings.first_frame_sent)
                .map(|at| millis(at.since(Default::default()))),
            caller_text: turn.caller_text.clone(),
            caller_reference: None,
            word_error_rate: None,
            agent_text_generated: turn.generated_text.clone(),
            fillers: turn.fillers.clone(),
            agent_text_heard: turn.heard_text.clone(),
            interrupted: turn.is_interrupted,
            voice_to_voice_ms: timings.voice_to_voice().filter(|_| is_answer).map(millis),
            filler_after_ms: timings
                .speech_ended
                .zip(timings.filler_started)
                .map(|(ended, started)| millis(started.since(ended))),
            voice_to_voice_heard_ms: None,
            runtime_share_ms: shares.map(|shares| shares.runtime),
            stages_ms: Stages::new(timings).filter(|_| is_answer),
            shares_ms: shares,
        }
    }
}

impl BargeInReport {
    fn new(barge_in: &BargeInRecord) -> Self {
        Self {
            turn: barge_in.turn.0,
            onset_ms: millis(barge_in.onset.since(Default::default())),
            stop_ms: millis(barge_in.stop_time()),
            decided_ms: barge_in.decided.map(|at| millis(at.since(barge_in.onset))),
            outcome: match barge_in.outcome {
                BargeInOutcome::Committed => "committed",
                BargeInOutcome::Resumed => "resumed",
                BargeInOutcome::Open => "open",
            }
            .to_owned(),
        }
    }
}

impl Summary {
    fn new(record: &CallRecord, turns: &[TurnReport]) -> Self {
        let stops = record
            .barge_ins
            .iter()
            .filter(|barge_in| barge_in.outcome == BargeInOutcome::Committed)
            .map(|barge_in| millis(barge_in.stop_time()));
        let shares: Vec<Shares> = turns.iter().filter_map(|turn| turn.shares_ms).collect();
        Self {
            answers: turns
                .iter()
                .filter(|turn| turn.voice_to_voice_ms.is_some())
                .count(),
            voice_to_voice_ms: Spread::of(turns.iter().filter_map(|turn| turn.voice_to_voice_ms)),
            runtime_share_ms: Spread::of(turns.iter().filter_map(|turn| turn.runtime_share_ms)),
            barge_in_stop_ms: Spread::of(stops),
            shares_ms: Shares::median(&shares),
            word_error_rate: None,
            pacing_ms: PacingFigures::new(&record.pacing),
        }
    }
}

fn thousandths(rate: f64) -> f64 {
    (rate * 1_000.0).round() / 1_000.0
}
