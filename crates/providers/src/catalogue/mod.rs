//! The models' files: where they come from, and whether they are whole.
//!
//! On disk a file lies at `<root>/<model>/<file>`, where root is `$OFFHOOK_MODELS_DIR`, else
//! `$XDG_CACHE_HOME/offhook/models`, else `~/.cache/offhook/models`:
//!
//! | model | files |
//! |---|---|
//! | `onnxruntime` | `libonnxruntime.so` |
//! | `silero-vad` | `silero_vad.onnx` |
//! | `smart-turn` | `smart-turn-v3.2-cpu.onnx` |
//! | `moonshine-tiny-en` | `encoder_model.ort`, `decoder_model_merged.ort`, `tokenizer.bin` |
//! | `hibari-heart` | `hibari.onnx` and the lexicon files of the same package |
//! | `qwen2.5-coder-1.5b-instruct` | `model.gguf` |
//! | `qwen2.5-coder-0.5b-instruct` | `model.gguf` |
//! | `smollm2-135m-instruct` | `model.gguf` |

mod directory;

pub use directory::ModelDirectory;
