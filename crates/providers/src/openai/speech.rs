//! Speech: one request for each piece of a reply, whose sound is streamed as it comes.

use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText,
    TextSpan, TextToSpeech, VoiceCapabilities,
};
use offhook_media::{SampleRate, WavReader};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::keyed;
use crate::hosted::{
    Account, Failure, Pcm, SpeechLimits, as_written, malformed, refused, too_slow,
};

/// How long a request that failed may wait before it is made once more. A caller is waiting.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(300);

/// Pieces whose sound is asked for at the same time: the one that is heard next, and one ahead.
const IN_FLIGHT_MAX: usize = 2;

/// Stretches of sound of one piece that may wait for those of the piece before.
const PARTS_AHEAD: usize = 16;

/// Bytes of a piece that comes as a file: three minutes at 24 kHz.
const FILE_BYTES_MAX: usize = 9 << 20;

/// Where the sound of a WAV file has begun by.
const HEAD_BYTES_MAX: usize = 4 << 10;

/// Voices of OpenAI's own models; `tts-1` and `tts-1-hd` have the first nine.
const VOICES: [&str; 13] = [
    "alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "ballad", "cedar",
    "marin", "verse",
];

/// How many of [`VOICES`] the older models have.
const OLD_VOICES: usize = 9;

/// Files in formats that are not read, by their first bytes.
const OTHER_FORMATS: [(&[u8], &str); 4] = [
    (b"ID3", "MP3"),
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"RF64", "RF64"),
];

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
    speaker: Arc<Speaker>,
}

#[derive(Debug)]
struct Speaker {
    http: reqwest::Client,
    config: OpenAiVoiceConfig,
}

impl OpenAiVoice {
    /// A voice that is reached through `http`.
    #[must_use]
    pub fn new(http: reqwest::Client, config: OpenAiVoiceConfig) -> Self {
        let speaker = Arc::new(Speaker { http, config });
        Self { speaker }
    }
}

#[async_trait]
impl TextToSpeech for OpenAiVoice {
    fn capabilities(&self) -> VoiceCapabilities {
        let config = &self.speaker.config;
        VoiceCapabilities {
            voices: config.voices.clone(),
            has_native_speed: config.has_speed,
            rate: config.rate,
        }
    }

    /// Fails only where the speed is one that does not act; whether the server can be reached and
    /// has the voice shows with the first piece.
    async fn open(&self, request: SpeechRequest) -> Result<SpeechStream, ProviderError> {
        let config = &self.speaker.config;
        let range = self.speed_range();
        if !range.contains(&request.speed) {
            return Err(ProviderError::Rejected {
                provider: config.account.provider.clone(),
                problem: format!(
                    "speed {} is out of range: use {} to {}",
                    request.speed,
                    range.start(),
                    range.end()
                ),
            });
        }
        let default = || config.voices.first().cloned();
        let voice = request.voice.or_else(default);
        let manner = Arc::new(Manner {
            voice: voice.unwrap_or_else(|| VOICES[0].to_owned()),
            speed: request.speed,
        });
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let speaker = self.speaker.clone();
        tokio::spawn(async move {
            tokio::select! {
                // Nobody listens: dropping the pieces ends their requests.
                () = sender.closed() => {}
                () = speak(&speaker, &manner, texts, &sender) => {}
            }
        });
        Ok(SpeechStream { text, events })
    }
}

/// How a reply is spoken.
#[derive(Debug)]
struct Manner {
    voice: String,
    speed: f32,
}

/// A piece whose sound was asked for. Dropping it ends the request.
#[derive(Debug)]
struct Asked {
    span: TextSpan,
    parts: mpsc::Receiver<Part>,
    task: JoinHandle<()>,
}

/// A stretch of sound, or why none follows.
type Part = Result<Vec<i16>, ProviderError>;

