//! OpenAI's API, and the many servers that speak it (vLLM, llama.cpp, Ollama, Groq, Together and
//! more).

mod chat;
mod request;
mod speech;
mod wire;

pub use chat::{ChatLimits, OpenAiChat, OpenAiChatConfig};
pub use speech::{OpenAiVoice, OpenAiVoiceConfig};
