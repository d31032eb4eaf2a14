//! Replies that are spoken piece by piece, over HTTP: one request for each piece, whose sound is handed
//! on as it comes. A vendor's folder says how a request looks.

use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechStream, SpokenText, TextSpan,
    VoiceManner,
};
use offhook_media::{SampleRate, WavReader};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::{Account, Failure, Pcm, SpeechLimits, malformed, refused, too_slow};

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

/// A connection that was used so long ago may be closed by now.
const USED_AGO_MAX: Duration = Duration::from_secs(60);

/// Files in formats that are not read, by their first bytes.
const OTHER_FORMATS: [(&[u8], &str); 4] = [
    (b"ID3", "MP3"),
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"RF64", "RF64"),
];

/// How a vendor is asked for the sound of a piece.
pub(crate) trait PieceDialect: Send + Sync + 'static {
    fn account(&self) -> &Account;

    fn limits(&self) -> SpeechLimits;

    /// The rate of the samples that come where they are no file, which says so itself.
    fn rate(&self, manner: &Manner) -> SampleRate;

    fn request(&self, http: &Client, text: &str, manner: &Manner) -> RequestBuilder;

    /// Whether the sound comes wrapped in something, and is read when it is whole.
    const IS_WRAPPED: bool = false;

    /// The sound that an answer holds.
    fn unwrapped(&self, answer: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
        Ok(answer)
    }
}

/// How a reply is spoken.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) voice: String,
    pub(crate) language: String,
    pub(crate) speed: f32,
    /// The rate that is wanted.
    pub(crate) rate: Option<SampleRate>,
    pub(crate) sound: VoiceManner,
}

#[derive(Debug)]
pub(crate) struct Speaker<D> {
    http: Client,
    dialect: D,
    begun: Instant,
    /// When the server was asked last, in milliseconds after `begun`, and one; 0 is never.
    asked: AtomicU64,
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
async fn speak<D: PieceDialect>(
    speaker: &Arc<Speaker<D>>,
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
                rate: speaker.dialect.rate(manner),
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

impl<D: PieceDialect> Speaker<D> {
    /// Whoever speaks so, reached through `http`.
    pub(crate) fn new(http: Client, dialect: D) -> Arc<Self> {
        Arc::new(Self {
            http,
            dialect,
            begun: Instant::now(),
            asked: AtomicU64::new(0),
        })
    }

    /// How it is asked.
    pub(crate) fn dialect(&self) -> &D {
        &self.dialect
    }

    /// Speaks a reply. Whether the server can be reached shows with the first piece; meanwhile a
    /// connection is made, where none is open any more.
    pub(crate) fn spoken(self: &Arc<Self>, manner: Manner) -> SpeechStream {
        let (text, texts) = mpsc::channel(EVENT_QUEUE);
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let (speaker, manner) = (self.clone(), Arc::new(manner));
        if speaker.is_cold() {
            let speaker = speaker.clone();
            tokio::spawn(async move { speaker.warm().await });
        }
        tokio::spawn(async move {
            tokio::select! {
                // Nobody listens: dropping the pieces ends their requests.
                () = sender.closed() => {}
                () = speak(&speaker, &manner, texts, &sender) => {}
            }
        });
        SpeechStream { text, events }
    }

    /// Whether the server was not asked for so long that connections to it may be closed. It is now.
    fn is_cold(&self) -> bool {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = now.saturating_add(1);
        let before = self.asked.swap(now, Ordering::Relaxed);
        let ago = Duration::from_millis(now.saturating_sub(before));
        before == 0 || ago > USED_AGO_MAX
    }

    /// Makes a connection. What is answered does not matter.
    async fn warm(&self) {
        let asked = self.http.head(&self.dialect.account().base_url).send();
        let _ = timeout(self.dialect.limits().first_audio, asked).await;
    }

    /// Asks for the sound of a piece; `None` where nothing in it can be said.
    fn ask_for(self: &Arc<Self>, piece: SpokenText, manner: &Arc<Manner>) -> Option<Asked> {
        if !piece.text.contains(char::is_alphanumeric) {
            return None;
        }
        let (sender, parts) = mpsc::channel(PARTS_AHEAD);
        let (speaker, manner) = (self.clone(), manner.clone());
        let span = piece.span;
        let task = tokio::spawn(async move {
            let mut pcm = Pcm::at(speaker.dialect.rate(&manner));
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
        let limits = self.dialect.limits();
        let begun = timeout(limits.first_audio, self.begin(text, manner)).await;
        let begun = begun.map_err(|_| self.too_slow(limits.first_audio))?;
        let (mut response, mut bytes) = begun?;
        if D::IS_WRAPPED || bytes.starts_with(b"RIFF") {
            let answer = self.whole(response, bytes).await?;
            let sound = self.dialect.unwrapped(answer)?;
            match sound.starts_with(b"RIFF") {
                true => pcm.push_samples(&self.samples_of(sound, manner)?),
                false => pcm.push(&sound),
            }
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
        let mut response = match self.ask(text, manner).await {
            Ok(response) => response,
            Err(failure) => match failure.retry_after {
                Some(wait) if wait <= RETRY_WAIT_MAX => {
                    sleep(wait).await;
                    let asked = self.ask(text, manner).await;
                    asked.map_err(|failure| failure.error)?
                }
                _ => return Err(failure.error),
            },
        };
        if !D::IS_WRAPPED {
            self.check_type(&response, manner)?;
        }
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

    async fn ask(&self, text: &str, manner: &Manner) -> Result<Response, Failure> {
        let provider = &self.dialect.account().provider;
        let response = self.dialect.request(&self.http, text, manner).send().await;
        let response = response.map_err(|problem| Failure::of_transport(provider, &problem))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refused(provider, response).await)
        }
    }

    /// Refuses answers that say themselves that they are no sound, or sound at another rate.
    fn check_type(&self, response: &Response, manner: &Manner) -> Result<(), ProviderError> {
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        if kind.starts_with("text/") || kind.contains("json") {
            return Err(self.malformed(format!("it sent {kind} where sound was asked for")));
        }
        let rate = kind
            .split(';')
            .find_map(|it| it.trim().strip_prefix("rate="));
        let expected = self.dialect.rate(manner);
        match rate.map(str::parse::<u32>) {
            Some(Ok(rate)) if kind.starts_with("audio/pcm") && rate != expected.hz() => Err(self
                .malformed(format!(
                    "its samples are at {rate} Hz where {expected} are expected"
                ))),
            _ => Ok(()),
        }
    }

    async fn chunk(&self, response: &mut Response) -> Result<Option<Vec<u8>>, ProviderError> {
        let limit = self.dialect.limits().next_audio;
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
    fn samples_of(&self, mut file: Vec<u8>, manner: &Manner) -> Result<Vec<i16>, ProviderError> {
        mend_length(&mut file);
        let wav = WavReader::new(Cursor::new(file)).and_then(WavReader::read_all);
        let wav = wav.map_err(|problem| self.malformed(format!("a WAV file: {problem}")))?;
        let samples = wav.mono_at(self.dialect.rate(manner));
        samples.map_err(|problem| self.malformed(format!("a WAV file: {problem}")))
    }

    fn too_slow(&self, waited: Duration) -> ProviderError {
        too_slow(&self.dialect.account().provider, waited)
    }

    fn malformed(&self, problem: String) -> ProviderError {
        malformed(&self.dialect.account().provider, problem)
    }

    fn broken(&self, problem: &reqwest::Error) -> ProviderError {
        Failure::of_transport(&self.dialect.account().provider, problem).error
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
