//! The raw WebSocket session: 20 ms of PCM in each binary message, JSON events in text messages.
//! `SESSION_PROTOCOL.md` beside the crate's manifest is its one page of documentation.

pub(crate) mod allowance;
mod client;
mod ending;
mod limits;
mod server;
mod uplink;
pub mod wire;

#[cfg(test)]
mod tests;

pub use client::{CallEnd, ClientBridge, ClientCall, ClientError, connect};
pub use limits::SocketLimits;
pub use server::{OpenedSession, SessionRefusal, SessionStart, serve_session, without_delay};
