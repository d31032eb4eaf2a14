//! Aura's voices over the WebSocket `/v1/speak`. Held against a server that Deepgram's own client
//! takes for theirs; not against the platform itself.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ProviderError, SpeechAudio, SpeechRequest, SpeechStream, SpokenText, TextSpan, TextToSpeech,
    VoiceCapabilities,
};
use offhook_media::SampleRate;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use crate::hosted::{
    Account, Booth, Heard, Owed, Payload, Pcm, SpeechDialect, SpeechLimits, as_written, broke_off,
    check_name, check_speed, closed_early, malformed, rate_of, socket_url, spoken,
};

/// Rates of samples that are offered, in Hz.
const RATES: [u32; 5] = [8_000, 16_000, 24_000, 32_000, 48_000];

/// Slowest and fastest pace of the voices that have one.
const SPEED: RangeInclusive<f32> = 0.7..=1.5;

/// Voices that have a pace begin so.
const NEW_VOICES: &str = "aura-2-";

const DEFAULT_VOICE: &str = "aura-2-thalia-en";

/// Pieces that are asked for one by one. The platform heeds 20 flushes a minute and no more, so
/// that those of a long reply go together.
const SINGLE_PIECES: usize = 10;

/// Pieces that go together after [`SINGLE_PIECES`].
const TOGETHER: usize = 4;

const FLUSH: &str = r#"{"type":"Flush"}"#;

/// Which voices of which server.
#[derive(Debug, Clone)]
pub struct DeepgramVoiceConfig {
    /// The server, whose address ends in `/v1`, and its key.
    pub account: Account,
    /// Voices, which are models there, such as `aura-2-thalia-en`; the first is the default. Others
    /// may be asked for too: the server decides. The language is the voice's.
    pub voices: Vec<String>,
    /// 8,000, 16,000, 24,000, 32,000 or 48,000 Hz.
    pub rate: SampleRate,
    /// How long it may take.
    pub limits: SpeechLimits,
}

impl DeepgramVoiceConfig {
    /// One of the platform's voices, at 24 kHz.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self {
            account,
            voices: vec![DEFAULT_VOICE.to_owned()],
            rate: SampleRate::HZ_24000,
            limits: SpeechLimits::default(),
        }
    }
}

/// Deepgram's voices. One value serves many calls; each reply has a socket of its own. They know no
/// times of words.
#[derive(Debug, Clone)]
pub struct DeepgramVoice {
    config: Arc<DeepgramVoiceConfig>,
}

impl DeepgramVoice {
    /// A voice by its configuration.
    #[must_use]
    pub fn new(config: DeepgramVoiceConfig) -> Self {
        // Whoever comes first decides for the process; all choose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Arc::new(config);
        Self { config }
    }

    fn has_speed(&self) -> bool {
        let mut voices = self.config.voices.iter();
        voices.all(|it| it.starts_with(NEW_VOICES))
    }
}

#[async_trait]
impl TextToSpeech for DeepgramVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        VoiceCapabilities {
            voices: self.config.voices.clone(),
            has_native_speed: self.has_speed(),
            rate: self.config.rate,
        }
    }

    fn speed_range(&self) -> RangeInclusive<f32> {
        match self.has_speed() {
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
        let voice = request.voice.as_ref().or_else(|| config.voices.first());
        let voice = voice.map_or(DEFAULT_VOICE, String::as_str);
        check_name(account, "voice", voice)?;
        let rate = rate_of(config.rate, request.rate, &RATES);
        let hz = rate.hz();
        let mut path = format!("/speak?model={voice}&encoding=linear16&sample_rate={hz}");
        if (request.speed - 1.0).abs() > f32::EPSILON {
            path.push_str(&format!("&speed={}", as_written(request.speed)));
        }
        let key = account.key.as_ref();
        let booth = Booth {
            provider: account.provider.clone(),
            url: socket_url(account, &path)?,
            key: key.map(|key| (AUTHORIZATION, format!("Token {}", key.expose()))),
            limits: config.limits,
        };
        Ok(spoken(booth, Session::new(&account.provider, rate)))
    }
}

/// What was asked for. Sound comes without a name: it is of the first that is not whole.
#[derive(Debug)]
struct Session {
    provider: String,
    rate: SampleRate,
    pcm: Pcm,
    /// What was flushed and is not whole.
    asked: VecDeque<TextSpan>,
    /// What was sent and not flushed, and how many pieces that are.
    gathered: Option<(TextSpan, usize)>,
    flushes: usize,
}

