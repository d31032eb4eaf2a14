//! Moonshine's token table: reads `tokenizer.bin` and turns tokens into text.
//!
//! The format: one entry for each token in order; a length, then that many bytes. A length below
//! 128 is one byte; a longer one is two bytes, low seven bits first with the high bit set. `▁`
//! stands for a space; tokens in angle brackets are marks and have no text.

use std::path::{Path, PathBuf};

/// The token with which every text begins.
pub(super) const BEGIN_TOKEN: u32 = 1;
/// The token that ends a text.
pub(super) const END_TOKEN: u32 = 2;

/// Why a token table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VocabularyError {
    /// The file cannot be read.
    #[error("{} cannot be read: run `offhook models pull`, or name the file that you have", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file ends inside an entry.
    #[error(
        "{} is cut short: token {token} at byte {offset} is not complete; run `offhook models verify`, then `offhook models pull`",
        path.display()
    )]
    CutShort {
        /// The file.
        path: PathBuf,
        /// Which token.
        token: usize,
        /// Where it begins.
        offset: usize,
    },
    /// The table does not have the model's size.
    #[error(
        "{} holds {found} tokens, the model has {expected}: it belongs to another model; run `offhook models pull`",
        path.display()
    )]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// Tokens in the file.
        found: usize,
        /// Tokens of the model.
        expected: usize,
    },
}

/// The bytes of each token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    bytes: Vec<u8>,
    /// Where each token's bytes begin; one more than there are tokens.
    starts: Vec<usize>,
}

impl Vocabulary {
    /// Reads a table that must hold `expected` tokens.
    ///
    /// # Errors
    /// [`VocabularyError`] where the file is missing, cut short or of another size.
    pub fn load(path: &Path, expected: usize) -> Result<Self, VocabularyError> {
        let file = std::fs::read(path).map_err(|cause| VocabularyError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let vocabulary = Self::parse(path, &file)?;
        if vocabulary.len() != expected {
            let found = vocabulary.len();
            return Err(VocabularyError::WrongSize {
                path: path.to_owned(),
                found,
                expected,
            });
        }
        Ok(vocabulary)
    }

    fn parse(path: &Path, file: &[u8]) -> Result<Self, VocabularyError> {
        let mut vocabulary = Self {
            bytes: Vec::with_capacity(file.len()),
            starts: vec![0],
        };
        let mut offset = 0;
        while offset < file.len() {
            let Some(entry) = entry(&file[offset..]) else {
                let token = vocabulary.len();
                return Err(VocabularyError::CutShort {
                    path: path.to_owned(),
                    token,
                    offset,
                });
            };
            if !is_mark(entry.text) {
                vocabulary.bytes.extend_from_slice(entry.text);
            }
            vocabulary.starts.push(vocabulary.bytes.len());
            offset += entry.length;
        }
        Ok(vocabulary)
    }

    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of `tokens`. Tokens out of range have none; bytes that are no UTF-8 are dropped.
    #[must_use]
    pub fn text(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|&token| self.token(token))
            .copied()
            .collect();
        let text = String::from_utf8_lossy(&bytes)
            .replace('▁', " ")
            .replace('\u{fffd}', "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn token(&self, token: u32) -> &[u8] {
        let index = token as usize;
        match (self.starts.get(index), self.starts.get(index + 1)) {
            (Some(&start), Some(&end)) => &self.bytes[start..end],
            _ => &[],
        }
    }
}

struct Entry<'file> {
    text: &'file [u8],
    length: usize,
}

fn entry(file: &[u8]) -> Option<Entry<'_>> {
    let low = usize::from(*file.first()?);
    let (length, prefix) = if low < 128 {
        (low, 1)
    } else {
        (usize::from(*file.get(1)?) * 128 + low - 128, 2)
    };
    let text = file.get(prefix..prefix + length)?;
    Some(Entry {
        text,
        length: prefix + length,
    })
}

/// `<s>`, `</s>`, `<unk>`, `<<ST_7>>`.
fn is_mark(text: &[u8]) -> bool {
    text.len() > 2 && text.starts_with(b"<") && text.ends_with(b">")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(tokens: &[&str]) -> Vec<u8> {
        let mut file = Vec::new();
        for token in tokens {
            let length = token.len();
            if length < 128 {
                file.push(length as u8);
            } else {
                file.extend([(length % 128 + 128) as u8, (length / 128) as u8]);
            }
            file.extend(token.bytes());
        }
        file
    }

    #[test]
    fn tokens_become_words() {
        let file = file_of(&["<unk>", "<s>", "</s>", "▁two", "▁", "p", ".m", "<<ST_0>>"]);
        let vocabulary = Vocabulary::parse(Path::new("t"), &file).unwrap();
        assert_eq!(vocabulary.len(), 8);
        assert_eq!(vocabulary.text(&[1, 3, 4, 5, 6, 7, 2]), "two p.m");
        assert_eq!(vocabulary.text(&[99, u32::MAX]), "");
    }

    #[test]
    fn long_tokens_have_two_bytes_of_length() {
        let long = "x".repeat(300);
        let vocabulary = Vocabulary::parse(Path::new("t"), &file_of(&["a", &long, "b"])).unwrap();
        assert_eq!(vocabulary.text(&[0, 1, 2]), format!("a{long}b"));
    }

    #[test]
    fn bytes_that_are_no_text_are_dropped() {
        let file = [1, 0xe2, 1, 0x99, 1, b'y'];
        let vocabulary = Vocabulary::parse(Path::new("t"), &file).unwrap();
        assert_eq!(vocabulary.text(&[0, 1, 2]), "y");
    }

    #[test]
    fn malformed_tables_say_where_and_what_to_do() {
        for file in [&[5, b'a', b'b'][..], &[200], &[1, b'a', 255, 255, 0]] {
            let problem = Vocabulary::parse(Path::new("/m/tokenizer.bin"), file).unwrap_err();
            let text = problem.to_string();
            assert!(
                matches!(problem, VocabularyError::CutShort { .. }),
                "{text}"
            );
            assert!(
                text.contains("/m/tokenizer.bin") && text.contains("models"),
                "{text}"
            );
        }
        let problem = Vocabulary::load(Path::new("/nowhere/tokenizer.bin"), 3).unwrap_err();
        assert!(matches!(problem, VocabularyError::Unreadable { .. }));
    }

    #[test]
    fn a_table_of_another_model_is_refused() {
        let path = std::env::temp_dir().join(format!("offhook-vocabulary-{}", std::process::id()));
        std::fs::write(&path, file_of(&["a", "b"])).unwrap();
        let problem = Vocabulary::load(&path, 3).unwrap_err();
        assert!(matches!(
            problem,
            VocabularyError::WrongSize {
                found: 2,
                expected: 3,
                ..
            }
        ));
        std::fs::remove_file(path).unwrap();
    }
}
