//! What hosted chat models share: how long they may take, and how a reply that is streamed is asked
//! for, read and given up. A vendor's folder says how a request looks and what an event means.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, EVENT_QUEUE, ProviderError,
};
use reqwest::header::HeaderValue;
use reqwest::{Client, RequestBuilder, Response};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Account, Failure, SseEvents, SseProblem, malformed, refused, too_slow};

/// How long a request that failed may wait before it is made once more. A caller is waiting.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(300);

/// Requests in another shape, where a model refuses some fields.
const RESHAPED_MAX: usize = 3;

/// How long the figures of a reply may follow its end.
const AFTER_END_MAX: Duration = Duration::from_millis(300);

/// How long the model may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatLimits {
    /// Until the first piece of a reply. What a model thinks before it writes is no piece.
    pub first_piece: Duration,
    /// Between two pieces.
    pub next_piece: Duration,
}

impl Default for ChatLimits {
    fn default() -> Self {
        Self {
            first_piece: Duration::from_secs(15),
            next_piece: Duration::from_secs(10),
        }
    }
}

/// How a vendor is asked for a reply.
pub(crate) trait ChatDialect: Send + Sync + 'static {
    /// How it answers.
    type Reading: ChatReading;

    fn account(&self) -> &Account;

    fn limits(&self) -> ChatLimits;

    /// Something small to ask for, so that the first reply finds a connection.
    fn warming(&self, http: &Client) -> RequestBuilder;

    fn request(&self, http: &Client, request: &ChatRequest) -> RequestBuilder;

    /// Whether the same request looks different after this refusal, and is worth making at once.
    fn reshape(&self, failure: &Failure) -> bool;
}

/// What is known of a reply that is being read.
pub(crate) trait ChatReading: Default + Send {
    /// Reads the data of one event.
    fn read(&mut self, provider: &str, data: &str) -> Result<ChatStep, ProviderError>;

    /// How the reply ended; `None` where the server has not said so: then it was cut on its way.
    fn ending(&self) -> Option<ChatEnding>;
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChatStep {
    /// Nothing that a caller hears.
    Silence,
    /// More of the reply.
    Text(String),
    /// Nothing follows.
    Complete,
}

/// How a reply ended, with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ChatEnding {
    pub(crate) prompt_tokens_read: u32,
    pub(crate) reply_tokens: u32,
    pub(crate) is_cut: bool,
}

/// A chat model that streams its replies. Cloning it gives another handle.
#[derive(Debug)]
pub(crate) struct StreamedChat<D> {
    shared: Arc<Shared<D>>,
}

#[derive(Debug)]
struct Shared<D> {
    http: Client,
    dialect: D,
}

impl<D> Clone for StreamedChat<D> {
    fn clone(&self) -> Self {
        let shared = self.shared.clone();
        Self { shared }
    }
}

impl<D> StreamedChat<D> {
    pub(crate) fn new(http: Client, dialect: D) -> Self {
        let shared = Arc::new(Shared { http, dialect });
        Self { shared }
    }
}

#[async_trait]
impl<D: ChatDialect> ChatModel for StreamedChat<D> {
    /// Never fails: whether the server can be reached shows with the first reply. Meanwhile a
    /// connection is made, so that the first reply finds one.
    async fn open(&self, _: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        let shared = self.shared.clone();
        tokio::spawn(async move { shared.warm().await });
        Ok(Box::new(self.clone()))
    }
}

impl<D: ChatDialect> ChatCall for StreamedChat<D> {
    /// The server keeps what it has read by itself.
    fn prime(&self, _: Arc<[ChatMessage]>) {}

    fn reply(&self, request: ChatRequest) -> ChatReply {
        let (pieces, reply) = mpsc::channel(EVENT_QUEUE);
        let shared = self.shared.clone();
        tokio::spawn(async move {
            tokio::select! {
                // Whoever asked has gone: the request ends here, and with it the connection's use.
                () = pieces.closed() => {}
                () = shared.reply(&request, &pieces) => {}
            }
        });
        reply
    }
}

impl<D: ChatDialect> Shared<D> {
    /// Makes a connection. What is answered does not matter.
    async fn warm(&self) {
        let asked = self.dialect.warming(&self.http).send();
        if let Ok(Ok(mut answer)) = timeout(self.dialect.limits().first_piece, asked).await {
            // Read to its end, or the connection is not free for the next request.
            while let Ok(Some(_)) = answer.chunk().await {}
        }
    }

    /// Replies. What fails in passing before the first piece is asked once more where that is soon.
    async fn reply(&self, request: &ChatRequest, pieces: &mpsc::Sender<ChatEvent>) {
        let deadline = Instant::now() + self.dialect.limits().first_piece;
        let mut is_retry = false;
        let mut reshaped = 0;
        let last = loop {
            let failure = match self.attempt(request, deadline, pieces).await {
                Ok(last) => break last,
                Err(failure) => failure,
            };
            if reshaped < RESHAPED_MAX && self.dialect.reshape(&failure) {
                reshaped += 1;
                continue;
            }
            match failure.retry_after {
                Some(wait) if !is_retry && wait <= RETRY_WAIT_MAX => sleep(wait).await,
                _ => break ChatEvent::Failed(failure.error),
            }
            is_retry = true;
        };
        let _ = pieces.send(last).await;
    }

