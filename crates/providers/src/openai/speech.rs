//! Speech: one request for each piece of a reply, whose sound is streamed as it comes.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value, json};

use super::keyed;
use crate::hosted::{
    Account, Manner, PieceDialect, Speaker, SpeechLimits, as_written, check_speed,
};

/// Voices of OpenAI's own models; `tts-1` and `tts-1-hd` have the first nine.
const VOICES: [&str; 13] = [
    "alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "ballad", "cedar",
    "marin", "verse",
];

/// How many of [`VOICES`] the older models have.
const OLD_VOICES: usize = 9;

/// Which voice of which server.
#[derive(Debug, Clone)]
pub struct OpenAiVoiceConfig {
    /// The server; its address ends in `/v1` for OpenAI.
    pub account: Account,
    /// The model's name there.
    pub model: String,
    /// Voices that the server is known to have; the first is the default. Others may be asked for
    /// too: the server decides.
    pub voices: Vec<String>,
    /// Whether the model heeds `speed`.
    pub has_speed: bool,
    /// The rate of the samples that it sends where they are no file, which says so itself.
    pub rate: SampleRate,
    /// How long it may take.
    pub limits: SpeechLimits,
    /// Fields of each request beyond those that are always set, such as `instructions`.
    pub extra: Map<String, Value>,
}

impl OpenAiVoiceConfig {
    /// What is true of OpenAI's own models: their voices, 24 kHz, and a speed that acts with
    /// all but the `gpt-` models. Other servers' models are taken to heed the speed too.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        let count = match model.starts_with("tts-1") {
            true => OLD_VOICES,
            false => VOICES.len(),
        };
        Self {
            account,
            model: model.to_owned(),
            voices: VOICES.iter().take(count).map(|it| (*it).into()).collect(),
            has_speed: !model.starts_with("gpt-"),
            rate: SampleRate::HZ_24000,
            limits: SpeechLimits::default(),
            extra: Map::new(),
        }
    }
}

/// A voice behind OpenAI's API. One value serves many calls. It knows no times of words.
#[derive(Debug, Clone)]
pub struct OpenAiVoice {
    speaker: Arc<Speaker<Speech>>,
}

impl OpenAiVoice {
    /// A voice that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: OpenAiVoiceConfig) -> Self {
        let speaker = Speaker::new(http, Speech { config });
        Self { speaker }
    }

    fn config(&self) -> &OpenAiVoiceConfig {
        &self.speaker.dialect().config
    }
}

#[async_trait]
impl TextToSpeech for OpenAiVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        let config = self.config();
        VoiceCapabilities {
            voices: config.voices.clone(),
            has_native_speed: config.has_speed,
            rate: config.rate,
        }
    }

    /// Fails only where the speed is one that does not act; whether the server can be reached and
    /// has the voice shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = self.config();
        let range: RangeInclusive<f32> = self.speed_range();
        check_speed(&config.account, request.speed, &range)?;
        let default = || config.voices.first().cloned();
        let voice = request.voice.or_else(default);
        Ok(self.speaker.spoken(Manner {
            voice: voice.unwrap_or_else(|| VOICES[0].to_owned()),
            language: request.language,
            speed: request.speed,
            rate: request.rate,
            sound: request.manner,
        }))
    }
}

#[derive(Debug)]
struct Speech {
    config: OpenAiVoiceConfig,
}

impl Speech {
    fn body(&self, text: &str, manner: &Manner) -> Value {
        let mut body = Value::Object(self.config.extra.clone());
        body["model"] = json!(self.config.model);
        body["input"] = json!(text);
        body["voice"] = json!(manner.voice);
        body["response_format"] = json!("pcm");
        if (manner.speed - 1.0).abs() > f32::EPSILON {
            body["speed"] = json!(as_written(manner.speed));
        }
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

    fn rate(&self, _: &Manner) -> SampleRate {
        self.config.rate
    }

    fn request(&self, http: &Client, text: &str, manner: &Manner) -> RequestBuilder {
        let account = &self.config.account;
        let sent = http.post(account.url("/audio/speech"));
        keyed(sent, account).json(&self.body(text, manner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_contract::VoiceManner;

    #[test]
    fn the_models_differ_in_voices_and_in_speed() {
        let config =
            |model| OpenAiVoiceConfig::new(Account::new("openai", "http://a", None), model);
        let old = config("tts-1-hd");
        assert!(old.has_speed && old.voices.len() == 9);
        assert_eq!(old.voices.first().map(String::as_str), Some("alloy"));
        let new = config("gpt-4o-mini-tts");
        assert!(!new.has_speed && new.voices.contains(&"marin".to_owned()));
        assert!(config("kokoro").has_speed);
    }

    #[test]
    fn a_request_says_the_speed_only_where_it_is_another() {
        let account = Account::new("openai", "http://a", None);
        let mut config = OpenAiVoiceConfig::new(account, "tts-1");
        config.extra = Map::from_iter([("language".to_owned(), json!("de"))]);
        let speech = Speech { config };
        let body = |speed| {
            let manner = Manner {
                rate: None,
                sound: VoiceManner::default(),
                voice: "ash".to_owned(),
                language: "de".to_owned(),
                speed,
            };
            speech.body("Hi.", &manner)
        };
        let expected = json!({
            "model": "tts-1", "input": "Hi.", "voice": "ash", "response_format": "pcm",
            "language": "de",
        });
        assert_eq!(body(1.0), expected);
        assert_eq!(body(1.2)["speed"], 1.2);
    }
}
