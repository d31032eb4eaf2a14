//! What clients of other companies' servers share: how they are reached, how long they may take,
//! and how they fail. Each vendor has a folder beside this one.

mod account;
mod chat;
mod client;
mod failure;
mod listening;
mod pieces;
mod socket;
mod speaking;
mod speech;
mod sse;
mod turns;
mod utterances;
mod words;

pub use account::{Account, ApiKey};
pub use chat::ChatLimits;
pub(crate) use chat::{
    ChatDialect, ChatEnding, ChatReading, ChatStep, StreamedChat, as_written, broke_off,
    unreadable, with_key,
};
pub use client::{HttpClient, header_map, http_client, http_client_among};
pub(crate) use failure::{Failure, malformed, refused, too_slow};
pub use listening::ListeningLimits;
pub(crate) use listening::{
    ListeningDialect, Reading, SegmentHeard, Segments, Timed, TimedResult, TimedWord, bearer,
    broken_off, listen, listening_url, misread, refused_for_good,
};
pub(crate) use pieces::{Manner, PieceDialect, Speaker};
pub(crate) use socket::{Dialling, Socket, dial};
pub(crate) use speaking::{
    Booth, Heard, Owed, Payload, SpeechDialect, bare_language, check_name, check_speed,
    closed_early, decoded, socket_url, spoken,
};
pub use speech::SpeechLimits;
pub(crate) use speech::{Pcm, rate_of};
pub(crate) use sse::{SseEvents, SseProblem};
pub(crate) use turns::{Turn, Turns};
pub(crate) use utterances::{Transcriber, transcribe};
pub(crate) use words::TimedPiece;
