//! Chat with the model.

use std::sync::Arc;

use offhook_call::Providers;
use offhook_contract::{ChatCall, ChatMessage, ChatOptions, ChatReply, ChatRequest, ProviderError};

/// An answer as it is written.
pub(crate) struct ChatAnswer {
    /// What is written. Dropping it ends the answer.
    pub(crate) reply: ChatReply,
    /// The place at the model, which is free again once this is dropped.
    _call: Box<dyn ChatCall>,
}

/// Asks the model what comes after `messages`.
pub(crate) async fn ask(
    providers: &Providers,
    messages: Arc<[ChatMessage]>,
    options: ChatOptions,
) -> Result<ChatAnswer, ProviderError> {
    // Nothing is read ahead, so that the model counts all that it reads for the answer.
    let call = providers.chat.open(Arc::from([])).await?;
    let reply = call.reply(ChatRequest { messages, options });
    Ok(ChatAnswer { reply, _call: call })
}
