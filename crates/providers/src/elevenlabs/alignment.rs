//! From times of characters to the words of a reply.

use std::time::Duration;

use offhook_contract::{SpokenText, TextSpan, WordTime};

use super::wire::Alignment;

/// How many characters of the text may be missing from what the server says of it.
const MISSING_MAX: usize = 12;

/// Everything that was sent, character by character, and how far it has been heard of.
#[derive(Debug, Default)]
pub(super) struct Script {
    letters: Vec<Letter>,
    read: usize,
    /// The piece whose sound comes.
    current: Option<TextSpan>,
}

/// A character of a piece.
#[derive(Debug, Clone, Copy)]
struct Letter {
    value: char,
    piece: TextSpan,
    /// The word that it begins, where it begins one.
    word: Option<TextSpan>,
}

/// A part of a message's sound, which says one piece or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    pub(super) piece: TextSpan,
    /// From the beginning of the message's sound.
    pub(super) start: Duration,
    /// Their times are from the beginning of the message's sound too.
    pub(super) words: Vec<WordTime>,
}

impl Script {
    /// A piece is sent.
    pub(super) fn add(&mut self, piece: &SpokenText) {
        let words = words(&piece.text);
        let mut words = words.into_iter().peekable();
        for (at, value) in piece.text.char_indices() {
            let begun = words.next_if(|word| word.start == at);
            let word = begun.map(|word| placed(word, piece.span));
            self.letters.push(Letter {
                value,
                piece: piece.span,
                word,
            });
        }
    }

    /// What a message's sound says. There is one stretch at least, once a piece was sent; where
    /// nothing is known of the characters, it is of the piece that is being spoken.
    pub(super) fn read(&mut self, alignment: &Alignment) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let times = alignment.char_start_times_ms.iter();
        let times = times.zip(&alignment.char_durations_ms);
        let mut is_in_word = false;
        for (text, (start, length)) in alignment.chars.iter().zip(times) {
            let (start, end) = (milliseconds(*start), milliseconds(start + length));
            for value in text.chars() {
                let Some(letter) = self.find(value) else {
                    continue;
                };
                if stretches.last().is_none_or(|it| it.piece != letter.piece) {
                    let is_first = stretches.is_empty();
                    stretches.push(Stretch {
                        piece: letter.piece,
                        start: if is_first { Duration::ZERO } else { start },
                        words: Vec::new(),
                    });
                    is_in_word = false;
                }
                let Some(stretch) = stretches.last_mut() else {
                    continue;
                };
                if let Some(span) = letter.word {
                    stretch.words.push(WordTime { span, start, end });
                    is_in_word = true;
                } else if letter.value.is_whitespace() {
                    is_in_word = false;
                } else if let (true, Some(word)) = (is_in_word, stretch.words.last_mut()) {
                    word.end = end.max(word.end);
                }
            }
        }
        if let Some(last) = stretches.last() {
            self.current = Some(last.piece);
        } else {
            stretches.extend(self.current().map(|piece| Stretch {
                piece,
                start: Duration::ZERO,
                words: Vec::new(),
            }));
        }
        stretches
    }

    /// The piece that is being spoken.
    fn current(&mut self) -> Option<TextSpan> {
        if self.current.is_none() {
            self.current = self.letters.first().map(|it| it.piece);
        }
        self.current
    }

    /// The next character that is `value`, if it comes soon.
    fn find(&mut self, value: char) -> Option<Letter> {
        let rest = self.letters.get(self.read..)?;
        let mut window = rest.iter().take(MISSING_MAX);
        // White space is sent between pieces too, and may be left out: it leads nowhere.
        let at = match value.is_whitespace() {
            true => (rest.first()?.value.is_whitespace()).then_some(0),
            false => window.position(|it| it.value == value),
        };
        let letter = *rest.get(at?)?;
        self.read += at? + 1;
        Some(letter)
    }
}

/// The words of a text: what stands between white space, with its marks. Where none is written
/// between words, as in Chinese and Japanese, each character is one.
fn words(text: &str) -> Vec<TextSpan> {
    let mut words: Vec<TextSpan> = Vec::new();
    let mut is_open = false;
    for (at, value) in text.char_indices() {
        let end = at + value.len_utf8();
        if value.is_whitespace() {
            is_open = false;
        } else if stands_alone(value) {
            words.push(TextSpan { start: at, end });
            // Marks after it are its own.
            is_open = true;
        } else if let (true, Some(word)) = (is_open, words.last_mut()) {
            word.end = end;
        } else {
            words.push(TextSpan { start: at, end });
            is_open = true;
        }
    }
    let has_letter = |word: &TextSpan| {
        let text = text.get(word.start..word.end).unwrap_or_default();
        text.contains(char::is_alphanumeric)
    };
    words.retain(has_letter);
    words
}

