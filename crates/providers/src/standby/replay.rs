//! The last seconds of a call's audio and the marks in it, for a recogniser that comes late. Positions
//! are samples since the call began.

use std::collections::VecDeque;

use offhook_contract::{SttInput, UtteranceId};
use offhook_media::{Frame, SampleRate};

/// Milliseconds of audio that are kept.
const KEPT_MS: usize = 6_000;
/// At least so much is heard again.
const AGAIN_MS: u64 = 2_000;
/// Before the onset, in case that it was reported late.
const BEFORE_ONSET_MS: u64 = 300;
/// Utterances that are not settled.
const UTTERANCES_MAX: usize = 8;

/// An utterance that is not settled.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) id: UtteranceId,
    /// Where its first sound is.
    from: u64,
    /// Where it was said that it has begun.
    marked: u64,
    /// Where it ended, and after how many milliseconds of silence.
    end: Option<(u64, u32)>,
    /// Its words, as far as they were told.
    pub(super) told: String,
    /// Words before the audio that the recogniser of now has heard.
    before: String,
}

#[derive(Debug)]
pub(super) struct Replay {
    rate: SampleRate,
    samples: VecDeque<i16>,
    end: u64,
    pub(super) utterances: VecDeque<Utterance>,
}

impl Replay {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            samples: VecDeque::new(),
            end: 0,
            utterances: VecDeque::new(),
        }
    }

    fn samples_of(&self, ms: u64) -> u64 {
        ms * u64::from(self.rate.hz()) / 1_000
    }

    fn start(&self) -> u64 {
        self.end - self.samples.len() as u64
    }

    /// Takes what the call sends.
    pub(super) fn take(&mut self, input: &SttInput) {
        match input {
            SttInput::Audio(frame) => {
                let kept = self.rate.frame_samples() * (KEPT_MS / 20);
                let excess = (self.samples.len() + frame.samples().len()).saturating_sub(kept);
                self.samples.drain(..excess.min(self.samples.len()));
                self.samples.extend(frame.samples());
                self.end += frame.samples().len() as u64;
            }
            SttInput::UtteranceStarted {
                utterance,
                onset_ago_ms,
            } => {
                if self.utterances.len() >= UTTERANCES_MAX {
                    self.utterances.pop_front();
                }
                let back = self.samples_of(u64::from(*onset_ago_ms));
                self.utterances.push_back(Utterance {
                    id: *utterance,
                    from: self.end.saturating_sub(back),
                    marked: self.end,
                    end: None,
                    told: String::new(),
                    before: String::new(),
                });
            }
            SttInput::PauseSuspected { .. } => {}
            SttInput::Finalise {
                utterance,
                silence_ms,
            } => {
                let end = Some((self.end, *silence_ms));
                match self.utterances.iter_mut().find(|it| it.id == *utterance) {
                    Some(utterance) => utterance.end = end,
                    // An answer is owed all the same.
                    None => self.utterances.push_back(Utterance {
                        id: *utterance,
                        from: self.end,
                        marked: self.end,
                        end,
                        told: String::new(),
                        before: String::new(),
                    }),
                }
            }
        }
    }

    /// Whether the caller is heard to speak.
    pub(super) fn speaking(&self) -> Option<UtteranceId> {
        let last = self.utterances.back().filter(|it| it.end.is_none())?;
        Some(last.id)
    }

    /// Whether an answer is owed.
    pub(super) fn is_owed(&self) -> bool {
        self.utterances.iter().any(|it| it.end.is_some())
    }

    /// Whether anything was told of an utterance that is going on.
    pub(super) fn is_told(&self, id: UtteranceId) -> bool {
        let mut utterances = self.utterances.iter();
        utterances.any(|it| it.id == id && it.end.is_none() && !it.told.is_empty())
    }

    /// The words of an utterance, told as they are known now; `None` where nobody waits for them.
    pub(super) fn interim(&mut self, id: UtteranceId, text: &str) -> Option<String> {
        let utterance = self.utterances.iter_mut().find(|it| it.id == id)?;
        utterance.told = joined(&utterance.before, text);
        Some(utterance.told.clone())
    }

    /// The settled words of an utterance; `None` where they were not asked for, or were given.
    pub(super) fn settled(&mut self, id: UtteranceId, text: &str) -> Option<String> {
        let is_it = |it: &Utterance| it.id == id && it.end.is_some();
        let place = self.utterances.iter().position(is_it)?;
        let utterance = self.utterances.remove(place)?;
        Some(joined(&utterance.before, text))
    }

    /// What is owed, as far as it is known.
    pub(super) fn give_up(&mut self) -> Vec<(UtteranceId, String)> {
        let owed = self.utterances.iter().filter(|it| it.end.is_some());
        let owed = owed.map(|it| (it.id, it.told.clone())).collect();
        self.utterances.retain(|it| it.end.is_none());
        owed
    }

    /// What a recogniser has to hear that has heard nothing yet: all of the utterances that are not
    /// settled, as far as their audio is kept. Of what is not, the words stand as they were told.
    pub(super) fn again(&mut self) -> VecDeque<SttInput> {
        let (kept, ago) = (self.start(), self.samples_of(AGAIN_MS));
        let before = self.samples_of(BEFORE_ONSET_MS);
        let wanted = self
            .utterances
            .iter()
            .map(|it| it.from.saturating_sub(before))
            .min();
        let from = self
            .end
            .saturating_sub(ago)
            .min(wanted.unwrap_or(u64::MAX))
            .max(kept);
        let frame_samples = self.rate.frame_samples() as u64;
        // Frames as they came.
        let from = from - (from - kept) % frame_samples;
        for utterance in &mut self.utterances {
            if utterance.from < from {
                utterance.before = utterance.told.clone();
            }
        }
        let mut inputs = VecDeque::new();
        let mut at = from;
        let skipped = usize::try_from(from - kept).unwrap_or(usize::MAX);
        let samples: Vec<i16> = self.samples.iter().skip(skipped).copied().collect();
        let mut frames = samples.chunks(self.rate.frame_samples());
        loop {
            self.marks_at(at, from, &mut inputs);
            let Some(frame) = frames.next() else { break };
            inputs.push_back(SttInput::Audio(Frame::padded(self.rate, frame)));
            at += frame.len() as u64;
        }
        inputs
    }

    /// The marks that stood at a position, of the audio from `from` on.
    fn marks_at(&self, at: u64, from: u64, inputs: &mut VecDeque<SttInput>) {
        let stood_at = |mark: u64| mark == at || at == from && mark < from;
        for it in &self.utterances {
            if stood_at(it.marked) {
                let ago = at.saturating_sub(it.from.max(from)) * 1_000;
                let ago = ago / u64::from(self.rate.hz());
                inputs.push_back(SttInput::UtteranceStarted {
                    utterance: it.id,
                    onset_ago_ms: u32::try_from(ago).unwrap_or(u32::MAX),
                });
            }
            if let Some((_, silence_ms)) = it.end.filter(|(end, _)| stood_at(*end)) {
                inputs.push_back(SttInput::Finalise {
                    utterance: it.id,
                    silence_ms,
                });
            }
        }
    }
}

