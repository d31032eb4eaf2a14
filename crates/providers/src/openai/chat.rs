//! Chat completions, streamed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use offhook_contract::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, EVENT_QUEUE, ProviderError,
};
use reqwest::Response;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::request::{LeftOut, body};
use super::wire::{Chunk, Usage};
use crate::hosted::{Account, Failure, SseEvents, SseProblem, malformed, refused, too_slow};

/// How long a request that failed may wait before it is made once more. A caller is waiting.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(300);

/// Requests with other fields, where a model refuses some of them.
const FIELDS_LEFT_OUT_MAX: usize = 3;

/// How long the figures of a reply may follow its end.
const AFTER_END_MAX: Duration = Duration::from_millis(300);

/// How long the model may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatLimits {
    /// Until the first piece of a reply.
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

/// Which model of which server.
#[derive(Debug, Clone)]
pub struct OpenAiChatConfig {
    /// The server; its address ends in `/v1` for OpenAI.
    pub account: Account,
    /// The model's name there.
    pub model: String,
    /// How long it may take.
    pub limits: ChatLimits,
    /// Fields of each request beyond those that the agent sets, such as `reasoning_effort`.
    pub extra: Map<String, Value>,
}

/// A chat model behind OpenAI's API. One value serves many calls.
#[derive(Debug, Clone)]
pub struct OpenAiChat {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    config: OpenAiChatConfig,
    /// What the model has refused so far. It is read and written between requests only.
    left_out: Mutex<LeftOut>,
}

impl OpenAiChat {
    /// A model that is reached through `http`.
    #[must_use]
    pub fn new(http: reqwest::Client, config: OpenAiChatConfig) -> Self {
        let left_out = Mutex::default();
        Self {
            shared: Arc::new(Shared {
                http,
                config,
                left_out,
            }),
        }
    }
}

#[async_trait]
impl ChatModel for OpenAiChat {
    /// Never fails: whether the server can be reached shows with the first reply. Meanwhile a
    /// connection is made, so that the first reply finds one.
    async fn open(&self, _: Arc<[ChatMessage]>) -> Result<Box<dyn ChatCall>, ProviderError> {
        let shared = self.shared.clone();
        tokio::spawn(async move { shared.warm().await });
        Ok(Box::new(OpenAiCall {
            shared: self.shared.clone(),
        }))
    }
}

struct OpenAiCall {
    shared: Arc<Shared>,
}

impl ChatCall for OpenAiCall {
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

impl Shared {
    /// Makes a connection, by asking for something small. What it answers does not matter.
    async fn warm(&self) {
        let request = self.http.get(self.config.account.url("/models"));
        let asked = self.with_key(request).send();
        if let Ok(Ok(mut answer)) = timeout(self.config.limits.first_piece, asked).await {
            // Read to its end, or the connection is not free for the next request.
            while let Ok(Some(_)) = answer.chunk().await {}
        }
    }

