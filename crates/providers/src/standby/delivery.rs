//! What of each piece of a reply was made into sound, and what is left to say where a voice stops.

use std::time::Duration;

use offhook_contract::{SpeechAudio, SpokenText, TextSpan, WordTime};

/// Samples no louder than this are silence: -60 dB.
const SILENT: u16 = 32;
/// Letters and digits that a voice says in a second where nothing is known of it.
const PACE_USUAL: f64 = 13.0;
/// No voice is quicker.
const PACE_MAX: f64 = 32.0;
/// A voice may be so much slower at one place than it is on the whole: rather a word twice than one
/// not at all.
const CAUTION: f64 = 0.85;
/// Before the first letter.
const BEFORE_SPEECH: Duration = Duration::from_millis(100);
/// One word may be so much quicker than the voice is on the whole.
const HASTE: f64 = 1.4;
/// As little sound of a word is missing where the voice counts differently than we do.
const TOLERANCE: Duration = Duration::from_millis(60);

/// How quickly a voice speaks, as far as it was heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Letters and digits a second.
    pub(super) usual: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { usual: PACE_USUAL }
    }
}

impl Pace {
    /// A piece was said to its end.
    pub(super) fn learn(&mut self, piece: &Piece) {
        let (letters, seconds) = (letters(&piece.text.text), piece.made.as_secs_f64());
        if letters >= 12.0 && seconds > 0.5 {
            self.usual += ((letters / seconds).clamp(4.0, PACE_MAX) - self.usual) * 0.25;
        }
    }
}

/// A piece of the reply, and what was made of it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: SpokenText,
    /// What it is a part of: the call takes sound for one stretch of the reply after the other, and
    /// never goes back within one.
    pub(super) whole: TextSpan,
    /// How much sound of it there is.
    pub(super) made: Duration,
    pub(super) is_heard: bool,
    words: Vec<WordTime>,
}

