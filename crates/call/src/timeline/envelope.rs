//! A waveform as the eye wants it: the highest and the lowest sample of each column of pixels.

use std::fmt::Write;

use offhook_turn_taking::Instant;

use super::Track;

/// Pixels between two columns.
const COLUMN: f64 = 2.0;

/// Columns lower than this are silence, and left to the base line.
const VISIBLE: f64 = 0.6;

/// A track that is quieter than this at its loudest is not blown up.
const PEAK_MIN: f64 = 3_000.0;

/// One side's audio and how it is scaled.
#[derive(Debug)]
pub(super) struct Envelope<'s> {
    track: Track<'s>,
    began: f64,
    peak: f64,
}

impl<'s> Envelope<'s> {
    /// The envelope of a track that began at `began`, scaled by its own loudest sample.
    pub(super) fn new(track: Track<'s>, began: Instant) -> Self {
        let peak = track
            .samples
            .iter()
            .map(|sample| sample.unsigned_abs())
            .max()
            .unwrap_or(0);
        Self {
            track,
            began: began.as_micros() as f64 / 1e6,
            peak: f64::from(peak).max(PEAK_MIN),
        }
    }

    /// Path data of the waveform from second `from` to second `to`, across `x` to `x + width`,
    /// around the line at `middle`, at most `half` pixels up and down.
    pub(super) fn path(
        &self,
        (from, to): (f64, f64),
        (x, width): (f64, f64),
        (middle, half): (f64, f64),
    ) -> String {
        let columns = (width / COLUMN).floor().max(1.0) as usize;
        let per_column = (to - from) / columns as f64;
        let mut data = String::new();
        for column in 0..columns {
            let start = self.sample_at(from + column as f64 * per_column);
            let end = self.sample_at(from + (column + 1) as f64 * per_column);
            let Some((low, high)) = self.extremes(start, end) else {
                continue;
            };
            let up = high / self.peak * half;
            let down = low / self.peak * half;
            if up - down >= VISIBLE {
                let x = x + (column as f64 + 0.5) * COLUMN;
                // Writing into a string cannot fail.
                write!(data, "M{x:.0} {:.1}V{:.1}", middle - up, middle - down).ok();
            }
        }
        data
    }

    fn sample_at(&self, second: f64) -> usize {
        ((second - self.began) * f64::from(self.track.rate.hz())).max(0.0) as usize
    }

    fn extremes(&self, start: usize, end: usize) -> Option<(f64, f64)> {
        let samples = self
            .track
            .samples
            .get(start..end.min(self.track.samples.len()))?;
        let low = samples.iter().min()?;
        let high = samples.iter().max()?;
        Some((f64::from(*low).min(0.0), f64::from(*high).max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::*;

    #[test]
    fn the_loudest_sample_fills_the_height_and_silence_draws_nothing() {
        let mut samples = vec![0_i16; 16_000];
        samples[8_000] = 20_000;
        samples[8_001] = -10_000;
        let track = Track {
            samples: &samples,
            rate: SampleRate::HZ_16000,
        };
        let envelope = Envelope::new(track, Instant::START);
        let path = envelope.path((0.0, 1.0), (0.0, 100.0), (50.0, 40.0));
        assert_eq!(path, "M51 10.0V70.0");
        assert_eq!(envelope.path((5.0, 6.0), (0.0, 100.0), (50.0, 40.0)), "");
        let late = Envelope::new(track, Instant::from_millis(500));
        assert_eq!(
            late.path((0.0, 2.0), (0.0, 100.0), (50.0, 40.0)),
            "M51 10.0V70.0"
        );
    }

    #[test]
    fn odd_tracks_draw_nothing() {
        let track = Track {
            samples: &[],
            rate: SampleRate::HZ_8000,
        };
        let path = Envelope::new(track, Instant::START).path((0.0, 9.0), (0.0, 9.0), (0.0, 9.0));
        assert_eq!(path, "");
    }
}
