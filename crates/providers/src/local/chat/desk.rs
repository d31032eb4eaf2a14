//! One call's work on the model, done in slices so that calls take turns: one batch read, or one
//! token written.

use std::sync::Arc;

use llama_cpp_2::token::LlamaToken;
use offhook_contract::{ChatEvent, ChatMessage, ChatRequest, ProviderError, Role};
use tokio::sync::oneshot;

use super::board::{Ask, Urgency};
use super::config::LlamaChatConfig;
use super::load_error::rejected;
use super::loop_guard::LoopGuard;
use super::outgoing::Outgoing;
use super::reply_text::ReplyText;
use super::sampler::Sampler;
use super::seat::Seat;
use super::weights::{Prompt, Weights};
use super::window::Window;

/// Share of the context window, in percent, that the prompt is narrowed to once it is full.
const NARROWED_PERCENT: usize = 60;
/// Share of the context window, in percent, that is kept for the reply.
const REPLY_PERCENT: usize = 25;

/// One call: its seat and what is being done in it.
pub(super) struct Desk<'weights> {
    pub(super) seat: Seat<'weights>,
    weights: &'weights Weights,
    config: &'weights LlamaChatConfig,
    window: Window,
    work: Work,
}

enum Work {
    Nothing,
    Opening {
        prompt: Prompt,
        done: oneshot::Sender<Result<(), ProviderError>>,
    },
    Priming(Prompt),
    Replying(Box<Replying>),
}

/// A reply being written.
struct Replying {
    prompt: Prompt,
    prompt_tokens_read: usize,
    tokens_max: usize,
    sampler: Sampler,
    text: ReplyText,
    guard: LoopGuard,
    outgoing: Outgoing,
}

/// What a slice has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to do, so urgent.
    Left(Urgency),
    /// The call is open: what its seat has read may serve other calls.
    Opened,
    /// All is done.
    Idle,
}

impl<'weights> Desk<'weights> {
    pub(super) fn new(
        seat: Seat<'weights>,
        weights: &'weights Weights,
        config: &'weights LlamaChatConfig,
    ) -> Self {
        Self {
            seat,
            weights,
            config,
            window: Window::default(),
            work: Work::Nothing,
        }
    }

    /// Turns to `ask`; what was being done is given up.
    pub(super) fn begin(&mut self, ask: Ask) {
        self.work = Work::Nothing;
        match ask {
            Ask::Open { messages, done } => self.begin_opening(&messages, done),
            Ask::Prime(messages) => {
                // Trouble with a prompt is told with the reply to it.
                if let Ok(prompt) = self.prompt(&messages) {
                    let prompt = self.seat.settle(&prompt.tokens, false).map(|()| prompt);
                    self.work = prompt.map_or(Work::Nothing, Work::Priming);
                }
            }
            Ask::Reply { request, outgoing } => self.begin_reply(&request, outgoing),
        }
    }

