//! Times of words that a server tells apart from the sound in which they are heard.

use std::collections::VecDeque;
use std::time::Duration;

use offhook_contract::{SpeechAudio, SpokenText, TextSpan, WordTime};
use offhook_media::SampleRate;

/// One piece: its words as they are told of, and its sound as it comes.
#[derive(Debug)]
pub(crate) struct TimedPiece {
    text: String,
    span: TextSpan,
    rate: SampleRate,
    /// How much of the text words were found in.
    read: usize,
    /// Words whose sound has not come, from the beginning of the piece.
    waiting: VecDeque<WordTime>,
    /// Samples that came.
    samples: u64,
}

impl TimedPiece {
    pub(crate) fn new(piece: &SpokenText, rate: SampleRate) -> Self {
        Self {
            text: piece.text.clone(),
            span: piece.span,
            rate,
            read: 0,
            waiting: VecDeque::new(),
            samples: 0,
        }
    }

    /// A word is heard from `start` to `end`, in seconds from the beginning of the piece. A word
    /// that is not in the text, as where a number is read out, is passed over.
    pub(crate) fn add_word(&mut self, word: &str, start: f64, end: f64) {
        let word = word.trim();
        let rest = self.text.get(self.read..).unwrap_or_default();
        let Some(at) = rest.find(word).filter(|_| !word.is_empty()) else {
            return;
        };
        let from = self.read + at;
        self.read = from + word.len();
        let place = |at: usize| (self.span.start + at).min(self.span.end);
        let seconds = |value: f64| Duration::try_from_secs_f64(value).unwrap_or_default();
        self.waiting.push_back(WordTime {
            span: TextSpan {
                start: place(from),
                end: place(self.read),
            },
            start: seconds(start),
            end: seconds(end),
        });
    }

    /// More of its sound, with the words that begin in it. One that is told of after its sound is
    /// the first of the next.
    pub(crate) fn sound(&mut self, samples: Vec<i16>) -> Option<SpeechAudio> {
        if samples.is_empty() {
            return None;
        }
        let begin = self.rate.duration_of(self.samples);
        self.samples += samples.len() as u64;
        let end = self.rate.duration_of(self.samples);
        let mut words = Vec::new();
        while let Some(word) = self.waiting.pop_front_if(|it| it.start < end) {
            words.push(WordTime {
                span: word.span,
                start: word.start.saturating_sub(begin),
                end: word.end.saturating_sub(begin),
            });
        }
        Some(SpeechAudio {
            samples,
            rate: self.rate,
            span: self.span,
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_with_the_sound_in_which_they_begin() {
        let piece = SpokenText {
            text: "Hello, dear world.".into(),
            span: TextSpan { start: 10, end: 28 },
        };
        let mut timed = TimedPiece::new(&piece, SampleRate::HZ_8000);
        timed.add_word("Hello,", 0.0, 0.3);
        timed.add_word("twelve", 0.3, 0.35);
        timed.add_word("dear", 0.4, 0.6);
        let word = |start, end, from, to| WordTime {
            span: TextSpan { start, end },
            start: Duration::from_millis(from),
            end: Duration::from_millis(to),
        };
        let first = timed.sound(vec![0; 2_400]).unwrap();
        assert_eq!(first.words, [word(10, 16, 0, 300)]);
        assert_eq!(first.span, piece.span);
        let second = timed.sound(vec![0; 2_400]).unwrap();
        assert_eq!(second.words, [word(17, 21, 100, 300)]);
        timed.add_word("world.", 0.55, 0.8);
        let third = timed.sound(vec![0; 1_600]).unwrap();
        assert_eq!(third.words, [word(22, 28, 0, 200)], "it is told of late");
        assert_eq!(timed.sound(Vec::new()), None);
    }
}
