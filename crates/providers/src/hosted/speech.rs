//! What hosted voices share: how long they may take, and sound that comes in bytes.

use std::time::Duration;

use offhook_media::SampleRate;

/// The longest stretch of sound that is handed on at once.
const PART_MAX: Duration = Duration::from_millis(200);

/// The shortest, where the sound goes on: networks cut it anywhere.
const PART_MIN: Duration = Duration::from_millis(20);

/// How long a voice may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpeechLimits {
    /// From a piece of text to the first of its sound.
    pub first_audio: Duration,
    /// Between two stretches of its sound.
    pub next_audio: Duration,
}

impl Default for SpeechLimits {
    fn default() -> Self {
        Self {
            first_audio: Duration::from_secs(10),
            next_audio: Duration::from_secs(5),
        }
    }
}

/// The rate to ask a voice for that `offers` some: the one that is wanted, where that is no more than
/// the voice was set to.
pub(crate) fn rate_of(most: SampleRate, wanted: Option<SampleRate>, offers: &[u32]) -> SampleRate {
    wanted
        .filter(|it| *it < most && offers.contains(&it.hz()))
        .unwrap_or(most)
}

/// 16-bit little-endian samples out of bytes that are cut anywhere, given on in stretches of 20 to
/// 200 ms.
#[derive(Debug)]
pub(crate) struct Pcm {
    /// The first half of a sample.
    half: Option<u8>,
    samples: Vec<i16>,
    part_min: usize,
    part_max: usize,
}

impl Pcm {
    pub(crate) fn at(rate: SampleRate) -> Self {
        let samples_in = |time| usize::try_from(rate.samples_in(time)).unwrap_or(usize::MAX);
        Self {
            half: None,
            samples: Vec::new(),
            part_min: samples_in(PART_MIN),
            part_max: samples_in(PART_MAX),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if let (Some(low), [high, rest @ ..]) = (self.half, bytes) {
            self.samples.push(i16::from_le_bytes([low, *high]));
            self.half = None;
            bytes = rest;
        }
        let (pairs, rest) = bytes.as_chunks::<2>();
        self.samples
            .extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
        self.half = rest.first().copied().or(self.half);
    }

    pub(crate) fn push_samples(&mut self, samples: &[i16]) {
        self.samples.extend_from_slice(samples);
    }

    /// The next stretch, while more is to come.
    pub(crate) fn next_part(&mut self) -> Option<Vec<i16>> {
        (self.samples.len() >= self.part_min).then(|| self.cut())
    }

    /// The next stretch, where nothing more comes.
    pub(crate) fn last_part(&mut self) -> Option<Vec<i16>> {
        (!self.samples.is_empty()).then(|| self.cut())
    }

    /// Everything that came so far.
    pub(crate) fn take(&mut self) -> Vec<i16> {
        std::mem::take(&mut self.samples)
    }

    fn cut(&mut self) -> Vec<i16> {
        let count = self.samples.len().min(self.part_max);
        self.samples.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_whole_wherever_the_bytes_are_cut() {
        let samples: Vec<i16> = (0..10_000).map(|it| (it * 7 - 30_000) as i16).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|it| it.to_le_bytes()).collect();
        for size in [1, 3, 333, 4_801, 20_000] {
            let mut pcm = Pcm::at(SampleRate::HZ_24000);
            let mut parts = Vec::new();
            for chunk in bytes.chunks(size) {
                pcm.push(chunk);
                while let Some(part) = pcm.next_part() {
                    assert!(
                        (480..=4_800).contains(&part.len()),
                        "{size}: {}",
                        part.len()
                    );
                    parts.push(part);
                }
            }
            parts.extend(std::iter::from_fn(|| pcm.last_part()));
            assert_eq!(parts.concat(), samples, "{size}");
        }
    }

    #[test]
    fn a_voice_is_asked_for_a_rate_that_it_has_and_for_no_more_than_it_was_set_to() {
        let most = SampleRate::HZ_24000;
        let asked = |wanted| rate_of(most, wanted, &[8_000, 24_000, 48_000]);
        assert_eq!(asked(Some(SampleRate::HZ_8000)), SampleRate::HZ_8000);
        assert_eq!(asked(Some(SampleRate::HZ_16000)), most);
        assert_eq!(asked(Some(SampleRate::HZ_48000)), most);
        assert_eq!(asked(None), most);
    }

    #[test]
    fn half_a_sample_at_the_end_is_none() {
        let mut pcm = Pcm::at(SampleRate::HZ_8000);
        pcm.push(&[1, 0, 2]);
        assert_eq!(pcm.next_part(), None);
        assert_eq!(pcm.last_part(), Some(vec![1]));
        assert_eq!(pcm.last_part(), None);
    }
}
