//! A stretch of text cut into what the network takes at once, and its sound trimmed and timed.

use std::ops::Range;
use std::time::Duration;

use offhook_contract::{TextSpan, WordTime};

use super::network::{Alphabet, DURATION_UNIT};
use super::phonemes::{Sound, mark_character};
use super::synthesis::RATE_HZ;
use crate::normalise::Mark;

/// The network learned sentences up to about this many phonemes.
const PHONEMES_MAX: usize = 400;
/// Kept before the first and after the last sound, so that soft onsets and ends stay whole.
const EDGE_MS: usize = 25;
/// Fades at both edges.
const FADE_MS: usize = 5;
/// Sound is looked for in steps of this.
const STEP_MS: usize = 5;
/// A step is silent below this share of the loudest step (-46 dB) and below -66 dB of full scale.
const SILENT_SHARE: f32 = 0.005;
const SILENT_LEVEL: f32 = 0.0005;

/// What is synthesised at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Numbers for the network, pads included.
    pub(super) numbers: Vec<i64>,
    /// The words, each with the numbers that say it and the bytes of the text.
    words: Vec<(Range<usize>, Range<usize>)>,
    /// The mark at its end.
    pub(super) last_mark: Option<Mark>,
    /// The bytes of the text up to which it speaks.
    pub(super) source_end: usize,
}

/// A piece's sound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PieceAudio {
    /// Mono PCM at 24 kHz.
    pub(super) samples: Vec<i16>,
    /// When each word is said, its bytes as in the piece.
    pub(super) words: Vec<WordTime>,
}

/// Cuts `sounds` at marks, and within a clause only where it is longer than the network takes.
/// Empty where nothing is said.
pub(super) fn pieces(sounds: &[Sound], alphabet: &Alphabet) -> Vec<Piece> {
    let sounds = &bounded(sounds)[..];
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < sounds.len() {
        let end = piece_end(sounds, start);
        let piece = piece(&sounds[start..end], alphabet);
        if !piece.words.is_empty() {
            pieces.push(piece);
        }
        start = end;
    }
    pieces
}

/// The pause after a mark, on top of what is kept at the edges of pieces.
pub(super) fn pause_after(mark: Option<Mark>) -> Duration {
    Duration::from_millis(match mark {
        None => 0,
        Some(Mark::Comma | Mark::Dash) => 130,
        Some(Mark::Semicolon | Mark::Colon) => 180,
        Some(Mark::Period | Mark::Question | Mark::Exclamation | Mark::Ellipsis) => 280,
    })
}

impl Piece {
    /// The same, with its words counted from where the text lies in the reply, and none beyond it.
    pub(super) fn moved(mut self, text: TextSpan) -> Self {
        for (_, source) in &mut self.words {
            let moved = |offset: usize| (text.start + offset).min(text.end);
            *source = moved(source.start)..moved(source.end);
        }
        self
    }

    /// Trims the silence around the sound, puts `pause` before it, and finds when each word is
    /// said. `durations` are the network's, one per number.
    pub(super) fn finish(&self, sound: &[f32], durations: &[f32], pause: Duration) -> PieceAudio {
        let kept = trimmed(sound);
        let lead = samples_in(pause);
        let mut samples = vec![0_i16; lead];
        samples.extend(faded(&sound[kept.clone()]));
        let starts = starts(durations);
        let place = |number: usize| {
            let at = starts.get(number).copied().unwrap_or(sound.len());
            duration_of(lead + at.clamp(kept.start, kept.end) - kept.start)
        };
        let mut words: Vec<WordTime> = Vec::with_capacity(self.words.len());
        for (numbers, source) in &self.words {
            let span = TextSpan {
                start: source.start,
                end: source.end,
            };
            let (start, end) = (place(numbers.start), place(numbers.end));
            match words.last_mut() {
                Some(last) if last.span == span => last.end = end,
                _ => words.push(WordTime { span, start, end }),
            }
        }
        PieceAudio { samples, words }
    }
}

