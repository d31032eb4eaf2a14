//! What dialects make of what servers say, all alike.

use offhook_contract::ProviderError;
use tokio_tungstenite::tungstenite::http::HeaderName;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use crate::hosted::failure::short;
use crate::hosted::{Account, Failure};

/// The header of most vendors.
pub(crate) fn bearer(account: &Account) -> Option<(HeaderName, String)> {
    let key = account.key.as_ref()?;
    Some((AUTHORIZATION, format!("Bearer {}", key.expose())))
}

/// What is wrong with a message, without its words, which may be what was said.
pub(crate) fn misread(problem: &serde_json::Error) -> String {
    format!("{:?} in column {}", problem.classify(), problem.column())
}

/// The server breaks off, in its words. Another connection may do better.
pub(crate) fn broken_off(provider: &str, words: &str) -> Failure {
    Failure::passing(ProviderError::Unavailable {
        provider: provider.to_owned(),
        problem: short(words).unwrap_or_else(|| "it broke off".to_owned()),
    })
}

/// The server refuses what it is asked for, in its words.
pub(crate) fn refused_for_good(provider: &str, words: &str) -> Failure {
    Failure::lasting(ProviderError::Rejected {
        provider: provider.to_owned(),
        problem: short(words).unwrap_or_else(|| "it refused without a reason".to_owned()),
    })
}
