//! The recogniser, and how a connection is asked for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{EVENT_QUEUE, ProviderError, SpeechToText, SttRequest, SttStream};
use reqwest::Url;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::link::dialled;
use super::live::Live;
use crate::hosted::Account;

/// Where Deepgram's own servers are.
pub const BASE_URL: &str = "https://api.deepgram.com/v1";

/// Before the one further try where a call's first connection fails in passing.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeepgramLimits {
    /// Until a connection is made.
    pub connect: Duration,
    /// From the end of an utterance to its text; then what is known is given.
    pub finalise: Duration,
    /// Without audio, until the server is told that the call goes on. It hangs up after ten seconds.
    pub keep_alive: Duration,
}

impl Default for DeepgramLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            finalise: Duration::from_secs(1),
            keep_alive: Duration::from_secs(4),
        }
    }
}

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct DeepgramConfig {
    /// The server; its address begins with `https`, `wss`, `http` or `ws`, as [`BASE_URL`] does.
    pub account: Account,
    /// The model's name there, such as `nova-3`.
    pub model: String,
    /// How long things may take.
    pub limits: DeepgramLimits,
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
        // Whoever comes first decides for the process; all choose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
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
        let url = address(&self.config, &request)?;
        let socket = match dialled(&self.config, &url).await {
            Err(failure) if failure.retry_after.is_some() => {
                sleep(FIRST_RETRY).await;
                dialled(&self.config, &url).await
            }
            first => first,
        };
        let socket = socket.map_err(|failure| failure.error)?;
        let (input, inputs) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let live = Live::new(self.config.clone(), url, request.rate, sender, socket);
        tokio::spawn(live.run(inputs));
        Ok(SttStream { input, events })
    }
}

/// Where recognition of a call is asked for.
fn address(config: &DeepgramConfig, request: &SttRequest) -> Result<String, ProviderError> {
    let base = config.account.url("/listen");
    let rejected = |problem: String| ProviderError::Rejected {
        provider: config.account.provider.clone(),
        problem: format!("{base:?} is no address of it: {problem}"),
    };
    let mut url = Url::parse(&base).map_err(|problem| rejected(problem.to_string()))?;
    let scheme = match url.scheme() {
        "https" | "wss" => "wss",
        "http" | "ws" => "ws",
        _ => return Err(rejected("it begins with neither https nor wss".into())),
    };
    if url.set_scheme(scheme).is_err() {
        return Err(rejected("it has no host".into()));
    }
    let rate = request.rate.hz().to_string();
    url.query_pairs_mut().extend_pairs([
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
        // The call's own detector tells where speech begins and ends.
        ("endpointing", "false"),
        ("vad_events", "false"),
    ]);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::*;

    fn addressed(base: &str) -> Result<String, ProviderError> {
        let config = DeepgramConfig {
            account: Account::new("deepgram", base, None),
            model: "nova-3".into(),
            limits: DeepgramLimits::default(),
        };
        let request = SttRequest {
            rate: SampleRate::HZ_16000,
            language: "en & more".into(),
        };
        address(&config, &request)
    }

    #[test]
    fn a_call_is_asked_for_with_its_rate_and_language() {
        assert_eq!(
            addressed(BASE_URL).unwrap(),
            "wss://api.deepgram.com/v1/listen?model=nova-3&language=en+%26+more&encoding=linear16\
             &sample_rate=16000&channels=1&interim_results=true&punctuate=true&smart_format=true&no_delay=true\
             &endpointing=false&vad_events=false"
        );
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
