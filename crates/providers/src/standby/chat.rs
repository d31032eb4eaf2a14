//! Chat models, of which one writes each reply.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, EVENT_QUEUE, ProviderError,
};
use tokio::sync::{OnceCell, mpsc};

use super::StandbyLimits;
use super::lineup::{Lineup, Queue};
use super::writing::Writing;

/// Chat models, the first of which writes each reply unless it fails; then the next goes on with it.
/// One value serves many calls, and what one call finds out about a model all others know.
#[derive(Clone)]
pub struct StandbyChat {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) lineup: Arc<Lineup<dyn ChatModel>>,
    pub(super) limits: StandbyLimits,
}

impl StandbyChat {
    /// `models` in the order in which they are asked. An empty list fails whatever it is asked.
    #[must_use]
    pub fn new(models: Vec<Arc<dyn ChatModel>>, limits: StandbyLimits) -> Self {
        let lineup = Arc::new(Lineup::new(models, &limits));
        Self {
            shared: Arc::new(Shared { lineup, limits }),
        }
    }
}

impl fmt::Debug for StandbyChat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.shared.lineup.len();
        write!(formatter, "StandbyChat({count} models)")
    }
}

#[async_trait]
impl ChatModel for StandbyChat {
    /// Opens the first model that is not passed over; the others are opened when they are needed.
    /// Never fails: a model that cannot be opened is tried again with the first reply, and a call
    /// without any is one that can say so.
    async fn open(&self, messages: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        let count = self.shared.lineup.len();
        let call = Arc::new(Call {
            shared: self.shared.clone(),
            messages,
            opened: (0..count).map(|_| OnceCell::new()).collect(),
        });
        if let Some(first) = self.shared.lineup.first()
            && let Err(problem) = call.opened(first).await
        {
            tracing::warn!("a chat model cannot be opened: {problem}");
        }
        Ok(Box::new(StandbyCall { call }))
    }
}

/// What the replies of one call share.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    messages: Arc<[ChatMessage]>,
    opened: Vec<OnceCell<Arc<dyn ChatCall>>>,
}

impl Call {
    /// The model of that place, opened for this call.
    pub(super) async fn opened(&self, place: usize) -> Result<Arc<dyn ChatCall>, ProviderError> {
        let (Some(cell), Some(model)) =
            (self.opened.get(place), self.shared.lineup.provider(place))
        else {
            return Err(Queue::default().into_problem());
        };
        let open = || async {
            let opened = model.open(self.messages.clone()).await?;
            Ok::<Arc<dyn ChatCall>, ProviderError>(Arc::from(opened))
        };
        cell.get_or_try_init(open).await.cloned()
    }
}

struct StandbyCall {
    call: Arc<Call>,
}

impl ChatCall for StandbyCall {
    fn prime(&self, messages: Arc<[ChatMessage]>) {
        let place = self.call.shared.lineup.first();
        let cell = place.and_then(|place| self.call.opened.get(place));
        if let Some(opened) = cell.and_then(OnceCell::get) {
            opened.prime(messages);
        }
    }

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (pieces, reply) = mpsc::channel(EVENT_QUEUE);
        let call = self.call.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                // Whoever asked has gone: dropping the models' replies ends them.
                () = pieces.closed() => {}
                () = Writing::new(call, request, pieces.clone()).run() => {}
            }
        });
        reply
    }
}

/// Whether a model gives text at all, for one that is passed over.
pub(super) async fn tried(call: Arc<Call>, place: usize, request: ChatRequest) -> Option<()> {
    let opened = call.opened(place).await.ok()?;
    let mut reply = opened.reply(request);
    loop {
        match reply.recv().await? {
            ChatEvent::Text(text) if text.contains(char::is_alphanumeric) => return Some(()),
            ChatEvent::Text(_) => {}
            ChatEvent::Finished { .. } | ChatEvent::Failed(_) => return None,
        }
    }
}
