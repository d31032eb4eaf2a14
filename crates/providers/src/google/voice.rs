//! The voice: what it can do, and how it is asked.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::hosted::{
    Account, Manner, PieceDialect, Speaker, SpeechLimits, as_written, check_speed, decoded,
    malformed, rate_of, with_key,
};

/// Rates of samples that every voice has, in Hz.
const RATES: [u32; 3] = [8_000, 16_000, 24_000];

const DEFAULT_VOICE: &str = "en-US-Chirp3-HD-Charon";

/// Slowest and fastest pace that is asked for.
const SPEED: RangeInclusive<f32> = 0.5..=2.0;

/// Which voices of which server.
#[derive(Debug, Clone)]
pub struct GoogleVoiceConfig {
    /// The server, `https://texttospeech.googleapis.com`, and its key.
    pub account: Account,
    /// Names of voices, such as `en-US-Neural2-C`; the first is the default. Others may be asked
    /// for too: the server decides.
    pub voices: Vec<String>,
    /// 8,000 to 48,000 Hz.
    pub rate: SampleRate,
    /// How long it may take.
    pub limits: SpeechLimits,
    /// Fields of the sound of each request beyond those that are always set, such as
    /// `volumeGainDb`.
    pub extra: Map<String, Value>,
}

impl GoogleVoiceConfig {
    /// One of the platform's voices, at 24 kHz.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self {
            account,
            voices: vec![DEFAULT_VOICE.to_owned()],
            rate: SampleRate::HZ_24000,
            limits: SpeechLimits::default(),
            extra: Map::new(),
        }
    }
}

/// Google Cloud's voices. One value serves many calls. They know no times of words.
#[derive(Debug, Clone)]
pub struct GoogleVoice {
    speaker: Arc<Speaker<Speech>>,
}

impl GoogleVoice {
    /// A voice that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: GoogleVoiceConfig) -> Self {
        let speaker = Speaker::new(http, Speech { config });
        Self { speaker }
    }

    fn config(&self) -> &GoogleVoiceConfig {
        &self.speaker.dialect().config
    }
}

#[async_trait]
impl TextToSpeech for GoogleVoice {
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

    /// Fails only where the speed is one that does not act; whether the server can be reached and
    /// has the voice shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = self.config();
        check_speed(&config.account, request.speed, &SPEED)?;
        let default = || config.voices.first().cloned();
        let voice = request.voice.or_else(default);
        Ok(self.speaker.spoken(Manner {
            voice: voice.unwrap_or_else(|| DEFAULT_VOICE.to_owned()),
            language: request.language,
            speed: request.speed,
            rate: request.rate,
            sound: request.manner,
        }))
    }
}

#[derive(Debug)]
struct Speech {
    config: GoogleVoiceConfig,
}

impl Speech {
    fn body(&self, text: &str, manner: &Manner) -> Value {
        let mut sound = Value::Object(self.config.extra.clone());
        sound["audioEncoding"] = json!("LINEAR16");
        sound["sampleRateHertz"] = json!(self.rate(manner).hz());
        if (manner.speed - 1.0).abs() > f32::EPSILON {
            sound["speakingRate"] = json!(as_written(manner.speed));
        }
        let language = language_of(&manner.voice).unwrap_or(&manner.language);
        json!({
            "input": { "text": text },
            "voice": { "languageCode": language, "name": manner.voice },
            "audioConfig": sound,
        })
    }
}

/// Voices are named after the language that they speak, which must be asked for beside them.
fn language_of(voice: &str) -> Option<&str> {
    let (at, _) = voice.match_indices('-').nth(1)?;
    voice.get(..at)
}

impl PieceDialect for Speech {
    const IS_WRAPPED: bool = true;

    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> SpeechLimits {
        self.config.limits
    }

    fn rate(&self, manner: &Manner) -> SampleRate {
        rate_of(self.config.rate, manner.rate, &RATES)
    }

    fn request(&self, http: &Client, text: &str, manner: &Manner) -> RequestBuilder {
        let account = &self.config.account;
        let sent = http.post(account.url("/v1/text:synthesize"));
        let sent = sent.json(&self.body(text, manner));
        with_key(sent, "x-goog-api-key", account)
    }

    fn unwrapped(&self, answer: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
        let provider = &self.config.account.provider;
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|problem| malformed(provider, format!("an answer: {problem}")))?;
        match answer.audio_content.is_empty() {
            true => Err(malformed(provider, "it sent no sound".to_owned())),
            false => decoded(provider, &answer.audio_content),
        }
    }
}

/// The whole sound of a piece.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// A WAV file in base64.
    audio_content: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_contract::VoiceManner;

    #[test]
    fn a_request_says_what_it_is_asked_for() {
        let account = Account::new("google", "https://texttospeech.googleapis.com", None);
        let speech = Speech {
            config: GoogleVoiceConfig::new(account),
        };
        let manner = |voice: &str| Manner {
            rate: None,
            sound: VoiceManner::default(),
            voice: voice.to_owned(),
            language: "de".to_owned(),
            speed: 1.2,
        };
        let expected = json!({
            "input": { "text": "Hi." },
            "voice": { "languageCode": "en-GB", "name": "en-GB-Neural2-C" },
            "audioConfig": {
                "audioEncoding": "LINEAR16", "sampleRateHertz": 24_000, "speakingRate": 1.2,
            },
        });
        assert_eq!(speech.body("Hi.", &manner("en-GB-Neural2-C")), expected);
        let other = speech.body("Hi.", &manner("Charon"));
        assert_eq!(other["voice"]["languageCode"], "de");
    }
}
