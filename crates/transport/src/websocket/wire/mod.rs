//! What passes over the socket, as pure code: texts and bytes in, events and frames out.

mod audio;
mod client_event;
mod request;
mod server_event;

pub use audio::{FrameReader, FrameWriter, OddLength};
pub(in crate::websocket) use client_event::variable_text;
pub use client_event::{ClientEvent, EventProblem, parse_client_event};
pub use request::{SessionRequest, SessionRequestError, SessionTarget};
pub use server_event::{EndCause, ErrorCode, ServerEvent, SpeakerName, parse_server_event};

#[cfg(test)]
mod tests;
