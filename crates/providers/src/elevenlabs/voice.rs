//! The voice: what it can do, and its streams.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities, VoiceManner,
};
use offhook_media::SampleRate;
use tokio_tungstenite::tungstenite::http::HeaderName;

use super::session::Session;
use super::wire::opening;
use crate::diction::{NumberReading, PhonemeForm, Reading};
use crate::hosted::{
    Account, Booth, SpeechLimits, bare_language, check_name, check_speed, rate_of, socket_url,
    spoken,
};

/// Where the server looks for the key.
pub(super) const KEY: HeaderName = HeaderName::from_static("xi-api-key");

/// Slowest and fastest pace of the platform.
pub(super) const SPEED: RangeInclusive<f32> = 0.7..=1.2;

/// The platform's own example of a voice, which every account has.
const DEFAULT_VOICE: &str = "JBFqnCBsd6RMkjVDRZzb";

/// Models that are told the language end so; others refuse to be told.
const TOLD_LANGUAGES: &str = "_v2_5";

/// Models that take SSML's `phoneme` in a text.
const TAKE_PHONEMES: [&str; 3] = [
    "eleven_flash_v2",
    "eleven_turbo_v2",
    "eleven_monolingual_v1",
];

/// Models that act on audio tags begin so.
pub(super) const TAKE_AUDIO_TAGS: &str = "eleven_v3";

/// Models that begin so do not read numbers well: they are made to be quick.
const QUICK: [&str; 2] = ["eleven_flash", "eleven_turbo"];

/// What a model makes of written text by itself.
#[must_use]
pub fn reading(model: &str) -> Reading {
    Reading {
        numbers: match QUICK.iter().any(|it| model.starts_with(it)) {
            true => NumberReading::Badly,
            false => NumberReading::Well,
        },
        phonemes: match TAKE_PHONEMES.contains(&model) {
            true => PhonemeForm::Ssml,
            false => PhonemeForm::Respelled,
        },
    }
}

/// Rates of samples that are offered, in Hz.
const RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/// Which model, and with which voices.
#[derive(Debug, Clone)]
pub struct ElevenLabsVoiceConfig {
    /// The server, `https://api.elevenlabs.io`, and its key.
    pub account: Account,
    /// The model's name, such as `eleven_flash_v2_5`.
    pub model: String,
    /// Ids of voices; the first is the default. Others may be asked for too: the server decides.
    pub voices: Vec<String>,
    /// 8,000, 16,000, 22,050, 24,000, 44,100 or 48,000 Hz; some are for dearer plans only. A call at less
    /// is spoken to at less.
    pub rate: SampleRate,
    /// How voices sound where a call does not say it.
    pub manner: VoiceManner,
    /// How long it may take.
    pub limits: SpeechLimits,
}

impl ElevenLabsVoiceConfig {
    /// A model with the platform's example of a voice, at 24 kHz, as the voice was set.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            voices: vec![DEFAULT_VOICE.to_owned()],
            rate: SampleRate::HZ_24000,
            manner: VoiceManner::default(),
            limits: SpeechLimits::default(),
        }
    }
}

/// ElevenLabs' voices. One value serves many calls; each reply has a socket of its own. Words have
/// their times where the server tells those of their characters.
#[derive(Debug, Clone)]
pub struct ElevenLabsVoice {
    config: Arc<ElevenLabsVoiceConfig>,
}

impl ElevenLabsVoice {
    /// A voice by its configuration.
    #[must_use]
    pub fn new(config: ElevenLabsVoiceConfig) -> Self {
        // Whoever comes first decides for the process; all choose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Arc::new(config);
        Self { config }
    }
}

#[async_trait]
impl TextToSpeech for ElevenLabsVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: self.config.voices.clone(),
            has_native_speed: true,
            rate: self.config.rate,
        }
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        SPEED
    }

    fn takes_audio_tags(&self) -> bool {
        self.config.model.starts_with(TAKE_AUDIO_TAGS)
    }

    /// Fails only where the request makes no sense: the connection is made while the reply is being
    /// written, and whether it stands shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = &self.config;
        let account = &config.account;
        let key = account.key.as_ref();
        let booth = Booth {
            provider: account.provider.clone(),
            url: url(config, &request)?,
            key: key.map(|key| (KEY, key.expose().to_owned())),
            limits: config.limits,
        };
        let opening = opening(request.manner.or(config.manner), request.speed);
        let rate = rate_for(config, request.rate);
        let session = Session::new(&account.provider, rate, opening.to_string());
        Ok(spoken(booth, session))
    }
}

