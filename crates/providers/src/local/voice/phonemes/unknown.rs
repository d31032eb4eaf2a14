//! Words that no dictionary has: a small character network that reads them, and letter names for
//! what cannot be read at all.
//!
//! The network (`oov.onnx` with `oov.json`, PyPI package hibari-tts 0.2.1) takes character
//! numbers `chars [1, n]` (i64, from 1) and gives `[1, n * slots]` phoneme numbers (i64), 0 for
//! none; equal neighbours are one.

use std::collections::HashMap;
use std::path::Path;

use offhook_contract::ProviderError;
use ort::value::TensorRef;
use serde::Deserialize;

use super::super::files;
use super::super::{PROVIDER, malformed};
use crate::local::onnx::{OnnxModel, OnnxRuntime};

const LETTERS: [&str; 26] = [
    "ˈA",
    "bˈi",
    "sˈi",
    "dˈi",
    "ˈi",
    "ˈɛf",
    "ʤˈi",
    "ˈAʧ",
    "ˈI",
    "ʤˈA",
    "kˈA",
    "ˈɛl",
    "ˈɛm",
    "ˈɛn",
    "ˈO",
    "pˈi",
    "kjˈu",
    "ˈɑɹ",
    "ˈɛs",
    "tˈi",
    "jˈu",
    "vˈi",
    "dˈʌbᵊlju",
    "ˈɛks",
    "wˈI",
    "zˈi",
];

/// The network and its alphabets.
#[derive(Debug)]
pub(super) struct UnknownWords {
    model: OnnxModel,
    characters: HashMap<char, i64>,
    phonemes: Vec<String>,
    characters_max: usize,
}

#[derive(Deserialize)]
struct Alphabets {
    #[serde(rename = "in")]
    characters: Vec<char>,
    #[serde(rename = "out")]
    phonemes: Vec<String>,
    maxlen: usize,
}

impl UnknownWords {
    /// Loads the network.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] with the path where a file is missing or damaged.
    pub(super) fn load(
        runtime: &OnnxRuntime,
        model: &Path,
        alphabets: &Path,
    ) -> Result<Self, ProviderError> {
        let alphabets: Alphabets = files::read_json(alphabets)?;
        let model = runtime
            .open(model)
            .and_then(|model| model.expect_inputs(&["chars"]))
            .map_err(|error| error.for_provider(PROVIDER))?;
        Ok(Self {
            model,
            characters: alphabets.characters.into_iter().zip(1..).collect(),
            phonemes: alphabets.phonemes,
            characters_max: alphabets.maxlen.max(1),
        })
    }

    /// The phonemes of `word`; `None` where the network has nothing to say.
    ///
    /// # Errors
    /// [`ProviderError::Malformed`] where the network fails.
    pub(super) fn read(&self, word: &str) -> Result<Option<String>, ProviderError> {
        let numbers: Vec<i64> = word
            .chars()
            .filter_map(|character| self.characters.get(&character).copied())
            .take(self.characters_max)
            .collect();
        if numbers.is_empty() {
            return Ok(None);
        }
        let input = TensorRef::from_array_view(([1, numbers.len()], numbers.as_slice()))
            .map_err(|error| malformed(&error))?;
        let mut session = self.model.lock();
        let outputs = session
            .run(ort::inputs!["chars" => input])
            .map_err(|error| malformed(&error))?;
        let (_, numbers) = outputs[0]
            .try_extract_tensor::<i64>()
            .map_err(|error| malformed(&error))?;
        let mut said = String::new();
        let mut last = 0;
        for number in numbers {
            if *number != last {
                let at = usize::try_from(*number).unwrap_or(0).checked_sub(1);
                said.extend(at.and_then(|at| self.phonemes.get(at)).map(String::as_str));
            }
            last = *number;
        }
        Ok(Some(said).filter(|said| !said.trim().is_empty()))
    }
}

/// A letter's name, where it has one in English.
pub(super) fn letter_name(letter: char) -> Option<&'static str> {
    let letter = super::plain_letter(letter).to_ascii_lowercase();
    let at = (letter.is_ascii_lowercase()).then(|| usize::from(letter as u8 - b'a'))?;
    LETTERS.get(at).copied()
}

/// All letters of `word` by name, the last one stressed.
pub(super) fn letter_names(word: &str) -> String {
    let names: String = word.chars().filter_map(letter_name).collect();
    super::stress::last_stress_only(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_named() {
        assert_eq!(letter_name('w'), Some("dˈʌbᵊlju"));
        assert_eq!(letter_name('É'), Some("ˈi"));
        assert_eq!(letter_name('語'), None);
        assert_eq!(letter_names("MRI"), "ˌɛmˌɑɹˈI");
        assert_eq!(letter_names("語"), "");
    }
}