impl Drop for Asked {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Speaks what comes from `texts` into `events`, in order.
async fn speak(
    speaker: &Arc<Speaker>,
    manner: &Arc<Manner>,
    mut texts: mpsc::Receiver<SpokenText>,
    events: &mpsc::Sender<SpeechEvent>,
) {
    let mut asked: VecDeque<Asked> = VecDeque::new();
    let mut is_complete = false;
    while !is_complete || !asked.is_empty() {
        let has_room = !is_complete && asked.len() < IN_FLIGHT_MAX;
        let part = tokio::select! {
            biased;
            piece = texts.recv(), if has_room => {
                match piece {
                    Some(piece) => asked.extend(speaker.ask_for(piece, manner)),
                    None => is_complete = true,
                }
                continue;
            }
            part = next_part(&mut asked), if !asked.is_empty() => part,
        };
        let event = match part {
            Some((span, Ok(samples))) => SpeechEvent::Audio(SpeechAudio {
                samples,
                rate: speaker.config.rate,
                span,
                words: Vec::new(),
            }),
            Some((_, Err(problem))) => SpeechEvent::Failed(problem),
            None => {
                asked.pop_front();
                continue;
            }
        };
        let is_last = matches!(event, SpeechEvent::Failed(_));
        if events.send(event).await.is_err() || is_last {
            return;
        }
    }
}

/// The next of the first piece; `None` where it is over.
async fn next_part(asked: &mut VecDeque<Asked>) -> Option<(TextSpan, Part)> {
    let first = asked.front_mut()?;
    let part = first.parts.recv().await?;
    Some((first.span, part))
}

impl Speaker {
    /// Asks for the sound of a piece; `None` where nothing in it can be said.
    fn ask_for(self: &Arc<Self>, piece: SpokenText, manner: &Arc<Manner>) -> Option<Asked> {
        if !piece.text.contains(char::is_alphanumeric) {
            return None;
        }
        let (sender, parts) = mpsc::channel(PARTS_AHEAD);
        let (speaker, manner) = (self.clone(), manner.clone());
        let span = piece.span;
        let task = tokio::spawn(async move {
            let mut pcm = Pcm::at(speaker.config.rate);
            let read = speaker.read(&piece.text, &manner, &mut pcm, &sender).await;
            while let Some(samples) = pcm.last_part() {
                let _ = sender.send(Ok(samples)).await;
            }
            if let Err(problem) = read {
                let _ = sender.send(Err(problem)).await;
            }
        });
        Some(Asked { span, parts, task })
    }

    /// Hands the sound on as it comes; what is in `pcm` at the end is the rest.
    async fn read(
        &self,
        text: &str,
        manner: &Manner,
        pcm: &mut Pcm,
        parts: &mpsc::Sender<Part>,
    ) -> Result<(), ProviderError> {
        let limits = self.config.limits;
        let begun = timeout(limits.first_audio, self.begin(text, manner)).await;
        let begun = begun.map_err(|_| self.too_slow(limits.first_audio))?;
        let (mut response, mut bytes) = begun?;
        if bytes.starts_with(b"RIFF") {
            let file = self.whole(response, bytes).await?;
            pcm.push_samples(&self.samples_of(file)?);
            return Ok(());
        }
        let other = OTHER_FORMATS.iter().find(|it| bytes.starts_with(it.0));
        if let Some((_, name)) = other {
            return Err(self.malformed(format!("it sent {name} where samples were asked for")));
        }
        loop {
            pcm.push(&bytes);
            while let Some(samples) = pcm.next_part() {
                if parts.send(Ok(samples)).await.is_err() {
                    return Ok(());
                }
            }
            match self.chunk(&mut response).await? {
                Some(chunk) => bytes = chunk,
                None => return Ok(()),
            }
        }
    }

    /// The beginning of an answer and of its sound. What fails in passing is asked once more where
    /// that is soon.
    async fn begin(
        &self,
        text: &str,
        manner: &Manner,
    ) -> Result<(Response, Vec<u8>), ProviderError> {
        let body = self.body(text, manner);
        let mut response = match self.ask(&body).await {
            Ok(response) => response,
            Err(failure) => match failure.retry_after {
                Some(wait) if wait <= RETRY_WAIT_MAX => {
                    sleep(wait).await;
                    self.ask(&body).await.map_err(|failure| failure.error)?
                }
                _ => return Err(failure.error),
            },
        };
        self.check_type(&response)?;
        let mut bytes = Vec::new();
        // Four bytes tell samples from a file.
        while bytes.len() < 4 {
            let chunk = response.chunk().await;
            match chunk.map_err(|problem| self.broken(&problem))? {
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None if bytes.len() < 2 => {
                    return Err(self.malformed("it sent no sound".to_owned()));
                }
                None => break,
            }
        }
        Ok((response, bytes))
    }

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

