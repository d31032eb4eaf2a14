//! How a provider fails. Expected trouble becomes a fact of the call, never a panic.

/// What went wrong with recognition, a chat model, a voice or a detector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached or loaded. Another try, or another provider, may help.
    #[error("{provider} is unavailable: {problem}")]
    Unavailable {
        /// Which provider.
        provider: String,
        /// What happened and what to do about it.
        problem: String,
    },
    /// It refused the request (key, quota, unknown voice). The same request will fail again.
    #[error("{provider} refused the request: {problem}")]
    Rejected {
        /// Which provider.
        provider: String,
        /// What happened and what to do about it.
        problem: String,
    },
    /// It did not answer in time.
    #[error("{provider} did not answer within {waited_ms} ms")]
    TimedOut {
        /// Which provider.
        provider: String,
        /// How long was waited.
        waited_ms: u64,
    },
    /// It answered with something that makes no sense.
    #[error("{provider} answered with something unreadable: {problem}")]
    Malformed {
        /// Which provider.
        provider: String,
        /// What was wrong with it.
        problem: String,
    },
}