fn stands_alone(value: char) -> bool {
    matches!(value, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn placed(word: TextSpan, piece: TextSpan) -> TextSpan {
    TextSpan {
        start: (piece.start + word.start).min(piece.end),
        end: (piece.start + word.end).min(piece.end),
    }
}

fn milliseconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value / 1_000.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, start: usize) -> SpokenText {
        SpokenText {
            text: text.into(),
            span: TextSpan {
                start,
                end: start + text.len(),
            },
        }
    }

    /// 50 ms a character.
    fn even(text: &str) -> Alignment {
        let chars: Vec<String> = text.chars().map(String::from).collect();
        Alignment {
            char_start_times_ms: (0..chars.len()).map(|it| it as f64 * 50.0).collect(),
            char_durations_ms: vec![50.0; chars.len()],
            chars,
        }
    }

    fn heard(stretches: &[Stretch], text: &str) -> Vec<(String, u128, u128)> {
        let words = stretches.iter().flat_map(|it| &it.words);
        words
            .map(|word| {
                let said = text[word.span.start..word.span.end].to_owned();
                (said, word.start.as_millis(), word.end.as_millis())
            })
            .collect()
    }

    #[test]
    fn characters_become_words_of_their_pieces() {
        let text = "Grüß Gott, Sir. Yes?";
        let mut script = Script::default();
        script.add(&piece("Grüß Gott, Sir.", 0));
        script.add(&piece("Yes?", 18));
        let first = script.read(&even("Grüß Gott,"));
        assert_eq!(
            heard(&first, text),
            [("Grüß".into(), 0, 200), ("Gott,".into(), 250, 500)]
        );
        // The rest and the next piece in one: the sound is divided where the next begins.
        let rest = script.read(&even(" Sir. Yes? "));
        assert_eq!(rest.len(), 2);
        assert_eq!((rest[0].start, rest[0].piece.end), (Duration::ZERO, 17));
        assert_eq!(rest[1].start, Duration::from_millis(300));
        assert_eq!(rest[1].piece, TextSpan { start: 18, end: 22 });
        assert_eq!(
            heard(&rest, text),
            [("Sir.".into(), 50, 250), ("Yes?".into(), 300, 500)]
        );
    }

    #[test]
    fn a_word_that_is_cut_is_whole_where_it_begins() {
        let mut script = Script::default();
        script.add(&piece("Hello there.", 0));
        let first = script.read(&even("Hello th"));
        assert_eq!(
            heard(&first, "Hello there."),
            [("Hello".into(), 0, 250), ("there.".into(), 300, 400)]
        );
        assert_eq!(heard(&script.read(&even("ere.")), "Hello there."), []);
    }

    #[test]
    fn sound_without_characters_is_of_the_piece_that_is_spoken() {
        let mut script = Script::default();
        assert_eq!(script.read(&Alignment::default()), []);
        script.add(&piece("One.", 0));
        script.add(&piece("Two.", 5));
        let nothing = Alignment::default();
        assert_eq!(script.read(&nothing)[0].piece.start, 0);
        script.read(&even("One. T"));
        assert_eq!(script.read(&nothing)[0].piece.start, 5);
    }

    #[test]
    fn characters_that_are_missing_or_more_do_no_harm() {
        let text = "Call 0800 now, please.";
        let mut script = Script::default();
        script.add(&piece(text, 0));
        let stretches = script.read(&even("Call # now please.\u{200b}"));
        let said: Vec<String> = heard(&stretches, text).into_iter().map(|it| it.0).collect();
        assert_eq!(said, ["Call", "now,", "please."]);
    }

    #[test]
    fn characters_of_scripts_without_spaces_are_words() {
        let found = words("東京です。 OK !");
        let found: Vec<&str> = found
            .iter()
            .map(|it| &"東京です。 OK !"[it.start..it.end])
            .collect();
        assert_eq!(found, ["東", "京", "で", "す。", "OK"]);
    }
}
