//! Which token comes next: the likeliest, or a draw among the likely ones.

use llama_cpp_2::token::LlamaToken;

/// Only this many of the likeliest tokens are ever drawn from.
const CANDIDATES_MAX: usize = 64;

/// How tokens are chosen for one reply.
#[derive(Debug)]
pub(super) struct Sampler {
    temperature: f32,
    top_p: f32,
    repetition_penalty: f32,
    random: u64,
}

impl Sampler {
    /// Draws at `temperature` (0 always takes the likeliest) within `top_p`.
    pub(super) fn new(temperature: f32, top_p: f32, repetition_penalty: f32, seed: u64) -> Self {
        // The generator of `draw` must not begin at zero.
        Self {
            temperature,
            top_p,
            repetition_penalty,
            random: seed | 1,
        }
    }

    /// The next token, given one logit for each token of the vocabulary and what this reply has
    /// `written`. Tokens of which `may` is false are passed over; `None` where none is left.
    pub(super) fn pick(
        &mut self,
        logits: &[f32],
        written: &[LlamaToken],
        may: impl Fn(LlamaToken) -> bool,
    ) -> Option<LlamaToken> {
        let mut candidates = self.likeliest(logits, written);
        candidates.retain(|(token, _)| may(*token));
        let (first, best) = *candidates.first()?;
        if self.temperature <= 0.0 || !best.is_finite() {
            return Some(first);
        }
        let weights: Vec<f32> = candidates
            .iter()
            .map(|(_, logit)| ((logit - best) / self.temperature).exp())
            .collect();
        let kept = within(&weights, self.top_p);
        let mut left = self.draw() * weights[..kept].iter().sum::<f32>();
        let drawn = weights[..kept].iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        Some(candidates[drawn.unwrap_or(kept - 1)].0)
    }

    /// The likeliest tokens, the likeliest first; equal ones by number.
    fn likeliest(&self, logits: &[f32], written: &[LlamaToken]) -> Vec<(LlamaToken, f32)> {
        let mut candidates: Vec<(LlamaToken, f32)> = Vec::with_capacity(CANDIDATES_MAX + 1);
        for (token, logit) in (0..).map(LlamaToken).zip(logits.iter().copied()) {
            let is_full = candidates.len() == CANDIDATES_MAX;
            let floor = if is_full {
                candidates[CANDIDATES_MAX - 1].1
            } else {
                f32::NEG_INFINITY
            };
            // A penalty only lowers, so that a logit below the floor stays below it.
            if logit.is_nan() || (is_full && logit <= floor) {
                continue;
            }
            let logit = self.penalised(token, logit, written);
            if is_full && logit <= floor {
                continue;
            }
            let place = candidates.partition_point(|(_, other)| *other >= logit);
            candidates.insert(place, (token, logit));
            candidates.truncate(CANDIDATES_MAX);
        }
        candidates
    }

    fn penalised(&self, token: LlamaToken, logit: f32, written: &[LlamaToken]) -> f32 {
        if self.repetition_penalty <= 1.0 || !written.contains(&token) {
            return logit;
        }
        if logit > 0.0 {
            logit / self.repetition_penalty
        } else {
            logit * self.repetition_penalty
        }
    }

    /// A number in [0, 1), by xorshift64* (Vigna, "An experimental exploration of Marsaglia's
    /// xorshift generators, scrambled", 2016).
    fn draw(&mut self) -> f32 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let bits = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        #[expect(clippy::cast_precision_loss, reason = "24 bits are exact in an f32")]
        let whole = bits as f32;
        whole / 16_777_216.0
    }
}

/// How many of `weights`, the heaviest first, make up the share `top_p`; at least one.
fn within(weights: &[f32], top_p: f32) -> usize {
    let wanted = weights.iter().sum::<f32>() * top_p;
    let mut sum = 0.0;
    let reached = weights.iter().position(|weight| {
        sum += weight;
        sum >= wanted
    });
    reached.map_or(weights.len(), |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(_: LlamaToken) -> bool {
        true
    }

    #[test]
    fn at_temperature_zero_the_likeliest_is_taken() {
        let mut sampler = Sampler::new(0.0, 0.9, 1.0, 1);
        assert_eq!(
            sampler.pick(&[0.1, 3.0, 2.9], &[], any),
            Some(LlamaToken(1))
        );
        assert_eq!(sampler.pick(&[5.0, 5.0], &[], any), Some(LlamaToken(0)));
    }

    #[test]
    fn tokens_that_may_not_be_are_passed_over() {
        let mut sampler = Sampler::new(0.0, 0.9, 1.0, 1);
        assert_eq!(
            sampler.pick(&[1.0, 3.0, 2.0], &[], |token| token.0 != 1),
            Some(LlamaToken(2))
        );
        assert_eq!(sampler.pick(&[1.0, 3.0], &[], |_| false), None);
        assert_eq!(sampler.pick(&[], &[], any), None);
        assert_eq!(
            sampler.pick(&[f32::NAN, -1.0], &[], any),
            Some(LlamaToken(1))
        );
    }

    #[test]
    fn draws_follow_the_weights_and_the_seed() {
        let logits = [2.0_f32.ln(), 0.0, f32::NEG_INFINITY];
        let counts = |seed| {
            let mut sampler = Sampler::new(1.0, 1.0, 1.0, seed);
            let mut counts = [0_u32; 3];
            for _ in 0..3000 {
                let token = sampler.pick(&logits, &[], any).unwrap();
                counts[usize::try_from(token.0).unwrap()] += 1;
            }
            counts
        };
        let [first, second, never] = counts(7);
        assert!(
            (1900..2100).contains(&first),
            "{first} of 3000, 2000 expected"
        );
        assert_eq!((first + second, never), (3000, 0));
        assert_eq!(counts(7), counts(7));
        assert_ne!(counts(7), counts(8));
    }

    #[test]
    fn top_p_leaves_the_unlikely_out() {
        assert_eq!(within(&[0.6, 0.3, 0.1], 0.5), 1);
        assert_eq!(within(&[0.6, 0.3, 0.1], 0.8), 2);
        assert_eq!(within(&[0.6, 0.3, 0.1], 1.0), 3);
        let mut sampler = Sampler::new(1.0, 0.5, 1.0, 3);
        for _ in 0..100 {
            assert_eq!(sampler.pick(&[1.0, 0.0], &[], any), Some(LlamaToken(0)));
        }
    }

    #[test]
    fn a_penalty_lets_another_token_come_first() {
        let written = [LlamaToken(1)];
        let mut sampler = Sampler::new(0.0, 0.9, 1.5, 1);
        assert_eq!(
            sampler.pick(&[2.5, 3.0], &written, any),
            Some(LlamaToken(0))
        );
        let mut sampler = Sampler::new(0.0, 0.9, 1.0, 1);
        assert_eq!(
            sampler.pick(&[2.5, 3.0], &written, any),
            Some(LlamaToken(1))
        );
    }

    #[test]
    fn the_likeliest_are_found_among_many() {
        let logits: Vec<f32> = (0..1000_u16)
            .map(|index| f32::from((index * 37) % 1000))
            .collect();
        let found = Sampler::new(0.0, 0.9, 1.0, 1).likeliest(&logits, &[]);
        assert_eq!(found.len(), CANDIDATES_MAX);
        let values: Vec<f32> = found.iter().map(|(_, logit)| *logit).collect();
        let expected: Vec<f32> = (0..64_u16).map(|index| f32::from(999 - index)).collect();
        assert_eq!(values, expected);
    }
}
