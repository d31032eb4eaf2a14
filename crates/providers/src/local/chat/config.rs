//! How the embedded chat model is run. Holds no behaviour: limits are applied where they act.

use std::path::PathBuf;
use std::thread;

/// Text that ends a reply. None of it can be meant for the caller's ear: code, tool calls,
/// control marks, or the model writing the caller's next line itself.
const STOPS: [&str; 7] = [
    "```",
    "{\"",
    "<tool_call>",
    "<|im_",
    "\nCaller:",
    "\nUser:",
    "\nYou:",
];

/// How the embedded chat model is run.
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaChatConfig {
    /// The GGUF file.
    pub model: PathBuf,
    /// Context window of each call, in tokens; held below what the model was trained on. A call
    /// keeps this much cache: about 28 kB a token with a 1.5 B Qwen2.5.
    pub context_tokens: u32,
    /// Calls that may be open at once, each with a cache of its own.
    pub calls_max: usize,
    /// Threads that read and write for the calls. One call is carried by one at a time.
    pub workers: usize,
    /// Threads with which a worker *reads* a prompt. Two take some six tenths of the time on idle
    /// cores, and twice the time on busy ones, where each waits for the other after every layer:
    /// then one reads.
    pub read_threads: u32,
    /// Threads with which a worker *writes*. Writing waits for memory: a second one takes a tenth
    /// to a fifth off and a whole core on.
    pub write_threads: u32,
    /// How far the workers step back (`nice`, 0 to 19), so that audio keeps its schedule.
    pub nice: i32,
    /// Used where the request leaves it open. 0 always takes the likeliest token.
    pub temperature: f32,
    /// Of the likeliest tokens, those that together reach this probability are drawn from. In
    /// (0, 1]; without effect at temperature 0.
    pub top_p: f32,
    /// By how much a token's logit is cut for having been written in this reply already (divided
    /// by this where positive). 1 is off, and right for agents that read numbers back.
    pub repetition_penalty: f32,
    /// Text that ends a reply and is not spoken.
    pub stops: Vec<String>,
    /// Folder in which openings of calls are kept for the next start; `None` keeps none. They hold
    /// the agents' prompts in the clear.
    pub openings: Option<PathBuf>,
    /// Seed of the draws at temperatures above 0.
    pub seed: u64,
}

impl LlamaChatConfig {
    /// The model at `model`, with what suits this machine.
    #[must_use]
    pub fn new(model: impl Into<PathBuf>) -> Self {
        Self::for_cores(
            model,
            thread::available_parallelism().map_or(1, usize::from),
        )
    }

    /// The model at `model` on a machine of `cores`: half the cores read and write, each reader with
    /// a second one's help where nothing else wants it.
    #[must_use]
    pub fn for_cores(model: impl Into<PathBuf>, cores: usize) -> Self {
        Self {
            model: model.into(),
            context_tokens: 4096,
            calls_max: 8,
            workers: (cores / 2).max(1),
            read_threads: if cores > 1 { 2 } else { 1 },
            write_threads: 1,
            nice: 5,
            temperature: 0.0,
            top_p: 0.9,
            repetition_penalty: 1.0,
            stops: STOPS.iter().map(|stop| (*stop).to_owned()).collect(),
            openings: None,
            seed: 0x0ff_400c,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_follow_the_machine() {
        for (cores, workers, read_threads) in [(1, 1, 1), (2, 1, 2), (3, 1, 2), (16, 8, 2)] {
            let config = LlamaChatConfig::for_cores("m.gguf", cores);
            assert_eq!(
                (config.workers, config.read_threads),
                (workers, read_threads),
                "{cores}"
            );
        }
    }
}
