//! Where a waveform goes on most like it did before.

use crate::SampleRate;

/// Below this (−80 dBFS) there is nothing to be like.
const POWER_MIN: f32 = 10.0;

/// The search around a place: every few samples at first, then every sample around the best.
#[derive(Debug)]
pub(super) struct Search {
    reach: usize,
    length: usize,
    stride: usize,
}

impl Search {
    /// Looks up to `reach` samples to each side and compares `length` samples.
    pub(super) const fn new(rate: SampleRate, reach: usize, length: usize) -> Self {
        let stride = rate.hz() as usize / 8_000;
        Self {
            reach,
            length,
            stride: if stride == 0 { 1 } else { stride },
        }
    }

    pub(super) const fn reach(&self) -> usize {
        self.reach
    }

    /// The place within reach of `ideal` from which `input` is most like it is from `natural` on;
    /// `ideal` itself in silence.
    pub(super) fn best(&self, input: &[f32], natural: usize, ideal: usize) -> usize {
        let pattern = &input[natural..natural + self.length];
        let last = input.len() - self.length;
        let from = ideal.saturating_sub(self.reach).min(last);
        let to = (ideal + self.reach).min(last);
        if power(pattern, self.stride) < POWER_MIN {
            return ideal.min(last);
        }
        let coarse = (from..=to).step_by(self.stride);
        let near = self.most_like(input, pattern, coarse, self.stride);
        let fine =
            near.saturating_sub(self.stride - 1).max(from)..=(near + self.stride - 1).min(to);
        if self.stride == 1 {
            near
        } else {
            self.most_like(input, pattern, fine, 1)
        }
    }

    fn most_like(
        &self,
        input: &[f32],
        pattern: &[f32],
        places: impl Iterator<Item = usize>,
        stride: usize,
    ) -> usize {
        let mut best = (0, f32::NEG_INFINITY);
        for place in places {
            let other = &input[place..place + self.length];
            let (product, power) = product_and_power(pattern, other, stride);
            // Of two places with the same pattern its own power says nothing.
            let likeness = product / power.max(POWER_MIN).sqrt();
            if likeness > best.1 {
                best = (place, likeness);
            }
        }
        best.0
    }
}

/// How alike two stretches are: 1 for the same shape, 0 for nothing in common, −1 for opposites.
pub(super) fn likeness(left: &[f32], right: &[f32]) -> f32 {
    let (product, right_power) = product_and_power(left, right, 1);
    let (left_power, _) = product_and_power(left, left, 1);
    product / (left_power * right_power).sqrt().max(POWER_MIN)
}

/// The sum of the products, and that of the squares of `right`.
fn product_and_power(left: &[f32], right: &[f32], stride: usize) -> (f32, f32) {
    let pairs = left.iter().zip(right).step_by(stride);
    pairs.fold((0.0, 0.0), |(product, power), (left, right)| {
        (product + left * right, power + right * right)
    })
}

fn power(samples: &[f32], stride: usize) -> f32 {
    let squares = samples.iter().step_by(stride).map(|sample| sample * sample);
    squares.sum::<f32>() * stride as f32 / samples.len().max(1) as f32
}
