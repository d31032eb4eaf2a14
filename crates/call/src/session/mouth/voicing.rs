//! Speech as the voice makes it, turned into what the leg is sent: at the leg's rate and at the
//! pace that was asked for, with its words where they are then heard.

use std::time::Duration;

use offhook_contract::{SpeechAudio, TextSpan};
use offhook_media::{PlayoutSegment, PlayoutWord, Resampler, SampleRate, Stretcher};

/// The way of one reply's speech to the leg. A piece of text may come in several parts: filters
/// run through them and end with the piece.
#[derive(Debug)]
pub(super) struct Voicing {
    rate: SampleRate,
    resampler: Option<(SampleRate, Resampler)>,
    stretcher: Stretcher,
    /// Between resampling and stretching.
    resampled: Vec<i16>,
    piece: Option<Piece>,
}

/// The piece that is being spoken.
#[derive(Debug)]
struct Piece {
    span: TextSpan,
    text: String,
    /// How much of it the voice has made, at the voice's pace.
    taken: Duration,
    /// Samples of it that are on the way to the leg.
    given: u64,
}

impl Voicing {
    /// Speech for a leg at `rate`, made `stretch` times as fast as the voice speaks.
    pub(super) fn new(rate: SampleRate, stretch: f32) -> Self {
        Self {
            rate,
            resampler: None,
            stretcher: Stretcher::new(rate, stretch),
            resampled: Vec::new(),
            piece: None,
        }
    }

    /// What `audio`, of the reply whose text so far is `text`, sounds like on the leg. Where it
    /// begins a piece, [`Voicing::rest`] of the one before comes first.
    pub(super) fn segment(&mut self, audio: &SpeechAudio, text: &str) -> PlayoutSegment {
        let rate = self.rate;
        let piece = self.piece.get_or_insert_with(|| Piece {
            span: audio.span,
            text: text
                .get(audio.span.start..audio.span.end)
                .unwrap_or_default()
                .to_owned(),
            taken: Duration::ZERO,
            given: 0,
        });
        let speed = self.stretcher.speed();
        let (taken, given) = (piece.taken, rate.duration_of(piece.given));
        let heard_at = |time: Duration| (taken + time).div_f64(speed).saturating_sub(given);
        let words = audio.words.iter().map(|word| PlayoutWord {
            text_start: word.span.start,
            text_end: word.span.end,
            start: heard_at(word.start),
            end: heard_at(word.end),
        });
        let words = words.collect();
        piece.taken += audio.rate.duration_of(audio.samples.len() as u64);
        let mut samples = Vec::new();
        self.resampled.clear();
        if audio.rate == rate {
            self.stretcher.process(&audio.samples, &mut samples);
        } else {
            let resampler = match &mut self.resampler {
                Some((from, resampler)) if *from == audio.rate => resampler,
                other => {
                    &mut other
                        .insert((audio.rate, Resampler::new(audio.rate, rate)))
                        .1
                }
            };
            resampler.process(&audio.samples, &mut self.resampled);
            self.stretcher.process(&self.resampled, &mut samples);
        }
        piece.given += samples.len() as u64;
        PlayoutSegment {
            samples,
            text: piece.text.clone(),
            text_start: piece.span.start,
            words,
        }
    }

    /// The end of the piece before, where `next` begins another.
    pub(super) fn rest_before(&mut self, next: TextSpan) -> Option<PlayoutSegment> {
        let is_other = self.piece.as_ref().is_some_and(|piece| piece.span != next);
        is_other.then(|| self.rest()).flatten()
    }

    /// What is still inside of the piece, which ends there.
    pub(super) fn rest(&mut self) -> Option<PlayoutSegment> {
        let piece = self.piece.take()?;
        let mut samples = Vec::new();
        self.resampled.clear();
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.flush(&mut self.resampled);
            self.stretcher.process(&self.resampled, &mut samples);
        }
        self.stretcher.flush(&mut samples);
        (!samples.is_empty()).then(|| PlayoutSegment {
            samples,
            text: piece.text,
            text_start: piece.span.start,
            words: Vec::new(),
        })
    }

    /// Forgets what is still inside.
    pub(super) fn reset(&mut self) {
        self.piece = None;
        self.stretcher.reset();
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.reset();
        }
    }
}
