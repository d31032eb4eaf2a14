//! Simulated providers: servers that speak as vendors' do, with delays that are chosen, and with bad
//! days that are drawn from a seed or asked for one by one. They say and hear nothing real. Tests
//! and the load bench run against them; the product never links them.

pub mod anthropic;
pub mod assemblyai;
mod behaviour;
pub mod cartesia;
pub mod deepgram;
pub mod elevenlabs;
pub mod gemini;
pub mod google;
mod hearing;
mod latency;
mod mouth;
pub mod openai;
pub mod rime;
mod script;
mod serving;
mod tone;
pub mod vllm;

pub use behaviour::{Behaviour, Delays, Fault};
pub use hearing::Script;
pub use latency::Latency;
pub use serving::Serving;
