//! The ranges of an agent's settings, once, for the checks and for the published schema.

use std::time::Duration;

/// Longest name, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 200;
/// Longest prompt, in characters.
pub(crate) const PROMPT_CHARS_MAX: usize = 100_000;
/// Longest line that is spoken as configured, in characters.
pub(crate) const LINE_CHARS_MAX: usize = 2_000;
/// Most variables.
pub(crate) const VARIABLES_MAX: usize = 100;
/// Longest value of a variable, in characters.
pub(crate) const VARIABLE_CHARS_MAX: usize = 10_000;
/// Most reminders in the list.
pub(crate) const REPROMPTS_LISTED_MAX: usize = 20;
/// Most entries in a list of phrases.
pub(crate) const ACKNOWLEDGEMENTS_MAX: usize = 200;

/// Most words that recognition is told of.
pub(crate) const KEYWORDS_MAX: usize = 1_000;
/// Longest of them, in characters.
pub(crate) const KEYWORD_CHARS_MAX: usize = 1_000;
/// Longest address, and longest value of a header, in characters.
pub(crate) const ADDRESS_CHARS_MAX: usize = 2_048;
/// Most headers of a server of the agent's own.
pub(crate) const HEADERS_MAX: usize = 50;
/// Most rules of an agent's own on how words are said.
pub(crate) const PRONUNCIATIONS_MAX: usize = 1_000;
/// Longest text of such a rule, in characters.
pub(crate) const PRONUNCIATION_CHARS_MAX: usize = 500;
/// Most audio tags that a chat model is told of.
pub(crate) const AUDIO_TAGS_MAX: usize = 100;
/// Longest of them, in characters.
pub(crate) const AUDIO_TAG_CHARS_MAX: usize = 60;
/// Most voices beside the agent's own.
pub(crate) const OTHER_VOICES_MAX: usize = 50;
/// Most dictionaries of the workspace that an agent names.
pub(crate) const DICTIONARIES_MAX: usize = 20;
/// Most models that stand by.
pub(crate) const STANDBY_MAX: usize = 10;
/// Most times between callbacks.
pub(crate) const CALLBACK_GAPS_MAX: usize = 1_000;
/// Most fillers in the list.
pub(crate) const FILLERS_LISTED_MAX: usize = 20;
/// Longest filler, in characters.
pub(crate) const FILLER_CHARS_MAX: usize = 200;
/// Most backchannels in the list.
pub(crate) const BACKCHANNELS_LISTED_MAX: usize = 20;
/// Longest backchannel, in characters.
pub(crate) const BACKCHANNEL_CHARS_MAX: usize = 40;

/// Both ends are allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

pub(crate) const KEPT_DAYS: Bounds = Bounds {
    min: 0.0,
    max: 100_000.0,
};
pub(crate) const SPEED: Bounds = Bounds { min: 0.5, max: 2.0 };
pub(crate) const VOLUME: Bounds = Bounds { min: 0.0, max: 2.0 };
pub(crate) const TEMPERATURE: Bounds = Bounds { min: 0.0, max: 2.0 };
pub(crate) const SENSITIVITY: Bounds = Bounds { min: 0.0, max: 1.0 };
pub(crate) const WORDS_MIN: Bounds = Bounds {
    min: 0.0,
    max: 10.0,
};
pub(crate) const REPLY_TOKENS: Bounds = Bounds {
    min: 8.0,
    max: 4_096.0,
};
pub(crate) const THINKING_TOKENS: Bounds = Bounds {
    min: 0.0,
    max: 1_000_000.0,
};
/// Of what a voice has between its two ends.
pub(crate) const SHARE: Bounds = Bounds { min: 0.0, max: 1.0 };
pub(crate) const REPROMPTS: Bounds = Bounds {
    min: 0.0,
    max: 20.0,
};
pub(crate) const SPECULATIONS: Bounds = Bounds {
    min: 0.0,
    max: 10.0,
};
pub(crate) const FILLERS: Bounds = Bounds {
    min: 1.0,
    max: 10.0,
};
pub(crate) const FREQUENCY: Bounds = Bounds { min: 0.0, max: 1.0 };
pub(crate) const CONTEXT_TURNS: Bounds = Bounds {
    min: 1.0,
    max: 1_000.0,
};

