//! AES-256-GCM over short texts: a random nonce in front, and what the text belongs to bound in, so
//! that a row which is moved to another place does not open there.

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use thiserror::Error;

use crate::id::{IdError, random};

const NONCE_BYTES: usize = 12;

/// A key of 256 bits, which never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SealKey([u8; 32]);

/// What is sealed cannot be opened, or nothing can be sealed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SealError {
    #[error("it was sealed with another key, for another place, or is damaged")]
    Closed,
    #[error(transparent)]
    Random(#[from] IdError),
}

impl SealKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn made_now() -> Result<Self, IdError> {
        random().map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// `plain`, sealed for `place`, in hex digits.
    pub(crate) fn seal(&self, plain: &[u8], place: &str) -> Result<String, SealError> {
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: plain,
            aad: place.as_bytes(),
        };
        let sealed = Aes256Gcm::new(&self.0.into())
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| SealError::Closed)?;
        Ok(hex(&nonce) + &hex(&sealed))
    }

    pub(crate) fn open(&self, sealed: &str, place: &str) -> Result<Vec<u8>, SealError> {
        let bytes = from_hex(sealed).ok_or(SealError::Closed)?;
        let (nonce, sealed) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::Closed)?;
        let payload = Payload {
            msg: sealed,
            aad: place.as_bytes(),
        };
        Aes256Gcm::new(&self.0.into())
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| SealError::Closed)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealKey(…)")
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: &u8| char::from(*letter).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_with_its_key_at_its_place() {
        let key = SealKey::made_now().unwrap();
        let sealed = key.seal(b"sesame", "ws_1 secret_1").unwrap();
        assert!(!sealed.contains(&hex(b"sesame")));
        assert_eq!(key.open(&sealed, "ws_1 secret_1").unwrap(), b"sesame");
        assert_ne!(sealed, key.seal(b"sesame", "ws_1 secret_1").unwrap());
        assert_eq!(key.open(&sealed, "ws_2 secret_1"), Err(SealError::Closed));
        let other = SealKey::made_now().unwrap();
        assert_eq!(other.open(&sealed, "ws_1 secret_1"), Err(SealError::Closed));
        let damaged = sealed.replacen(|it: char| it != 'a', "a", 1);
        assert_eq!(key.open(&damaged, "ws_1 secret_1"), Err(SealError::Closed));
        for no_seal in ["", "abc", "zz", "00112233"] {
            assert_eq!(key.open(no_seal, ""), Err(SealError::Closed), "{no_seal}");
        }
    }

    #[test]
    fn hex_digits_go_both_ways() {
        assert_eq!(hex(&[0, 0x1f, 0xff]), "001fff");
        assert_eq!(from_hex("001FfF"), Some(vec![0, 0x1f, 0xff]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("0g"), None);
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", SealKey::new([7; 32])), "SealKey(…)");
    }
}
