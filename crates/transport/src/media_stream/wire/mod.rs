//! What passes over a media stream, as pure code: a [`Dialect`] reads a carrier's messages and
//! writes ours. A carrier gets a file.

mod asterisk;
mod audiohook;
mod exotel;
mod freeswitch;
mod jambonz;
mod plivo;
mod reading;
mod telnyx;
mod twilio;
mod vonage;
mod writing;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use offhook_media::{Codec, SampleRate};

pub use asterisk::Asterisk;
pub use audiohook::AudioHook;
pub use exotel::Exotel;
pub use freeswitch::FreeSwitch;
pub use jambonz::Jambonz;
pub use plivo::Plivo;
pub use telnyx::Telnyx;
pub use twilio::Twilio;
pub use vonage::Vonage;

/// The messages of one carrier, for one stream.
pub trait Dialect: Send + Sized + 'static {
    /// The name of the transport in logs and reports.
    const NAME: &'static str;

    /// Whether the caller's audio comes in binary messages that hold nothing else; else it is base64 in
    /// texts.
    const IS_BINARY: bool = false;

    /// The subprotocol that the carrier asks for.
    const SUBPROTOCOL: Option<&'static str> = None;

    /// The fewest bytes of audio that a message of ours has; less waits for more, or is filled up with
    /// silence.
    const CHUNK_BYTES: usize = 0;

    /// Whether the carrier, once it has the agent's farewell, asks to close.
    const IS_CLOSED_BY_CARRIER: bool = false;

    /// Reads one message of the carrier.
    ///
    /// # Errors
    /// [`WireProblem`] for what is no message of this carrier.
    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem>;

    /// What is written to a stream that began so.
    fn to_stream(start: &StreamStart) -> Self;

    /// Whether the carrier only tries whether somebody is there: then there is no call.
    fn is_probe(_start: &StreamStart) -> bool {
        false
    }

    /// Takes note of how many texts the carrier has sent, before something is written.
    fn note_heard(&self, _texts: u64) {}

    /// Adds the message that answers the start, where one does.
    fn write_opened(&self, _message: &mut BytesMut) {}

    /// Adds the message that answers a question.
    fn write_answer(&self, _question: Question, _message: &mut BytesMut) {}

    /// Adds the message that refuses a stream which has started, where closing the socket does not.
    fn write_refusal(&self, _reason: &str, _message: &mut BytesMut) {}

    /// Whether ours goes so too.
    fn sends_binary(&self) -> bool {
        Self::IS_BINARY
    }

    /// Adds the message that plays `audio`, encoded as the stream's start says; where audio is binary,
    /// that audio.
    fn write_media(&self, audio: &[u8], message: &mut BytesMut);

    /// Adds the message that asks to be told when all audio before it was played, or dropped.
    /// `name` has letters, digits and dots.
    fn write_mark(&self, name: &str, message: &mut BytesMut);

    /// Adds the message that drops all audio which was not played yet.
    fn write_clear(&self, message: &mut BytesMut);

    /// Adds the message that drops the marks of such audio, where a clear leaves them.
    fn write_forget(&self, _message: &mut BytesMut) {}

    /// Adds the message with which the agent hangs up, where closing the socket does not say so.
    fn write_farewell(&self, _message: &mut BytesMut) {}
}

/// What a carrier says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarrierMessage<'t> {
    /// The stream begins. It comes once, before the first audio.
    Start(Box<StreamStart>),
    /// Audio of the caller.
    Media {
        /// Of any length.
        base64: Cow<'t, str>,
        /// Its place among all audio of the stream, counted from 1, where the carrier does not
        /// promise to send it in order.
        chunk: Option<u64>,
    },
    /// A key was pressed.
    Dtmf(char),
    /// All audio before this mark was played, or dropped by a clear.
    Mark(Cow<'t, str>),
    /// Whether the carrier takes more audio than it has.
    Flow {
        /// If not, none is to be sent until it does again.
        is_open: bool,
    },
    /// Something that wants an answer.
    Asked(Question),
    /// The stream is over.
    Stop,
    /// A message of which a call has no use.
    Unused,
}

/// What a carrier wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether somebody is there.
    Ping,
    /// To close: the call is over.
    Close,
}

/// How a stream begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamStart {
    /// The carrier's id of the stream.
    pub stream_id: String,
    /// The carrier's id of the call; empty where it says none.
    pub call_id: String,
    /// How the caller's audio is coded.
    pub codec: Codec,
    /// How ours is to be.
    pub codec_back: Codec,
    /// The rate of the caller's audio, which is brought to [`Self::rate`] where it is another.
    pub rate_heard: SampleRate,
    /// The rate of ours, and of the leg.
    pub rate: SampleRate,
    /// How its messages are written.
    pub wording: Wording,
    /// What whoever asked for the stream gave along.
    pub parameters: BTreeMap<String, String>,
}

/// In which of its ways a carrier writes its messages, where it has two; it is answered in the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wording {
    /// The first, or only one.
    #[default]
    Usual,
    /// The second.
    Other,
}

/// Text that is no message of a carrier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireProblem {
    /// Not JSON, or not of the shape that the carrier documents.
    #[error("a message is not of the shape that the carrier documents: {0}")]
    Shape(String),
    /// Audio that the stream announces and a leg does not take.
    #[error("the stream's audio is {found}; it must be {allowed}")]
    Format {
        /// What it announces.
        found: String,
        /// What a leg takes.
        allowed: &'static str,
    },
}
