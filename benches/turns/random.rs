//! A seeded source of chance (SplitMix64, Steele, Lea and Flood 2014), so that a seed means the
//! same corpus on every machine.

/// Numbers that follow from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The numbers of one call: other calls, and how many there are, do not change them.
    pub(crate) fn of_call(seed: u64, section: &str, call: usize) -> Self {
        let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in section.bytes().chain((call as u64).to_le_bytes()) {
            // FNV-1a.
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self::new(hash)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, and without, `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Between the two, both included.
    pub(crate) fn whole(&mut self, start: u64, end: u64) -> u64 {
        start + self.next() % (end - start + 1)
    }

    /// From 0 up to, and without, 1.
    pub(crate) fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    pub(crate) fn between(&mut self, start: f32, end: f32) -> f32 {
        start + (end - start) * self.share()
    }

    /// Between −1 and 1.
    pub(crate) fn noise(&mut self) -> f32 {
        self.share() * 2.0 - 1.0
    }

    pub(crate) fn is(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// The numbers from 0 up to `count`, in an order of chance.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for index in (1..count).rev() {
            order.swap(index, self.below(index + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_every_call_its_own() {
        let draw = |seed, call| {
            let mut random = Random::of_call(seed, "pauses", call);
            [random.next(), random.whole(300, 2_000), random.next()]
        };
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn what_is_drawn_lies_within_its_bounds() {
        let mut random = Random::new(7);
        for _ in 0..1_000 {
            assert!((300..=2_000).contains(&random.whole(300, 2_000)));
            assert!((-1.0..1.0).contains(&random.noise()));
            assert!(random.below(3) < 3);
        }
        let mut order = random.order(20);
        order.sort_unstable();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
    }
}
