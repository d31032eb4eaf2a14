//! The conversation WebSocket of ElevenLabs' agents, as its official clients speak it: JSON in text
//! messages, audio as base64 in them. Facts are from the platform's published AsyncAPI file and
//! from its client packages.
//!
//! It knows the wire and a leg, and nothing of agents: whoever opens a conversation says in which
//! formats its audio goes, which events its client wants and what its agent writes.

mod audio;
mod client_frame;
mod event_ids;
mod replies;
mod server;
mod server_frame;
mod uplink;
mod waiting;

#[cfg(test)]
mod tests;

pub use audio::{AudioFormat, UnknownFormat};
pub use client_frame::{ClientFrame, Initiation, WireProblem, parse_client_frame};
pub use replies::ReplyNews;
pub use server::{ConversationRefusal, Opened, OpenedConversation, Order, serve_conversation};
pub use server_frame::{QueueStatus, ServerFrame};
pub use waiting::WaitingConversation;
