//! What audio a media stream is asked for.

use crate::Carrier;

/// How a stream's audio is coded, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audio {
    /// G.711 µ-law at 8 kHz.
    Pcmu,
    /// G.711 A-law at 8 kHz.
    Pcma,
    /// G.722, which is at 16 kHz.
    G722,
    /// Opus.
    Opus,
    /// 16-bit samples, so many a second.
    L16(u32),
}

/// Audio that no stream of a carrier is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioProblem {
    /// The carrier has it, and it is not served here.
    #[error(
        "amr-wb is not served here, for want of an encoder that is free of others' rights; {} streams {} too", .0.name(), names(*.0)
    )]
    Unserved(Carrier),
    /// The carrier does not have it.
    #[error("{} streams no \"{}\"; it has {}", .0.name(), .1, names(*.0))]
    Unknown(Carrier, String),
}

const L16: [Audio; 3] = [Audio::L16(16_000), Audio::L16(8_000), Audio::L16(24_000)];
const TELNYX: [Audio; 6] = [
    Audio::Pcmu,
    Audio::Pcma,
    Audio::G722,
    Audio::Opus,
    Audio::L16(8_000),
    Audio::L16(16_000),
];
const PLIVO: [Audio; 3] = [Audio::Pcmu, Audio::L16(8_000), Audio::L16(16_000)];
/// Adaptive multi-rate wideband, which Telnyx has beside these.
const AMR_WB: &str = "amr-wb";

impl Audio {
    /// Its name in settings.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Pcmu => "pcmu".to_owned(),
            Self::Pcma => "pcma".to_owned(),
            Self::G722 => "g722".to_owned(),
            Self::Opus => "opus".to_owned(),
            Self::L16(rate) => format!("l16-{rate}"),
        }
    }

    /// Samples a second.
    pub(crate) const fn rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 | Self::Opus => 16_000,
            Self::L16(rate) => rate,
        }
    }
}

impl Carrier {
    /// The audio that its streams can be asked for; the first is, where nobody says otherwise. None where
    /// they are asked for nothing.
    #[must_use]
    pub const fn audio(self) -> &'static [Audio] {
        match self {
            Self::Twilio => &[Audio::Pcmu],
            Self::Telnyx => &TELNYX,
            Self::Plivo => &PLIVO,
            Self::Vonage | Self::Jambonz => &L16,
            // What they stream is not for us to ask for.
            Self::Asterisk | Self::Exotel => &[],
        }
    }

    /// The audio of that name.
    ///
    /// # Errors
    /// [`AudioProblem`] where its streams have none of that name.
    pub fn audio_named(self, name: &str) -> Result<Audio, AudioProblem> {
        let found = self.audio().iter().find(|it| it.name() == name);
        found.copied().ok_or_else(|| match self {
            Self::Telnyx if name.eq_ignore_ascii_case(AMR_WB) => AudioProblem::Unserved(self),
            _ => AudioProblem::Unknown(self, name.chars().take(40).collect()),
        })
    }
}

fn names(carrier: Carrier) -> String {
    let names: Vec<String> = carrier.audio().iter().map(|it| it.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_carrier_has_the_audio_of_its_documentation_and_no_other() {
        for carrier in Carrier::ALL {
            for audio in carrier.audio() {
                assert_eq!(carrier.audio_named(&audio.name()), Ok(*audio));
            }
        }
        let problem = |carrier: &str, name: &str| {
            let carrier = Carrier::named(carrier).expect("a carrier");
            carrier.audio_named(name).expect_err("refused").to_string()
        };
        assert_eq!(
            problem("twilio", "l16-16000"),
            "twilio streams no \"l16-16000\"; it has pcmu"
        );
        assert!(problem("plivo", "g722").ends_with("it has pcmu, l16-8000, l16-16000"));
        assert!(problem("telnyx", "amr-wb").starts_with("amr-wb is not served here"));
        assert!(problem("vonage", "amr-wb").starts_with("vonage streams no \"amr-wb\""));
    }
}
