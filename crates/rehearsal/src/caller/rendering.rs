//! From a scenario's lines to sound: each is synthesised or read from its recording before the
//! call begins, so that its moment can be kept to the frame.

use std::ops::Range;
use std::path::Path;

use offhook_contract::{
    Diction, ProviderError, SpeechEvent, SpeechRequest, SpokenText, TextSpan, TextToSpeech,
    VoiceManner,
};
use offhook_media::{RateOutOfRange, ReadWavError, SampleRate, read_wav, resample_all};

use super::ear::rms;
use crate::{CallerVoice, Scenario, Words};

/// Quieter than this below the loudest moment of a line is no sound of it.
const SOUND_BELOW_PEAK: f64 = 0.02;

/// Longest line.
const LINE_SECONDS_MAX: usize = 120;

/// A line as it will be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedLine {
    /// Mono, at the rate of the leg; silence around the words is cut off.
    pub samples: Vec<i16>,
    /// From the first sound to one past the last.
    pub sound: Range<usize>,
}

/// Why a line cannot be said. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The voice failed.
    #[error("line {line} of the caller cannot be spoken")]
    Voice {
        /// Which line.
        line: usize,
        /// What happened.
        source: ProviderError,
    },
    /// The voice gave no sound.
    #[error("line {line} of the caller has no sound: \"{text}\" was spoken as silence")]
    Silent {
        /// Which line.
        line: usize,
        /// What was to be said.
        text: String,
    },
    /// The line is too long.
    #[error("line {line} of the caller lasts longer than {LINE_SECONDS_MAX} s; split it")]
    TooLong {
        /// Which line.
        line: usize,
    },
    /// The recording cannot be read.
    #[error("line {line} of the caller has no usable recording: see its `wav`")]
    Recording {
        /// Which line.
        line: usize,
        /// What is wrong with it.
        source: ReadWavError,
    },
    /// The sound has a rate that cannot be converted.
    #[error("line {line} of the caller has a sample rate that cannot be used")]
    Rate {
        /// Which line.
        line: usize,
        /// Which.
        source: RateOutOfRange,
    },
}

/// Renders all lines at `rate`.
pub(super) async fn render(
    scenario: &Scenario,
    voice: &dyn TextToSpeech,
    rate: SampleRate,
) -> Result<Vec<RenderedLine>, RenderError> {
    let mut rendered = Vec::with_capacity(scenario.lines.len());
    for (index, line) in scenario.lines.iter().enumerate() {
        let number = index + 1;
        let (samples, from_hz, text) = match &line.words {
            Words::Say(text) => {
                let (samples, from_hz) = synthesise(scenario, voice, text, number).await?;
                (samples, from_hz, text.clone())
            }
            Words::Wav { path, .. } => {
                let (samples, from_hz) = recording(path, number)?;
                (samples, from_hz, path.display().to_string())
            }
        };
        if samples.len() > LINE_SECONDS_MAX * from_hz as usize {
            return Err(RenderError::TooLong { line: number });
        }
        let samples =
            resample_all(&samples, from_hz, rate).map_err(|source| RenderError::Rate {
                line: number,
                source,
            })?;
        let line = RenderedLine::trimmed(&samples, rate)
            .ok_or(RenderError::Silent { line: number, text })?;
        rendered.push(line);
    }
    Ok(rendered)
}

/// The words as sound, and the rate at which it is to be played: other than the voice's own where
/// the caller's pitch is changed (faster is higher, and the words are spoken slower to make up).
async fn synthesise(
    scenario: &Scenario,
    voice: &dyn TextToSpeech,
    text: &str,
    line: usize,
) -> Result<(Vec<i16>, u32), RenderError> {
    let failed = |source| RenderError::Voice { line, source };
    let CallerVoice {
        id, speed, pitch, ..
    } = &scenario.voice;
    let request = SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: id.clone(),
        language: scenario.language.clone(),
        speed: (speed / pitch).clamp(0.5, 2.0),
    };
    let mut stream = voice.open(request).await.map_err(failed)?;
    let piece = SpokenText {
        text: text.to_owned(),
        span: TextSpan {
            start: 0,
            end: text.len(),
        },
    };
    // Where the voice is gone already, its events say why.
    let _is_taken = stream.text.send(piece).await.is_ok();
    drop(stream.text);
    let mut samples = Vec::new();
    let mut from = voice.capabilities().rate;
    while let Some(event) = stream.events.recv().await {
        match event {
            SpeechEvent::Audio(audio) => {
                from = audio.rate;
                samples.extend_from_slice(&audio.samples);
            }
            SpeechEvent::Failed(source) => return Err(failed(source)),
        }
    }
    // Whole hundreds keep the ratio simple, which the resampler likes.
    let played_hz = (f64::from(from.hz()) * f64::from(*pitch) / 100.0).round() * 100.0;
    let from_hz = if (*pitch - 1.0).abs() < f32::EPSILON {
        from.hz()
    } else {
        played_hz as u32
    };
    Ok((samples, from_hz))
}

/// A recording, mixed to one channel, and its rate.
fn recording(path: &Path, line: usize) -> Result<(Vec<i16>, u32), RenderError> {
    let wav = read_wav(path).map_err(|source| RenderError::Recording { line, source })?;
    Ok((wav.mono(), wav.rate_hz))
}

impl RenderedLine {
    /// A line without the silence around its sound (a little of it is kept); `None` where it is
    /// all silence.
    #[must_use]
    pub fn trimmed(samples: &[i16], rate: SampleRate) -> Option<Self> {
        let window = rate.frame_samples() / 2;
        let margin = rate.frame_samples();
        let loudness: Vec<f64> = samples.chunks(window).map(rms).collect();
        let peak = loudness.iter().copied().fold(0.0, f64::max);
        if peak < 30.0 {
            return None;
        }
        let is_sound = |loudness: &f64| *loudness > peak * SOUND_BELOW_PEAK;
        let first = loudness.iter().position(is_sound)? * window;
        let last = ((loudness.iter().rposition(is_sound)? + 1) * window).min(samples.len());
        let start = first.saturating_sub(margin);
        let end = (last + margin).min(samples.len());
        Some(Self {
            samples: samples[start..end].to_vec(),
            sound: first - start..last - start,
        })
    }
}
