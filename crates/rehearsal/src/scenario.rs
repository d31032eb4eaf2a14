//! A scenario: what a simulated caller says, when, and what must come of it.
//!
//! This is the checked form. How the TOML document is read is in `reader`; the caller that
//! acts it out is [`crate::SimulatedCaller`], the judgement is [`crate::judge`].

mod duration;
mod problem;
mod reader;
mod section;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use problem::{Problem, ScenarioError};

/// A rehearsed call from the caller's side.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Shown in reports.
    pub name: String,
    /// What it is for, in a sentence; may be empty.
    pub description: String,
    /// The agent file it was written for, relative to the scenario's own folder where it was read
    /// from a file.
    pub agent: Option<PathBuf>,
    /// Language tag (BCP 47) of the caller's voice. Default `en`.
    pub language: String,
    /// How the caller sounds.
    pub voice: CallerVoice,
    /// What the caller says, in order. May be empty: a caller who stays silent.
    pub lines: Vec<CallerLine>,
    /// When the caller hangs up, after the last line. Default one second after the agent has
    /// finished.
    pub hang_up: When,
    /// How long the caller waits for the moment of hanging up before hanging up anyway.
    /// Default 15 s.
    pub hang_up_give_up: Duration,
    /// What must come of the call as a whole.
    pub expect: CallExpectation,
}

/// How the simulated caller sounds.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerVoice {
    /// Voice id; `None` is the voice's default.
    pub id: Option<String>,
    /// 1 is natural pace; 0.5 to 2.
    pub speed: f32,
    /// 1 is the voice as it is, below is deeper; 0.7 to 1.4. Lets one voice play both parts and
    /// be told apart.
    pub pitch: f32,
    /// Loudness of the room behind the caller, RMS in dB below full scale. Default −66.
    pub noise_dbfs: f32,
    /// Seed of that noise: the same seed gives the same samples.
    pub noise_seed: u64,
    /// Silence of the agent after which the caller believes that it has finished; longer than the
    /// pauses between its sentences. Default 400 ms.
    pub patience: Duration,
}

impl Default for CallerVoice {
    fn default() -> Self {
        Self {
            id: None,
            speed: 1.0,
            pitch: 1.0,
            noise_dbfs: -66.0,
            noise_seed: 1,
            patience: Duration::from_millis(400),
        }
    }
}

/// One thing that the caller says.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerLine {
    /// The words and where their sound comes from.
    pub words: Words,
    /// When it is said.
    pub when: When,
    /// How long its moment is waited for before it is said anyway, so that no scenario can hang.
    /// Default 15 s.
    pub give_up: Duration,
    /// What must come of it.
    pub expect: LineExpectation,
}

/// Where a line's sound comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Words {
    /// Synthesised.
    Say(String),
    /// Recorded.
    Wav {
        /// The recording, relative to the scenario's own folder where it was read from a file.
        path: PathBuf,
        /// The words in it, where known; they are what recognition is judged by.
        text: Option<String>,
    },
}

impl CallerLine {
    /// The words as far as they are known: what recognition is judged by.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        let own = match &self.words {
            Words::Say(text) => Some(text.as_str()),
            Words::Wav { text, .. } => text.as_deref(),
        };
        self.expect.caller_words.as_deref().or(own)
    }
}

/// The moment at which something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The agent has spoken since the caller's previous line, has finished, and has been silent
    /// this long (at least the caller's patience).
    AfterAgent(Duration),
    /// The agent has been speaking for this long without a stop: to interrupt, or to say "mhm".
    IntoAgent(Duration),
    /// This long after the last sound of the caller's previous line: a pause inside a sentence.
    AfterLine(Duration),
    /// This long after the call was answered.
    At(Duration),
}

/// What must come of one line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineExpectation {
    /// Longest time from the caller's last sound to the first frame of the reply.
    pub reply_within: Option<Duration>,
    /// Words that the caller must hear in the reply: of each group at least one.
    pub heard: Vec<Vec<String>>,
    /// Words that the caller must not hear in the reply.
    pub absent: Vec<String>,
    /// The words that recognition is judged by, where they are other than what is said.
    pub caller_words: Option<String>,
    /// Whether the line must end the reply that it is said over (true), or must not (false).
    pub interrupts: Option<bool>,
    /// The agent must not take the floor between the previous line and this one.
    pub same_turn_as_previous: bool,
}

/// What must come of the whole call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallExpectation {
    /// These must happen, in this order; others may come between.
    pub events: Vec<EventName>,
    /// These must not happen.
    pub absent: Vec<EventName>,
    /// How the call must end.
    pub ends_with: Option<EndName>,
    /// Errors per word said, over all lines whose words are known.
    pub word_error_rate_max: Option<f64>,
    /// Longest median time from the caller's last sound to the first frame of the reply.
    pub voice_to_voice_median_max: Option<Duration>,
    /// Longest time from the caller's first sound over the agent to the agent's last frame.
    pub barge_in_stop_max: Option<Duration>,
}

/// Makes a closed list of words that a scenario can use.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that scenarios use.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// Something that can happen in a call.
    EventName {
        /// The first message was spoken.
        Greeting = "greeting",
        /// The agent answered something that the caller said.
        Answer = "answer",
        /// The caller took the floor from the agent.
        BargeIn = "barge_in",
        /// The agent held its reply and went on.
        Resume = "resume",
        /// The agent reminded a silent caller.
        Reprompt = "reprompt",
        /// The agent said that something failed.
        Apology = "apology",
        /// The agent said its last words.
        Goodbye = "goodbye",
        /// The agent said what somebody outside the call had ordered.
        Ordered = "ordered",
        /// A provider was in trouble.
        Problem = "problem",
    }
}

words! {
    /// How a call ends.
    EndName {
        /// The caller hung up.
        CallerHungUp = "caller_hung_up",
        /// The agent hung up on a silent caller.
        Silence = "silence",
        /// The agent had said the last that it was ordered to.
        AgentHungUp = "agent_hung_up",
        /// The call reached its longest duration.
        DurationLimit = "duration_limit",
        /// Recognition, chat model or voice was gone.
        ProviderUnavailable = "provider_unavailable",
    }
}

impl Scenario {
    /// Reads the scenario file at `path`. The paths in it are taken relative to its folder.
    ///
    /// # Errors
    /// [`ScenarioError`] where the file cannot be read, is no TOML, or has problems (all are
    /// named, with their places).
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut scenario = Self::parse(&text).map_err(|error| error.of_file(path))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        scenario.agent = scenario.agent.map(|agent| folder.join(agent));
        for line in &mut scenario.lines {
            if let Words::Wav { path, .. } = &mut line.words {
                *path = folder.join(&*path);
            }
        }
        Ok(scenario)
    }

    /// Reads a scenario from TOML. The paths in it stay as they are.
    ///
    /// # Errors
    /// [`ScenarioError`] where it is no TOML or has problems (all are named, with their places).
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        reader::read(text)
    }
}

#[cfg(test)]
mod tests;
