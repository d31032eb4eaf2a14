//! What one call's recognition has heard and owes: which stretch of audio to recognise next, and
//! what the answer means. It runs no model and reads no clock: time is counted in samples.
//!
//! At most one pass of a call runs at a time. Passes that were asked for (a settled segment, a
//! final) are never skipped; interim passes are skipped whenever something better is to be done.
//! What was recognised when the voice went quiet is the final result if it stays quiet: nothing but
//! silence has come since.

use std::collections::VecDeque;

use offhook_contract::{SttEvent, UtteranceId};

use super::audio_history::AudioHistory;
use super::moonshine::Transcription;
use super::murmur::{MURMUR, is_murmur};

const SAMPLES_PER_MS: usize = 16;
/// Kept before the detected onset, so that the first sound is not lost.
const PRE_ROLL: usize = 200 * SAMPLES_PER_MS;
/// Audio kept while nobody speaks: what an onset can lie back, and the pre-roll.
const HISTORY: usize = 2_000 * SAMPLES_PER_MS;
/// An interim pass needs this much audio, pre-roll included.
const INTERIM_MIN: usize = 500 * SAMPLES_PER_MS;
/// New audio between interim passes: this, and more as the segment grows, so that the share of a
/// core that one call takes stays bounded.
const INTERIM_STEP: usize = 300 * SAMPLES_PER_MS;
/// Longest audio after the pass that looked at a pause for which its answer still settles the
/// utterance: all of it is the silence by which the end was told.
const PAUSE_TAIL_MAX: usize = 320 * SAMPLES_PER_MS;
/// From this length on a segment is cut where the caller pauses ...
const SEGMENT_SOFT: usize = 9_000 * SAMPLES_PER_MS;
/// ... and at this length wherever it is quietest.
const SEGMENT_MAX: usize = 13_000 * SAMPLES_PER_MS;
/// A cut leaves at least this on either side.
const SEGMENT_EDGE: usize = 2_000 * SAMPLES_PER_MS;
/// How often a long segment is looked through for a pause.
const SEGMENT_STEP: usize = 500 * SAMPLES_PER_MS;
/// Settled segments that may wait for their pass.
const OWED_MAX: usize = 8;
/// The stretch that must be quiet for a pause.
const PAUSE: usize = 160 * SAMPLES_PER_MS;
/// A pause is quieter than the segment by this factor of energy (13 dB).
const PAUSE_ENERGY: f32 = 0.05;
/// Below this mean square (−60 dB of full scale) there is nothing to recognise.
const SILENCE_ENERGY: f32 = 1e-6;
/// Text of which the model is less sure than this is made up from noise.
const LOG_PROBABILITY_MIN: f32 = -1.0;

/// One stretch of audio to recognise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass {
    pub(super) utterance: UtteranceId,
    pub(super) kind: PassKind,
    /// 16 kHz, full scale ±1.
    pub(super) samples: Vec<f32>,
    pub(super) draft: Vec<u32>,
    segment: u32,
}

/// What a pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PassKind {
    /// To say what is believed so far.
    Interim,
    /// The same, where the voice went quiet: perhaps the last word on the utterance.
    Pause,
    /// To settle a part of a long utterance.
    Segment,
    /// To settle the utterance.
    Final,
}

/// One call's recognition.
#[derive(Debug)]
pub(super) struct Recognition {
    history: AudioHistory,
    utterances: VecDeque<Utterance>,
    owed: VecDeque<Pass>,
    /// Audio before this belongs to an utterance that was settled.
    settled_until: u64,
}

#[derive(Debug)]
struct Utterance {
    id: UtteranceId,
    is_live: bool,
    /// The segment that grows now, and its number.
    samples: Vec<f32>,
    segment: u32,
    /// Text of the segments before.
    settled: String,
    /// Text of the growing segment as last believed.
    believed: String,
    draft: Vec<u32>,
    heard_at_pass: usize,
    searched_at: usize,
    pause: Pause,
    /// Whether the answer of the pass that looks at the pause settles the utterance.
    is_ending: bool,
}

/// What is known about the newest moment at which the voice went quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pause {
    /// There was none.
    #[default]
    Unsuspected,
    /// Its pass has to be asked for.
    Suspected,
    /// Its pass runs.
    BeingHeard,
    /// `believed` is what was said up to it.
    Heard,
}

impl Recognition {
    pub(super) fn new() -> Self {
        Self {
            history: AudioHistory::new(HISTORY),
            utterances: VecDeque::new(),
            owed: VecDeque::new(),
            settled_until: 0,
        }
    }

