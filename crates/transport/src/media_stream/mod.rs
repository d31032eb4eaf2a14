//! Media streams of carriers: a call's audio over a WebSocket that the carrier opens, as base64 in
//! JSON messages. What a carrier's messages look like is its dialect (`wire/`); everything else is
//! the same for all of them.
//!
//! It knows the wire and a leg, and nothing of agents or tokens: whoever opens a stream's session
//! reads the parameters with which the stream starts.

mod downlink;
mod ending;
mod marks;
mod order;
mod server;
mod uplink;
pub mod wire;

#[cfg(test)]
mod tests;

pub use server::{OpenedStream, StreamRefusal, serve_stream};