impl Session {
    fn new(provider: &str, rate: SampleRate) -> Self {
        Self {
            provider: provider.to_owned(),
            rate,
            pcm: Pcm::at(rate),
            asked: VecDeque::new(),
            gathered: None,
            flushes: 0,
        }
    }

    fn flush(&mut self) -> Option<String> {
        let (span, _) = self.gathered.take()?;
        self.asked.push_back(span);
        self.flushes += 1;
        Some(FLUSH.to_owned())
    }

    fn owed(&self) -> Owed {
        match self.asked.is_empty() {
            true => Owed::Nothing,
            false => Owed::Rest,
        }
    }

    fn sound(&mut self, bytes: &[u8]) -> Option<SpeechAudio> {
        self.pcm.push(bytes);
        let samples = self.pcm.take();
        let gathered = || self.gathered.map(|(span, _)| span);
        let span = self.asked.front().copied().or_else(gathered)?;
        (!samples.is_empty()).then_some(SpeechAudio {
            samples,
            rate: self.rate,
            span,
            words: Vec::new(),
        })
    }
}

impl SpeechDialect for Session {
    fn opening(&mut self) -> Option<String> {
        None
    }

    fn piece(&mut self, piece: &SpokenText) -> Vec<String> {
        let text = json!({ "type": "Speak", "text": format!("{} ", piece.text.trim()) });
        let (span, count) = match self.gathered {
            Some((span, count)) => {
                let end = piece.span.end;
                (TextSpan { end, ..span }, count + 1)
            }
            None => (piece.span, 1),
        };
        self.gathered = Some((span, count));
        let mut messages = vec![text.to_string()];
        if self.flushes < SINGLE_PIECES || count >= TOGETHER {
            messages.extend(self.flush());
        }
        messages
    }

    fn ending(&mut self) -> Vec<String> {
        self.flush().into_iter().collect()
    }

    fn read(&mut self, message: &Payload) -> Result<Heard, ProviderError> {
        let mut heard = Heard::default();
        match message {
            Payload::Bytes(bytes) => heard.audio.extend(self.sound(bytes)),
            Payload::Text(text) => {
                let answer: Answer = serde_json::from_str(text).map_err(|problem| {
                    malformed(&self.provider, format!("a message: {problem}"))
                })?;
                match answer.r#type.as_str() {
                    "Flushed" => {
                        self.asked.pop_front();
                        self.pcm = Pcm::at(self.rate);
                    }
                    "Error" => return Err(answer.problem(&self.provider)),
                    _ => {}
                }
            }
        }
        heard.owed = self.owed();
        Ok(heard)
    }

    fn is_done(&self) -> bool {
        self.asked.is_empty() && self.gathered.is_none()
    }

    fn closed(&self, code: u16, words: &str) -> ProviderError {
        closed_early(&self.provider, code, words)
    }
}

/// One message of the server that is no sound.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    r#type: String,
    description: Option<String>,
    message: Option<String>,
    err_msg: Option<String>,
}

impl Answer {
    fn problem(&self, provider: &str) -> ProviderError {
        let words = [&self.description, &self.message, &self.err_msg];
        let words = words.into_iter().find_map(Option::as_deref);
        broke_off(provider, words, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reply_is_flushed_less_often_than_the_platform_heeds() {
        let mut session = Session::new("deepgram", SampleRate::HZ_8000);
        let mut flushes = 0;
        for at in 0..40 {
            let span = TextSpan {
                start: at * 5,
                end: at * 5 + 4,
            };
            let text = "Yes.".to_owned();
            let messages = session.piece(&SpokenText { text, span });
            flushes += messages.iter().filter(|it| *it == FLUSH).count();
        }
        flushes += session.ending().len();
        assert_eq!(flushes, 18);
        assert!(!session.is_done());
        assert_eq!(session.asked[9], TextSpan { start: 45, end: 49 });
        assert_eq!(session.asked[10], TextSpan { start: 50, end: 69 });
        for _ in 0..18 {
            assert!(!session.is_done());
            let flushed = r#"{"type":"Flushed","sequence_id":0}"#;
            session.read(&Payload::Text(flushed.into())).unwrap();
        }
        assert!(session.is_done());
    }
}
