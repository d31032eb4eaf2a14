//! Moonshine: English speech to text over a whole stretch of audio at once.
//!
//! It does not stream: a growing utterance is given again and again. To make that cheap a pass
//! takes the tokens of the pass before as a *draft*: the decoder checks all of them in one step
//! and goes on from the first that it would not have chosen itself, which gives the same text as
//! a pass without draft (greedy decoding).
//!
//! Source: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
//! Commands" (2024).

use std::borrow::Cow;
use std::path::PathBuf;

use offhook_contract::ProviderError;
use ort::memory::Allocator;
use ort::session::{SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Tensor, TensorRef};

use super::vocabulary::{BEGIN_TOKEN, END_TOKEN, Vocabulary};
use crate::local::onnx::{OnnxError, OnnxModel, OnnxRuntime};

pub(super) const PROVIDER: &str = "speech recognition (moonshine)";

/// Samples a second of the audio that it hears.
const RATE_HZ: usize = 16_000;
/// Shorter audio is filled up with silence to this; the model makes words up for less.
const SAMPLES_MIN: usize = RATE_HZ;
/// No speaker is faster than this, so more tokens are a loop.
const TOKENS_PER_SECOND_MAX: usize = 8;
const LAYERS: usize = 6;
const HEADS: usize = 8;
const HEAD_SIZE: usize = 36;
const VOCABULARY_SIZE: usize = 32_768;

/// Where the model's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoonshineFiles {
    /// `encoder_model.ort`.
    pub encoder: PathBuf,
    /// `decoder_model_merged.ort`.
    pub decoder: PathBuf,
    /// `tokenizer.bin`.
    pub vocabulary: PathBuf,
}

/// Moonshine tiny, for all calls.
#[derive(Debug)]
pub struct Moonshine {
    encoder: OnnxModel,
    decoder: OnnxModel,
    vocabulary: Vocabulary,
    memory_names: Vec<(String, String)>,
}

/// What was recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcription {
    /// The words; empty where there are none.
    pub text: String,
    /// The tokens of the text, to be the draft of the next pass over longer audio.
    pub tokens: Vec<u32>,
    /// How sure the model was of its tokens: 0 is certain, below −1 is guessing.
    pub mean_log_probability: f32,
}

/// One utterance being decoded.
struct Decoding {
    hidden: DynValue,
    attention: Vec<i64>,
    /// Keys and values of each layer, in the order of `Moonshine::memory_names`.
    memory: Vec<DynValue>,
    tokens: Vec<u32>,
    log_probabilities: f32,
    choices: usize,
}

/// What the decoder chose after each token that it was given.
struct Choice {
    token: u32,
    log_probability: f32,
}

impl Moonshine {
    /// Loads the model so that `lanes` passes can run at once; each lane takes 70 MB.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] with path and remedy where a file is missing or wrong.
    pub fn load(
        runtime: &OnnxRuntime,
        files: &MoonshineFiles,
        lanes: usize,
    ) -> Result<Self, ProviderError> {
        let lost = |error: OnnxError| error.for_provider(PROVIDER);
        let memory_names: Vec<(String, String)> = (0..LAYERS)
            .flat_map(|layer| {
                [
                    "decoder.key",
                    "decoder.value",
                    "encoder.key",
                    "encoder.value",
                ]
                .map(|part| {
                    (
                        format!("past_key_values.{layer}.{part}"),
                        format!("present.{layer}.{part}"),
                    )
                })
            })
            .collect();
        let vocabulary = Vocabulary::load(&files.vocabulary, VOCABULARY_SIZE).map_err(|error| {
            ProviderError::Unavailable {
                provider: PROVIDER.to_owned(),
                problem: error.to_string(),
            }
        })?;
        let encoder = runtime
            .open_lanes(&files.encoder, lanes)
            .and_then(|model| model.expect_inputs(&["input_values", "attention_mask"]))
            .map_err(lost)?;
        let mut inputs = vec![
            "input_ids",
            "encoder_hidden_states",
            "encoder_attention_mask",
            "use_cache_branch",
        ];
        inputs.extend(memory_names.iter().map(|(past, _)| past.as_str()));
        let decoder = runtime
            .open_lanes(&files.decoder, lanes)
            .and_then(|model| model.expect_inputs(&inputs))
            .map_err(lost)?;
        Ok(Self {
            encoder,
            decoder,
            vocabulary,
            memory_names,
        })
    }

