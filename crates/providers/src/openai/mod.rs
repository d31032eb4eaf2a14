//! OpenAI's API, and the many servers that speak it (vLLM, llama.cpp, Ollama, Groq, Together and
//! more).

mod chat;
mod realtime;
mod request;
mod responses;
mod speech;
mod transcription;
mod upload;
mod wire;

use reqwest::RequestBuilder;

use crate::hosted::Account;

pub use crate::hosted::ChatLimits;
pub use chat::{OpenAiChat, OpenAiChatConfig};
pub use realtime::{OpenAiRealtime, OpenAiRealtimeConfig};
pub use responses::OpenAiResponses;
pub use speech::{OpenAiVoice, OpenAiVoiceConfig};
pub use transcription::{OpenAiTranscription, OpenAiTranscriptionConfig};

/// The request with the account's key, where it has one.
fn keyed(request: RequestBuilder, account: &Account) -> RequestBuilder {
    let request = request.headers(account.headers.clone());
    match &account.key {
        Some(key) => request.bearer_auth(key.expose()),
        None => request,
    }
}
