//! What clients of other companies' servers share: how they are reached, how long they may take,
//! and how they fail. Each vendor has a folder beside this one.

mod account;
mod client;
mod failure;
mod speech;
mod sse;

pub use account::{Account, ApiKey};
pub use client::http_client;
pub(crate) use failure::{Failure, refused};
pub use speech::SpeechLimits;
pub(crate) use speech::{Pcm, malformed, too_slow};
pub(crate) use sse::{SseEvents, SseProblem};