    /// Asks once, and hands the reply on; gives how it ended.
    async fn attempt(
        &self,
        request: &ChatRequest,
        deadline: Instant,
        pieces: &mpsc::Sender<ChatEvent>,
    ) -> Result<ChatEvent, Failure> {
        let response = self.ask(request, deadline).await?;
        let mut has_text = false;
        let read = self.read(response, deadline, pieces, &mut has_text).await;
        read.map_err(|problem| match problem {
            ProviderError::Unavailable { .. } if !has_text => Failure::passing(problem),
            problem => Failure::lasting(problem),
        })
    }

    /// The beginning of an answer.
    async fn ask(&self, request: &ChatRequest, deadline: Instant) -> Result<Response, Failure> {
        let sent = self.dialect.request(&self.http, request).send();
        let answered = timeout_at(deadline, sent).await;
        let answered = answered
            .map_err(|_| Failure::lasting(self.too_slow(self.dialect.limits().first_piece)))?;
        let response =
            answered.map_err(|problem| Failure::of_transport(self.provider(), &problem))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refused(self.provider(), response).await)
        }
    }

    /// Hands the text on as it comes; gives how it ended.
    async fn read(
        &self,
        response: Response,
        deadline: Instant,
        pieces: &mpsc::Sender<ChatEvent>,
        has_text: &mut bool,
    ) -> Result<ChatEvent, ProviderError> {
        let limits = self.dialect.limits();
        let mut events = SseEvents::of(response);
        let mut reading = D::Reading::default();
        let mut deadline = deadline;
        loop {
            let data = match timeout_at(deadline, events.next()).await {
                Ok(Some(Ok(data))) => data,
                Ok(Some(Err(problem))) => return Err(self.broken(&problem)),
                Ok(None) => return self.finished(&reading),
                Err(_) if reading.ending().is_some() => return self.finished(&reading),
                Err(_) if *has_text => return Err(self.too_slow(limits.next_piece)),
                Err(_) => return Err(self.too_slow(limits.first_piece)),
            };
            if data.trim().is_empty() {
                continue;
            }
            let had_ended = reading.ending().is_some();
            match reading.read(self.provider(), &data)? {
                ChatStep::Silence => {}
                ChatStep::Text(text) => {
                    *has_text = true;
                    if pieces.send(ChatEvent::Text(text)).await.is_err() {
                        return self.finished(&reading);
                    }
                    deadline = Instant::now() + limits.next_piece;
                }
                ChatStep::Complete => return self.finished(&reading),
            }
            if !had_ended && reading.ending().is_some() {
                deadline = Instant::now() + AFTER_END_MAX;
            }
        }
    }

    /// A stream that ends without a word about it was cut on its way: the reply is not whole.
    fn finished(&self, reading: &D::Reading) -> Result<ChatEvent, ProviderError> {
        let Some(ending) = reading.ending() else {
            return Err(ProviderError::Unavailable {
                provider: self.provider().to_owned(),
                problem: "the stream ended in the middle of a reply".to_owned(),
            });
        };
        Ok(ChatEvent::Finished {
            prompt_tokens_read: ending.prompt_tokens_read,
            reply_tokens: ending.reply_tokens,
            is_cut: ending.is_cut,
        })
    }

    fn provider(&self) -> &str {
        &self.dialect.account().provider
    }

    fn too_slow(&self, waited: Duration) -> ProviderError {
        too_slow(self.provider(), waited)
    }

    fn broken(&self, problem: &SseProblem) -> ProviderError {
        match problem {
            SseProblem::Transport(problem) => Failure::of_transport(self.provider(), problem).error,
            problem => malformed(self.provider(), problem.to_string()),
        }
    }
}

/// An event that cannot be read.
pub(crate) fn unreadable(provider: &str, problem: &serde_json::Error) -> ProviderError {
    malformed(provider, format!("an event of the stream: {problem}"))
}

/// What a server says when it breaks off in the middle of a stream whose status was a success.
/// `is_passing` tells trouble that another try may not meet.
pub(crate) fn broke_off(provider: &str, message: Option<&str>, is_passing: bool) -> ProviderError {
    const WORDS_MAX: usize = 300;
    let words = message.unwrap_or("it names no reason").chars();
    let words: String = words.take(WORDS_MAX).collect();
    let problem = format!("it broke off: {words}");
    let provider = provider.to_owned();
    match is_passing {
        true => ProviderError::Unavailable { provider, problem },
        false => ProviderError::Rejected { provider, problem },
    }
}

/// The request with the account's key in a header of its own, where it has one.
pub(crate) fn with_key(
    request: RequestBuilder,
    header: &'static str,
    account: &Account,
) -> RequestBuilder {
    let Some(key) = &account.key else {
        return request;
    };
    match HeaderValue::from_str(key.expose()) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header(header, value)
        }
        // The request is not made then, and says so.
        Err(_) => request.header(header, key.expose()),
    }
}

/// A number as it was written: 0.7 and not 0.699999988079071.
pub(crate) fn as_written(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_default()
}
