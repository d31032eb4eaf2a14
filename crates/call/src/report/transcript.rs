//! The transcript of a call that is over: who said what when, as it was heard, with how long the
//! agent took to answer.

use offhook_turn_taking::{Instant, TurnId};
use serde::{Deserialize, Serialize};

use super::figures::millis;
use crate::{CallRecord, TurnKind, TurnRecord, TurnTimings};

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptRole {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
}

/// What one side said before the other one did, as it was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranscriptTurn {
    /// Who.
    pub role: TranscriptRole,
    /// What was heard.
    pub text: String,
    /// All that was made, where not all of it was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_text: Option<String>,
    /// Whether the caller cut it short.
    #[serde(default)]
    pub interrupted: bool,
    /// When it began, in milliseconds since the call was answered.
    pub at_ms: u64,
    /// How long the agent took; on answers alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<TurnLatency>,
}

/// How long an answer took, in milliseconds with tenths; `None` for what did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TurnLatency {
    /// From the caller's last sound to the first frame of the answer.
    pub voice_to_voice_ms: Option<f64>,
    /// From the caller's last sound to the moment from which the turn could end.
    pub end_of_turn_ms: Option<f64>,
    /// From the caller's last sound to the settled transcript.
    pub recognition_ms: Option<f64>,
    /// From the question to the chat model to its first token.
    pub chat_first_token_ms: Option<f64>,
    /// From the question to the first piece of text that could be spoken.
    pub chat_first_sentence_ms: Option<f64>,
    /// From that piece of text to the voice's first audio.
    pub voice_first_audio_ms: Option<f64>,
}

impl TurnLatency {
    fn of(timings: &TurnTimings) -> Self {
        let between = |from: Option<Instant>, to: Option<Instant>| Some(millis(to?.since(from?)));
        Self {
            voice_to_voice_ms: timings.voice_to_voice().map(millis),
            end_of_turn_ms: between(timings.speech_ended, timings.turn_ended),
            recognition_ms: between(timings.speech_ended, timings.transcript_settled),
            chat_first_token_ms: between(timings.reply_asked, timings.first_token),
            chat_first_sentence_ms: between(timings.reply_asked, timings.first_sentence),
            voice_first_audio_ms: between(timings.first_sentence, timings.first_audio),
        }
    }
}

/// The turns of a call in order. `began` says of replies when the caller's turn before them began;
/// where it does not, the caller's last sound counts.
#[must_use]
pub fn transcript(
    record: &CallRecord,
    began: impl Fn(TurnId) -> Option<Instant>,
) -> Vec<TranscriptTurn> {
    let mut turns = Vec::new();
    // What the caller had said before a reply that nobody heard is part of the next turn.
    let mut given_back: Option<(&TurnRecord, u64)> = None;
    for reply in &record.turns {
        let timings = &reply.timings;
        let spoke_at = began(reply.turn)
            .or(timings.speech_ended)
            .or(timings.reply_asked)
            .unwrap_or_default()
            .as_millis();
        let before = given_back.take();
        let continues =
            before.filter(|(earlier, _)| reply.caller_text.starts_with(&earlier.caller_text));
        if let (Some((earlier, at)), None) = (before, continues) {
            turns.extend(caller(&earlier.caller_text, at));
        }
        let spoke_at = continues.map_or(spoke_at, |(_, at)| at);
        if is_unheard(reply) {
            given_back = Some((reply, spoke_at));
            continue;
        }
        turns.extend(caller(&reply.caller_text, spoke_at));
        turns.extend(agent(reply));
    }
    if let Some((reply, at)) = given_back {
        turns.extend(caller(&reply.caller_text, at));
    }
    turns
}

/// Whether the caller's words were given back, because they were answered with nothing.
fn is_unheard(reply: &TurnRecord) -> bool {
    let heard = reply.heard_text.as_deref().map(str::trim);
    reply.is_interrupted && heard == Some("") && !reply.caller_text.is_empty()
}

fn caller(text: &str, at_ms: u64) -> Option<TranscriptTurn> {
    let text = text.trim();
    (!text.is_empty()).then(|| TranscriptTurn {
        role: TranscriptRole::Caller,
        text: text.to_owned(),
        original_text: None,
        interrupted: false,
        at_ms,
        latency: None,
    })
}

fn agent(reply: &TurnRecord) -> Option<TranscriptTurn> {
    let generated = reply.generated_text.trim();
    // What cannot be known is taken as heard.
    let heard = reply.heard_text.as_deref().map_or(generated, str::trim);
    let timings = &reply.timings;
    let began = timings.filler_started.or(timings.first_frame_sent);
    let began = began.or(timings.finished).unwrap_or_default();
    (!heard.is_empty()).then(|| TranscriptTurn {
        role: TranscriptRole::Agent,
        text: heard.to_owned(),
        original_text: (heard != generated).then(|| generated.to_owned()),
        interrupted: reply.is_interrupted,
        at_ms: began.as_millis(),
        latency: (reply.kind == TurnKind::Answer).then(|| TurnLatency::of(timings)),
    })
}
