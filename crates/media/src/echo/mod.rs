//! The agent's own voice, sent back by the caller's line (a speakerphone, an open earpiece).
//!
//! [`EchoGuard`] takes what the caller's ear gets out of what the caller's line brings: an adaptive
//! filter first, and a gate for what that leaves. Not about words: that the same text comes back is
//! noticed where the text is.

mod canceller;
mod evidence;
mod gate;
mod guard;
mod path;

pub use guard::{EchoCancellation, EchoGuard};
