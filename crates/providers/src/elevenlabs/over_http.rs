//! The voice over HTTP: a request for each piece. Models such as `eleven_v3` have no socket.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::voice::{
    ElevenLabsVoiceConfig, SPEED, TAKE_AUDIO_TAGS, rate_for, told_language, voice_of,
};
use super::wire::set;
use crate::hosted::{Account, Manner, PieceDialect, Speaker, SpeechLimits, check_speed, with_key};

/// ElevenLabs' voices over HTTP. One value serves many calls. They know no times of words.
#[derive(Debug, Clone)]
pub struct ElevenLabsHttpVoice {
    speaker: Arc<Speaker<Speech>>,
}

impl ElevenLabsHttpVoice {
    /// A voice that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: ElevenLabsVoiceConfig) -> Self {
        let speaker = Speaker::new(http, Speech { config });
        Self { speaker }
    }

    fn config(&self) -> &ElevenLabsVoiceConfig {
        &self.speaker.dialect().config
    }
}

#[async_trait]
impl TextToSpeech for ElevenLabsHttpVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        let config = self.config();
        VoiceCapabilities {
            voices: config.voices.clone(),
            has_native_speed: true,
            rate: config.rate,
        }
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        SPEED
    }

    fn takes_audio_tags(&self) -> bool {
        self.config().model.starts_with(TAKE_AUDIO_TAGS)
    }

    /// Fails only where the request makes no sense; whether the server can be reached and has the
    /// voice shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = self.config();
        check_speed(&config.account, request.speed, &SPEED)?;
        let voice = voice_of(config, &request)?.to_owned();
        Ok(self.speaker.spoken(Manner {
            voice,
            language: request.language,
            speed: request.speed,
            rate: request.rate,
            sound: request.manner,
        }))
    }
}

#[derive(Debug)]
struct Speech {
    config: ElevenLabsVoiceConfig,
}

impl Speech {
    fn body(&self, text: &str, manner: &Manner) -> Value {
        let config = &self.config;
        let mut body = json!({ "text": text, "model_id": config.model });
        if let Some(language) = told_language(config, &manner.language) {
            body["language_code"] = json!(language);
        }
        set(&mut body, manner.sound.or(config.manner), manner.speed);
        body
    }
}

impl PieceDialect for Speech {
    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> SpeechLimits {
        self.config.limits
    }

    fn rate(&self, manner: &Manner) -> SampleRate {
        rate_for(&self.config, manner.rate)
    }

    fn request(&self, http: &Client, text: &str, manner: &Manner) -> RequestBuilder {
        let account = &self.config.account;
        let path = format!(
            "/v1/text-to-speech/{}/stream?output_format=pcm_{}",
            manner.voice,
            self.rate(manner).hz()
        );
        let sent = http.post(account.url(&path)).json(&self.body(text, manner));
        with_key(sent, "xi-api-key", account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_contract::VoiceManner;

    #[test]
    fn a_request_says_what_it_is_asked_for() {
        let account = Account::new("elevenlabs", "https://api.elevenlabs.io", None);
        let mut config = ElevenLabsVoiceConfig::new(account, "eleven_v3");
        let manner = |speed| Manner {
            rate: None,
            sound: VoiceManner::default(),
            voice: "anna".to_owned(),
            language: "de-AT".to_owned(),
            speed,
        };
        let speech = Speech {
            config: config.clone(),
        };
        let expected = json!({ "text": "Hi.", "model_id": "eleven_v3" });
        assert_eq!(speech.body("Hi.", &manner(1.0)), expected);
        config.model = "eleven_flash_v2_5".to_owned();
        config.manner.stability = Some(0.4);
        let speech = Speech { config };
        let expected = json!({
            "text": "Hi.", "model_id": "eleven_flash_v2_5", "language_code": "de",
            "voice_settings": { "stability": 0.4, "speed": 1.1 },
        });
        assert_eq!(speech.body("Hi.", &manner(1.1)), expected);
    }
}
