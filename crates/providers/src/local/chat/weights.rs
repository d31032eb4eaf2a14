//! The model file, loaded once, and how text becomes its tokens.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use offhook_contract::{ChatMessage, Role};

use super::load_error::LlamaLoadError;
use super::template::{ChatFormat, Part};

/// Versions of the GGUF format that llama.cpp reads.
const GGUF_VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// Marks around a message, at most, where only its length is wanted.
const MARKS_PER_MESSAGE: usize = 8;

/// The loaded model. Calls share it.
pub(super) struct Weights {
    pub(super) model: LlamaModel,
    format: ChatFormat,
}

/// A conversation in tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) tokens: Vec<LlamaToken>,
    /// How many of them there are up to the end of what was said last, before the marks that end
    /// the turn and open the reply.
    pub(super) said: usize,
}

/// llama.cpp itself, started once in a process.
pub(super) fn backend() -> Result<&'static LlamaBackend, LlamaLoadError> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let started = BACKEND.get_or_init(|| {
        let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
        backend.void_logs();
        Ok(backend)
    });
    started
        .as_ref()
        .map_err(|problem| LlamaLoadError::NotStarted {
            problem: problem.clone(),
        })
}

impl Weights {
    /// Maps the model at `path` into memory.
    pub(super) fn load(path: &Path) -> Result<Self, LlamaLoadError> {
        check_header(path)?;
        let unusable = |problem: &str| LlamaLoadError::Unusable {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        let model = LlamaModel::load_from_file(backend()?, path, &LlamaModelParams::default())
            .map_err(|_| unusable("it is cut short, damaged, or of a kind that llama.cpp lacks"))?;
        if model.vocab().n_tokens() == 0 {
            return Err(unusable("it has no vocabulary"));
        }
        let format = ChatFormat::of(&model);
        Ok(Self { model, format })
    }

    /// `messages` and the opening of the agent's reply, in tokens.
    pub(super) fn prompt(&self, messages: &[&ChatMessage]) -> Prompt {
        let parts = self.format.render(&self.model, messages);
        let vocab = self.model.vocab();
        let mut prompt = Prompt::default();
        if vocab.should_add_bos() {
            prompt.tokens.push(vocab.bos());
        }
        for part in parts {
            match part {
                Part::Control(text) => {
                    prompt
                        .tokens
                        .extend(vocab.tokenize(text.as_bytes(), false, true));
                }
                Part::Said(text) => {
                    prompt
                        .tokens
                        .extend(vocab.tokenize(text.as_bytes(), false, false));
                    prompt.said = prompt.tokens.len();
                }
            }
        }
        prompt
    }

    /// `messages` up to where the caller begins to speak.
    pub(super) fn opening(&self, messages: &[ChatMessage]) -> Prompt {
        let caller = ChatMessage::new(Role::Caller, "");
        let messages: Vec<_> = messages.iter().chain([&caller]).collect();
        let mut prompt = self.prompt(&messages);
        prompt.tokens.truncate(prompt.said);
        prompt
    }

    /// About how many tokens `message` takes in a prompt, rather too many than too few.
    pub(super) fn size(&self, message: &ChatMessage) -> usize {
        let said = self
            .model
            .vocab()
            .tokenize(message.plain_text().as_bytes(), false, false);
        said.len() + MARKS_PER_MESSAGE
    }

    /// The bytes that `token` stands for; none for marks.
    pub(super) fn bytes(&self, token: LlamaToken) -> Vec<u8> {
        self.model.vocab().token_to_piece(token, false, None)
    }

    /// Whether `token` ends a reply.
    pub(super) fn ends_reply(&self, token: LlamaToken) -> bool {
        self.model.vocab().is_eog(token)
    }

    /// Whether a reply may begin with `token`: with something that can be said, and not with
    /// code, a list or a tool call.
    pub(super) fn may_begin_reply(&self, token: LlamaToken) -> bool {
        if self.model.vocab().is_control(token) || self.ends_reply(token) {
            return false;
        }
        let bytes = self.bytes(token);
        let first = bytes
            .iter()
            .copied()
            .find(|byte| !byte.is_ascii_whitespace());
        first.is_some_and(|first| !b"{}[]`<>*#|\\_=~".contains(&first))
    }

    /// Whether a stretch of what was read can be moved to another position.
    pub(super) fn can_move(&self) -> bool {
        !self.model.is_recurrent() && !self.model.is_hybrid()
    }
}

/// Refuses what is no GGUF file before llama.cpp, which says only that it failed, sees it.
fn check_header(path: &Path) -> Result<(), LlamaLoadError> {
    if !path.is_file() {
        return Err(LlamaLoadError::Missing {
            path: path.to_owned(),
        });
    }
    let not_gguf = |problem: String| LlamaLoadError::NotGguf {
        path: path.to_owned(),
        problem,
    };
    let mut header = [0_u8; 8];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .map_err(|error| not_gguf(format!("its first bytes cannot be read: {error}")))?;
    let [g, u, second_g, f, version @ ..] = header;
    if [g, u, second_g, f] != *b"GGUF" {
        return Err(not_gguf(format!(
            "it begins with {:?}",
            header[..4].escape_ascii().to_string()
        )));
    }
    let version = u32::from_le_bytes(version);
    if !GGUF_VERSIONS.contains(&version) {
        return Err(not_gguf(format!(
            "it is of version {version}, 2 or 3 is needed"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_bytes(name: &str, bytes: &[u8]) -> LlamaLoadError {
        let path = std::env::temp_dir().join(format!("offhook-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let error = Weights::load(&path).map(|_| ()).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        error
    }

    #[test]
    fn a_missing_file_is_named_with_the_remedy() {
        let error = Weights::load(Path::new("/nowhere/model.gguf"))
            .map(|_| ())
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("/nowhere/model.gguf is missing"), "{text}");
        assert!(text.contains("offhook models pull"), "{text}");
    }

    #[test]
    fn a_file_of_another_kind_is_refused_with_what_it_begins_with() {
        let error = load_bytes("zip", b"PK\x03\x04 and more");
        assert!(
            matches!(&error, LlamaLoadError::NotGguf { problem, .. }
            if problem.contains("PK")),
            "{error:?}"
        );
        let error = load_bytes("empty", b"");
        assert!(
            matches!(&error, LlamaLoadError::NotGguf { .. }),
            "{error:?}"
        );
        let error = load_bytes("version", b"GGUF\x63\0\0\0rest");
        assert!(error.to_string().contains("version 99"), "{error}");
    }

    #[test]
    fn a_model_that_is_cut_short_is_refused() {
        let error = load_bytes("cut", b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0");
        assert!(
            matches!(&error, LlamaLoadError::Unusable { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("models verify"), "{error}");
    }
}
