//! Which words of the reply as it is written are said by which of those that the voice was given.

use offhook_contract::{SpeechAudio, SpokenText, TextSpan, WordTime};

use super::wording::{Part, Wording};

/// What the voice was given of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// In order, by their places in all that was given to the voice.
    parts: Vec<Part>,
    /// One past the last byte that was given.
    given: usize,
    /// The newest speech as the voice placed it, and as it was placed in the reply.
    newest: Option<(TextSpan, TextSpan)>,
    /// The newest word of it.
    word: TextSpan,
}

impl Places {
    /// The piece as it is given to the voice.
    pub(super) fn give(&mut self, wording: &Wording, piece: &SpokenText) -> SpokenText {
        let (text, parts) = wording.said(&piece.text);
        let start = self.given;
        let written = |at: usize| (piece.span.start + at).min(piece.span.end);
        self.parts.extend(parts.into_iter().map(|part| Part {
            said: part.said.start + start..part.said.end + start,
            written: written(part.written.start)..written(part.written.end),
            is_same: part.is_same,
        }));
        let end = start + text.len();
        // A byte apart, so that the end of one piece is not the beginning of the next.
        self.given = end + 1;
        SpokenText {
            text,
            span: TextSpan { start, end },
        }
    }

    /// The speech with the places that its words have in the reply.
    pub(super) fn placed(&mut self, mut audio: SpeechAudio) -> SpeechAudio {
        let place = match self.newest {
            Some((before, place)) if before == audio.span => place,
            _ => {
                let after = self.newest.map_or(0, |(_, place)| place.end);
                let start = self.start(audio.span.start).max(after);
                let end = self.end(audio.span.end).max(start);
                TextSpan { start, end }
            }
        };
        self.newest = Some((audio.span, place));
        audio.span = place;
        let mut words: Vec<WordTime> = Vec::with_capacity(audio.words.len());
        for word in std::mem::take(&mut audio.words) {
            let span = TextSpan {
                start: self.start(word.span.start),
                end: self.end(word.span.end),
            };
            let is_inside = place.start <= span.start && span.end <= place.end;
            match words.last_mut() {
                // What is said in several words is one that is written.
                Some(last) if span.start < last.span.end => {
                    last.span.end = last.span.end.max(span.end);
                    last.end = word.end;
                }
                None if span.start < self.word.end => {}
                _ if is_inside => words.push(WordTime { span, ..word }),
                _ => {}
            }
        }
        self.word = words.last().map_or(self.word, |word| word.span);
        audio.words = words;
        audio
    }

    /// Where what begins at `at` of what was given begins in the reply.
    fn start(&self, at: usize) -> usize {
        let part = self.parts.iter().find(|part| at < part.said.end);
        match part {
            Some(part) if part.is_same => part.written.start + at.saturating_sub(part.said.start),
            Some(part) => part.written.start,
            None => self.parts.last().map_or(0, |part| part.written.end),
        }
    }

    /// Where what ends at `at` of what was given ends in the reply.
    fn end(&self, at: usize) -> usize {
        let part = self.parts.iter().rfind(|part| part.said.start < at);
        match part {
            Some(part) if part.is_same => {
                (part.written.start + (at - part.said.start)).min(part.written.end)
            }
            Some(part) => part.written.end,
            None => self.parts.first().map_or(0, |part| part.written.start),
        }
    }
}