    fn with_key(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.config.account.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    async fn reply(&self, request: &ChatRequest, pieces: &mpsc::Sender<ChatEvent>) {
        let last = match self.answer(request).await {
            Ok(response) => self.read(response, pieces).await,
            Err(problem) => Err(problem),
        };
        let last = last.unwrap_or_else(ChatEvent::Failed);
        let _ = pieces.send(last).await;
    }

    /// The beginning of an answer. What fails in passing is asked once more where that is soon.
    async fn answer(&self, request: &ChatRequest) -> Result<Response, ProviderError> {
        let mut is_retry = false;
        let mut fields_left_out = 0;
        loop {
            let left_out = *self.left_out();
            let failure = match self.ask(request, left_out).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let param = failure.param.as_deref().unwrap_or_default();
            if fields_left_out < FIELDS_LEFT_OUT_MAX
                && let Some(next) = left_out.without(param)
            {
                *self.left_out() = next;
                fields_left_out += 1;
                continue;
            }
            match failure.retry_after {
                Some(wait) if !is_retry && wait <= RETRY_WAIT_MAX => sleep(wait).await,
                _ => return Err(failure.error),
            }
            is_retry = true;
        }
    }

    fn left_out(&self) -> std::sync::MutexGuard<'_, LeftOut> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: &ChatRequest, left_out: LeftOut) -> Result<Response, Failure> {
        let OpenAiChatConfig {
            account,
            model,
            limits,
            extra,
        } = &self.config;
        let body = body(model, &request.messages, &request.options, left_out, extra);
        let sent = self.http.post(account.url("/chat/completions"));
        let sent = self.with_key(sent).json(&body).send();
        let answered = timeout(limits.first_piece, sent).await;
        let answered = answered.map_err(|_| Failure::lasting(self.too_slow(limits.first_piece)))?;
        let response =
            answered.map_err(|problem| Failure::of_transport(&account.provider, &problem))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refused(&account.provider, response).await)
        }
    }

    /// Hands the text on as it comes; gives how it ended.
    async fn read(
        &self,
        response: Response,
        pieces: &mpsc::Sender<ChatEvent>,
    ) -> Result<ChatEvent, ProviderError> {
        let limits = self.config.limits;
        let mut events = SseEvents::of(response);
        let mut ending = Ending::default();
        let mut wait = limits.first_piece;
        loop {
            let event = match timeout(wait, events.next()).await {
                Ok(event) => event,
                Err(_) if ending.reason.is_some() => None,
                Err(_) => return Err(self.too_slow(wait)),
            };
            let data = match event {
                Some(Ok(data)) if data.trim() != "[DONE]" => data,
                Some(Err(problem)) => return Err(self.broken(&problem)),
                Some(Ok(_)) => {
                    // Some servers say only this.
                    ending.reason.get_or_insert_default();
                    return ending.event(self);
                }
                None => return ending.event(self),
            };
            if data.trim().is_empty() {
                continue;
            }
            let chunk: Chunk = serde_json::from_str(&data)
                .map_err(|problem| self.malformed(format!("a chunk of the stream: {problem}")))?;
            if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
                return Err(self.failed_within(&error));
            }
            ending.usage = chunk.usage.or(ending.usage);
            let Some(choice) = chunk.choices.into_iter().next() else {
                continue;
            };
            ending.reason = choice.finish_reason.or(ending.reason);
            if ending.reason.is_some() {
                wait = AFTER_END_MAX;
            }
            let text = choice.delta.content.or(choice.delta.refusal);
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                continue;
            };
            if ending.reason.is_none() {
                wait = limits.next_piece;
            }
            if pieces.send(ChatEvent::Text(text)).await.is_err() {
                return ending.event(self);
            }
        }
    }

    fn too_slow(&self, waited: Duration) -> ProviderError {
        too_slow(&self.config.account.provider, waited)
    }

    fn malformed(&self, problem: String) -> ProviderError {
        malformed(&self.config.account.provider, problem)
    }

    fn broken(&self, problem: &SseProblem) -> ProviderError {
        let provider = self.config.account.provider.clone();
        match problem {
            SseProblem::Transport(problem) => Failure::of_transport(&provider, problem).error,
            problem => self.malformed(problem.to_string()),
        }
    }

    fn failed_within(&self, error: &Value) -> ProviderError {
        let message = error["message"].as_str().or_else(|| error.as_str());
        let message: String = message
            .unwrap_or("it names no reason")
            .chars()
            .take(300)
            .collect();
        ProviderError::Unavailable {
            provider: self.config.account.provider.clone(),
            problem: format!("it broke off: {message}"),
        }
    }
}

/// What is known of the end of a reply.
#[derive(Debug, Default)]
struct Ending {
    reason: Option<String>,
    usage: Option<Usage>,
}

impl Ending {
    /// A stream that ends without a reason was cut on its way: the reply is not whole.
    fn event(self, shared: &Shared) -> Result<ChatEvent, ProviderError> {
        let Some(reason) = self.reason else {
            let provider = shared.config.account.provider.clone();
            let problem = "the stream ended in the middle of a reply".to_owned();
            return Err(ProviderError::Unavailable { provider, problem });
        };
        let usage = self.usage.unwrap_or_default();
        let cached = usage
            .prompt_tokens_details
            .unwrap_or_default()
            .cached_tokens;
        Ok(ChatEvent::Finished {
            prompt_tokens_read: usage.prompt_tokens.saturating_sub(cached),
            reply_tokens: usage.completion_tokens,
            is_cut: reason == "length",
        })
    }
}
