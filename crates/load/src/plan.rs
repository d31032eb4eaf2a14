//! What is to be measured.

use std::path::PathBuf;
use std::time::Duration;

/// What answers the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// Frames come straight back: the wire alone.
    Echo,
    /// An agent: voice activity, the end of turns, and hosted recognition, chat and voice, which are
    /// simulated.
    Full,
}

impl LoadMode {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Full => "full",
        }
    }
}

/// How long the simulated providers take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadDelays {
    /// The name of the set.
    pub name: &'static str,
    /// From the end of an utterance to its transcript.
    pub transcript: Duration,
    /// From a chat request to its first token.
    pub first_token: Duration,
    /// Tokens a second after it; 0: all at once.
    pub tokens_per_second: u32,
    /// From a text to the first of its sound.
    pub first_audio: Duration,
}

impl LoadDelays {
    /// Providers that answer at once: what is left is the runtime's own.
    pub const ZERO: Self = Self {
        name: "zero",
        transcript: Duration::ZERO,
        first_token: Duration::ZERO,
        tokens_per_second: 0,
        first_audio: Duration::ZERO,
    };
    /// Providers as fast as good ones are.
    pub const TYPICAL: Self = Self {
        name: "typical",
        transcript: Duration::from_millis(50),
        first_token: Duration::from_millis(350),
        tokens_per_second: 60,
        first_audio: Duration::from_millis(120),
    };
}

/// What is to be measured, and with which programs.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// What answers, one after the other.
    pub modes: Vec<LoadMode>,
    /// Calls at once, one level after the other.
    pub calls: Vec<usize>,
    /// How long each level is measured, after all calls have begun.
    pub hold: Duration,
    /// How long the simulated providers take.
    pub delays: LoadDelays,
    /// The program that serves.
    pub offhook: PathBuf,
    /// The program that simulates providers.
    pub simulators: PathBuf,
    /// Recordings of people, from which callers speak.
    pub clips: PathBuf,
    /// An empty folder for the server's settings and data.
    pub folder: PathBuf,
}
