//! Replies of chat models, asked for as calls do.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where something is not as it must be"
)]

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    ChatEvent, ChatMessage, ChatModel, ChatOptions, ChatRequest, ProviderError, Role,
    ThinkingOptions,
};
use offhook_simulators::Behaviour;

fn request() -> ChatRequest {
    ChatRequest {
        messages: Arc::new([
            ChatMessage::new(Role::System, "Be brief."),
            ChatMessage::new(Role::Caller, "Are you open?"),
        ]),
        options: ChatOptions {
            thinking: ThinkingOptions::LEAST,
            temperature: Some(0.2),
            tokens_max: 50,
        },
    }
}

/// A whole reply, and how it ended.
pub(crate) async fn reply(model: &dyn ChatModel) -> (String, ChatEvent) {
    let request = request();
    let call = model.open(request.messages.clone()).await.unwrap();
    let mut reply = call.reply(request);
    let mut text = String::new();
    while let Some(event) = reply.recv().await {
        match event {
            ChatEvent::Text(piece) => text.push_str(&piece),
            last => return (text, last),
        }
    }
    panic!("the reply ended without a last event after {text:?}");
}

/// Leaves a reply after its first word; returns once the server has noticed.
pub(crate) async fn begin_and_leave(model: &dyn ChatModel, behaviour: &Behaviour) {
    let request = request();
    let call = model.open(request.messages.clone()).await.unwrap();
    let mut reply = call.reply(request);
    assert_eq!(reply.recv().await, Some(ChatEvent::Text("I ".into())));
    drop(reply);
    let mut tries = 0;
    while behaviour.cancelled() == 0 {
        tries += 1;
        assert!(tries < 500, "the server still writes");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Tokens read and written, and whether it was cut.
pub(crate) fn finished(event: &ChatEvent) -> (u32, u32, bool) {
    match event {
        ChatEvent::Finished {
            prompt_tokens_read,
            reply_tokens,
            is_cut,
        } => (*prompt_tokens_read, *reply_tokens, *is_cut),
        other => panic!("{other:?}"),
    }
}

/// Why it failed.
pub(crate) fn failed(event: ChatEvent) -> ProviderError {
    match event {
        ChatEvent::Failed(problem) => problem,
        other => panic!("{other:?}"),
    }
}
