//! The words that a voice is given for a text.

use std::ops::Range;
use std::sync::Arc;

use offhook_contract::{PhonemeAlphabet, Pronunciation, SaidAs, SpeechRequest};

use super::matches::matches;
use super::{NumberReading, PhonemeForm, Reading, phonetic};
use crate::normalise::written_out;

/// Longest audio tag, without its brackets.
const TAG_BYTES_MAX: usize = 60;

/// How the pieces of one reply become words.
#[derive(Debug)]
pub(super) struct Wording {
    rules: Arc<[Pronunciation]>,
    phonemes: PhonemeForm,
    writes_out: bool,
    drops_tags: bool,
}

/// A stretch of what is said, and the written one that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) said: Range<usize>,
    pub(super) written: Range<usize>,
    /// Whether it is the same, byte for byte.
    pub(super) is_same: bool,
}

impl Wording {
    /// What is to be done for `request` to a voice that reads so; `None` where nothing is.
    pub(super) fn of(
        request: &SpeechRequest,
        reading: Reading,
        takes_audio_tags: bool,
    ) -> Option<Self> {
        let diction = &request.diction;
        // Only English has rules.
        let is_english = request.language.split(['-', '_']).next() == Some("en");
        let writes_out = match reading.numbers {
            NumberReading::Own => false,
            NumberReading::Well => diction.writes_out == Some(true),
            NumberReading::Badly => diction.writes_out != Some(false),
        };
        let wording = Self {
            rules: diction.pronunciations.clone(),
            phonemes: reading.phonemes,
            writes_out: writes_out && is_english,
            drops_tags: diction.has_audio_tags && !takes_audio_tags,
        };
        let is_needed =
            wording.writes_out || wording.drops_tags || wording.rules().next().is_some();
        is_needed.then_some(wording)
    }

    /// The rules that are followed here.
    fn rules(&self) -> impl Iterator<Item = &Pronunciation> {
        self.rules.iter().filter(|rule| match rule.said {
            SaidAs::Words(_) => true,
            SaidAs::Phonemes { .. } => self.phonemes != PhonemeForm::Own,
        })
    }

    /// What is said for `text`, and for which of its words.
    pub(super) fn said(&self, text: &str) -> (String, Vec<Part>) {
        let mut claims: Vec<(Range<usize>, String)> = matches(self.rules(), text)
            .into_iter()
            .map(|(place, rule)| (place.clone(), self.spoken(rule, &text[place])))
            .collect();
        if self.drops_tags {
            claims.retain(|(place, _)| !tags(text).any(|tag| overlaps(&tag, place)));
            claims.extend(tags(text).map(|tag| (tag, String::new())));
            claims.sort_by_key(|(place, _)| place.start);
        }
        if self.writes_out {
            let is_free = |place: &Range<usize>| {
                let mut others = claims.iter();
                !others.any(|(other, _)| overlaps(other, place))
            };
            let numbers = written_out(text).into_iter();
            let numbers: Vec<_> = numbers.filter(|it| is_free(&it.source)).collect();
            claims.extend(numbers.into_iter().map(|it| (it.source, it.said)));
            claims.sort_by_key(|(place, _)| place.start);
        }
        put_together(text, claims)
    }

    fn spoken(&self, rule: &Pronunciation, written: &str) -> String {
        match &rule.said {
            SaidAs::Words(words) => words.clone(),
            SaidAs::Phonemes { alphabet, phonemes } => match self.phonemes {
                PhonemeForm::Ssml => in_ssml(*alphabet, phonemes, written),
                PhonemeForm::Own | PhonemeForm::Respelled => {
                    let respelled = phonetic::respelled(&phonetic::ipa(*alphabet, phonemes));
                    match respelled.is_empty() {
                        true => written.to_owned(),
                        false => respelled,
                    }
                }
            },
        }
    }
}

fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// The audio tags in a text: a few words in square brackets.
fn tags(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices('[').filter_map(|(start, _)| {
        let inside = text[start + 1..].split(']').next()?;
        let end = start + 1 + inside.len();
        let is_tag = text[end..].starts_with(']')
            && !inside.is_empty()
            && inside.len() <= TAG_BYTES_MAX
            && inside
                .chars()
                .all(|c| c.is_alphabetic() || " -'".contains(c));
        is_tag.then(|| start..end + 1)
    })
}

fn put_together(text: &str, claims: Vec<(Range<usize>, String)>) -> (String, Vec<Part>) {
    let mut said = String::with_capacity(text.len());
    let mut parts = Vec::new();
    let mut add = |words: &str, written: Range<usize>, is_same: bool| {
        let start = said.len();
        said.push_str(words);
        if start < said.len() {
            parts.push(Part {
                said: start..said.len(),
                written,
                is_same,
            });
        }
    };
    let mut at = 0;
    for (place, words) in claims {
        add(&text[at..place.start], at..place.start, true);
        add(&words, place.clone(), false);
        at = place.end;
    }
    add(&text[at..], at..text.len(), true);
    (said, parts)
}

fn in_ssml(alphabet: PhonemeAlphabet, phonemes: &str, written: &str) -> String {
    let alphabet = match alphabet {
        PhonemeAlphabet::Ipa => "ipa",
        PhonemeAlphabet::CmuArpabet => "cmu-arpabet",
    };
    let (phonemes, written) = (escaped(phonemes), escaped(written));
    format!("<phoneme alphabet=\"{alphabet}\" ph=\"{phonemes}\">{written}</phoneme>")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
