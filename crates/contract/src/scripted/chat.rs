//! A chat model that answers from a script, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::Requests;
use crate::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, EVENT_QUEUE, ProviderError,
};

/// One scripted reply.
#[derive(Debug, Clone)]
pub struct ScriptedReply {
    /// Its text, written word by word.
    pub text: String,
    /// From the question to the first word.
    pub first_word_after: Duration,
    /// From word to word.
    pub word_every: Duration,
    /// What happens instead of the end, if anything.
    pub failure: Option<ProviderError>,
}

impl ScriptedReply {
    /// First word after 100 ms, then one every 20 ms.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            first_word_after: Duration::from_millis(100),
            word_every: Duration::from_millis(20),
            failure: None,
        }
    }

    /// Fails once the text is written.
    #[must_use]
    pub fn failing(mut self, failure: ProviderError) -> Self {
        self.failure = Some(failure);
        self
    }
}

/// A chat model by script: the n-th request gets the n-th reply; later ones get the last again.
#[derive(Debug, Clone, Default)]
pub struct ScriptedChat {
    replies: Arc<Mutex<VecDeque<ScriptedReply>>>,
    requests: Requests<ChatRequest>,
}

impl ScriptedChat {
    /// A model that gives these replies, over all its calls.
    #[must_use]
    pub fn new(replies: Vec<ScriptedReply>) -> Self {
        Self {
            replies: Arc::new(Mutex::new(replies.into())),
            requests: Requests::default(),
        }
    }

    /// The messages of every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Vec<ChatMessage>> {
        let requests = self.requests.so_far();
        requests.iter().map(|it| it.messages.to_vec()).collect()
    }

    /// Every request so far.
    #[must_use]
    pub const fn requests(&self) -> &Requests<ChatRequest> {
        &self.requests
    }
}

#[async_trait]
impl ChatModel for ScriptedChat {
    async fn open(
        &self,
        _messages: Arc<[ChatMessage]>,
    ) -> Result<Box<dyn ChatCall>, ProviderError> {
        Ok(Box::new(self.clone()))
    }
}

impl ChatCall for ScriptedChat {
    fn prime(&self, _messages: Arc<[ChatMessage]>) {}

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (events, reply) = mpsc::channel(EVENT_QUEUE);
        self.requests.note(request);
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let script = if replies.len() > 1 {
            replies.pop_front()
        } else {
            replies.front().cloned()
        };
        tokio::spawn(write(
            script.unwrap_or_else(|| ScriptedReply::new("")),
            events,
        ));
        reply
    }
}

async fn write(script: ScriptedReply, events: mpsc::Sender<ChatEvent>) {
    tokio::time::sleep(script.first_word_after).await;
    let mut words = 0;
    for word in script.text.split_inclusive(' ') {
        if events.send(ChatEvent::Text(word.to_owned())).await.is_err() {
            return;
        }
        words += 1;
        tokio::time::sleep(script.word_every).await;
    }
    let last = script.failure.map_or(
        ChatEvent::Finished {
            prompt_tokens_read: 0,
            reply_tokens: words,
            is_cut: false,
        },
        ChatEvent::Failed,
    );
    // Nobody listens where the reply was cancelled.
    let _ = events.send(last).await;
}
