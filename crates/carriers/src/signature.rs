//! What is wrong with a signature, keyed digests, which two of the carriers sign with, and digits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Why a request is not taken for the carrier's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// A header that carries it is missing or cannot be read.
    #[error("the request has no readable header {0}")]
    Missing(&'static str),
    /// It was signed too long ago, or ahead of time.
    #[error("the request was signed more than {max_s} s away from now")]
    Stale {
        /// The most that is taken, in seconds.
        max_s: i64,
    },
    /// Our key is none.
    #[error("the carrier's key is not of the form that the carrier gives")]
    Key,
    /// The signature is not that of this request.
    #[error("the signature is not that of this request")]
    Wrong,
}

/// Whether `signature`, in base64, is the keyed digest of `text`; takes the same time wherever they
/// differ.
pub(crate) fn is_digest(
    algorithm: hmac::Algorithm,
    key: &str,
    text: &[u8],
    signature: &str,
) -> bool {
    let Ok(signature) = STANDARD.decode(signature.trim()) else {
        return false;
    };
    let key = hmac::Key::new(algorithm, key.as_bytes());
    hmac::verify(&key, text, &signature).is_ok()
}

/// The bytes that digits stand for, two for each; `None` for other text.
pub(crate) fn of_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let is_whole = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    if !is_whole {
        return None;
    }
    let bytes = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect()
}
