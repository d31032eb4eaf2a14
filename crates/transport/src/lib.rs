//! Kinds of wire, each of which makes legs: a file or a simulated caller on a handset, a loopback
//! between two sessions, the raw WebSocket session, the conversation WebSocket of ElevenLabs, media
//! streams of carriers, Asterisk's `AudioSocket`.
//!
//! Wire formats are parsed by pure code. No turn logic, no language model.

mod arrivals;
pub mod audio_socket;
mod closing;
pub mod convai;
mod ear;
mod echo;
mod file;
mod handset;
mod inlet;
mod loopback;
pub mod media_stream;
pub mod websocket;

pub use arrivals::{Arrival, Pacing, deviations, pacing};
pub use echo::echo;
pub use file::{WavCaller, WavCallerError};
pub use handset::{CallerAudio, CallerFrame, HandsetEnd, HandsetOptions, HandsetReport, call_with};
pub use loopback::{join_legs, loopback};
