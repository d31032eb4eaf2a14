//! The voice: what it can do, and how it is asked.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechRequest, SpeechStream, TextToSpeech, VoiceCapabilities,
};
use offhook_media::SampleRate;
use reqwest::header::ACCEPT;
use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::hosted::{
    Account, Manner, PieceDialect, Speaker, SpeechLimits, as_written, bare_language, check_speed,
    rate_of,
};

/// Rates of samples that every model has, in Hz.
const RATES: [u32; 4] = [8_000, 16_000, 22_050, 24_000];

const DEFAULT_VOICE: &str = "astra";

/// Models that heed a pace begin so.
const WITH_SPEED: &str = "mist";

/// Slowest and fastest pace that is asked for.
const SPEED: RangeInclusive<f32> = 0.5..=2.0;

/// The platform's codes of languages, by those of everybody else.
const LANGUAGES: [(&str, &str); 9] = [
    ("ar", "ara"),
    ("de", "ger"),
    ("en", "eng"),
    ("es", "spa"),
    ("fr", "fra"),
    ("he", "heb"),
    ("hi", "hin"),
    ("ja", "jpn"),
    ("pt", "por"),
];

/// Which model, and with which voices.
#[derive(Debug, Clone)]
pub struct RimeVoiceConfig {
    /// The server, `https://users.rime.ai`, and its key.
    pub account: Account,
    /// The model's name, such as `mistv2`, `arcana` or `coda`.
    pub model: String,
    /// Names of speakers; the first is the default. Others may be asked for too: the server
    /// decides.
    pub voices: Vec<String>,
    /// 8,000 to 44,100 Hz.
    pub rate: SampleRate,
    /// How long it may take.
    pub limits: SpeechLimits,
    /// Fields of each request beyond those that are always set, such as `reduceLatency`.
    pub extra: Map<String, Value>,
}

impl RimeVoiceConfig {
    /// A model with a speaker of the platform's examples, at 24 kHz.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            voices: vec![DEFAULT_VOICE.to_owned()],
            rate: SampleRate::HZ_24000,
            limits: SpeechLimits::default(),
            extra: Map::new(),
        }
    }

    fn has_speed(&self) -> bool {
        self.model.starts_with(WITH_SPEED)
    }
}

/// Rime's voices. One value serves many calls. They know no times of words.
#[derive(Debug, Clone)]
pub struct RimeVoice {
    speaker: Arc<Speaker<Speech>>,
}

impl RimeVoice {
    /// A voice that is reached through `http`.
    #[must_use]
    pub fn new(http: Client, config: RimeVoiceConfig) -> Self {
        let speaker = Speaker::new(http, Speech { config });
        Self { speaker }
    }

    fn config(&self) -> &RimeVoiceConfig {
        &self.speaker.dialect().config
    }
}

#[async_trait]
impl TextToSpeech for RimeVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        let config = self.config();
        VoiceCapabilities {
            voices: config.voices.clone(),
            has_native_speed: config.has_speed(),
            rate: config.rate,
        }
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        match self.config().has_speed() {
            true => SPEED,
            false => 1.0..=1.0,
        }
    }

    /// Fails only where the speed is one that does not act; whether the server can be reached and
    /// has the voice shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = self.config();
        check_speed(&config.account, request.speed, &self.speed_range())?;
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

/// Models that voices are written with.
const MODELS: &[&str] = &["mist", "mistv2", "arcana"];

#[derive(Debug)]
struct Speech {
    config: RimeVoiceConfig,
}

impl Speech {
    /// The model and the speaker of a voice, which may be written with its model, as
    /// `mistv2_Wildflower`.
    fn speaker_of<'v>(&'v self, voice: &'v str) -> (&'v str, Cow<'v, str>) {
        match voice.split_once('_') {
            Some((model, speaker)) if MODELS.contains(&model) => {
                (model, speaker.to_lowercase().into())
            }
            _ => (&self.config.model, voice.into()),
        }
    }

    fn body(&self, text: &str, manner: &Manner) -> Value {
        let mut body = Value::Object(self.config.extra.clone());
        body["text"] = json!(text);
        let (model, speaker) = self.speaker_of(&manner.voice);
        body["speaker"] = json!(speaker);
        body["modelId"] = json!(model);
        body["samplingRate"] = json!(self.rate(manner).hz());
        if let Some(language) = bare_language(&manner.language) {
            let known = LANGUAGES.iter().find(|it| it.0 == language);
            body["lang"] = json!(known.map_or(language.as_str(), |it| it.1));
        }
        if (manner.speed - 1.0).abs() > f32::EPSILON {
            // What is above 1 is slower.
            let times = (1_000.0 / manner.speed).round() / 1_000.0;
            body["speedAlpha"] = json!(as_written(times));
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

    fn rate(&self, manner: &Manner) -> SampleRate {
        rate_of(self.config.rate, manner.rate, &RATES)
    }

    fn request(&self, http: &Client, text: &str, manner: &Manner) -> RequestBuilder {
        let account = &self.config.account;
        let sent = http.post(account.url("/v1/rime-tts"));
        let sent = sent
            .header(ACCEPT, "audio/pcm")
            .json(&self.body(text, manner));
        match &account.key {
            Some(key) => sent.bearer_auth(key.expose()),
            None => sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_contract::VoiceManner;

    #[test]
    fn a_request_says_what_it_is_asked_for() {
        let account = Account::new("rime", "https://users.rime.ai", None);
        let mut config = RimeVoiceConfig::new(account, "mistv2");
        config.extra = Map::from_iter([("reduceLatency".to_owned(), json!(true))]);
        assert!(config.has_speed());
        let speech = Speech { config };
        let manner = Manner {
            rate: None,
            sound: VoiceManner::default(),
            voice: "cove".to_owned(),
            language: "de-AT".to_owned(),
            speed: 1.5,
        };
        let expected = json!({
            "text": "Hi.", "speaker": "cove", "modelId": "mistv2", "samplingRate": 24_000,
            "lang": "ger", "speedAlpha": 0.667, "reduceLatency": true,
        });
        assert_eq!(speech.body("Hi.", &manner), expected);
        assert_eq!(speech.speaker_of("arcana_Luna"), ("arcana", "luna".into()));
        let (model, speaker) = speech.speaker_of("my_voice");
        assert_eq!((model, &*speaker), ("mistv2", "my_voice"));
    }
}