    /// The next samples of the call (16 kHz).
    pub(super) fn hear(&mut self, samples: &[f32]) {
        self.history.push(samples);
        let Some(live) = self
            .utterances
            .back_mut()
            .filter(|utterance| utterance.is_live)
        else {
            return;
        };
        live.samples.extend_from_slice(samples);
        if live.samples.len() >= SEGMENT_SOFT.max(live.searched_at + SEGMENT_STEP) {
            live.searched_at = live.samples.len();
            if let Some(at) = pause_in(&live.samples) {
                let pass = live.cut_at(at);
                if self.owed.len() < OWED_MAX {
                    self.owed.push_back(pass);
                } else {
                    tracing::warn!(
                        "recognition lags a minute behind: a part of an utterance is lost"
                    );
                }
            }
        }
    }

    /// The caller began to speak `onset_ago_ms` before the newest sample.
    pub(super) fn start(&mut self, id: UtteranceId, onset_ago_ms: u32) {
        let back = onset_ago_ms as usize * SAMPLES_PER_MS + PRE_ROLL;
        let from = self
            .history
            .end()
            .saturating_sub(back as u64)
            .max(self.settled_until);
        // One that was never finalised is given up; its id may still be finalised later.
        if let Some(last) = self.utterances.back_mut() {
            last.is_live = false;
        }
        while self.utterances.len() > 8 {
            self.utterances.pop_front();
        }
        self.utterances
            .push_back(Utterance::new(id, self.history.since(from)));
    }

    /// The caller's voice went quiet, perhaps only for a moment.
    pub(super) fn suspect_pause(&mut self, id: UtteranceId) {
        if let Some(live) = self
            .utterances
            .back_mut()
            .filter(|utterance| utterance.is_live && utterance.id == id)
        {
            live.pause = Pause::Suspected;
        }
    }

    /// The caller fell silent: the utterance is to be settled. Gives the answer at once where no
    /// pass is needed for it.
    pub(super) fn finalise(&mut self, id: UtteranceId) -> Option<SttEvent> {
        self.settled_until = self.history.end();
        let Some(index) = self
            .utterances
            .iter()
            .position(|utterance| utterance.id == id)
        else {
            return Some(SttEvent::Final {
                utterance: id,
                text: String::new(),
            });
        };
        let utterance = &mut self.utterances[index];
        utterance.is_live = false;
        let tail = utterance.samples.len() - utterance.heard_at_pass;
        match utterance.pause {
            _ if tail > PAUSE_TAIL_MAX => {
                self.owed.push_back(utterance.pass(PassKind::Final));
            }
            Pause::Heard => return self.settle(index, None),
            Pause::BeingHeard => utterance.is_ending = true,
            Pause::Unsuspected | Pause::Suspected => {
                self.owed.push_back(utterance.pass(PassKind::Final));
            }
        }
        None
    }

    /// Ends an utterance: with `last`, or with what is believed.
    fn settle(&mut self, index: usize, last: Option<String>) -> Option<SttEvent> {
        let utterance = self.utterances.remove(index)?;
        let last = last.unwrap_or(utterance.believed);
        Some(SttEvent::Final {
            utterance: utterance.id,
            text: joined(&utterance.settled, &last),
        })
    }

    /// What to recognise next, if anything.
    pub(super) fn next_pass(&mut self) -> Option<Pass> {
        if let Some(pass) = self.owed.pop_front() {
            return Some(pass);
        }
        let live = self
            .utterances
            .back_mut()
            .filter(|utterance| utterance.is_live)?;
        let heard = live.samples.len();
        if live.pause == Pause::Suspected {
            if is_silent(&live.samples) {
                return None;
            }
            live.pause = Pause::BeingHeard;
            live.heard_at_pass = heard;
            return Some(live.pass(PassKind::Pause));
        }
        let step = INTERIM_STEP.max(heard / 10);
        if heard < INTERIM_MIN.max(live.heard_at_pass + step) || is_silent(&live.samples) {
            return None;
        }
        live.heard_at_pass = heard;
        live.pause = Pause::Unsuspected;
        Some(live.pass(PassKind::Interim))
    }

