//! Anthropic's Messages API: chat models. Held against a server that Anthropic's own client takes
//! for theirs; not against the platform itself.

mod chat;
mod request;
mod wire;

pub use chat::{AnthropicChat, AnthropicChatConfig};
pub use request::Thinking;
