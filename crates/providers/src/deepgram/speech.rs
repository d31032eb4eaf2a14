//! The recogniser, and how a call's connection is spoken.

use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{ProviderError, SpeechToText, SttRequest, SttStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use super::wire;
use crate::hosted::{
    Account, ListeningDialect, ListeningLimits, Reading, Timed, TimedResult, listen, listening_url,
};

/// Where Deepgram's own servers are.
pub const BASE_URL: &str = "https://api.deepgram.com/v1";

/// Silence after which the server settles what was said; shorter ones lie within words.
const ENDPOINTING_MS: &str = "25";

const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
const FINALIZE: &str = r#"{"type":"Finalize"}"#;
pub(super) const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct DeepgramConfig {
    /// The server; its address begins with `https`, `wss`, `http` or `ws`, as [`BASE_URL`] does.
    pub account: Account,
    /// The model's name there, such as `nova-3`.
    pub model: String,
    /// How long things may take. The server hangs up after ten seconds without audio or a message.
    pub limits: ListeningLimits,
}

/// Recognition behind Deepgram's API. One value serves many calls.
#[derive(Debug, Clone)]
pub struct DeepgramSpeech {
    config: Arc<DeepgramConfig>,
}

impl DeepgramSpeech {
    /// A recogniser. Nothing is connected to before a call opens it.
    #[must_use]
    pub fn new(config: DeepgramConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl SpeechToText for DeepgramSpeech {
    /// Waits for the connection, so that a wrong key shows before the call begins.
    ///
    /// # Errors
    /// [`ProviderError::Rejected`] where the server refuses the key, the model or the language, or
    /// the address is none; [`ProviderError::Unavailable`] and [`ProviderError::TimedOut`] where two
    /// tries fail.
    async fn open(&self, request: SttRequest) -> Result<SttStream, ProviderError> {
        let nova = Nova {
            url: address(&self.config, &request)?,
            config: self.config.clone(),
        };
        listen(nova, &request).await
    }
}

/// The key, as all of the vendor's servers want it.
pub(super) fn key(account: &Account) -> Option<(HeaderName, String)> {
    let key = account.key.as_ref()?;
    Some((AUTHORIZATION, format!("Token {}", key.expose())))
}

/// One call, over `/v1/listen`.
struct Nova {
    config: Arc<DeepgramConfig>,
    url: String,
}

impl ListeningDialect for Nova {
    type Assembly = Timed;

    const IS_WELCOMED: bool = false;

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
        Message::text(FINALIZE)
    }

    fn keep_alive(&self) -> Message {
        Message::text(KEEP_ALIVE)
    }

    fn goodbye(&self) -> Option<Message> {
        Some(Message::text(CLOSE_STREAM))
    }

    fn read(&self, text: &str) -> Result<Reading<TimedResult>, String> {
        let results = wire::read(text)?;
        Ok(results.map_or(Reading::Nothing, |it| Reading::Heard(it.into())))
    }
}

/// Where recognition of a call is asked for.
fn address(config: &DeepgramConfig, request: &SttRequest) -> Result<String, ProviderError> {
    let rate = request.rate.hz().to_string();
    let fields = [
        ("model", config.model.as_str()),
        ("language", request.language.as_str()),
        ("encoding", "linear16"),
        ("sample_rate", rate.as_str()),
        ("channels", "1"),
        ("interim_results", "true"),
        ("punctuate", "true"),
        ("smart_format", "true"),
        // Else numbers are held back until it is certain that they are over.
        ("no_delay", "true"),
        // The call's own detector tells where speech begins and ends. Words are settled at each
        // pause, so that an answer to them can be begun.
        ("endpointing", ENDPOINTING_MS),
        ("vad_events", "false"),
    ];
    // Models before the third take words, later ones phrases.
    let name = match config.model.starts_with("nova-3") {
        true => "keyterm",
        false => "keywords",
    };
    let keywords = request.keywords.iter().map(|it| (name, it.as_str()));
    listening_url(
        &config.account,
        "/listen",
        fields.into_iter().chain(keywords),
    )
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::*;

    fn addressed(base: &str) -> Result<String, ProviderError> {
        let config = DeepgramConfig {
            account: Account::new("deepgram", base, None),
            model: "nova-3".into(),
            limits: ListeningLimits::default(),
        };
        let request = SttRequest {
            keywords: Vec::new(),
            rate: SampleRate::HZ_16000,
            language: "en & more".into(),
        };
        address(&config, &request)
    }

    /// What a model is told of keywords.
    fn told(model: &str) -> String {
        let config = DeepgramConfig {
            account: Account::new("deepgram", BASE_URL, None),
            model: model.into(),
            limits: ListeningLimits::default(),
        };
        let request = SttRequest {
            keywords: vec!["Glenn Miller".into()],
            rate: SampleRate::HZ_16000,
            language: "en".into(),
        };
        let url = address(&config, &request).unwrap();
        url["vad_events=false".len() + url.find("vad_events").unwrap()..].to_owned()
    }

    #[test]
    fn a_call_is_asked_for_with_its_rate_and_language() {
        assert_eq!(
            addressed(BASE_URL).unwrap(),
            "wss://api.deepgram.com/v1/listen?model=nova-3&language=en+%26+more&encoding=linear16\
             &sample_rate=16000&channels=1&interim_results=true&punctuate=true&smart_format=true&no_delay=true\
             &endpointing=25&vad_events=false"
        );
        let told = told("nova-3") + &told("nova-2-phonecall");
        assert_eq!(told, "&keyterm=Glenn+Miller&keywords=Glenn+Miller");
        let here = addressed("ws://127.0.0.1:9/v1/").unwrap();
        assert!(here.starts_with("ws://127.0.0.1:9/v1/listen?"));
        for wrong in ["", "api.deepgram.com", "ftp://a.test/v1"] {
            let problem = addressed(wrong).unwrap_err();
            assert!(
                matches!(problem, ProviderError::Rejected { .. }),
                "{problem}"
            );
        }
    }
}
