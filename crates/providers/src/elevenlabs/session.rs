//! One reply over one socket: pieces out as they are written, sound in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use offhook_contract::{ProviderError, SpeechAudio, SpeechEvent, SpokenText, WordTime};
use offhook_media::SampleRate;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::alignment::{Script, Stretch};
use super::voice::ElevenLabsVoiceConfig;
use super::wire::{Answer, ending, opening, piece, problem};
use crate::hosted::{Dialling, Failure, Pcm, Socket, dial, malformed, too_slow};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How long a connection that failed may wait before it is made once more. A caller is waiting.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(300);

/// Bytes of one message: a minute of sound at 48 kHz, in base64.
const MESSAGE_BYTES_MAX: usize = 8 << 20;

/// No wait in a reply is as long.
const FOREVER: Duration = Duration::from_secs(24 * 3_600);

const READ_BUFFER: usize = 16 << 10;

/// Where the server looks for the key.
const KEY: HeaderName = HeaderName::from_static("xi-api-key");

/// How and where a reply is spoken.
#[derive(Debug)]
pub(super) struct Manner {
    pub(super) url: String,
    pub(super) speed: f32,
}

/// Speaks what comes from `texts` into `events`.
pub(super) async fn speak(
    config: &ElevenLabsVoiceConfig,
    manner: &Manner,
    mut texts: mpsc::Receiver<SpokenText>,
    events: &mpsc::Sender<SpeechEvent>,
) -> Result<(), ProviderError> {
    let mut session = Session {
        config,
        socket: connect(config, &manner.url).await?,
        script: Script::default(),
        pcm: Pcm::at(config.rate),
        awaited: Awaited::Nothing,
    };
    let opening = opening(config.stability, config.similarity_boost, manner.speed);
    session.send(&opening).await?;
    let mut is_complete = false;
    let mut has_text = false;
    loop {
        let wait = session.wait();
        let message = tokio::select! {
            biased;
            text = texts.recv(), if !is_complete => {
                match text {
                    Some(text) if text.text.contains(char::is_alphanumeric) => {
                        has_text = true;
                        session.send_piece(&text).await?;
                    }
                    Some(_) => {}
                    None if !has_text => return Ok(()),
                    None => {
                        is_complete = true;
                        session.send(&ending()).await?;
                        session.awaited = session.awaited.max(Awaited::Rest);
                    }
                }
                continue;
            }
            message = timeout(wait, session.socket.next()) => {
                message.map_err(|_| too_slow(session.provider(), wait))?
            }
        };
        let Some(answer) = session.read(message)? else {
            continue;
        };
        for audio in session.sound(&answer)? {
            if events.send(SpeechEvent::Audio(audio)).await.is_err() {
                return Ok(());
            }
        }
        if answer.is_final == Some(true) && is_complete {
            return Ok(());
        }
        session.awaited = match is_complete {
            true => Awaited::Rest,
            false => Awaited::Nothing,
        };
    }
}

/// What the server owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited {
    /// Perhaps nothing: between two pieces nobody knows.
    Nothing,
    /// The rest of the sound, or that there is none.
    Rest,
    /// The first sound of a piece.
    Piece,
}

struct Session<'a> {
    config: &'a ElevenLabsVoiceConfig,
    socket: Socket,
    script: Script,
    pcm: Pcm,
    awaited: Awaited,
}

