//! The voices that one network can speak with. The network gives pitch and the shape of the
//! spectrum apart from each other, so that each can be moved by itself: another pitch and another
//! length of vocal tract make another speaker.

/// How a voice differs from the one that the network learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timbre {
    /// Factor on the pitch.
    pub(super) pitch: f32,
    /// Factor on the frequencies of the spectrum's shape: below 1 is a longer vocal tract.
    pub(super) formants: f32,
}

/// The voice that the network learned.
pub(super) const LEARNED: Timbre = Timbre {
    pitch: 1.0,
    formants: 1.0,
};

/// Voice ids and their timbres; the first is the default. A man's pitch is a little over half a
/// woman's and his formants are about 15 % lower (Peterson and Barney 1952).
pub(super) const VOICES: [(&str, Timbre); 2] = [
    ("heart", LEARNED),
    (
        "heart-low",
        Timbre {
            pitch: 0.55,
            formants: 0.86,
        },
    ),
];

impl Timbre {
    /// The timbre of a voice id.
    pub(super) fn of(voice: &str) -> Option<Self> {
        VOICES
            .iter()
            .find(|(id, _)| *id == voice)
            .map(|(_, timbre)| *timbre)
    }
}
