//! Replies that are spoken over sockets, one each: pieces out as they are written, sound in. A
//! vendor's folder says what goes over the socket.

use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use offhook_contract::{
    EVENT_QUEUE, ProviderError, SpeechAudio, SpeechEvent, SpeechStream, SpokenText,
};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Error as SocketError, Message, Utf8Bytes};

use super::{Account, Dialling, Failure, Socket, SpeechLimits, dial, malformed, too_slow};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How long a connection that failed may wait before it is made once more. A caller is waiting.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(300);

/// Bytes of one message: a minute of sound at 48 kHz, in base64.
const MESSAGE_BYTES_MAX: usize = 8 << 20;

/// No wait in a reply is as long.
const FOREVER: Duration = Duration::from_secs(24 * 3_600);

const READ_BUFFER: usize = 16 << 10;

/// Where a reply is spoken.
#[derive(Debug)]
pub(crate) struct Booth {
    pub(crate) provider: String,
    pub(crate) url: String,
    /// The header with the key, as the server wants it; `None` where it asks for none.
    pub(crate) key: Option<(HeaderName, String)>,
    pub(crate) limits: SpeechLimits,
}

/// What goes over the socket for one reply.
pub(crate) trait SpeechDialect: Send + 'static {
    /// What goes before all pieces.
    fn opening(&mut self) -> Option<String>;

    /// A piece, which has something to say in it.
    fn piece(&mut self, piece: &SpokenText) -> Vec<String>;

    /// No further piece comes.
    fn ending(&mut self) -> Vec<String>;

    /// Reads a message of the server.
    fn read(&mut self, message: &Payload) -> Result<Heard, ProviderError>;

    /// Whether all that was sent is spoken, and nothing more is to come.
    fn is_done(&self) -> bool;

    /// What it means that the server closes the socket, with its code and in its words.
    fn closed(&self, code: u16, words: &str) -> ProviderError;
}

/// A message of the server.
#[derive(Debug)]
pub(crate) enum Payload {
    Text(Utf8Bytes),
    Bytes(Bytes),
}

/// What a message of the server says.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) audio: Vec<SpeechAudio>,
    /// What goes back to the server.
    pub(crate) answers: Vec<String>,
    pub(crate) owed: Owed,
}

/// What the server owes after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Owed {
    /// Nothing, until there is another piece.
    #[default]
    Nothing,
    /// The rest of the sound, or word that there is none.
    Rest,
    /// The first sound of a piece.
    Piece,
}

/// Speaks a reply at `booth`. The connection is made while the reply is being written: whether it
/// stands shows with the first piece.
pub(crate) fn spoken(booth: Booth, dialect: impl SpeechDialect) -> SpeechStream {
    let (text, texts) = mpsc::channel(EVENT_QUEUE);
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    tokio::spawn(async move {
        tokio::select! {
            // Nobody listens: dropping the socket ends what is being made.
            () = sender.closed() => {}
            spoken = speak(&booth, dialect, texts, &sender) => {
                if let Err(problem) = spoken {
                    let _ = sender.send(SpeechEvent::Failed(problem)).await;
                }
            }
        }
    });
    SpeechStream { text, events }
}

async fn speak(
    booth: &Booth,
    dialect: impl SpeechDialect,
    mut texts: mpsc::Receiver<SpokenText>,
    events: &mpsc::Sender<SpeechEvent>,
) -> Result<(), ProviderError> {
    let socket = booth.connect().await?;
    let mut session = Session {
        booth,
        socket,
        dialect,
        owed: Owed::Nothing,
    };
    let opening = session.dialect.opening();
    session.send(opening).await?;
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
                        let messages = session.dialect.piece(&text);
                        session.send(messages).await?;
                        session.owed = Owed::Piece;
                    }
                    Some(_) => {}
                    None if !has_text => return Ok(()),
                    None => {
                        is_complete = true;
                        let messages = session.dialect.ending();
                        session.send(messages).await?;
                        session.owed = session.owed.max(Owed::Rest);
                        if session.dialect.is_done() {
                            return Ok(());
                        }
                    }
                }
                continue;
            }
            message = timeout(wait, session.socket.next()) => {
                message.map_err(|_| too_slow(&booth.provider, wait))?
            }
        };
        let Some(heard) = session.read(message)? else {
            continue;
        };
        session.send(heard.answers).await?;
        for audio in heard.audio {
            if events.send(SpeechEvent::Audio(audio)).await.is_err() {
                return Ok(());
            }
        }
        if is_complete && session.dialect.is_done() {
            return Ok(());
        }
        session.owed = match is_complete {
            true => heard.owed.max(Owed::Rest),
            false => heard.owed,
        };
    }
}

struct Session<'a, D> {
    booth: &'a Booth,
    socket: Socket,
    dialect: D,
    owed: Owed,
}

