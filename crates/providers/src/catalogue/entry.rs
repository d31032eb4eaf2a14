//! One entry of the catalogue, by type: a model, its files, and the sources of each file.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// One model: files that are used together, with one licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The name on the command line and of the folder.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What the model is for.
    pub purpose: Purpose,
    /// The SPDX expression of the licence of the weights.
    pub licence: String,
    /// Where the makers of the model publish it.
    pub upstream: String,
    /// What else someone should know about the source or the licence.
    pub note: Option<String>,
    /// Whether this model serves its purpose unless the configuration names another.
    pub is_default: bool,
    /// Its files.
    pub files: Vec<ModelFile>,
}

impl Model {
    /// The size of all files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Its name in the model's folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Where it can be had, in the order in which to try.
    pub sources: Vec<Source>,
}

/// A place to have a file from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file inside a wheel of the package index.
    Package {
        /// The package's name, a key of the catalogue's `packages`.
        package: String,
        /// The path inside the wheel.
        path: String,
    },
    /// Pieces that follow one another, each inside a wheel.
    Parts(Vec<Part>),
    /// The file itself, over HTTP.
    Url(String),
    /// The file itself, on this machine.
    Path(PathBuf),
}

/// One piece of a file that is too big for one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The package's name, a key of the catalogue's `packages`.
    pub package: String,
    /// The path inside the wheel.
    pub path: String,
    /// The size of the piece.
    pub bytes: u64,
}

/// A wheel of the package index, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The size of the wheel.
    pub bytes: u64,
    /// The SHA-256 of the wheel, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The library that runs the other models.
    Runtime,
    /// Voice activity: is someone speaking?
    Vad,
    /// End of turn: has the speaker finished?
    EndOfTurn,
    /// What is not the caller's voice is taken out.
    Denoising,
    /// Whose voice is it?
    Speaker,
    /// Speech to text.
    Recognition,
    /// The language model.
    Chat,
    /// Text to speech.
    Voice,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::Runtime,
        Self::Vad,
        Self::EndOfTurn,
        Self::Denoising,
        Self::Speaker,
        Self::Recognition,
        Self::Chat,
        Self::Voice,
    ];

    /// The word in the catalogue.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Vad => "vad",
            Self::EndOfTurn => "end-of-turn",
            Self::Denoising => "denoising",
            Self::Speaker => "speaker",
            Self::Recognition => "recognition",
            Self::Chat => "chat",
            Self::Voice => "voice",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

impl FromStr for Purpose {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.word() == word)
            .ok_or_else(|| {
                let words = Self::ALL.map(Self::word).join(", ");
                format!("\"{word}\" is not a purpose; the purposes are {words}")
            })
    }
}
