//! One call's memory inside llama.cpp: reads tokens into it and tells what may come next.

use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::context::session::{LlamaStateSeqFlags, SeqState};
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::LlamaToken;
use offhook_contract::ProviderError;

use super::config::LlamaChatConfig;
use super::contention;
use super::load_error::unavailable;
use super::prompt_cache::{PromptCache, common_prefix};
use super::weights::{Weights, backend};

/// Most tokens that are read at once: long enough for the matrix kernels, short enough that a
/// reply of another call does not wait long (about 1.5 s with 1.5 B parameters on one core).
const BATCH_TOKENS: usize = 64;
/// Up to so many tokens are read one by one while other threads want the cores: reading with
/// several threads would wait for each of them at every layer.
const SINGLE_MAX: usize = 16;
/// The only sequence of each context.
const SEQUENCE: i32 = 0;

/// A context of llama.cpp with a mirror of what is in it.
pub(super) struct Seat<'weights> {
    context: LlamaContext<'weights>,
    batch: LlamaBatch<'static>,
    cache: PromptCache,
    can_move: bool,
    read_threads: u32,
}

/// What a seat has read, to be put into another one.
pub(super) struct Snapshot {
    tokens: Vec<LlamaToken>,
    state: SeqState,
}

impl<'weights> Seat<'weights> {
    /// A seat that has read nothing.
    pub(super) fn new(
        weights: &'weights Weights,
        config: &LlamaChatConfig,
    ) -> Result<Self, ProviderError> {
        // llama.cpp writes to the model while it makes a context.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let backend = backend().map_err(|error| error.for_provider())?;
        let context_tokens = config
            .context_tokens
            .min(weights.model.n_ctx_train().max(256));
        let batch_tokens = u32::try_from(BATCH_TOKENS).unwrap_or(u32::MAX);
        let read_threads = config.read_threads.max(1);
        let write_threads = i32::try_from(config.write_threads.max(1)).unwrap_or(1);
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(context_tokens))
            .with_n_batch(batch_tokens)
            .with_n_ubatch(batch_tokens)
            .with_n_threads(write_threads)
            .with_n_threads_batch(i32::try_from(read_threads).unwrap_or(1))
            .with_no_perf(true);
        let context = weights.model.new_context(backend, params).map_err(|error| {
            unavailable(format!(
                "no context of {context_tokens} tokens can be made ({error}): lower context_tokens \
                 or calls_max"
            ))
        })?;
        Ok(Self {
            context,
            batch: LlamaBatch::new(BATCH_TOKENS, 1),
            cache: PromptCache::default(),
            can_move: weights.can_move(),
            read_threads,
        })
    }

    /// Tokens that fit.
    pub(super) fn capacity(&self) -> usize {
        usize::try_from(self.context.n_ctx()).unwrap_or(0)
    }

    /// Tokens that have been read.
    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }

    /// How many tokens of `wanted`, from its start, need not be read.
    pub(super) fn shared_with(&self, wanted: &[LlamaToken]) -> usize {
        common_prefix(self.cache.tokens(), wanted)
    }

    /// Forgets all that does not belong to `wanted`.
    pub(super) fn settle(
        &mut self,
        wanted: &[LlamaToken],
        needs_next: bool,
    ) -> Result<(), ProviderError> {
        let plan = self.cache.plan(wanted, needs_next, self.can_move);
        if let Some((range, to)) = &plan.moved {
            self.forget(range.end, None)?;
            self.forget(*to, Some(range.start))?;
            self.shift(range.start, range.end, *to)?;
        }
        if plan.moved.is_some() || plan.keep < self.cache.len() {
            self.forget(plan.keep, None)?;
        }
        self.cache.apply(&plan);
        Ok(())
    }

    /// Reads on towards `wanted`, which what has been read must be the beginning of: one batch,
    /// or less. True when all is read. With `needs_next`, what follows can be asked for then.
    pub(super) fn read(
        &mut self,
        wanted: &[LlamaToken],
        needs_next: bool,
    ) -> Result<bool, ProviderError> {
        let rest = wanted.get(self.cache.len()..).unwrap_or_default();
        let is_short = rest.len() <= SINGLE_MAX;
        let step = if is_short && self.read_threads > 1 && contention::is_crowded(self.read_threads)
        {
            1
        } else {
            BATCH_TOKENS
        };
        let next = &rest[..rest.len().min(step)];
        if !next.is_empty() {
            self.decode(next, needs_next && next.len() == rest.len())?;
        }
        Ok(next.len() == rest.len())
    }

    /// Puts the token that was chosen behind what has been read.
    pub(super) fn append(&mut self, token: LlamaToken) -> Result<(), ProviderError> {
        self.decode(&[token], true)
    }

    /// One logit for each token of the vocabulary, for the place behind what has been read;
    /// `None` unless that was asked for with the last token.
    pub(super) fn next(&self) -> Option<&[f32]> {
        self.cache
            .knows_next()
            .then(|| self.context.get_logits_ith(-1))
    }

    /// What this seat has read, for other seats.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        let state = self
            .context
            .state_seq_get(SEQUENCE, LlamaStateSeqFlags::empty())
            .ok()?;
        Some(Snapshot {
            tokens: self.cache.tokens().to_vec(),
            state,
        })
    }

    /// Replaces all that this seat has read by what `snapshot` had.
    pub(super) fn restore(&mut self, snapshot: &Snapshot) -> Result<(), ProviderError> {
        self.reset();
        if self
            .context
            .state_seq_set(&snapshot.state, SEQUENCE)
            .is_err()
        {
            self.reset();
            return Err(unavailable(
                "a prompt that was read before cannot be taken over",
            ));
        }
        self.cache.replace(&snapshot.tokens);
        Ok(())
    }

    /// Tokens that have been read.
    pub(super) fn tokens(&self) -> &[LlamaToken] {
        self.cache.tokens()
    }

    /// Writes what this seat has read into a file.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        self.context
            .state_seq_save_file(path, SEQUENCE, self.cache.tokens())
            .map(|_| ())
            .map_err(io::Error::other)
    }

    /// Replaces all that this seat has read by `wanted`, which [`Seat::save`] wrote into a file.
    pub(super) fn load(&mut self, path: &Path, wanted: &[LlamaToken]) -> io::Result<()> {
        self.reset();
        let loaded = self
            .context
            .state_seq_load_file(path, SEQUENCE, self.capacity());
        match loaded {
            Ok((tokens, _)) if tokens == wanted => {
                self.cache.replace(wanted);
                Ok(())
            }
            other => {
                self.reset();
                Err(other.map_or_else(io::Error::other, |_| {
                    io::Error::other("it holds another prompt")
                }))
            }
        }
    }

    fn decode(&mut self, tokens: &[LlamaToken], knows_next: bool) -> Result<(), ProviderError> {
        let start = self.cache.len();
        self.batch.clear();
        for (index, token) in tokens.iter().enumerate() {
            let is_last = index + 1 == tokens.len();
            self.batch
                .add(
                    *token,
                    position(start + index),
                    &[SEQUENCE],
                    knows_next && is_last,
                )
                .map_err(|error| unavailable(error.to_string()))?;
        }
        if let Err(error) = self.context.decode(&mut self.batch) {
            self.reset();
            return Err(unavailable(format!("llama.cpp could not read on: {error}")));
        }
        self.cache.extend(tokens, knows_next);
        Ok(())
    }

    fn forget(&mut self, from: usize, to: Option<usize>) -> Result<(), ProviderError> {
        let (from, to) = (unsigned(from), to.map(unsigned));
        let is_gone = self.context.clear_kv_cache_seq(Some(0), Some(from), to);
        if is_gone == Ok(true) {
            return Ok(());
        }
        // Some models cannot forget a part: then all is read again.
        self.reset();
        Ok(())
    }

    fn shift(&mut self, start: usize, end: usize, to: usize) -> Result<(), ProviderError> {
        let delta = position(to) - position(start);
        self.context
            .kv_cache_seq_add(SEQUENCE, Some(unsigned(start)), Some(unsigned(end)), delta)
            .map_err(|error| unavailable(error.to_string()))
    }

    fn reset(&mut self) {
        self.context.clear_kv_cache();
        self.cache.replace(&[]);
    }
}

impl Snapshot {
    /// How many tokens of `wanted`, from its start, it holds.
    pub(super) fn shared_with(&self, wanted: &[LlamaToken]) -> usize {
        common_prefix(&self.tokens, wanted)
    }

    /// Whether `seat` has read just this.
    pub(super) fn is_of(&self, seat: &Seat<'_>) -> bool {
        self.tokens == seat.cache.tokens()
    }
}

fn position(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

fn unsigned(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
