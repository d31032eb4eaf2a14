//! The voice: what it can do, and its streams.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use super::session::Session;
use crate::hosted::{
    Account, Booth, SpeechLimits, as_written, bare_language, check_speed, rate_of, socket_url,
    spoken,
};

/// Rates of samples that are offered, in Hz.
const RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/// The API as it is spoken here.
const VERSION: &str = "2026-08-14";

/// Slowest and fastest pace of the platform.
const SPEED: RangeInclusive<f32> = 0.6..=1.5;

/// Models that do not heed the speed, by how their names begin.
const WITHOUT_SPEED: [&str; 3] = ["sonic-2", "sonic-turbo", "sonic-english"];

/// A voice from the platform's own examples.
const DEFAULT_VOICE: &str = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b";

/// Which model, and with which voices.
#[derive(Debug, Clone)]
pub struct CartesiaVoiceConfig {
    /// The server, `https://api.cartesia.ai`, and its key.
    pub account: Account,
    /// The model's name, such as `sonic-3`.
    pub model: String,
    /// Ids of voices; the first is the default. Others may be asked for too: the server decides.
    pub voices: Vec<String>,
    /// 8,000, 16,000, 22,050, 24,000, 44,100 or 48,000 Hz.
    pub rate: SampleRate,
    /// From 0.5 to 2; `None` is what is set for the voice.
    pub volume: Option<f32>,
    /// How long it may take.
    pub limits: SpeechLimits,
}

impl CartesiaVoiceConfig {
    /// A model with a voice of the platform's examples, at 24 kHz.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            voices: vec![DEFAULT_VOICE.to_owned()],
            rate: SampleRate::HZ_24000,
            volume: None,
            limits: SpeechLimits::default(),
        }
    }

    fn has_speed(&self) -> bool {
        !WITHOUT_SPEED.iter().any(|it| self.model.starts_with(it))
    }
}

/// Cartesia's voices. One value serves many calls; each reply has a socket of its own. Words have
/// their times.
#[derive(Debug, Clone)]
pub struct CartesiaVoice {
    config: Arc<CartesiaVoiceConfig>,
}

impl CartesiaVoice {
    /// A voice by its configuration.
    #[must_use]
    pub fn new(config: CartesiaVoiceConfig) -> Self {
        // Whoever comes first decides for the process; all choose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Arc::new(config);
        Self { config }
    }
}

#[async_trait]
impl TextToSpeech for CartesiaVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: self.config.voices.clone(),
            has_native_speed: self.config.has_speed(),
            rate: self.config.rate,
        }
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        match self.config.has_speed() {
            true => SPEED,
            false => 1.0..=1.0,
        }
    }

    /// Fails only where the request makes no sense: the connection is made while the reply is being
    /// written, and whether it stands shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = &self.config;
        let account = &config.account;
        check_speed(account, request.speed, &self.speed_range())?;
        let path = format!("/tts/websocket?cartesia_version={VERSION}");
        let key = account.key.as_ref();
        let booth = Booth {
            provider: account.provider.clone(),
            url: socket_url(account, &path)?,
            key: key.map(|key| (AUTHORIZATION, format!("Bearer {}", key.expose()))),
            limits: config.limits,
        };
        let manner = manner(config, &request);
        let rate = rate_of(config.rate, request.rate, &RATES);
        let session = Session::new(&account.provider, rate, manner);
        Ok(spoken(booth, session))
    }
}

/// Each request without its text and its context.
fn manner(config: &CartesiaVoiceConfig, request: &SpeechRequest) -> Value {
    let voice = request.voice.as_ref().or_else(|| config.voices.first());
    let voice = voice.map_or(DEFAULT_VOICE, String::as_str);
    let mut manner = json!({
        "model_id": config.model,
        "voice": { "mode": "id", "id": voice },
        "output_format": {
            "container": "raw",
            "encoding": "pcm_s16le",
            "sample_rate": rate_of(config.rate, request.rate, &RATES).hz(),
        },
        "add_timestamps": true,
        "continue": false,
    });
    if let Some(language) = bare_language(&request.language) {
        manner["language"] = json!(language);
    }
    let speed = ((request.speed - 1.0).abs() > f32::EPSILON).then_some(request.speed);
    for (name, value) in [("speed", speed), ("volume", config.volume)] {
        if let Some(value) = value {
            manner["generation_config"][name] = json!(as_written(value));
        }
    }
    manner
}

#[cfg(test)]
mod tests {
    use offhook_contract::Diction;

    use super::*;
    use offhook_contract::VoiceManner;

    #[test]
    fn a_request_says_what_it_is_asked_for() {
        let account = Account::new("cartesia", "https://api.cartesia.ai", None);
        let mut config = CartesiaVoiceConfig::new(account, "sonic-3");
        config.rate = SampleRate::HZ_8000;
        let mut request = SpeechRequest {
            rate: None,
            diction: Diction::default(),
            is_phrase: false,
            manner: VoiceManner::default(),
            voice: Some("anna".to_owned()),
            language: "de-AT".into(),
            speed: 1.0,
        };
        let mut expected = json!({
            "model_id": "sonic-3",
            "voice": { "mode": "id", "id": "anna" },
            "output_format": {
                "container": "raw", "encoding": "pcm_s16le", "sample_rate": 8_000,
            },
            "add_timestamps": true,
            "continue": false,
            "language": "de",
        });
        assert_eq!(manner(&config, &request), expected);
        request.speed = 1.2;
        config.volume = Some(0.8);
        expected["generation_config"] = json!({ "speed": 1.2, "volume": 0.8 });
        assert_eq!(manner(&config, &request), expected);
        assert!(config.has_speed());
        config.model = "sonic-2-2025-03-07".to_owned();
        assert!(!config.has_speed());
    }
}
