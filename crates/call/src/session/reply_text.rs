//! The text of a reply as the caller gets to hear it: what was written, with fillers where they
//! are spoken. It keeps the places of the speech right when a filler comes in between.

use offhook_contract::{SpeechAudio, TextSpan};

/// What a reply says, so far.
#[derive(Debug, Default)]
pub(super) struct ReplyText {
    text: String,
    /// One past the last byte for which there is speech.
    spoken_end: usize,
    /// The same without fillers.
    own_end: usize,
    /// By how much fillers moved what has no speech yet.
    shift: usize,
    /// By how much they had moved the newest speech.
    own_shift: usize,
}

impl ReplyText {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }

    /// More was written.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Puts a filler behind all that has speech, and gives the filler's place.
    pub(super) fn insert(&mut self, filler: &str) -> TextSpan {
        let at = self.spoken_end;
        let (before, after) = self.text.split_at(at);
        let is_apart = before.is_empty() || before.ends_with(char::is_whitespace);
        let is_followed = after.starts_with(char::is_whitespace);
        let lead = if is_apart { "" } else { " " };
        let rest = if is_followed || (after.is_empty() && !before.is_empty()) {
            ""
        } else {
            " "
        };
        let filler = filler.trim();
        let start = at + lead.len();
        let end = start + filler.len();
        self.text.insert_str(at, &format!("{lead}{filler}{rest}"));
        self.shift += end + rest.len() - at;
        self.spoken_end = end;
        TextSpan { start, end }
    }

    /// Speech of the reply's own words, at the place that they have now. The rest of a piece that
    /// a filler has cut in two has no place any more: its words have speech already.
    pub(super) fn place(&mut self, mut audio: SpeechAudio) -> SpeechAudio {
        if audio.span.start < self.own_end && self.shift != self.own_shift {
            audio.span = TextSpan {
                start: self.spoken_end,
                end: self.spoken_end,
            };
            audio.words.clear();
            return audio;
        }
        self.own_end = self.own_end.max(audio.span.end);
        self.own_shift = self.shift;
        move_speech(&mut audio, self.shift);
        self.spoken_end = self.spoken_end.max(audio.span.end);
        audio
    }
}

/// Moves the text of `audio` by `bytes`.
pub(super) fn move_speech(audio: &mut SpeechAudio, bytes: usize) {
    let moved = |span: TextSpan| TextSpan {
        start: span.start + bytes,
        end: span.end + bytes,
    };
    audio.span = moved(audio.span);
    for word in &mut audio.words {
        word.span = moved(word.span);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_contract::WordTime;
    use offhook_media::SampleRate;

    use super::*;

    fn speech(start: usize, end: usize) -> SpeechAudio {
        let span = TextSpan { start, end };
        SpeechAudio {
            samples: Vec::new(),
            rate: SampleRate::HZ_8000,
            span,
            words: vec![WordTime {
                span,
                start: Duration::ZERO,
                end: Duration::ZERO,
            }],
        }
    }

    fn spoken(text: &ReplyText, span: TextSpan) -> &str {
        &text.as_str()[span.start..span.end]
    }

    #[test]
    fn a_filler_comes_before_a_reply_that_was_not_spoken_yet() {
        let mut text = ReplyText::default();
        text.push("We open");
        let filler = text.insert("One moment.");
        text.push(" at eight.");
        assert_eq!(text.as_str(), "One moment. We open at eight.");
        assert_eq!(spoken(&text, filler), "One moment.");
        let audio = text.place(speech(0, 17));
        assert_eq!(spoken(&text, audio.span), "We open at eight.");
        assert_eq!(audio.words[0].span, audio.span);
    }

    #[test]
    fn a_filler_comes_between_what_was_spoken_and_what_was_not() {
        let mut text = ReplyText::default();
        text.push("Let me see. Tuesday");
        text.place(speech(0, 11));
        let filler = text.insert("Still looking.");
        text.push(" is free.");
        assert_eq!(text.as_str(), "Let me see. Still looking. Tuesday is free.");
        assert_eq!(spoken(&text, filler), "Still looking.");
        let rest = text.place(speech(12, 28));
        assert_eq!(spoken(&text, rest.span), "Tuesday is free.");
    }

    #[test]
    fn the_rest_of_a_piece_that_was_cut_in_two_is_heard_without_text() {
        let mut text = ReplyText::default();
        text.push("Tuesday is free.");
        text.place(speech(0, 16));
        text.place(speech(0, 16));
        let filler = text.insert("Hm.");
        let rest = text.place(speech(0, 16));
        assert_eq!((rest.span.start, rest.span.end), (filler.end, filler.end));
        assert!(rest.words.is_empty());
    }

    #[test]
    fn fillers_come_one_after_the_other() {
        let mut text = ReplyText::default();
        text.insert("Hmm.");
        let second = text.insert("Still here.");
        text.push("Yes.");
        assert_eq!(spoken(&text, second), "Still here.");
        assert_eq!(text.as_str(), "Hmm. Still here. Yes.");
        let own = text.place(speech(0, 4));
        assert_eq!(spoken(&text, own.span), "Yes.");
    }
}
