//! The models behind requests that are no calls: text to speech, speech to text, chat. What platforms
//! call such requests is the dialects' business.

mod chat;
mod encoding;
mod listen;
mod sentences;
mod speak;
mod stop;

use axum::http::StatusCode;
use offhook_contract::ProviderError;

pub(crate) use chat::{ChatAnswer, ask};
pub(crate) use encoding::{AudioEncoder, AudioFormat, wav_header};
pub(crate) use listen::{HeardStretch, RECORDING_RATE, listen};
pub(crate) use speak::{SpokenAudio, speak};
pub(crate) use stop::StopAt;

use crate::Refusal;

impl From<ProviderError> for Refusal {
    /// What the client may know.
    fn from(problem: ProviderError) -> Self {
        let status = match &problem {
            ProviderError::Rejected { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ProviderError::Unavailable { .. } | ProviderError::TimedOut { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ProviderError::Malformed { .. } => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, "model_failed", problem.to_string())
    }
}
