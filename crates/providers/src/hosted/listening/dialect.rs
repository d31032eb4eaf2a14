//! What a vendor says of how its live recognition is spoken.

use offhook_media::SampleRate;
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::ListeningLimits;
use super::assembly::Assembly;
use crate::hosted::{Account, Failure};

/// What goes over the socket of one call, the same for each of its connections.
pub(crate) trait ListeningDialect: Send + Sync + 'static {
    /// How words find their utterance.
    type Assembly: Assembly;

    /// Whether audio waits until the server has said that it is [ready](Reading::Ready).
    const IS_WELCOMED: bool;

    /// Milliseconds of the shortest audio that goes by itself, and of the longest.
    const MESSAGE_MS: (u32, u32) = (0, 100);

    fn account(&self) -> &Account;

    fn limits(&self) -> ListeningLimits;

    fn url(&self) -> &str;

    /// The header with the key, as the server wants it; `None` where it asks for none.
    fn key(&self) -> Option<(HeaderName, String)>;

    /// Of the audio that the server is sent, where a call has audio at `rate`.
    fn rate(&self, rate: SampleRate) -> SampleRate {
        rate
    }

    /// What goes before all audio.
    fn opening(&self) -> Option<Message> {
        None
    }

    /// What goes before the audio of a segment.
    fn beginning(&self) -> Option<Message> {
        None
    }

    /// Audio, 16-bit little endian.
    fn audio(&self, samples: Vec<u8>) -> Message {
        Message::Binary(Bytes::from(samples))
    }

    /// Asks for what was said up to here, settled.
    fn finalise(&self) -> Message;

    /// Says that the call goes on.
    fn keep_alive(&self) -> Message {
        Message::Ping(Bytes::new())
    }

    /// What goes last; `None` where the end of the connection says it.
    fn goodbye(&self) -> Option<Message> {
        None
    }

    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, without its words.
    fn read(&self, text: &str) -> Result<Reading<HeardBy<Self>>, String>;

    /// What it means that the server hangs up with a code and in its words, where that says more
    /// than that the connection is gone.
    fn closed(&self, code: u16, words: &str) -> Option<Failure> {
        let _ = (code, words);
        None
    }
}

/// What the assembly of a dialect takes.
pub(crate) type HeardBy<Dialect> = <<Dialect as ListeningDialect>::Assembly as Assembly>::Heard;

/// What a message of the server says.
#[derive(Debug)]
pub(crate) enum Reading<Heard> {
    /// Nothing about words.
    Nothing,
    /// It takes audio from now on.
    Ready,
    Heard(Heard),
    /// It cannot go on. Where that passes, another connection is made.
    Failed(Failure),
}