    /// Does the next slice.
    pub(super) fn work(&mut self) -> Progress {
        match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Nothing => Progress::Idle,
            Work::Opening { prompt, done } => self.open(prompt, done),
            Work::Priming(prompt) => self.prime(prompt),
            Work::Replying(reply) => self.reply(reply),
        }
    }

    fn begin_opening(
        &mut self,
        messages: &Arc<[ChatMessage]>,
        done: oneshot::Sender<Result<(), ProviderError>>,
    ) {
        let prompt = self.weights.opening(messages);
        let settled = self
            .check_size(prompt.tokens.len())
            .and_then(|()| self.seat.settle(&prompt.tokens, false));
        match settled {
            Ok(()) => self.work = Work::Opening { prompt, done },
            Err(error) => answer(done, Err(error)),
        }
    }

    fn open(
        &mut self,
        prompt: Prompt,
        done: oneshot::Sender<Result<(), ProviderError>>,
    ) -> Progress {
        if done.is_closed() {
            return Progress::Idle;
        }
        match self.seat.read(&prompt.tokens, false) {
            Ok(true) => {
                answer(done, Ok(()));
                Progress::Opened
            }
            Ok(false) => {
                self.work = Work::Opening { prompt, done };
                Progress::Left(Urgency::Open)
            }
            Err(error) => {
                answer(done, Err(error));
                Progress::Idle
            }
        }
    }

    /// Reads what was said first, and the marks that open the reply in a slice of their own: they
    /// are wasted if the caller goes on.
    fn prime(&mut self, prompt: Prompt) -> Progress {
        let is_said = self.seat.len() >= prompt.said;
        let wanted = if is_said {
            &prompt.tokens[..]
        } else {
            &prompt.tokens[..prompt.said]
        };
        match self.seat.read(wanted, is_said) {
            Ok(true) if is_said => Progress::Idle,
            Ok(_) => {
                self.work = Work::Priming(prompt);
                Progress::Left(Urgency::Prime)
            }
            Err(error) => {
                tracing::debug!(%error, "reading ahead failed; the reply will read anew");
                Progress::Idle
            }
        }
    }

    fn begin_reply(&mut self, request: &ChatRequest, mut outgoing: Outgoing) {
        let begun = self.checked_sampler(request).and_then(|sampler| {
            let tokens_max = usize::try_from(request.options.tokens_max).unwrap_or(usize::MAX);
            let prompt = self.prompt(&request.messages)?;
            self.seat.settle(&prompt.tokens, true)?;
            Ok((sampler, tokens_max, prompt))
        });
        match begun {
            Ok((sampler, tokens_max, prompt)) => {
                self.work = Work::Replying(Box::new(Replying {
                    prompt_tokens_read: prompt.tokens.len() - self.seat.len(),
                    tokens_max: tokens_max.min(self.seat.capacity() - prompt.tokens.len()),
                    prompt,
                    sampler,
                    text: ReplyText::new(&self.config.stops),
                    guard: LoopGuard::default(),
                    outgoing,
                }));
            }
            Err(error) => outgoing.fail(error),
        }
    }

    fn checked_sampler(&self, request: &ChatRequest) -> Result<Sampler, ProviderError> {
        let temperature = request
            .options
            .temperature
            .unwrap_or(self.config.temperature);
        if !(0.0..=2.0).contains(&temperature) {
            return Err(rejected(format!(
                "temperature is {temperature}: it must be 0 to 2"
            )));
        }
        if request.options.tokens_max == 0 {
            return Err(rejected(
                "tokens_max is 0: a reply needs at least one token",
            ));
        }
        let config = self.config;
        Ok(Sampler::new(
            temperature,
            config.top_p,
            config.repetition_penalty,
            config.seed,
        ))
    }

    fn reply(&mut self, mut reply: Box<Replying>) -> Progress {
        if reply.outgoing.is_cancelled() {
            return Progress::Idle;
        }
        match self.reply_slice(&mut reply) {
            Ok(true) => Progress::Idle,
            Ok(false) => {
                self.work = Work::Replying(reply);
                Progress::Left(Urgency::Reply)
            }
            Err(error) => {
                reply.outgoing.fail(error);
                Progress::Idle
            }
        }
    }

    /// Reads a batch of the prompt, or writes a token. True when the reply has ended.
    fn reply_slice(&mut self, reply: &mut Replying) -> Result<bool, ProviderError> {
        if self.seat.len() < reply.prompt.tokens.len() {
            self.seat.read(&reply.prompt.tokens, true)?;
            return Ok(false);
        }
        let Some(token) = self.choose(reply) else {
            return Err(rejected("the model had nothing to say"));
        };
        if self.weights.ends_reply(token) {
            reply.end(false);
            return Ok(true);
        }
        let text = reply.text.push(&self.weights.bytes(token));
        reply.outgoing.say(&text);
        let is_circling = reply.guard.push(token);
        let is_full = reply.guard.written().len() >= reply.tokens_max;
        if reply.text.is_stopped() || is_circling || is_full {
            reply.end(is_circling || is_full);
            return Ok(true);
        }
        self.seat.append(token)?;
        Ok(false)
    }

    fn choose(&self, reply: &mut Replying) -> Option<LlamaToken> {
        let logits = self.seat.next()?;
        let has_begun = reply.text.has_begun();
        let may = |token| has_begun || self.weights.may_begin_reply(token);
        reply.sampler.pick(logits, reply.guard.written(), may)
    }

    /// `messages` in tokens, the oldest turns dropped where they do not fit with a reply.
    fn prompt(&mut self, messages: &[ChatMessage]) -> Result<Prompt, ProviderError> {
        let capacity = self.seat.capacity();
        let for_reply = capacity * REPLY_PERCENT / 100;
        loop {
            let prompt = self.prompt_of(messages);
            if prompt.tokens.len() + for_reply <= capacity {
                return Ok(prompt);
            }
            let sizes: Vec<usize> = messages
                .iter()
                .map(|message| self.weights.size(message))
                .collect();
            if !self
                .window
                .narrow(messages, &sizes, capacity * NARROWED_PERCENT / 100)
            {
                return self.check_size(prompt.tokens.len()).map(|()| prompt);
            }
        }
    }

    fn prompt_of(&self, messages: &[ChatMessage]) -> Prompt {
        let mut prompt = self.weights.prompt(&self.window.of(messages));
        let is_callers = messages
            .last()
            .is_some_and(|message| message.role == Role::Caller);
        if !is_callers {
            prompt.said = prompt.tokens.len();
        }
        prompt
    }

    fn check_size(&self, tokens: usize) -> Result<(), ProviderError> {
        let capacity = self.seat.capacity();
        if tokens < capacity {
            return Ok(());
        }
        Err(rejected(format!(
            "the instructions and the last turn need {tokens} tokens and the context window has \
             {capacity}: shorten the prompt or raise context_tokens"
        )))
    }
}

impl Replying {
    fn end(&mut self, is_cut: bool) {
        let rest = self.text.finish();
        self.outgoing.say(&rest);
        self.outgoing.finish(ChatEvent::Finished {
            prompt_tokens_read: u32::try_from(self.prompt_tokens_read).unwrap_or(u32::MAX),
            reply_tokens: u32::try_from(self.guard.written().len()).unwrap_or(u32::MAX),
            is_cut,
        });
    }
}

fn answer(done: oneshot::Sender<Result<(), ProviderError>>, result: Result<(), ProviderError>) {
    // Whoever asked may have gone; then nobody is left to tell.
    let _ = done.send(result);
}