    /// Recognises `samples` (16 kHz, full scale ±1; at most some 15 s). `draft` is what a pass
    /// over the beginning of the same audio gave, or empty. `None` where `is_abandoned` became
    /// true on the way; it is asked between steps, about every 5 ms.
    ///
    /// # Errors
    /// [`ProviderError`] where the model fails to run.
    pub fn transcribe(
        &self,
        samples: &[f32],
        draft: &[u32],
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Option<Transcription>, ProviderError> {
        self.run(samples, draft, is_abandoned)
            .map_err(|error| ProviderError::Unavailable {
                provider: PROVIDER.to_owned(),
                problem: format!("{} failed to run: {error}", self.decoder.path().display()),
            })
    }

    fn run(
        &self,
        samples: &[f32],
        draft: &[u32],
        is_abandoned: &dyn Fn() -> bool,
    ) -> Result<Option<Transcription>, ort::Error> {
        let samples = filled_up(samples);
        let tokens_max = samples.len() * TOKENS_PER_SECOND_MAX / RATE_HZ;
        let mut decoding = self.encode(&samples)?;
        let draft = &draft[..draft.len().min(tokens_max)];
        let mut next = self.check_draft(&mut decoding, draft)?;
        while next != END_TOKEN && decoding.tokens.len() < tokens_max {
            if is_abandoned() {
                return Ok(None);
            }
            decoding.tokens.push(next);
            if let Some(length) = length_without_loop(&decoding.tokens) {
                decoding.tokens.truncate(length);
                break;
            }
            next = self.decode_one(&mut decoding, next)?;
        }
        Ok(Some(Transcription {
            text: words(&self.vocabulary.text(&decoding.tokens)),
            mean_log_probability: decoding.log_probabilities / decoding.choices.max(1) as f32,
            tokens: decoding.tokens,
        }))
    }

    fn encode(&self, samples: &[f32]) -> Result<Decoding, ort::Error> {
        // Both halves want a mask as long as the audio in samples, not in encoder frames.
        let attention = vec![1_i64; samples.len()];
        let mut session = self.encoder.lock();
        let mut outputs = session.run(ort::inputs![
            "input_values" => TensorRef::from_array_view(([1, samples.len()], samples))?,
            "attention_mask" => TensorRef::from_array_view(([1, samples.len()], &attention[..]))?,
        ])?;
        let hidden = outputs
            .remove("last_hidden_state")
            .ok_or_else(|| ort::Error::new("the encoder gave no last_hidden_state"))?;
        let memory = self
            .memory_names
            .iter()
            .map(|_| empty_memory())
            .collect::<Result<_, _>>()?;
        Ok(Decoding {
            hidden,
            attention,
            memory,
            tokens: Vec::new(),
            log_probabilities: 0.0,
            choices: 0,
        })
    }

    /// The first step: takes as much of the draft as the model agrees with, and gives the token
    /// that follows it.
    fn check_draft(&self, decoding: &mut Decoding, draft: &[u32]) -> Result<u32, ort::Error> {
        let mut given = vec![i64::from(BEGIN_TOKEN)];
        given.extend(draft.iter().map(|&token| i64::from(token)));
        let choices = self.step(decoding, &given, false)?;
        let agreed = choices
            .iter()
            .zip(draft)
            .take_while(|(choice, token)| choice.token == **token);
        let agreed = agreed.count();
        for choice in &choices[..=agreed] {
            decoding.log_probabilities += choice.log_probability;
            decoding.choices += 1;
        }
        decoding.tokens.extend_from_slice(&draft[..agreed]);
        if agreed < draft.len() {
            let steps = agreed + 1;
            for ((past, _), memory) in self.memory_names.iter().zip(&mut decoding.memory) {
                if past.contains("decoder.") {
                    *memory = first_steps(memory, steps)?;
                }
            }
        }
        Ok(choices[agreed].token)
    }

    fn decode_one(&self, decoding: &mut Decoding, token: u32) -> Result<u32, ort::Error> {
        let choices = self.step(decoding, &[i64::from(token)], true)?;
        let choice = &choices[0];
        decoding.log_probabilities += choice.log_probability;
        decoding.choices += 1;
        Ok(choice.token)
    }

    /// Gives `tokens` to the decoder; one choice for each, never none.
    fn step(
        &self,
        decoding: &mut Decoding,
        tokens: &[i64],
        is_continued: bool,
    ) -> Result<Vec<Choice>, ort::Error> {
        let length = decoding.attention.len();
        let branch = [is_continued];
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = vec![
            (
                "input_ids".into(),
                TensorRef::from_array_view(([1, tokens.len()], tokens))?.into(),
            ),
            ("encoder_hidden_states".into(), (&decoding.hidden).into()),
            (
                "encoder_attention_mask".into(),
                TensorRef::from_array_view(([1, length], &decoding.attention[..]))?.into(),
            ),
            (
                "use_cache_branch".into(),
                TensorRef::from_array_view(([1_usize], &branch[..]))?.into(),
            ),
        ];
        for ((past, _), memory) in self.memory_names.iter().zip(&decoding.memory) {
            inputs.push((past.as_str().into(), memory.into()));
        }
        let mut session = self.decoder.lock();
        let mut outputs = session.run(inputs)?;
        let choices = choices(&outputs, tokens.len())?;
        for ((past, present), memory) in self.memory_names.iter().zip(&mut decoding.memory) {
            // The encoder's half is made in the first step and empty in the outputs of the others.
            if is_continued && past.contains("encoder.") {
                continue;
            }
            if let Some(value) = outputs.remove(present) {
                *memory = value;
            }
        }
        Ok(choices)
    }
}

fn filled_up(samples: &[f32]) -> Cow<'_, [f32]> {
    if samples.len() >= SAMPLES_MIN {
        return Cow::Borrowed(samples);
    }
    let mut filled = samples.to_vec();
    filled.resize(SAMPLES_MIN, 0.0);
    Cow::Owned(filled)
}

