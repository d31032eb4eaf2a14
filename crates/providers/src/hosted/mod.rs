//! What clients of other companies' servers share: how they are reached, how long they may take,
//! and how they fail. Each vendor has a folder beside this one.

mod account;
mod client;
mod failure;
mod socket;
mod speech;
mod sse;

pub use account::{Account, ApiKey};
pub use client::{HttpClient, http_client};
pub(crate) use failure::{Failure, malformed, refused, too_slow};
pub(crate) use socket::{Dialling, Socket, dial};
pub(crate) use speech::Pcm;
pub use speech::SpeechLimits;
pub(crate) use sse::{SseEvents, SseProblem};
