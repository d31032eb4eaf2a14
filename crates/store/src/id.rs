//! Names for new rows, and the wall clock that dates them.

use std::time::{SystemTime, UNIX_EPOCH};

use thiserror::Error;

/// Crockford's base 32, in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The system gives no random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the system gives no random numbers")]
pub struct IdError(#[source] getrandom::Error);

/// A new id, such as `agent_01kazzn4q8w2v0c5r7x9y1b3d5`: the kind, then 48 bits of time and 80
/// random ones, so that ids sort by age and none can be guessed.
///
/// # Errors
/// Where the system gives no random numbers.
pub fn new_id(kind: &str) -> Result<String, IdError> {
    let mut bits = [0; 16];
    bits[..6].copy_from_slice(&now_ms().to_be_bytes()[2..]);
    bits[6..].copy_from_slice(&random::<10>()?);
    Ok(format!("{kind}_{}", base32(&bits)))
}

/// Milliseconds since 1970 (UTC).
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], IdError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(IdError)?;
    Ok(bytes)
}

/// The bytes as text, five bits a letter, as few letters as hold them all.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let letters = (bytes.len() * 8).div_ceil(5);
    // Leading zero bits fill up the first letter, which keeps the order.
    let padding = letters * 5 - bytes.len() * 8;
    (0..letters)
        .map(|letter| {
            let value = (0..5).fold(0, |value, bit| {
                let place = (letter * 5 + bit).checked_sub(padding);
                let bit = place.map_or(0, |place| bytes[place / 8] >> (7 - place % 8) & 1);
                value << 1 | bit
            });
            char::from(ALPHABET[usize::from(value)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_keeps_every_bit_and_the_order() {
        assert_eq!(base32(&[]), "");
        assert_eq!(base32(&[0xff]), "7z");
        assert_eq!(base32(&[0, 0, 0, 0, 1]), "00000001");
        assert_eq!(base32(&[0xff; 5]), "zzzzzzzz");
        assert!(base32(&[1, 2, 3, 4]) < base32(&[1, 2, 4, 0]));
        assert_eq!(base32(&[0; 16]).len(), 26);
    }

    #[test]
    fn ids_differ_and_name_their_kind() {
        let (one, other) = (new_id("agent").unwrap(), new_id("agent").unwrap());
        assert_ne!(one, other);
        assert!(one.starts_with("agent_0") && one.len() == 32, "{one}");
        assert_eq!(one[..14], other[..14], "made within the same seconds");
    }
}
