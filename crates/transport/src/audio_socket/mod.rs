//! Asterisk's `AudioSocket`: a telephone system connects over TCP, names the call by a UUID and sends
//! the caller's audio as PCM. What is sent to it is played at once, so that frames go out one by one
//! in time; what waits lies in the session's own lane, where a clear drops it.
//!
//! It knows the wire and a leg, and nothing of agents: whoever opens the session knows the UUID. The
//! wire has no encryption and no other key.

mod server;
pub mod wire;

#[cfg(test)]
mod tests;

pub use server::{AudioSocketStart, serve_audio_socket};
