//! What a caller heard and saw of a call, and what the providers were asked.

use std::sync::Arc;
use std::time::Duration;

use offhook_agent::Agent;
use offhook_call::{CallRecord, TurnRecord};
use offhook_contract::{ChatRequest, DetectorRequest, Role, SpeechRequest, SttRequest};
use offhook_media::Level;
use offhook_turn_taking::HangUpCause;

use crate::stage::RATE;

/// A call that was held. Times are milliseconds since the answer.
pub(crate) struct Call {
    pub(crate) agent: Arc<Agent>,
    pub(crate) record: CallRecord,
    /// When the agent fell silent under the caller's voice.
    pub(crate) holds: Vec<Duration>,
    /// Audio as it reached the ear.
    pub(crate) samples: Vec<i16>,
    /// When each frame arrived.
    pub(crate) frames: Vec<Duration>,
    pub(crate) asked: Vec<ChatRequest>,
    pub(crate) recognition: Vec<SttRequest>,
    pub(crate) detector: Vec<DetectorRequest>,
    pub(crate) voice: Vec<SpeechRequest>,
}

impl Call {
    /// Everything that the caller heard, reply by reply.
    pub(crate) fn heard(&self) -> Vec<&str> {
        let turns = self.record.turns.iter();
        turns
            .filter_map(|turn| turn.heard_text.as_deref())
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// Whether `text` was heard to its end.
    pub(crate) fn hears(&self, text: &str) -> bool {
        self.heard().contains(&text)
    }

    /// How often `text` was heard to its end.
    pub(crate) fn times_heard(&self, text: &str) -> usize {
        self.heard().iter().filter(|heard| **heard == text).count()
    }

    /// When `text` began to be heard.
    pub(crate) fn begins(&self, text: &str) -> u64 {
        let began = self.turn(text).timings.first_frame_sent;
        to_20_ms(began.unwrap_or_else(|| panic!("\"{text}\" was never begun")))
    }

    /// When `text` was over, to its end or cut.
    pub(crate) fn ends(&self, text: &str) -> u64 {
        to_20_ms(self.turn(text).timings.finished.unwrap())
    }

    /// Whether the caller took the floor from `text`, after some of it was heard.
    pub(crate) fn is_cut(&self, text: &str) -> bool {
        self.turn(text).is_interrupted
    }

    /// The fillers that bridged slow replies.
    pub(crate) fn fillers(&self) -> Vec<&str> {
        let turns = self.record.turns.iter();
        turns
            .flat_map(|turn| turn.fillers.iter().map(String::as_str))
            .collect()
    }

    /// When the first filler began to be heard.
    pub(crate) fn filler_begins(&self) -> u64 {
        let mut turns = self.record.turns.iter();
        to_20_ms(turns.find_map(|turn| turn.timings.filler_started).unwrap())
    }

    /// What showed the caller that the agent listens.
    pub(crate) fn backchannels(&self) -> Vec<&str> {
        let said = self.record.backchannels.iter();
        said.map(|one| one.text.as_str()).collect()
    }

    /// When the chat model was asked for `text`.
    pub(crate) fn is_asked_for(&self, text: &str) -> u64 {
        to_20_ms(self.turn(text).timings.reply_asked.unwrap())
    }

    fn turn(&self, text: &str) -> &TurnRecord {
        let mut turns = self.record.turns.iter();
        turns
            .find(|turn| turn.generated_text.trim() == text)
            .unwrap_or_else(|| panic!("\"{text}\" was never said: {:?}", self.heard()))
    }

    /// Why and when the call ended.
    pub(crate) fn ended(&self) -> (HangUpCause, u64) {
        let millis = self.record.duration.as_millis() as u64;
        (self.record.ended, (millis + 10) / 20 * 20)
    }

    /// The turns of the caller as the chat model read them, request by request.
    pub(crate) fn callers_words(&self) -> Vec<&str> {
        let last = self
            .asked
            .iter()
            .filter_map(|request| request.messages.last());
        last.map(|message| message.text.as_str()).collect()
    }

    /// The texts of one side that the chat model read with the last request.
    pub(crate) fn read(&self, role: Role) -> Vec<&str> {
        let messages = self.asked.last().map_or(&[][..], |it| &it.messages);
        let of_role = messages.iter().filter(|message| message.role == role);
        of_role.map(|message| message.text.as_str()).collect()
    }

    /// What reached the ear in a span of time.
    pub(crate) fn samples(&self, from_ms: u64, to_ms: u64) -> &[i16] {
        let end = self.samples.len();
        let at = |ms| (RATE.samples_in(Duration::from_millis(ms)) as usize).min(end);
        &self.samples[at(from_ms)..at(to_ms)]
    }

    /// The level of what reached the ear, in dB below full scale.
    pub(crate) fn level(&self, from_ms: u64, to_ms: u64) -> f32 {
        Level::of(self.samples(from_ms, to_ms)).rms_dbfs
    }

    /// For how long a voice was heard in a span of time.
    pub(crate) fn voice_ms(&self, from_ms: u64, to_ms: u64) -> usize {
        let samples = self.samples(from_ms, to_ms).iter();
        samples.filter(|sample| **sample > 3_000).count() / 16
    }

    /// How many frames the leg was sent.
    pub(crate) fn frames_sent(&self) -> usize {
        self.frames.len()
    }
}

fn to_20_ms(at: offhook_turn_taking::Instant) -> u64 {
    (at.as_millis() + 10) / 20 * 20
}
