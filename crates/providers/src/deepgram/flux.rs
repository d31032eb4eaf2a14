//! Flux, `/v2/listen`: recognition in turns.
//!
//! The call's own detector says where an utterance ends, so the server's is put out of action and
//! told to end its turn there. It ends it with the words that it has by then. Those that it hears
//! later come with its next turn, so an utterance is settled only once all of its audio was heard.

use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderName;

use super::speech::{CLOSE_STREAM, key};
use crate::hosted::{
    self, Account, ListeningDialect, ListeningLimits, Reading, Timed, TimedResult, bare_language,
    broken_off, listen, listening_url, misread,
};

const FORCE_END_TURN: &str = r#"{"type":"ForceEndTurn"}"#;

/// Models that are told languages end so.
const MULTILINGUAL: &str = "-multi";

/// Which Flux model of which server.
#[derive(Debug, Clone)]
pub struct DeepgramFluxConfig {
    /// The server, by the same address as for its other models: a `/v1` at its end is left out.
    pub account: Account,
    /// The model's name there, such as `flux-general-en`.
    pub model: String,
    /// Words and phrases that are likely to be said.
    pub keyterms: Vec<String>,
    /// How long things may take.
    pub limits: ListeningLimits,
}

impl DeepgramFluxConfig {
    /// A model without words of its own.
    #[must_use]
    pub fn new(account: Account, model: &str) -> Self {
        Self {
            account,
            model: model.to_owned(),
            keyterms: Vec::new(),
            limits: ListeningLimits::default(),
        }
    }
}

/// Recognition by Deepgram's Flux models. One value serves many calls.
#[derive(Debug, Clone)]
pub struct DeepgramFlux {
    config: Arc<DeepgramFluxConfig>,
}

impl DeepgramFlux {
    /// A recogniser. Nothing is connected to before a call opens it.
    #[must_use]
    pub fn new(config: DeepgramFluxConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl SpeechToText for DeepgramFlux {
    /// Waits for the connection, so that a wrong key shows before the call begins.
    ///
    /// # Errors
    /// [`ProviderError::Rejected`] where the server refuses the key or the model, or the address is
    /// none; [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two tries fail.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let flux = Flux {
            url: address(&self.config, &request)?,
            config: self.config.clone(),
        };
        listen(flux, &request).await
    }
}

/// One call.
struct Flux {
    config: Arc<DeepgramFluxConfig>,
    url: String,
}

impl ListeningDialect for Flux {
    type Assembly = Timed;

    const IS_WELCOMED: bool = true;

    fn account(&self) -> &Account {
        &self.config.account
    }

    fn limits(&self) -> ListeningLimits {
        self.config.limits
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn key(&self) -> Option<(HeaderName, String)> {
        key(&self.config.account)
    }

    fn finalise(&self) -> Message {
        Message::text(FORCE_END_TURN)
    }

    fn goodbye(&self) -> Option<Message> {
        Some(Message::text(CLOSE_STREAM))
    }

    fn read(&self, text: &str) -> Result<Reading<TimedResult>, String> {
        let event: Event = serde_json::from_str(text).map_err(|problem| misread(&problem))?;
        Ok(match event {
            Event::Connected => Reading::Ready,
            Event::TurnInfo(info) => Reading::Heard(info.into()),
            Event::Error { description } => {
                let provider = &self.config.account.provider;
                Reading::Failed(broken_off(provider, &description))
            }
            Event::Other => Reading::Nothing,
        })
    }
}

/// What the server says; what is not known is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Event {
    Connected,
    TurnInfo(TurnInfo),
    Error {
        #[serde(default)]
        description: String,
    },
    #[serde(other)]
    Other,
}

/// A turn as it is believed, or settled. Seconds are those of the connection's audio.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TurnInfo {
    event: String,
    audio_window_start: f64,
    /// All audio up to here was heard.
    audio_window_end: f64,
    transcript: String,
    words: Vec<Word>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Word {
    word: String,
    start: Option<f64>,
    end: Option<f64>,
}

impl From<TurnInfo> for TimedResult {
    fn from(info: TurnInfo) -> Self {
        let words = info.words.into_iter().map(|word| {
            Some(hosted::TimedWord {
                text: word.word,
                start: word.start?,
                end: word.end?,
            })
        });
        // Without the times of all words, they are one.
        let words: Option<Vec<_>> = words.collect();
        Self {
            start: info.audio_window_start,
            end: info.audio_window_end,
            is_final: info.event == "EndOfTurn",
            is_answer: false,
            is_pause: info.event == "EagerEndOfTurn",
            text: info.transcript,
            words: words.unwrap_or_default(),
        }
    }
}

/// Where recognition of a call is asked for.
fn address(config: &DeepgramFluxConfig, request: &SttRequest) -> Result<String, ProviderError> {
    let mut account = config.account.clone();
    if let Some(base) = account.base_url.strip_suffix("/v1") {
        account.base_url = base.to_owned();
    }
    let rate = request.rate.hz().to_string();
    let language = bare_language(&request.language);
    let language = language.filter(|_| config.model.ends_with(MULTILINGUAL));
    let fields = [
        ("model", config.model.as_str()),
        ("encoding", "linear16"),
        ("sample_rate", rate.as_str()),
        // The call's own detector tells where turns end.
        ("eot_threshold", "1.0"),
        // Where the caller may have ended, so that an answer can be begun.
        ("eager_eot_threshold", "0.5"),
    ];
    let languages = language.iter().map(|it| ("language_hint", it.as_str()));
    let keyterms = config.keyterms.iter().chain(&request.keywords);
    let keyterms = keyterms.map(|it| ("keyterm", it.as_str()));
    let fields = fields.into_iter().chain(languages).chain(keyterms);
    listening_url(&account, "/v2/listen", fields)
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::*;

    #[test]
    fn a_call_is_asked_for_at_the_second_version() {
        let account = Account::new("deepgram", super::super::BASE_URL, None);
        let mut config = DeepgramFluxConfig::new(account, "flux-general-en");
        let mut request = SttRequest {
            keywords: Vec::new(),
            rate: SampleRate::HZ_8000,
            language: "de-DE".into(),
        };
        let asked = "wss://api.deepgram.com/v2/listen?model=flux-general-en&encoding=linear16\
                     &sample_rate=8000&eot_threshold=1.0&eager_eot_threshold=0.5";
        assert_eq!(address(&config, &request).unwrap(), asked);
        config.model = "flux-general-multi".into();
        config.keyterms = vec!["Offhook".into()];
        request.keywords = vec!["Nguyen & Co".into()];
        let url = address(&config, &request).unwrap();
        let more = "&language_hint=de&keyterm=Offhook&keyterm=Nguyen+%26+Co";
        assert!(url.ends_with(more), "{url}");
    }
}