impl Piece {
    pub(super) const fn new(text: SpokenText) -> Self {
        Self {
            whole: text.span,
            text,
            made: Duration::ZERO,
            is_heard: false,
            words: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, audio: &SpeechAudio) {
        let made = self.made;
        let moved = |word: &WordTime| WordTime {
            span: word.span,
            start: made + word.start,
            end: made + word.end,
        };
        self.words.extend(audio.words.iter().map(moved));
        self.made += audio.rate.duration_of(audio.samples.len() as u64);
        self.is_heard |= is_audible(audio);
    }

    /// Whether the voice may have said all of it.
    pub(super) fn may_be_whole(&self, pace: Pace) -> bool {
        if !self.is_heard {
            return false;
        }
        match self.words.last() {
            Some(_) => self.first_missing().is_none(),
            None => letters(&self.text.text) <= pace.usual * 1.2 * self.made.as_secs_f64() + 4.0,
        }
    }

    /// Whether it was cut, though the voice took it for whole.
    pub(super) fn is_cut(&self) -> bool {
        if !self.is_heard {
            return letters(&self.text.text) > 0.0;
        }
        match self.words.last() {
            Some(_) => self.first_missing().is_some(),
            None => letters(&self.text.text) > PACE_MAX * self.made.as_secs_f64() + 8.0,
        }
    }

    /// The same for another voice: what is left of it.
    pub(super) fn for_another(self, pace: Pace) -> Option<Self> {
        let text = self.rest(pace)?;
        Some(Self {
            whole: self.whole,
            ..Self::new(text)
        })
    }

    /// What is left to say of it, from the word on that was being said; `None` where nothing is.
    fn rest(&self, pace: Pace) -> Option<SpokenText> {
        if !self.is_heard {
            return Some(self.text.clone());
        }
        let from = match self.words.last() {
            Some(last) => self
                .broken_word(last, pace)
                .or_else(|| self.first_missing())?,
            // As long as all of it takes.
            None if letters(&self.text.text) <= pace.usual * self.made.as_secs_f64() => {
                return None;
            }
            None => self.estimated(pace),
        };
        let text = self.text.text.get(from..)?.trim_start();
        if !text.contains(char::is_alphanumeric) {
            return None;
        }
        let from = self.text.text.len() - text.len();
        Some(SpokenText {
            text: text.to_owned(),
            span: self.part(from),
        })
    }

    /// The part of the reply from a byte of this piece's text on. Where the text is not that of the
    /// reply letter for letter, it cannot be told apart.
    fn part(&self, from: usize) -> TextSpan {
        let span = self.text.span;
        let is_same = span.end.saturating_sub(span.start) == self.text.text.len();
        TextSpan {
            start: if is_same {
                span.start + from
            } else {
                span.start
            },
            end: span.end,
        }
    }

    /// Where the first word begins of which sound is missing, by the times of words.
    fn first_missing(&self) -> Option<usize> {
        let place = |byte: usize| byte.saturating_sub(self.text.span.start);
        let cut = self
            .words
            .iter()
            .find(|word| word.end > self.made + TOLERANCE);
        if let Some(cut) = cut {
            return Some(place(cut.span.start));
        }
        let said = self.words.iter().map(|word| place(word.span.end)).max()?;
        let rest = self.text.text.get(said..)?;
        rest.contains(char::is_alphanumeric).then_some(said)
    }

    /// Where the last word begins, where it is too short to be all of it: voices that tell times of
    /// characters know of a word from its first one on.
    fn broken_word(&self, last: &WordTime, pace: Pace) -> Option<usize> {
        let start = last.span.start.saturating_sub(self.text.span.start);
        let end = last.span.end.saturating_sub(self.text.span.start);
        let word = self.text.text.get(start..end)?;
        let length = last.end.saturating_sub(last.start);
        let is_last_sound = last.end + TOLERANCE >= self.made;
        let is_short = letters(word) > pace.usual * HASTE * length.as_secs_f64();
        (is_last_sound && is_short).then_some(start)
    }

    /// The same by how quickly the voice speaks: the beginning of the word that it was likely in.
    fn estimated(&self, pace: Pace) -> usize {
        let spoken = self.made.saturating_sub(BEFORE_SPEECH);
        let said = pace.usual * CAUTION * spoken.as_secs_f64();
        let mut count = 0.0;
        let mut word = 0;
        let mut is_between = true;
        for (at, character) in self.text.text.char_indices() {
            if is_between && !character.is_whitespace() {
                word = at;
            }
            is_between = character.is_whitespace();
            if character.is_alphanumeric() {
                count += 1.0;
            }
            if count > said {
                break;
            }
        }
        word
    }
}

pub(super) fn is_audible(audio: &SpeechAudio) -> bool {
    let mut samples = audio.samples.iter();
    samples.any(|sample| sample.unsigned_abs() > SILENT)
}

fn letters(text: &str) -> f64 {
    text.chars().filter(|it| it.is_alphanumeric()).count() as f64
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::*;

    const TEXT: &str = "We open at eight tomorrow.";

    fn piece(made_ms: u64, words: &[(usize, usize, u64, u64)]) -> Piece {
        let mut piece = Piece::new(SpokenText {
            text: TEXT.into(),
            span: TextSpan {
                start: 100,
                end: 100 + TEXT.len(),
            },
        });
        let rate = SampleRate::HZ_8000;
        let count = rate.samples_in(Duration::from_millis(made_ms)) as usize;
        let word = |&(start, end, from, to): &(usize, usize, u64, u64)| WordTime {
            span: TextSpan {
                start: 100 + start,
                end: 100 + end,
            },
            start: Duration::from_millis(from),
            end: Duration::from_millis(to),
        };
        piece.take(&SpeechAudio {
            samples: vec![2_000; count],
            rate,
            span: piece.text.span,
            words: words.iter().map(word).collect(),
        });
        piece
    }

    fn rest(piece: &Piece) -> Option<(String, usize)> {
        let rest = piece.rest(Pace::default())?;
        assert_eq!(rest.span.end - rest.span.start, rest.text.len());
        Some((rest.text, rest.span.start))
    }

    #[test]
    fn by_times_of_words_the_word_that_was_cut_is_said_again() {
        let words = [(0, 2, 0, 200), (3, 7, 200, 500), (8, 10, 500, 700)];
        let cut = piece(600, &words);
        assert!(cut.is_cut() && !cut.may_be_whole(Pace::default()));
        assert_eq!(rest(&cut), Some(("at eight tomorrow.".into(), 108)));
        assert_eq!(
            rest(&piece(700, &words)),
            Some(("eight tomorrow.".into(), 111))
        );
        let begun = [(0, 2, 0, 200), (3, 7, 200, 320)];
        let cut = piece(320, &begun);
        assert_eq!(rest(&cut), Some(("open at eight tomorrow.".into(), 103)));
        let all = [(0, 16, 0, 900), (17, 26, 900, 1_400)];
        let whole = piece(1_400, &all);
        assert!(!whole.is_cut() && whole.may_be_whole(Pace::default()));
        assert_eq!(rest(&whole), None);
    }

    #[test]
    fn without_them_rather_a_word_is_said_twice_than_not_at_all() {
        assert_eq!(rest(&piece(40, &[])).unwrap().0, TEXT);
        // At 13 letters a second "We open at eigh" would be out.
        let cut = piece(950, &[]);
        assert!(!cut.may_be_whole(Pace::default()));
        assert_eq!(rest(&cut).unwrap().0, "eight tomorrow.");
        assert_eq!(rest(&piece(1_500, &[])).unwrap().0, "tomorrow.");
        assert_eq!(rest(&piece(1_700, &[])), None);
        assert!(piece(200, &[]).is_cut() && !piece(1_000, &[]).is_cut());
        assert!(piece(1_500, &[]).may_be_whole(Pace::default()));
    }

    #[test]
    fn silence_says_nothing() {
        let mut piece = piece(0, &[]);
        piece.take(&SpeechAudio {
            samples: vec![3; 80_000],
            rate: SampleRate::HZ_8000,
            span: piece.text.span,
            words: Vec::new(),
        });
        assert!(piece.is_cut());
        assert_eq!(rest(&piece).unwrap().0, TEXT);
    }

    #[test]
    fn a_voice_is_known_by_what_it_said() {
        let mut pace = Pace::default();
        for _ in 0..30 {
            pace.learn(&piece(4_000, &[]));
        }
        assert!((pace.usual - 21.0 / 4.0).abs() < 0.1, "{pace:?}");
    }
}