    async fn ask(&self, body: &Value) -> Result<Response, Failure> {
        let account = &self.config.account;
        let sent = self.http.post(account.url("/audio/speech")).json(body);
        let response = keyed(sent, account).send().await;
        let response =
            response.map_err(|problem| Failure::of_transport(&account.provider, &problem))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refused(&account.provider, response).await)
        }
    }

    /// Refuses answers that say themselves that they are no sound, or sound at another rate.
    fn check_type(&self, response: &Response) -> Result<(), ProviderError> {
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        if kind.starts_with("text/") || kind.contains("json") {
            return Err(self.malformed(format!("it sent {kind} where sound was asked for")));
        }
        let rate = kind
            .split(';')
            .find_map(|it| it.trim().strip_prefix("rate="));
        let expected = self.config.rate;
        match rate.map(str::parse::<u32>) {
            Some(Ok(rate)) if kind.starts_with("audio/pcm") && rate != expected.hz() => Err(self
                .malformed(format!(
                    "its samples are at {rate} Hz where {expected} are expected"
                ))),
            _ => Ok(()),
        }
    }

    async fn chunk(&self, response: &mut Response) -> Result<Option<Vec<u8>>, ProviderError> {
        let limit = self.config.limits.next_audio;
        let chunk = timeout(limit, response.chunk()).await;
        let chunk = chunk.map_err(|_| self.too_slow(limit))?;
        let chunk = chunk.map_err(|problem| self.broken(&problem))?;
        Ok(chunk.map(|it| it.to_vec()))
    }

    /// Servers that ignore what format was asked for send a file, which must be whole to be read.
    async fn whole(
        &self,
        mut response: Response,
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, ProviderError> {
        while let Some(chunk) = self.chunk(&mut response).await? {
            if bytes.len() + chunk.len() > FILE_BYTES_MAX {
                let problem = format!("it sent a file of more than {FILE_BYTES_MAX} bytes");
                return Err(self.malformed(problem));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The sound of a WAV file, at the rate of this voice.
    fn samples_of(&self, mut file: Vec<u8>) -> Result<Vec<i16>, ProviderError> {
        mend_length(&mut file);
        let wav = WavReader::new(Cursor::new(file)).and_then(WavReader::read_all);
        let wav = wav.map_err(|problem| self.malformed(format!("a WAV file: {problem}")))?;
        let samples = wav.mono_at(self.config.rate);
        samples.map_err(|problem| self.malformed(format!("a WAV file: {problem}")))
    }

    fn too_slow(&self, waited: Duration) -> ProviderError {
        too_slow(&self.config.account.provider, waited)
    }

    fn malformed(&self, problem: String) -> ProviderError {
        malformed(&self.config.account.provider, problem)
    }

    fn broken(&self, problem: &reqwest::Error) -> ProviderError {
        Failure::of_transport(&self.config.account.provider, problem).error
    }
}

/// The length that a WAV file declares was written before it was known, where nothing or more than
/// the file is declared: it is as long as what came.
fn mend_length(file: &mut [u8]) {
    let head = file.get(..HEAD_BYTES_MAX.min(file.len()));
    let found = head.and_then(|head| head.windows(4).position(|it| it == b"data"));
    let Some(at) = found.map(|at| at + 4) else {
        return;
    };
    let left = file.len().saturating_sub(at + 4);
    if let Some([a, b, c, d]) = file.get_mut(at..at + 4) {
        let declared = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        if declared == 0 || declared > left {
            [*a, *b, *c, *d] = u32::MAX.to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let http = crate::hosted::http_client().unwrap();
        let speaker = Speaker { http, config };
        let body = |speed| {
            let voice = "ash".to_owned();
            speaker.body("Hi.", &Manner { voice, speed })
        };
        let expected = json!({
            "model": "tts-1", "input": "Hi.", "voice": "ash", "response_format": "pcm",
            "language": "de",
        });
        assert_eq!(body(1.0), expected);
        assert_eq!(body(1.2)["speed"], 1.2);
    }
}