    /// Whether an interim pass that runs now only delays what is owed.
    pub(super) fn is_pass_owed(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Takes the answer to a pass; `None` where it was abandoned or refused.
    pub(super) fn answer(
        &mut self,
        pass: &Pass,
        answer: Option<Transcription>,
    ) -> Option<SttEvent> {
        let index = self
            .utterances
            .iter()
            .position(|known| known.id == pass.utterance)?;
        let utterance = &mut self.utterances[index];
        let answer = answer.map(|answer| without_guesses(answer, &pass.samples));
        match pass.kind {
            PassKind::Interim => utterance.believe(pass, answer?),
            PassKind::Pause => self.answer_pause(index, pass, answer),
            PassKind::Segment => {
                let text = answer.map(|answer| answer.text).unwrap_or_default();
                utterance.settled = joined(&utterance.settled, &text);
                None
            }
            PassKind::Final => self.settle(index, answer.map(|answer| answer.text)),
        }
    }

    /// What was said up to the moment at which the voice went quiet.
    fn answer_pause(
        &mut self,
        index: usize,
        pass: &Pass,
        answer: Option<Transcription>,
    ) -> Option<SttEvent> {
        let utterance = &mut self.utterances[index];
        let is_known = answer.is_some() && utterance.segment == pass.segment;
        // The voice can have come back, and gone quiet again, while the pass ran.
        if utterance.pause == Pause::BeingHeard {
            utterance.pause = if is_known {
                Pause::Heard
            } else {
                Pause::Unsuspected
            };
        }
        if !utterance.is_ending {
            return utterance.believe(pass, answer?);
        }
        if utterance.pause == Pause::Heard {
            return self.settle(index, answer.map(|answer| answer.text));
        }
        utterance.is_ending = false;
        self.owed.push_back(utterance.pass(PassKind::Final));
        None
    }
}

impl Utterance {
    fn new(id: UtteranceId, samples: Vec<f32>) -> Self {
        Self {
            id,
            is_live: true,
            samples,
            segment: 0,
            settled: String::new(),
            believed: String::new(),
            draft: Vec::new(),
            heard_at_pass: 0,
            searched_at: 0,
            pause: Pause::default(),
            is_ending: false,
        }
    }

    /// Takes an interim answer. The segment can have been cut, or the utterance settled, since it
    /// was asked for.
    fn believe(&mut self, pass: &Pass, answer: Transcription) -> Option<SttEvent> {
        if self.segment != pass.segment || !self.is_live {
            return None;
        }
        self.draft = answer.tokens;
        // A pause with nothing before it is believed; a fleeting interim of nothing is not.
        let is_pause = pass.kind == PassKind::Pause;
        if answer.text == self.believed || (answer.text.is_empty() && !is_pause) {
            return None;
        }
        self.believed = answer.text;
        if self.believed.is_empty() {
            return None;
        }
        Some(SttEvent::Interim {
            utterance: self.id,
            text: joined(&self.settled, &self.believed),
        })
    }

    fn pass(&mut self, kind: PassKind) -> Pass {
        let samples = match kind {
            PassKind::Interim | PassKind::Pause => self.samples.clone(),
            PassKind::Segment | PassKind::Final => std::mem::take(&mut self.samples),
        };
        let draft = self.draft.clone();
        Pass {
            utterance: self.id,
            kind,
            samples,
            draft,
            segment: self.segment,
        }
    }

    /// Ends the growing segment at sample `at`; the next one grows from there.
    fn cut_at(&mut self, at: usize) -> Pass {
        let rest = self.samples.split_off(at);
        let pass = self.pass(PassKind::Segment);
        self.samples = rest;
        self.segment += 1;
        self.draft.clear();
        self.believed.clear();
        self.heard_at_pass = 0;
        self.searched_at = 0;
        self.pause = Pause::default();
        pass
    }
}

/// The middle of the quietest stretch, if it is a pause or the segment is as long as may be.
fn pause_in(samples: &[f32]) -> Option<usize> {
    let quietest = (SEGMENT_EDGE..samples.len().saturating_sub(SEGMENT_EDGE + PAUSE))
        .step_by(20 * SAMPLES_PER_MS)
        .map(|start| (start, energy(&samples[start..start + PAUSE])))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_pause = quietest.1 < energy(samples) * PAUSE_ENERGY;
    (is_pause || samples.len() >= SEGMENT_MAX).then_some(quietest.0 + PAUSE / 2)
}

/// Mean square.
fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32
}

/// Whether no 20 ms of it are loud enough for speech.
fn is_silent(samples: &[f32]) -> bool {
    samples
        .chunks(20 * SAMPLES_PER_MS)
        .all(|chunk| energy(chunk) < SILENCE_ENERGY)
}

/// Nothing, where the audio is silent or the model guessed; a hum, where it is one.
fn without_guesses(answer: Transcription, samples: &[f32]) -> Transcription {
    if !is_silent(samples) && is_murmur(samples) {
        return Transcription {
            text: MURMUR.to_owned(),
            tokens: Vec::new(),
            ..answer
        };
    }
    if is_silent(samples) || answer.mean_log_probability < LOG_PROBABILITY_MIN {
        return Transcription {
            text: String::new(),
            tokens: Vec::new(),
            ..answer
        };
    }
    answer
}

fn joined(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second.to_owned(),
        (_, true) => first.to_owned(),
        _ => format!("{first} {second}"),
    }
}

#[cfg(test)]
mod tests;