impl<D: SpeechDialect> Session<'_, D> {
    /// How long the next message may take.
    fn wait(&self) -> Duration {
        match self.owed {
            Owed::Nothing => FOREVER,
            Owed::Rest => self.booth.limits.next_audio,
            Owed::Piece => self.booth.limits.first_audio,
        }
    }

    async fn send(
        &mut self,
        messages: impl IntoIterator<Item = String>,
    ) -> Result<(), ProviderError> {
        let limit = self.booth.limits.next_audio;
        for message in messages {
            let sent = timeout(limit, self.socket.send(Message::text(message))).await;
            match sent {
                Ok(Ok(())) => {}
                Ok(Err(broken)) => return Err(self.why_closed(&broken).await),
                Err(_) => return Err(too_slow(&self.booth.provider, limit)),
            }
        }
        Ok(())
    }

    /// What the server said before the connection broke, which tells more than that it broke.
    async fn why_closed(&mut self, broken: &SocketError) -> ProviderError {
        while let Ok(Some(message)) = timeout(RETRY_WAIT_MAX, self.socket.next()).await {
            if let Err(problem) = self.read(Some(message)) {
                return problem;
            }
        }
        self.booth.lost(broken)
    }

    /// Reads a message; `None` where it says nothing.
    fn read(
        &mut self,
        message: Option<Result<Message, SocketError>>,
    ) -> Result<Option<Heard>, ProviderError> {
        let payload = match message {
            Some(Ok(Message::Text(text))) => Payload::Text(text),
            Some(Ok(Message::Binary(bytes))) => Payload::Bytes(bytes),
            Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                return Err(self.dialect.closed(code.into(), &reason));
            }
            Some(Ok(Message::Close(None))) | None => {
                let problem = "it closed the connection in the middle".to_owned();
                return Err(self.booth.unavailable(problem));
            }
            Some(Ok(_)) => return Ok(None),
            Some(Err(SocketError::Capacity(_))) => {
                let problem = format!("a message of more than {MESSAGE_BYTES_MAX} bytes");
                return Err(malformed(&self.booth.provider, problem));
            }
            Some(Err(broken)) => return Err(self.booth.lost(&broken)),
        };
        self.dialect.read(&payload).map(Some)
    }
}

impl Booth {
    /// Connects; what fails in passing is tried once more where that is soon.
    async fn connect(&self) -> Result<Socket, ProviderError> {
        match self.dialled().await {
            Ok(socket) => Ok(socket),
            Err(failure) => match failure.retry_after {
                Some(wait) if wait <= RETRY_WAIT_MAX => {
                    sleep(wait).await;
                    self.dialled().await.map_err(|failure| failure.error)
                }
                _ => Err(failure.error),
            },
        }
    }

    /// Connects once. One that took too long is not tried again: the caller has waited long enough.
    async fn dialled(&self) -> Result<Socket, Failure> {
        let dialling = Dialling {
            provider: &self.provider,
            url: &self.url,
            key: self.key.clone(),
            read_buffer: READ_BUFFER,
            message_bytes_max: MESSAGE_BYTES_MAX,
            connect_max: CONNECT_MAX,
        };
        dial(dialling).await.map_err(|failure| match failure.error {
            ProviderError::TimedOut { .. } => Failure::lasting(failure.error),
            _ => failure,
        })
    }

    fn lost(&self, broken: &SocketError) -> ProviderError {
        self.unavailable(format!("the connection broke: {broken}"))
    }

    fn unavailable(&self, problem: String) -> ProviderError {
        ProviderError::Unavailable {
            provider: self.provider.clone(),
            problem,
        }
    }
}

/// A server that closes the socket before all is said, with its code and in its words: trouble that
/// another try may not meet.
pub(crate) fn closed_early(provider: &str, code: u16, words: &str) -> ProviderError {
    const WORDS_MAX: usize = 300;
    let words: String = words.chars().take(WORDS_MAX).collect();
    let problem = match words.is_empty() {
        true => format!("it closed the connection in the middle ({code})"),
        false => format!("{code}: {words}"),
    };
    ProviderError::Unavailable {
        provider: provider.to_owned(),
        problem,
    }
}

/// Sound that is written in base64.
pub(crate) fn decoded(provider: &str, sound: &str) -> Result<Vec<u8>, ProviderError> {
    let bytes = STANDARD.decode(sound);
    bytes.map_err(|problem| malformed(provider, format!("sound: {problem}")))
}

/// The address of a socket below that of an account.
pub(crate) fn socket_url(account: &Account, path: &str) -> Result<String, ProviderError> {
    let url = account.url(path);
    match url.strip_prefix("http") {
        Some(rest) => Ok(format!("ws{rest}")),
        None => Err(rejected(
            account,
            "its address does not begin with http".to_owned(),
        )),
    }
}

/// Refuses a speed that does not act.
pub(crate) fn check_speed(
    account: &Account,
    speed: f32,
    range: &RangeInclusive<f32>,
) -> Result<(), ProviderError> {
    if range.contains(&speed) {
        return Ok(());
    }
    let (slowest, fastest) = (range.start(), range.end());
    let problem = format!("speed {speed} is out of range: use {slowest} to {fastest}");
    Err(rejected(account, problem))
}

/// Refuses a name that would not stay in its place in an address.
pub(crate) fn check_name(account: &Account, what: &str, name: &str) -> Result<(), ProviderError> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(rejected(account, format!("`{name}` is no id of a {what}")))
}

/// The language of a tag without its region, such as `en` of `en-US`.
pub(crate) fn bare_language(tag: &str) -> Option<String> {
    let language = tag.split(['-', '_']).next().unwrap_or_default();
    let is_one = !language.is_empty() && language.chars().all(|it| it.is_ascii_alphabetic());
    is_one.then(|| language.to_ascii_lowercase())
}

fn rejected(account: &Account, problem: String) -> ProviderError {
    ProviderError::Rejected {
        provider: account.provider.clone(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_languages_are_checked() {
        let account = Account::new("voices", "https://a.test/", None);
        for name in ["aura-2-thalia-en", "v1.5", "a_b"] {
            assert_eq!(check_name(&account, "voice", name), Ok(()), "{name}");
        }
        for name in ["", "../a", ".", "a/b", "a b", "a?b"] {
            assert!(check_name(&account, "voice", name).is_err(), "{name}");
        }
        assert_eq!(bare_language("de-AT").as_deref(), Some("de"));
        assert_eq!(bare_language("EN").as_deref(), Some("en"));
        assert_eq!(bare_language("&x"), None);
        let url = socket_url(&account, "/v1/speak").unwrap();
        assert_eq!(url, "wss://a.test/v1/speak");
    }
}
