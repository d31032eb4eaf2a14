//! The embedded chat model: a GGUF file run by llama.cpp in this process, on threads of its own.
//!
//! The model is loaded once. Each call has a context in which what it has read stays read: on a
//! new prompt only the tokens behind the common beginning are read. `open` reads instructions and
//! greeting, `prime` reads the caller's words while they are spoken, and a `reply` to just those
//! words has nothing left to read. When a conversation outgrows the context window its oldest
//! turns go, never the instructions, and what is kept moves instead of being read again.
//!
//! Tools, and choosing among several models, are not here.

mod board;
mod config;
mod contention;
#[cfg(test)]
mod costs;
mod desk;
mod engine;
mod load_error;
mod loop_guard;
mod outgoing;
mod prompt_cache;
mod reply_text;
mod sampler;
mod seat;
mod shelf;
mod template;
mod weights;
#[cfg(test)]
mod whole_model;
mod window;

use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{ChatCall, ChatMessage, ChatModel, ChatReply, ChatRequest, ProviderError};
use tokio::sync::oneshot;

pub use config::LlamaChatConfig;
pub use load_error::LlamaLoadError;

use board::{Ask, Board, CallKey};
use engine::Engine;
use load_error::unavailable;

/// A chat model in this process. Dropping it ends its threads and frees its memory; calls that
/// are still open then get no replies.
#[derive(Debug)]
pub struct LlamaChatModel {
    board: Arc<Board>,
    _engine: Engine,
}

impl LlamaChatModel {
    /// Loads the model; takes a second or two per gigabyte and blocks the calling thread.
    ///
    /// # Errors
    /// [`LlamaLoadError`] where a setting is out of range, or the file is missing, of another
    /// kind, or cannot be run.
    pub fn load(config: LlamaChatConfig) -> Result<Self, LlamaLoadError> {
        check(&config)?;
        let board = Arc::new(Board::new(config.calls_max));
        let engine = Engine::start(config, Arc::clone(&board))?;
        Ok(Self {
            board,
            _engine: engine,
        })
    }
}

#[async_trait]
impl ChatModel for LlamaChatModel {
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        // Made before the wait, so that a caller who gives up frees the place.
        let call = LlamaChatCall {
            key: self.board.enter()?,
            board: Arc::clone(&self.board),
        };
        let (done, is_done) = oneshot::channel();
        self.board.ask(call.key, Ask::Open { messages, done });
        match is_done.await {
            Ok(result) => result.map(|()| Box::new(call) as Box<dyn ChatCall>),
            Err(_) => Err(unavailable("it stopped while it read the instructions")),
        }
    }
}

/// One call's place at the model.
#[derive(Debug)]
struct LlamaChatCall {
    key: CallKey,
    board: Arc<Board>,
}

impl ChatCall for LlamaChatCall {
    fn prime(&self, messages: Arc<[ChatMessage]>) {
        self.board.ask(self.key, Ask::Prime(messages));
    }

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (outgoing, reply) = outgoing::outgoing();
        self.board.ask(self.key, Ask::Reply { request, outgoing });
        reply
    }
}

impl Drop for LlamaChatCall {
    fn drop(&mut self) {
        self.board.leave(self.key);
    }
}

fn check(config: &LlamaChatConfig) -> Result<(), LlamaLoadError> {
    let bad = |setting, value: String, allowed| {
        Err(LlamaLoadError::BadSetting {
            setting,
            value,
            allowed,
        })
    };
    if !(256..=1_048_576).contains(&config.context_tokens) {
        return bad(
            "context_tokens",
            config.context_tokens.to_string(),
            "256 to 1048576",
        );
    }
    if config.calls_max == 0 {
        return bad("calls_max", "0".to_owned(), "at least 1");
    }
    if !(0.0..=2.0).contains(&config.temperature) {
        return bad("temperature", config.temperature.to_string(), "0 to 2");
    }
    if !(config.top_p > 0.0 && config.top_p <= 1.0) {
        return bad("top_p", config.top_p.to_string(), "above 0 and at most 1");
    }
    if !(1.0..=2.0).contains(&config.repetition_penalty) {
        return bad(
            "repetition_penalty",
            config.repetition_penalty.to_string(),
            "1 to 2",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named_before_anything_is_loaded() {
        let good = || LlamaChatConfig::new("/nowhere/model.gguf");
        let bad = [
            (
                "context_tokens",
                LlamaChatConfig {
                    context_tokens: 0,
                    ..good()
                },
            ),
            (
                "calls_max",
                LlamaChatConfig {
                    calls_max: 0,
                    ..good()
                },
            ),
            (
                "temperature",
                LlamaChatConfig {
                    temperature: f32::NAN,
                    ..good()
                },
            ),
            (
                "top_p",
                LlamaChatConfig {
                    top_p: 0.0,
                    ..good()
                },
            ),
            (
                "repetition_penalty",
                LlamaChatConfig {
                    repetition_penalty: 0.5,
                    ..good()
                },
            ),
        ];
        for (setting, config) in bad {
            let error = LlamaChatModel::load(config).unwrap_err();
            assert!(error.to_string().starts_with(setting), "{error}");
        }
        let error = LlamaChatModel::load(good()).unwrap_err();
        assert!(matches!(error, LlamaLoadError::Missing { .. }), "{error:?}");
    }
}
