//! 16-bit PCM as bytes, in both byte orders.

/// Which byte comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// The lower.
    Little,
    /// The higher.
    Big,
}

/// Writes samples into twice as many bytes.
pub(super) fn encode(order: ByteOrder, samples: &[i16], bytes: &mut [u8]) {
    for (pair, sample) in bytes.chunks_exact_mut(2).zip(samples) {
        pair.copy_from_slice(&match order {
            ByteOrder::Little => sample.to_le_bytes(),
            ByteOrder::Big => sample.to_be_bytes(),
        });
    }
}

/// Adds the samples of whole pairs of bytes to `out`.
pub(super) fn decode(order: ByteOrder, bytes: &[u8], out: &mut Vec<i16>) {
    let (pairs, _) = bytes.as_chunks::<2>();
    match order {
        ByteOrder::Little => out.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair))),
        ByteOrder::Big => out.extend(pairs.iter().map(|pair| i16::from_be_bytes(*pair))),
    }
}
