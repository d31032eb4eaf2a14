//! One reply over one socket: pieces out as they are written, sound with the times of its characters
//! in.

use std::time::Duration;

use offhook_contract::{ProviderError, SpeechAudio, SpokenText, WordTime};
use offhook_media::SampleRate;

use super::alignment::{Script, Stretch};
use super::wire::{Alignment, Answer, ending, piece, problem};
use crate::hosted::{Heard, Owed, Payload, Pcm, SpeechDialect, decoded, malformed};

/// What was said so far, and how.
#[derive(Debug)]
pub(super) struct Session {
    provider: String,
    rate: SampleRate,
    opening: Option<String>,
    script: Script,
    pcm: Pcm,
    is_final: bool,
}

impl Session {
    /// A reply that begins with the message `opening`.
    pub(super) fn new(provider: &str, rate: SampleRate, opening: String) -> Self {
        Self {
            provider: provider.to_owned(),
            rate,
            opening: Some(opening),
            script: Script::default(),
            pcm: Pcm::at(rate),
            is_final: false,
        }
    }

    /// The sound of a message, a stretch for each piece in it.
    fn sound(&mut self, answer: &Answer) -> Result<Vec<SpeechAudio>, ProviderError> {
        let Some(audio) = answer.audio.as_deref().filter(|it| !it.is_empty()) else {
            return Ok(Vec::new());
        };
        self.pcm.push(&decoded(&self.provider, audio)?);
        let samples = self.pcm.take();
        let stretches = match &answer.alignment {
            Some(alignment) => self.script.read(alignment),
            None => self.script.read(&Alignment::default()),
        };
        Ok(divided(samples, self.rate, stretches))
    }
}

impl SpeechDialect for Session {
    fn opening(&mut self) -> Option<String> {
        self.opening.take()
    }

    fn piece(&mut self, text: &SpokenText) -> Vec<String> {
        self.script.add(text);
        vec![piece(text.text.trim()).to_string()]
    }

    fn ending(&mut self) -> Vec<String> {
        vec![ending().to_string()]
    }

    fn read(&mut self, message: &Payload) -> Result<Heard, ProviderError> {
        let Payload::Text(text) = message else {
            return Ok(Heard::default());
        };
        let answer: Answer = serde_json::from_str(text)
            .map_err(|problem| malformed(&self.provider, format!("a message: {problem}")))?;
        if let Some(problem) = answer.problem(&self.provider) {
            return Err(problem);
        }
        self.is_final |= answer.is_final == Some(true);
        Ok(Heard {
            audio: self.sound(&answer)?,
            answers: Vec::new(),
            // Between two pieces nobody knows.
            owed: Owed::Nothing,
        })
    }

    fn is_done(&self) -> bool {
        self.is_final
    }

    fn closed(&self, code: u16, words: &str) -> ProviderError {
        problem(&self.provider, code, words)
    }
}

/// Divides the sound of a message among the pieces that it says.
fn divided(samples: Vec<i16>, rate: SampleRate, stretches: Vec<Stretch>) -> Vec<SpeechAudio> {
    let at = |time: Duration| usize::try_from(rate.samples_in(time)).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = samples;
    // From the last to the first, so that each takes what is after it.
    for stretch in stretches.into_iter().rev() {
        let start = at(stretch.start).min(rest.len());
        let own = rest.split_off(start);
        if own.is_empty() {
            continue;
        }
        let moved = |word: WordTime| WordTime {
            span: word.span,
            start: word.start.saturating_sub(stretch.start),
            end: word.end.saturating_sub(stretch.start),
        };
        parts.push(SpeechAudio {
            samples: own,
            rate,
            span: stretch.piece,
            words: stretch.words.into_iter().map(moved).collect(),
        });
    }
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use offhook_contract::TextSpan;

    use super::*;

    #[test]
    fn sound_is_divided_where_the_next_piece_begins() {
        let span = |start, end| TextSpan { start, end };
        let word = |start, end, from, to| WordTime {
            span: span(start, end),
            start: Duration::from_millis(from),
            end: Duration::from_millis(to),
        };
        let stretch = |piece, start, words| Stretch {
            piece,
            start: Duration::from_millis(start),
            words,
        };
        let stretches = vec![
            stretch(span(0, 4), 0, vec![word(0, 4, 0, 100)]),
            stretch(span(5, 8), 100, vec![word(5, 8, 120, 200)]),
        ];
        let samples: Vec<i16> = (0..1_600).collect();
        let parts = divided(samples.clone(), SampleRate::HZ_8000, stretches);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].samples, samples[..800]);
        assert_eq!(parts[1].samples, samples[800..]);
        assert_eq!(parts[0].words, [word(0, 4, 0, 100)]);
        assert_eq!(parts[1].words, [word(5, 8, 20, 100)]);
        assert!(divided(samples, SampleRate::HZ_8000, Vec::new()).is_empty());
    }
}
