//! What is to be measured.

use std::path::PathBuf;
use std::time::Duration;

use crate::LoadLeg;

/// What answers the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// Frames come straight back: the wire alone.
    Echo,
    /// An agent: voice activity, the end of turns, and hosted recognition, chat and voice, which are
    /// simulated.
    Full,
    /// The same with providers as fast as good ones are, whatever the plan says of delays.
    Typical,
}

impl LoadMode {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Full => "full",
            Self::Typical => "typical",
        }
    }

    /// Calls at once that are measured unless somebody says otherwise.
    #[must_use]
    pub const fn calls(self) -> &'static [usize] {
        match self {
            Self::Echo => &[1, 10, 100, 1_000, 2_000],
            Self::Full => &[1, 10, 50, 100, 300],
            Self::Typical => &[1, 50],
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
    /// How callers reach the server.
    pub leg: LoadLeg,
    /// What answers, one after the other.
    pub modes: Vec<LoadMode>,
    /// Calls at once, one level after the other; `None`: [`LoadMode::calls`].
    pub calls: Option<Vec<usize>>,
    /// How long each level is measured, after all calls have begun; one with few calls three times as
    /// long, for they have few turns.
    pub hold: Duration,
    /// How long the simulated providers take in [`LoadMode::Full`].
    pub delays: LoadDelays,
    /// Of a thousand requests to the simulated providers, how many go wrong.
    pub faults_per_mille: u32,
    /// Where a flame graph of the server at the highest level of the pipeline is written.
    pub profile: Option<PathBuf>,
    /// The program that serves.
    pub offhook: PathBuf,
    /// The program that simulates providers.
    pub simulators: PathBuf,
    /// Recordings of people, from which callers speak.
    pub clips: PathBuf,
    /// An empty folder for the server's settings and data.
    pub folder: PathBuf,
}

/// Below so many calls at once a level is measured three times as long.
const FEW_CALLS: usize = 10;

impl LoadPlan {
    /// The levels of a mode: calls at once, and how long they are measured.
    pub(crate) fn levels(&self, mode: LoadMode) -> Vec<(usize, Duration)> {
        let calls = self.calls.as_deref().unwrap_or(mode.calls());
        let held = |calls: usize| match calls < FEW_CALLS {
            true => self.hold * 3,
            false => self.hold,
        };
        calls.iter().map(|calls| (*calls, held(*calls))).collect()
    }

    /// How long the simulated providers take in a mode.
    pub(crate) const fn delays_of(&self, mode: LoadMode) -> LoadDelays {
        match mode {
            LoadMode::Echo => LoadDelays::ZERO,
            LoadMode::Full => self.delays,
            LoadMode::Typical => LoadDelays::TYPICAL,
        }
    }
}
