//! The sound of phrases, as much as has room; those that were not used for the longest time go first.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use offhook_contract::{SpeechAudio, SpeechRequest, SpokenText, WordTime};

/// A phrase may take this share of the room.
const SHARE_MAX: usize = 8;

/// The sound of phrases. Clones share it. Its lock is held for a look, when a phrase begins or ends.
#[derive(Clone)]
pub struct PhraseShelf {
    inside: Arc<Mutex<Inside>>,
}

struct Inside {
    /// By their text; the rest of what tells them apart is compared.
    phrases: HashMap<String, Vec<Kept>>,
    bytes: usize,
    bytes_max: usize,
    /// Counts uses, which tells what was not used for the longest time.
    uses: u64,
}

struct Kept {
    phrase: Phrase,
    sound: Arc<[SpeechAudio]>,
    bytes: usize,
    used: u64,
}

/// What tells phrases apart: who says what, and how.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    pub(super) voice: Arc<str>,
    pub(super) request: SpeechRequest,
    pub(super) pieces: Vec<SpokenText>,
}

impl Phrase {
    fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }
}

impl PhraseShelf {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        let inside = Inside {
            phrases: HashMap::new(),
            bytes: 0,
            bytes_max,
            uses: 0,
        };
        Self {
            inside: Arc::new(Mutex::new(inside)),
        }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.locked(|inside| inside.bytes)
    }

    pub(super) fn find(&self, phrase: &Phrase) -> Option<Arc<[SpeechAudio]>> {
        let text = phrase.text();
        self.locked(|inside| {
            inside.uses += 1;
            let uses = inside.uses;
            let mut kept = inside.phrases.get_mut(&text)?.iter_mut();
            let kept = kept.find(|kept| kept.phrase == *phrase)?;
            kept.used = uses;
            Some(kept.sound.clone())
        })
    }

    /// Keeps the sound of a phrase, where it is not too long.
    pub(super) fn keep(&self, phrase: Phrase, sound: Vec<SpeechAudio>) {
        let text = phrase.text();
        let bytes = sound.iter().map(size).sum::<usize>() + 2 * text.len();
        self.locked(|inside| {
            if bytes > inside.bytes_max / SHARE_MAX {
                return;
            }
            inside.forget(|kept| kept.phrase == phrase);
            while inside.bytes + bytes > inside.bytes_max && inside.forget_oldest() {}
            inside.uses += 1;
            inside.bytes += bytes;
            let kept = Kept {
                phrase,
                sound: sound.into(),
                bytes,
                used: inside.uses,
            };
            inside.phrases.entry(text).or_default().push(kept);
        });
    }

    fn locked<T>(&self, look: impl FnOnce(&mut Inside) -> T) -> T {
        look(&mut self.inside.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inside {
    fn forget_oldest(&mut self) -> bool {
        let used = self.phrases.values().flatten().map(|kept| kept.used).min();
        let Some(oldest) = used else { return false };
        self.forget(|kept| kept.used == oldest);
        true
    }

    fn forget(&mut self, is_it: impl Fn(&Kept) -> bool) {
        let mut freed = 0;
        self.phrases.retain(|_, kept| {
            kept.retain(|kept| {
                let goes = is_it(kept);
                freed += if goes { kept.bytes } else { 0 };
                !goes
            });
            !kept.is_empty()
        });
        self.bytes -= freed;
    }
}

fn size(audio: &SpeechAudio) -> usize {
    size_of_val(audio.samples.as_slice())
        + audio.words.len() * size_of::<WordTime>()
        + size_of::<SpeechAudio>()
}

impl fmt::Debug for PhraseShelf {
    /// Nothing of what is said.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PhraseShelf({} bytes)", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::{Diction, TextSpan, VoiceManner};
    use offhook_media::SampleRate;

    use super::*;

    fn phrase(text: &str, speed: f32) -> Phrase {
        let span = TextSpan {
            start: 0,
            end: text.len(),
        };
        Phrase {
            voice: "local/voice".into(),
            request: SpeechRequest {
                rate: None,
                voice: None,
                language: "en".into(),
                speed,
                manner: VoiceManner::default(),
                diction: Diction::default(),
                is_phrase: true,
            },
            pieces: vec![SpokenText {
                text: text.into(),
                span,
            }],
        }
    }

    fn sound(samples: usize) -> Vec<SpeechAudio> {
        vec![SpeechAudio {
            samples: vec![1; samples],
            rate: SampleRate::HZ_8000,
            span: TextSpan::default(),
            words: Vec::new(),
        }]
    }

    #[test]
    fn a_phrase_is_who_says_what_and_how() {
        let shelf = PhraseShelf::new(1 << 20);
        shelf.keep(phrase("Hello.", 1.0), sound(10));
        assert!(shelf.find(&phrase("Hello.", 1.0)).is_some());
        assert!(shelf.find(&phrase("Hello.", 1.1)).is_none());
        assert!(shelf.find(&phrase("Hallo.", 1.0)).is_none());
        let other = Phrase {
            voice: "local/other".into(),
            ..phrase("Hello.", 1.0)
        };
        assert!(shelf.find(&other).is_none());
    }

    #[test]
    fn it_never_holds_more_than_it_may_and_keeps_what_is_used() {
        let shelf = PhraseShelf::new(100_000);
        for turn in 0..50 {
            shelf.keep(phrase(&format!("Phrase {turn}."), 1.0), sound(5_000));
            assert!(shelf.bytes() <= 100_000);
            assert!(shelf.find(&phrase("Phrase 0.", 1.0)).is_some(), "{turn}");
        }
        assert!(shelf.find(&phrase("Phrase 1.", 1.0)).is_none());
        assert!(shelf.find(&phrase("Phrase 49.", 1.0)).is_some());
        let before = shelf.bytes();
        shelf.keep(phrase("Phrase 49.", 1.0), sound(5_000));
        assert_eq!(shelf.bytes(), before, "it takes its own place");
        shelf.keep(phrase("A long story.", 1.0), sound(20_000));
        assert!(shelf.find(&phrase("A long story.", 1.0)).is_none());
    }
}
