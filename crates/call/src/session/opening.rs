//! Stages that cannot be had when a call begins. The call is answered all the same: somebody is on
//! the line, and is to hear that the agent cannot talk now.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, EVENT_QUEUE, ProviderError,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long the ears may take to open. A caller is waiting.
const EARS_OPEN_WITHIN: Duration = Duration::from_millis(2_500);

/// What of the ears can be had soon.
///
/// # Errors
/// [`ProviderError`] where that is not both of them.
pub(super) async fn soon<T>(
    ears: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let opened = timeout(EARS_OPEN_WITHIN, ears).await;
    opened.unwrap_or_else(|_| {
        Err(ProviderError::TimedOut {
            provider: "hearing".into(),
            waited_ms: u64::try_from(EARS_OPEN_WITHIN.as_millis()).unwrap_or(u64::MAX),
        })
    })
}

/// The chat model for one call.
///
/// # Errors
/// Why it cannot be opened, and one that is opened when it is needed.
pub(super) async fn open_chat(
    model: &Arc<dyn ChatModel>,
    messages: Arc<[ChatMessage]>,
) -> Result<Arc<dyn ChatCall>, (Arc<dyn ChatCall>, ProviderError)> {
    match model.open(messages.clone()).await {
        Ok(call) => Ok(Arc::from(call)),
        Err(problem) => {
            let model = model.clone();
            Err((Arc::new(Unopened { model, messages }), problem))
        }
    }
}

/// A chat model that could not be opened: each reply tries to once more.
struct Unopened {
    model: Arc<dyn ChatModel>,
    messages: Arc<[ChatMessage]>,
}

impl ChatCall for Unopened {
    fn prime(&self, _: Arc<[ChatMessage]>) {}

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (events, reply) = mpsc::channel(EVENT_QUEUE);
        let (model, messages) = (self.model.clone(), self.messages.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = events.closed() => {}
                () = write(&*model, messages, request, &events) => {}
            }
        });
        reply
    }
}

async fn write(
    model: &dyn ChatModel,
    messages: Arc<[ChatMessage]>,
    request: ChatRequest,
    events: &mpsc::Sender<ChatEvent>,
) {
    let call = match model.open(messages).await {
        Ok(call) => call,
        Err(problem) => {
            // Nobody listens where the reply was cancelled.
            let _ = events.send(ChatEvent::Failed(problem)).await;
            return;
        }
    };
    let mut reply = call.reply(request);
    while let Some(event) = reply.recv().await {
        if events.send(event).await.is_err() {
            return;
        }
    }
}
