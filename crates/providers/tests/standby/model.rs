//! A chat model that plays one script after the other, and knows what became of them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, EVENT_QUEUE, ProviderError,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// A step of a reply.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Milliseconds.
    Wait(u64),
    /// Word by word, 20 ms apart.
    Say(&'static str),
    Fail(ProviderError),
    Hang,
    Finish,
}

#[derive(Debug, Default)]
struct State {
    replies: Mutex<VecDeque<Vec<Step>>>,
    asked: Mutex<Vec<(Instant, ChatRequest)>>,
    cancelled: AtomicUsize,
    fails_to_open: Option<ProviderError>,
}

/// The n-th request gets the n-th script, later ones the last again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model(Arc<State>);

impl Model {
    pub(crate) fn playing(replies: &[&[Step]]) -> Self {
        let replies = replies.iter().map(|reply| reply.to_vec()).collect();
        Self(Arc::new(State {
            replies: Mutex::new(replies),
            ..State::default()
        }))
    }

    /// Answers 100 ms after it was asked.
    pub(crate) fn saying(text: &'static str) -> Self {
        Self::playing(&[&[Step::Wait(100), Step::Say(text), Step::Finish]])
    }

    pub(crate) fn closed(problem: ProviderError) -> Self {
        Self(Arc::new(State {
            fails_to_open: Some(problem),
            ..State::default()
        }))
    }

    pub(crate) fn asked(&self) -> Vec<ChatRequest> {
        let asked = self.0.asked.lock().unwrap();
        asked.iter().map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn asked_at(&self) -> Vec<Instant> {
        self.0.asked.lock().unwrap().iter().map(|it| it.0).collect()
    }

    pub(crate) fn cancelled(&self) -> usize {
        self.0.cancelled.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ChatModel for Model {
    async fn open(&self, _: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        match self.0.fails_to_open.clone() {
            Some(problem) => Err(problem),
            None => Ok(Box::new(self.clone())),
        }
    }
}

impl ChatCall for Model {
    fn prime(&self, _: Arc<[ChatMessage]>) {}

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (events, reply) = mpsc::channel(EVENT_QUEUE);
        self.0.asked.lock().unwrap().push((Instant::now(), request));
        let mut replies = self.0.replies.lock().unwrap();
        let script = match replies.len() {
            1 => replies.front().cloned(),
            _ => replies.pop_front(),
        };
        let state = self.0.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = events.closed() => { state.cancelled.fetch_add(1, Ordering::Relaxed); }
                () = play(script.unwrap_or_default(), &events) => {}
            }
        });
        reply
    }
}

async fn play(script: Vec<Step>, events: &mpsc::Sender<ChatEvent>) {
    for step in script {
        let event = match step {
            Step::Wait(ms) => {
                sleep(Duration::from_millis(ms)).await;
                continue;
            }
            Step::Hang => std::future::pending().await,
            Step::Say(text) => {
                for word in text.split_inclusive(' ') {
                    let _ = events.send(ChatEvent::Text(word.to_owned())).await;
                    sleep(Duration::from_millis(20)).await;
                }
                continue;
            }
            Step::Fail(problem) => ChatEvent::Failed(problem),
            Step::Finish => ChatEvent::Finished {
                prompt_tokens_read: 0,
                reply_tokens: 1,
                is_cut: false,
            },
        };
        let _ = events.send(event).await;
    }
}