fn empty_memory() -> Result<DynValue, ort::Error> {
    Ok(Tensor::<f32>::new(&Allocator::default(), [1_usize, HEADS, 0, HEAD_SIZE])?.into_dyn())
}

/// The first `steps` steps of keys or values that hold more.
fn first_steps(memory: &DynValue, steps: usize) -> Result<DynValue, ort::Error> {
    let (_, values) = memory.try_extract_tensor::<f32>()?;
    let of_head = values.len() / HEADS;
    let kept = steps * HEAD_SIZE;
    let mut first = Vec::with_capacity(HEADS * kept);
    for head in values.chunks_exact(of_head.max(1)) {
        first.extend_from_slice(&head[..kept.min(head.len())]);
    }
    Ok(Tensor::from_array(([1_usize, HEADS, steps, HEAD_SIZE], first))?.into_dyn())
}

fn choices(outputs: &SessionOutputs<'_>, count: usize) -> Result<Vec<Choice>, ort::Error> {
    let logits = outputs
        .get("logits")
        .ok_or_else(|| ort::Error::new("no logits"))?;
    let (_, logits) = logits.try_extract_tensor::<f32>()?;
    if logits.len() != count * VOCABULARY_SIZE {
        return Err(ort::Error::new(format!(
            "{} logits for {count} tokens",
            logits.len()
        )));
    }
    Ok(logits
        .chunks_exact(VOCABULARY_SIZE)
        .map(likeliest)
        .collect())
}

fn likeliest(logits: &[f32]) -> Choice {
    let (token, highest) =
        logits
            .iter()
            .enumerate()
            .fold((0, f32::MIN), |best, (token, &logit)| {
                if logit > best.1 { (token, logit) } else { best }
            });
    let sum: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    Choice {
        token: token as u32,
        log_probability: -sum.ln(),
    }
}

/// Where the end of `tokens` says the same thing over and over, the length up to the end of its
/// first time.
fn length_without_loop(tokens: &[u32]) -> Option<usize> {
    (1..=8).find_map(|period| {
        // One token can well be said often ("5 5 5 5"), a phrase hardly four times.
        let times = if period == 1 { 10 } else { 4 };
        let start = tokens.len().checked_sub(period * times)?;
        let (first, rest) = tokens[start..].split_at(period);
        rest.chunks_exact(period)
            .all(|again| again == first)
            .then_some(start + period)
    })
}

/// The text without what is no word: notes, lone punctuation, the quotation marks around all.
fn words(text: &str) -> String {
    if !text.chars().any(char::is_alphanumeric) {
        return String::new();
    }
    let is_edge = |letter: char| letter.is_whitespace() || "♪\"'“”‘’".contains(letter);
    text.trim_matches(is_edge).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_cut_to_their_first_time() {
        assert_eq!(length_without_loop(&[1, 2, 3, 4]), None);
        assert_eq!(length_without_loop(&[9, 5, 5, 5, 5]), None);
        assert_eq!(
            length_without_loop(&[9, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]),
            Some(2)
        );
        assert_eq!(
            length_without_loop(&[7, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]),
            Some(4)
        );
        assert_eq!(length_without_loop(&[]), None);
    }

    #[test]
    fn what_holds_no_word_is_no_text() {
        assert_eq!(words("♪♪♪"), "");
        assert_eq!(words(". -"), "");
        assert_eq!(words("♪ Hello. ♪"), "Hello.");
        assert_eq!(words("\"'It's David's.'"), "It's David's.");
    }

    #[test]
    fn short_audio_is_filled_up() {
        assert_eq!(filled_up(&[0.5; 10]).len(), SAMPLES_MIN);
        assert!(matches!(
            filled_up(&vec![0.0; SAMPLES_MIN]),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn the_likeliest_token_comes_with_its_probability() {
        let choice = likeliest(&[0.0, 2.0_f32.ln(), 0.0]);
        assert_eq!(choice.token, 1);
        assert!((choice.log_probability.exp() - 0.5).abs() < 1e-6);
    }
}