/// Checks a request; gives where it goes.
fn url(config: &ElevenLabsVoiceConfig, request: &SpeechRequest) -> Result<String, ProviderError> {
    let account = &config.account;
    check_speed(account, request.speed, &SPEED)?;
    let voice = voice_of(config, request)?;
    check_name(account, "model", &config.model)?;
    let path = format!(
        "/v1/text-to-speech/{voice}/stream-input?model_id={}&output_format=pcm_{}&auto_mode=true\
         &sync_alignment=true&inactivity_timeout=180",
        config.model,
        rate_for(config, request.rate).hz()
    );
    let mut url = socket_url(account, &path)?;
    if request.diction.has_phonemes() && TAKE_PHONEMES.contains(&config.model.as_str()) {
        url.push_str("&enable_ssml_parsing=true");
    }
    if let Some(language) = told_language(config, &request.language) {
        url.push_str("&language_code=");
        url.push_str(&language);
    }
    Ok(url)
}

/// The rate to ask for.
pub(super) fn rate_for(config: &ElevenLabsVoiceConfig, wanted: Option<SampleRate>) -> SampleRate {
    rate_of(config.rate, wanted, &RATES)
}

/// The voice that is asked for, or the default.
pub(super) fn voice_of<'v>(
    config: &'v ElevenLabsVoiceConfig,
    request: &'v SpeechRequest,
) -> Result<&'v str, ProviderError> {
    let voice = request.voice.as_ref().or_else(|| config.voices.first());
    let voice = voice.map_or(DEFAULT_VOICE, String::as_str);
    check_name(&config.account, "voice", voice)?;
    Ok(voice)
}

/// The language, where the model is told it.
pub(super) fn told_language(config: &ElevenLabsVoiceConfig, language: &str) -> Option<String> {
    bare_language(language).filter(|_| config.model.ends_with(TOLD_LANGUAGES))
}

#[cfg(test)]
mod tests {
    use super::url as url_of;
    use offhook_contract::{Diction, PhonemeAlphabet, Pronunciation, SaidAs};

    use super::*;

    #[test]
    fn a_request_becomes_an_address() {
        let account = Account::new("elevenlabs", "https://api.elevenlabs.io/", None);
        let mut config = ElevenLabsVoiceConfig::new(account, "eleven_flash_v2_5");
        let asked = |voice: &str, speed| SpeechRequest {
            rate: None,
            diction: Diction::default(),
            is_phrase: false,
            manner: VoiceManner::default(),
            voice: Some(voice.to_owned()),
            language: "de-AT".into(),
            speed,
        };
        let url = url_of(&config, &asked("v1", 1.0)).unwrap();
        assert_eq!(
            url,
            "wss://api.elevenlabs.io/v1/text-to-speech/v1/stream-input?model_id=eleven_flash_v2_5\
             &output_format=pcm_24000&auto_mode=true&sync_alignment=true&inactivity_timeout=180\
             &language_code=de"
        );
        config.model = "eleven_flash_v2".into();
        config.rate = SampleRate::HZ_16000;
        let url = url_of(&config, &asked("v1", 1.0)).unwrap();
        assert!(url.contains("pcm_16000") && !url.contains("language_code"));
        assert!(!url.contains("ssml"));
        let mut phonemes = asked("v1", 1.0);
        phonemes.diction.pronunciations = [Pronunciation {
            text: "Nguyen".into(),
            said: SaidAs::Phonemes {
                alphabet: PhonemeAlphabet::Ipa,
                phonemes: "wɪn".into(),
            },
            is_case_sensitive: true,
            is_whole_word: true,
        }]
        .into();
        let url = url_of(&config, &phonemes).unwrap();
        assert!(url.ends_with("&enable_ssml_parsing=true"), "{url}");
        for (voice, speed) in [("../models", 1.0), ("", 1.0), ("v1", 1.5)] {
            let refused = url_of(&config, &asked(voice, speed));
            assert!(
                matches!(refused, Err(ProviderError::Rejected { .. })),
                "{voice} {speed}"
            );
        }
    }
}