/// Words that two recognisers heard of one utterance, the second of them from somewhere in the
/// middle on: those that both heard are not doubled.
fn joined(before: &str, after: &str) -> String {
    let (before, after) = (before.trim(), after.trim());
    if before.is_empty() || after.is_empty() {
        return format!("{before}{after}");
    }
    let plain = |word: &str| -> String {
        let letters = word.chars().filter(|it| it.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let first: Vec<&str> = before.split_whitespace().collect();
    let second: Vec<&str> = after.split_whitespace().collect();
    let [left, right] =
        [&first, &second].map(|it| it.iter().map(|it| plain(it)).collect::<Vec<_>>());
    // Where most of the second's beginning stands in the first; its very first word may be cut.
    let best = (0..left.len())
        .flat_map(|place| (0..right.len().min(2)).map(move |skip| (place, skip)))
        .map(|(place, skip)| {
            let pairs = left[place..].iter().zip(&right[skip..]);
            (
                pairs.take_while(|(left, right)| left == right).count(),
                place,
                skip,
            )
        })
        // The longest, and of the same length the last.
        .max_by_key(|(same, place, skip)| (*same, *place, std::cmp::Reverse(*skip)));
    let (kept, skip) = match best {
        Some((same, place, skip)) if same >= 2 || same == 1 && place + 1 == left.len() => {
            (place, skip)
        }
        _ => (first.len(), 0),
    };
    let words = first[..kept].iter().chain(&second[skip..]);
    words.copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn hear(replay: &mut Replay, frames: std::ops::Range<i16>) {
        for number in frames {
            let frame = Frame::new(RATE, &[number; 160]).unwrap();
            replay.take(&SttInput::Audio(frame));
        }
    }

    fn start(replay: &mut Replay, id: u32, ago: u32) {
        replay.take(&SttInput::UtteranceStarted {
            utterance: UtteranceId(id),
            onset_ago_ms: ago,
        });
    }

    fn finalise(replay: &mut Replay, id: u32) {
        replay.take(&SttInput::Finalise {
            utterance: UtteranceId(id),
            silence_ms: 140,
        });
    }

    /// Frames by their number, marks by their names.
    fn again(replay: &mut Replay) -> Vec<String> {
        let name = |input: SttInput| match input {
            SttInput::Audio(frame) => frame.samples()[0].to_string(),
            SttInput::UtteranceStarted {
                utterance,
                onset_ago_ms,
            } => format!("started {} {onset_ago_ms}", utterance.0),
            SttInput::PauseSuspected { .. } => "pause".into(),
            SttInput::Finalise {
                utterance,
                silence_ms: 140,
            } => format!("finalise {}", utterance.0),
            SttInput::Finalise { silence_ms, .. } => format!("{silence_ms} ms of silence"),
        };
        replay.again().into_iter().map(name).collect()
    }

    #[test]
    fn two_seconds_are_heard_again_and_all_of_what_is_not_settled() {
        let mut replay = Replay::new(RATE);
        hear(&mut replay, 0..150);
        let inputs = again(&mut replay);
        assert_eq!((inputs.len(), inputs[0].as_str()), (100, "50"));
        start(&mut replay, 1, 100);
        hear(&mut replay, 150..250);
        finalise(&mut replay, 1);
        hear(&mut replay, 250..252);
        let inputs = again(&mut replay);
        // 300 ms before the onset, which was 100 ms before the mark.
        assert_eq!(inputs[0], "130");
        assert_eq!(inputs[20], "started 1 100");
        assert_eq!(inputs[121], "finalise 1");
        assert_eq!(inputs.last().unwrap(), "251");
        assert!(replay.is_owed() && replay.speaking().is_none());
        assert_eq!(
            replay.settled(UtteranceId(1), "Yes.").as_deref(),
            Some("Yes.")
        );
        assert_eq!(replay.settled(UtteranceId(1), "Yes."), None);
    }

    #[test]
    fn of_a_long_utterance_the_words_before_stand() {
        let mut replay = Replay::new(RATE);
        start(&mut replay, 1, 0);
        hear(&mut replay, 0..400);
        let told = replay.interim(UtteranceId(1), "one two three four five");
        assert_eq!(told.as_deref(), Some("one two three four five"));
        let inputs = again(&mut replay);
        assert_eq!(inputs[..2], ["started 1 0", "100"]);
        assert_eq!(inputs.len(), 301);
        let told = replay.interim(UtteranceId(1), "three four five six");
        assert_eq!(told.as_deref(), Some("one two three four five six"));
        finalise(&mut replay, 1);
        assert_eq!(
            replay
                .settled(UtteranceId(1), "Four, five, six, seven.")
                .unwrap(),
            "one two three Four, five, six, seven."
        );
    }

    #[test]
    fn words_that_both_heard_are_not_doubled() {
        for (before, after, whole) in [
            ("one two three", "three four", "one two three four"),
            ("one two three", "ee three four", "one two three four"),
            ("one two three", "two three", "one two three"),
            ("one two", "three", "one two three"),
            ("", "three", "three"),
            ("one", "", "one"),
            ("I think that I", "that I can", "I think that I can"),
            ("no no no", "no no yes", "no no no yes"),
        ] {
            assert_eq!(joined(before, after), whole);
        }
    }
}