impl Session<'_> {
    fn provider(&self) -> &str {
        &self.config.account.provider
    }

    /// How long the next message may take.
    fn wait(&self) -> Duration {
        match self.awaited {
            Awaited::Nothing => FOREVER,
            Awaited::Rest => self.config.limits.next_audio,
            Awaited::Piece => self.config.limits.first_audio,
        }
    }

    async fn send_piece(&mut self, text: &SpokenText) -> Result<(), ProviderError> {
        self.script.add(text);
        self.send(&piece(text.text.trim())).await?;
        self.awaited = Awaited::Piece;
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> Result<(), ProviderError> {
        let text = Message::text(message.to_string());
        let sent = timeout(self.config.limits.next_audio, self.socket.send(text)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(broken)) => Err(self.why_closed(&broken).await),
            Err(_) => Err(too_slow(self.provider(), self.config.limits.next_audio)),
        }
    }

    /// What the server said before the connection broke, which tells more than that it broke.
    async fn why_closed(&mut self, broken: &SocketError) -> ProviderError {
        while let Ok(Some(message)) = timeout(RETRY_WAIT_MAX, self.socket.next()).await {
            if let Err(problem) = self.read(Some(message)) {
                return problem;
            }
        }
        self.lost(broken)
    }

    /// Reads a message; `None` where it says nothing.
    fn read(
        &self,
        message: Option<Result<Message, SocketError>>,
    ) -> Result<Option<Answer>, ProviderError> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                return Err(problem(self.provider(), code.into(), &reason));
            }
            Some(Ok(Message::Close(None))) | None => {
                return Err(self.unavailable("it closed the connection in the middle".to_owned()));
            }
            Some(Ok(_)) => return Ok(None),
            Some(Err(SocketError::Capacity(_))) => {
                let problem = format!("a message of more than {MESSAGE_BYTES_MAX} bytes");
                return Err(malformed(self.provider(), problem));
            }
            Some(Err(broken)) => return Err(self.lost(&broken)),
        };
        let answer: Answer = serde_json::from_str(&text)
            .map_err(|problem| malformed(self.provider(), format!("a message: {problem}")))?;
        match answer.problem(self.provider()) {
            Some(problem) => Err(problem),
            None => Ok(Some(answer)),
        }
    }

    /// The sound of a message, a stretch for each piece in it.
    fn sound(&mut self, answer: &Answer) -> Result<Vec<SpeechAudio>, ProviderError> {
        let Some(audio) = answer.audio.as_deref().filter(|it| !it.is_empty()) else {
            return Ok(Vec::new());
        };
        let bytes = STANDARD.decode(audio);
        let bytes =
            bytes.map_err(|problem| malformed(self.provider(), format!("sound: {problem}")))?;
        self.pcm.push(&bytes);
        let samples = self.pcm.take();
        let stretches = match &answer.alignment {
            Some(alignment) => self.script.read(alignment),
            None => self.script.read(&super::wire::Alignment::default()),
        };
        Ok(divided(samples, self.config.rate, stretches))
    }

    fn lost(&self, broken: &SocketError) -> ProviderError {
        self.unavailable(format!("the connection broke: {broken}"))
    }

    fn unavailable(&self, problem: String) -> ProviderError {
        ProviderError::Unavailable {
            provider: self.provider().to_owned(),
            problem,
        }
    }
}

/// Divides the sound of a message among the pieces that it says.
fn divided(samples: Vec<i16>, rate: SampleRate, stretches: Vec<Stretch>) -> Vec<SpeechAudio> {
    let at = |time: Duration| usize::try_from(rate.samples_in(time)).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = samples;
    // From the last to the first, so that each takes what is after it.
    for stretch in stretches.into_iter().rev() {
        let start = at(stretch.start).min(rest.len());
        let own = rest.split_off(start);
        if own.is_empty() {
            continue;
        }
        let moved = |word: WordTime| WordTime {
            span: word.span,
            start: word.start.saturating_sub(stretch.start),
            end: word.end.saturating_sub(stretch.start),
        };
        parts.push(SpeechAudio {
            samples: own,
            rate,
            span: stretch.piece,
            words: stretch.words.into_iter().map(moved).collect(),
        });
    }
    parts.reverse();
    parts
}

/// Connects; what fails in passing is tried once more where that is soon.
async fn connect(config: &ElevenLabsVoiceConfig, url: &str) -> Result<Socket, ProviderError> {
    match dialled(config, url).await {
        Ok(socket) => Ok(socket),
        Err(failure) => match failure.retry_after {
            Some(wait) if wait <= RETRY_WAIT_MAX => {
                sleep(wait).await;
                dialled(config, url).await.map_err(|failure| failure.error)
            }
            _ => Err(failure.error),
        },
    }
}

/// Connects once. One that took too long is not tried again: the caller has waited long enough.
async fn dialled(config: &ElevenLabsVoiceConfig, url: &str) -> Result<Socket, Failure> {
    let key = config.account.key.as_ref();
    let dialling = Dialling {
        provider: &config.account.provider,
        url,
        key: key.map(|key| (KEY, key.expose().to_owned())),
        read_buffer: READ_BUFFER,
        message_bytes_max: MESSAGE_BYTES_MAX,
        connect_max: CONNECT_MAX,
    };
    dial(dialling).await.map_err(|failure| match failure.error {
        ProviderError::TimedOut { .. } => Failure::lasting(failure.error),
        _ => failure,
    })
}

#[cfg(test)]
mod tests {
    use offhook_contract::TextSpan;

    use super::*;

    #[test]
    fn sound_is_divided_where_the_next_piece_begins() {
        let span = |start, end| TextSpan { start, end };
        let word = |start, end, from, to| WordTime {
            span: span(start, end),
            start: Duration::from_millis(from),
            end: Duration::from_millis(to),
        };
        let stretch = |piece, start, words| Stretch {
            piece,
            start: Duration::from_millis(start),
            words,
        };
        let stretches = vec![
            stretch(span(0, 4), 0, vec![word(0, 4, 0, 100)]),
            stretch(span(5, 8), 100, vec![word(5, 8, 120, 200)]),
        ];
        let samples: Vec<i16> = (0..1_600).collect();
        let parts = divided(samples.clone(), SampleRate::HZ_8000, stretches);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].samples, samples[..800]);
        assert_eq!(parts[1].samples, samples[800..]);
        assert_eq!(parts[0].words, [word(0, 4, 0, 100)]);
        assert_eq!(parts[1].words, [word(5, 8, 20, 100)]);
        assert!(divided(samples, SampleRate::HZ_8000, Vec::new()).is_empty());
    }
}