/// The sounds, with words that are too long for the network (a page without a space, spelled) cut.
fn bounded(sounds: &[Sound]) -> Vec<Sound> {
    let mut bounded = Vec::with_capacity(sounds.len());
    for sound in sounds {
        let mut rest = sound.phonemes.as_str();
        while let Some((cut, _)) = rest.char_indices().nth(PHONEMES_MAX) {
            bounded.push(Sound {
                phonemes: rest[..cut].to_owned(),
                ..sound.clone()
            });
            rest = &rest[cut..];
        }
        bounded.push(Sound {
            phonemes: rest.to_owned(),
            ..sound.clone()
        });
    }
    bounded
}

fn piece(sounds: &[Sound], alphabet: &Alphabet) -> Piece {
    let mut numbers = Alphabet::begin();
    let mut words = Vec::new();
    let mut last_mark = None;
    let mut source_end = 0;
    for sound in sounds {
        source_end = source_end.max(sound.source.end);
        last_mark = sound.mark;
        if let Some(mark) = sound.mark {
            alphabet.push(&mut numbers, mark_character(mark).encode_utf8(&mut [0; 4]));
            continue;
        }
        if numbers.len() > 1 {
            alphabet.push_gap(&mut numbers);
        }
        let start = numbers.len();
        if alphabet.push(&mut numbers, &sound.phonemes) > 0 {
            words.push((start..numbers.len(), sound.source.clone()));
        }
    }
    Alphabet::end(&mut numbers);
    Piece {
        numbers,
        words,
        last_mark,
        source_end,
    }
}

/// Where the piece that begins at `start` ends: with the last mark that still fits, else with the
/// last word.
fn piece_end(sounds: &[Sound], start: usize) -> usize {
    let mut length = 0;
    let mut after_mark = None;
    for (at, sound) in sounds.iter().enumerate().skip(start) {
        length += sound.phonemes.chars().count() + 1;
        if length > PHONEMES_MAX && at > start {
            return after_mark.unwrap_or(at);
        }
        if sound.mark.is_some() {
            after_mark = Some(at + 1);
        }
    }
    sounds.len()
}

/// The samples between the first and the last sound, with [`EDGE_MS`] around them.
fn trimmed(sound: &[f32]) -> Range<usize> {
    let step = samples_of(STEP_MS);
    let levels: Vec<f32> = sound
        .chunks(step)
        .map(|part| (part.iter().map(|one| one * one).sum::<f32>() / part.len() as f32).sqrt())
        .collect();
    let loudest = levels
        .iter()
        .fold(0.0_f32, |loudest, level| loudest.max(*level));
    let threshold = (loudest * SILENT_SHARE).max(SILENT_LEVEL);
    let is_loud = |level: &f32| *level > threshold;
    let (Some(first), Some(last)) = (
        levels.iter().position(is_loud),
        levels.iter().rposition(is_loud),
    ) else {
        return 0..sound.len();
    };
    let edge = samples_of(EDGE_MS);
    let start = (first * step).saturating_sub(edge);
    let end = ((last + 1) * step + edge).min(sound.len());
    start..end
}

fn faded(sound: &[f32]) -> impl Iterator<Item = i16> {
    let fade = samples_of(FADE_MS);
    let last = sound.len();
    sound.iter().enumerate().map(move |(at, sample)| {
        let from_edge = at.min(last - 1 - at);
        let gain = (from_edge as f32 / fade as f32).min(1.0);
        let level = (sample * gain).clamp(-1.0, 1.0) * f32::from(i16::MAX);
        level.round() as i16
    })
}

/// The sample at which each number begins, and the end of the last.
fn starts(durations: &[f32]) -> Vec<usize> {
    let mut at = 0;
    let mut starts = vec![0];
    starts.extend(durations.iter().map(|units| {
        at += units.max(0.0) as usize * DURATION_UNIT;
        at
    }));
    starts
}

fn samples_of(milliseconds: usize) -> usize {
    milliseconds * RATE_HZ as usize / 1000
}

fn samples_in(duration: Duration) -> usize {
    samples_of(duration.as_millis() as usize)
}

