//! Google's Gemini API: chat models. Held against a server that Google's own client takes for
//! theirs; not against the platform itself.

mod chat;
mod request;
mod wire;

pub use chat::{GeminiChat, GeminiChatConfig};
pub use request::Thinking;