pub(crate) const CONCURRENT_CALLS: Bounds = Bounds {
    min: 0.0,
    max: 1_000_000.0,
};
pub(crate) const CALLS_PER_DAY: Bounds = Bounds {
    min: 0.0,
    max: 1_000_000_000.0,
};

pub(crate) const CALLBACKS: Bounds = Bounds {
    min: 0.0,
    max: 100.0,
};
pub(crate) const CALLBACK_DAYS: Bounds = Bounds {
    min: 0.0,
    max: 30.0,
};
pub(crate) const CALLBACK_HOURS: Bounds = Bounds {
    min: 0.0,
    max: 23.0,
};

/// Both ends are allowed; the texts are how a person would write them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DurationBounds {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
    pub(crate) written: &'static str,
}

/// Entries of an agent's opening hours.
pub(crate) const OPENING_TIMES_MAX: usize = 100;
pub(crate) const FIRST_MESSAGE_DELAY: DurationBounds = DurationBounds {
    min: Duration::ZERO,
    max: Duration::from_secs(600),
    written: "0s–10m",
};
pub(crate) const CHAT_PATIENCE: DurationBounds = DurationBounds {
    min: Duration::from_millis(200),
    max: Duration::from_secs(30),
    written: "200ms–30s",
};
pub(crate) const ENDPOINT_DELAY_MIN: DurationBounds = DurationBounds {
    min: Duration::from_millis(50),
    max: Duration::from_secs(5),
    written: "50ms–5s",
};
pub(crate) const ENDPOINT_DELAY_MAX: DurationBounds = DurationBounds {
    min: Duration::from_millis(200),
    max: Duration::from_secs(20),
    written: "200ms–20s",
};
pub(crate) const SPEECH_MIN: DurationBounds = DurationBounds {
    min: Duration::ZERO,
    max: Duration::from_secs(2),
    written: "0s–2s",
};
pub(crate) const RESUME_AFTER: DurationBounds = DurationBounds {
    min: Duration::from_millis(100),
    max: Duration::from_secs(10),
    written: "100ms–10s",
};
pub(crate) const TRANSCRIPT_DEADLINE: DurationBounds = DurationBounds {
    min: Duration::from_millis(100),
    max: Duration::from_secs(20),
    written: "100ms–20s",
};
pub(crate) const CALLER_TURN: DurationBounds = DurationBounds {
    min: Duration::from_secs(5),
    max: Duration::from_secs(3_600),
    written: "5s–1h",
};
pub(crate) const REPROMPT_AFTER: DurationBounds = DurationBounds {
    min: Duration::from_secs(1),
    max: Duration::from_secs(600),
    written: "1s–10m",
};
pub(crate) const HANG_UP_AFTER: DurationBounds = DurationBounds {
    min: Duration::from_secs(2),
    max: Duration::from_secs(3_600),
    written: "2s–1h",
};
pub(crate) const INITIAL_WAIT: DurationBounds = DurationBounds {
    min: Duration::from_secs(1),
    max: Duration::from_secs(600),
    written: "1s–10m",
};
pub(crate) const CALLER_SILENCE: DurationBounds = DurationBounds {
    min: Duration::from_secs(10),
    max: Duration::from_secs(3_600),
    written: "10s–1h",
};
pub(crate) const KEY_PAUSE: DurationBounds = DurationBounds {
    min: Duration::from_millis(200),
    max: Duration::from_secs(30),
    written: "200ms–30s",
};
pub(crate) const FILLER_AFTER: DurationBounds = DurationBounds {
    min: Duration::from_millis(500),
    max: Duration::from_secs(8),
    written: "500ms–8s",
};
pub(crate) const CALL_DURATION: DurationBounds = DurationBounds {
    min: Duration::from_secs(10),
    max: Duration::from_secs(24 * 3_600),
    written: "10s–24h",
};
pub(crate) const PLACE_WAIT: DurationBounds = DurationBounds {
    min: Duration::from_secs(1),
    max: Duration::from_secs(1_800),
    written: "1s–30m",
};
