//! Providers that stand by for each other, by scripts on paused time: what a call gets to hear where
//! one of them fails, hangs, breaks off or says nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

#[path = "standby/chat.rs"]
mod chat;
#[path = "standby/listener.rs"]
mod listener;
#[path = "standby/model.rs"]
mod model;
#[path = "standby/recognition.rs"]
mod recognition;
#[path = "standby/speaker.rs"]
mod speaker;
#[path = "standby/voice.rs"]
mod voice;

use offhook_contract::ProviderError;

fn down() -> ProviderError {
    ProviderError::Unavailable {
        provider: "test".into(),
        problem: "503".into(),
    }
}

fn wrong_key() -> ProviderError {
    ProviderError::Rejected {
        provider: "test".into(),
        problem: "401".into(),
    }
}
