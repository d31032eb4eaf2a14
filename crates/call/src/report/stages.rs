//! The latency waterfall of a turn: when each stage was reached, and what the time went into.

use offhook_turn_taking::Instant;
use serde::{Deserialize, Serialize};

use crate::TurnTimings;

use super::figures::percentile;

/// When each stage was reached, in milliseconds from the caller's last sound. Stages run side by
/// side, so that a later one may have the smaller figure; negative is before the last sound.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// The detector said that the caller fell silent.
    pub pause: Option<f64>,
    /// The policy let the caller's turn end.
    pub endpoint: Option<f64>,
    /// The caller's words were settled.
    pub transcript: Option<f64>,
    /// The chat model was asked.
    pub asked: Option<f64>,
    /// The chat model's first token.
    pub first_token: Option<f64>,
    /// The first piece of text went to the voice.
    pub first_sentence: Option<f64>,
    /// The voice's first audio.
    pub first_audio: Option<f64>,
    /// The first frame left.
    pub first_frame: Option<f64>,
}

impl Stages {
    /// The stages of a turn; `None` where the caller said nothing.
    #[must_use]
    pub fn new(timings: &TurnTimings) -> Option<Self> {
        let origin = timings.speech_ended?;
        let after = |at: Option<Instant>| at.map(|at| signed_millis(origin, at));
        Some(Self {
            pause: after(timings.pause_detected),
            endpoint: after(timings.turn_ended),
            transcript: after(timings.transcript_settled),
            asked: after(timings.reply_asked),
            first_token: after(timings.first_token),
            first_sentence: after(timings.first_sentence),
            first_audio: after(timings.first_audio),
            first_frame: after(timings.first_frame_sent),
        })
    }
}

/// What the time from the caller's last sound to the first frame went into, in milliseconds. Only
/// what was waited for counts: a model that had finished before the policy let the turn end has no
/// share.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Shares {
    /// Waiting for the caller's turn to end, as configured.
    pub endpoint_wait: f64,
    /// Recognition, after the caller's last sound.
    pub recognition: f64,
    /// The chat model, up to the first piece that can be spoken.
    pub chat_model: f64,
    /// The voice, up to its first audio.
    pub voice: f64,
    /// All else: the runtime itself.
    pub runtime: f64,
}

impl Shares {
    /// The shares of a turn; `None` where the caller said nothing or no frame left, and where the
    /// reply had to wait for a filler.
    #[must_use]
    pub fn new(timings: &TurnTimings) -> Option<Self> {
        if timings.filler_started.is_some() {
            return None;
        }
        let origin = timings.speech_ended?;
        let sent = signed_millis(origin, timings.first_frame_sent?).max(0.0);
        let ended = timings.turn_ended.map(|at| signed_millis(origin, at));
        let audio = timings.first_audio.map(|at| signed_millis(origin, at));
        let mut shares = Self::default();
        let mut reached = 0.0;
        // Each stage pays for what passed since the stage before it was reached.
        let mut pay = |share: &mut f64, at: Option<Instant>| {
            if let Some(at) = at {
                let at = signed_millis(origin, at).clamp(0.0, sent);
                *share += (at - reached).max(0.0);
                reached = at.max(reached);
            }
        };
        if ended.is_some_and(|ended| audio.is_none_or(|audio| audio <= ended)) {
            pay(&mut shares.endpoint_wait, timings.turn_ended);
        } else {
            pay(&mut shares.recognition, timings.transcript_settled);
            // A turn that does not sound finished waits before the model is asked: by configuration.
            if timings.reply_asked >= timings.turn_ended {
                pay(&mut shares.endpoint_wait, timings.turn_ended);
            }
            pay(&mut shares.runtime, timings.reply_asked);
            pay(&mut shares.chat_model, timings.first_token);
            pay(&mut shares.chat_model, timings.first_sentence);
            pay(&mut shares.voice, timings.first_audio);
        }
        pay(&mut shares.runtime, timings.first_frame_sent);
        let tenths = |share: f64| (share * 10.0).round() / 10.0;
        Some(Self {
            endpoint_wait: tenths(shares.endpoint_wait),
            recognition: tenths(shares.recognition),
            chat_model: tenths(shares.chat_model),
            voice: tenths(shares.voice),
            runtime: tenths(shares.runtime),
        })
    }

    /// Each share with its name, in the order in which a turn goes through them.
    #[must_use]
    pub const fn parts(&self) -> [(&'static str, f64); 5] {
        [
            ("endpoint wait", self.endpoint_wait),
            ("recognition", self.recognition),
            ("chat model", self.chat_model),
            ("voice", self.voice),
            ("runtime", self.runtime),
        ]
    }

    /// The median of each share by itself; `None` of nothing.
    #[must_use]
    pub fn median(all: &[Self]) -> Option<Self> {
        let median = |share: fn(&Self) -> f64| {
            let mut sorted: Vec<f64> = all.iter().map(share).collect();
            sorted.sort_by(f64::total_cmp);
            percentile(&sorted, 50.0)
        };
        Some(Self {
            endpoint_wait: median(|shares| shares.endpoint_wait)?,
            recognition: median(|shares| shares.recognition)?,
            chat_model: median(|shares| shares.chat_model)?,
            voice: median(|shares| shares.voice)?,
            runtime: median(|shares| shares.runtime)?,
        })
    }
}

/// Milliseconds from `origin` to `at`, with tenths; negative where `at` is earlier.
fn signed_millis(origin: Instant, at: Instant) -> f64 {
    let micros = at.as_micros() as f64 - origin.as_micros() as f64;
    (micros / 100.0).round() / 10.0
}
