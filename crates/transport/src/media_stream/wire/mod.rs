//! What passes over a media stream, as pure code: a [`Dialect`] reads a carrier's messages and
//! writes ours. A carrier gets a file.

mod plivo;
mod reading;
mod telnyx;
mod twilio;
mod writing;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use offhook_media::{Codec, SampleRate};

pub use plivo::Plivo;
pub use telnyx::Telnyx;
pub use twilio::Twilio;

/// The messages of one carrier, for one stream.
pub trait Dialect: Send + Sync + Sized + 'static {
    /// The name of the transport in logs and reports.
    const NAME: &'static str;

    /// Reads one message of the carrier.
    ///
    /// # Errors
    /// [`WireProblem`] for what is no message of this carrier.
    fn read(text: &str) -> Result<CarrierMessage<'_>, WireProblem>;

    /// What is written to a stream that began so.
    fn to_stream(start: &StreamStart) -> Self;

    /// Adds the message that plays `audio`, encoded as the stream's start says.
    fn write_media(&self, audio: &[u8], message: &mut BytesMut);

    /// Adds the message that asks to be told when all audio before it was played, or dropped.
    /// `name` has letters, digits and dots.
    fn write_mark(&self, name: &str, message: &mut BytesMut);

    /// Adds the message that drops all audio which was not played yet.
    fn write_clear(&self, message: &mut BytesMut);
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
    /// The stream is over.
    Stop,
    /// A message of which a call has no use.
    Unused,
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
    /// Its rate both ways.
    pub rate: SampleRate,
    /// What whoever asked for the stream gave along.
    pub parameters: BTreeMap<String, String>,
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
