//! The sum of two sounds.

/// Adds `other` to `samples`, sample by sample, clipped at full scale. What one has more than the
/// other stays as it is.
pub fn mix_into(samples: &mut [i16], other: &[i16]) {
    for (sample, addend) in samples.iter_mut().zip(other) {
        *sample = sample.saturating_add(*addend);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_clipped_and_lengths_may_differ() {
        let mut samples = [1, 30_000, -30_000, 5];
        mix_into(&mut samples, &[2, 30_000, -30_000]);
        assert_eq!(samples, [3, i16::MAX, i16::MIN, 5]);
    }
}