fn duration_of(samples: usize) -> Duration {
    Duration::from_nanos(samples as u64 * 1_000_000_000 / u64::from(RATE_HZ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(phonemes: &str, source: Range<usize>) -> Sound {
        Sound {
            phonemes: phonemes.to_owned(),
            mark: None,
            source,
        }
    }

    fn mark(mark: Mark, at: usize) -> Sound {
        Sound {
            phonemes: String::new(),
            mark: Some(mark),
            source: at..at + 1,
        }
    }

    #[test]
    fn words_know_their_numbers_and_words_of_one_place_are_one() {
        let alphabet = Alphabet::of("abc ,.");
        let sounds = [
            word("ab", 0..4),
            word("c", 0..4),
            mark(Mark::Comma, 4),
            word("b", 6..7),
        ];
        let pieces = pieces(&sounds, &alphabet);
        assert_eq!(pieces.len(), 1);
        let piece = &pieces[0];
        assert_eq!(piece.numbers, [0, 1, 2, 4, 3, 5, 4, 2, 0]);
        let mut sound = vec![0.0; 9 * DURATION_UNIT];
        sound[DURATION_UNIT..8 * DURATION_UNIT].fill(0.5);
        let audio = piece.finish(&sound, &[1.0; 9], Duration::from_millis(10));
        let unit = Duration::from_millis(25);
        let lead = Duration::from_millis(10);
        let expected = [(0..4, 1, 5), (6..7, 7, 8)].map(|(span, start, end)| WordTime {
            span: TextSpan {
                start: span.start,
                end: span.end,
            },
            start: lead + unit * start,
            end: lead + unit * end,
        });
        assert_eq!(audio.words, expected);
        assert_eq!(audio.samples.len(), samples_of(10) + 9 * DURATION_UNIT);
        assert!(
            audio.samples[..samples_of(10)]
                .iter()
                .all(|sample| *sample == 0)
        );
    }

    #[test]
    fn silence_around_is_trimmed_and_edges_are_faded() {
        let mut sound = vec![0.0; 24_000];
        sound[12_000..14_400].fill(0.5);
        let alphabet = Alphabet::of("a");
        let piece = pieces(&[word("a", 0..1)], &alphabet).remove(0);
        let audio = piece.finish(&sound, &[20.0, 4.0, 16.0], Duration::ZERO);
        assert_eq!(audio.samples.len(), 2400 + 2 * samples_of(EDGE_MS));
        assert_eq!(
            (audio.samples[0], audio.samples.last().copied()),
            (0, Some(0))
        );
        assert_eq!(audio.words[0].start, Duration::from_millis(25));
    }

    #[test]
    fn long_speech_is_cut_at_marks_and_else_between_words() {
        let alphabet = Alphabet::of("a .");
        let long = "a".repeat(150);
        let with_mark = [
            word(&long, 0..1),
            mark(Mark::Period, 1),
            word(&long, 2..3),
            word(&long, 4..5),
        ];
        let cut = pieces(&with_mark, &alphabet);
        assert_eq!(
            cut.iter().map(|piece| piece.source_end).collect::<Vec<_>>(),
            [2, 5]
        );
        assert_eq!(cut[0].last_mark, Some(Mark::Period));
        let without = [word(&long, 0..1), word(&long, 2..3), word(&long, 4..5)];
        assert_eq!(pieces(&without, &alphabet).len(), 2);
        let endless = [word(&"a".repeat(5000), 0..1)];
        let cut = pieces(&endless, &alphabet);
        assert!(
            cut.iter()
                .all(|piece| piece.numbers.len() <= PHONEMES_MAX + 3)
        );
        assert_eq!(cut.len(), 13);
    }

    #[test]
    fn nothing_said_is_no_piece() {
        let alphabet = Alphabet::of("a .");
        assert!(pieces(&[], &alphabet).is_empty());
        assert!(pieces(&[mark(Mark::Period, 0)], &alphabet).is_empty());
        assert!(pieces(&[word("??", 0..2)], &alphabet).is_empty());
    }

    #[test]
    fn stronger_marks_make_longer_pauses() {
        let pauses = [
            None,
            Some(Mark::Comma),
            Some(Mark::Semicolon),
            Some(Mark::Period),
        ]
        .map(pause_after);
        assert!(pauses.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
