//! How the caller knows whether the agent speaks: by loudness alone, with patience for the pauses
//! between sentences.

use offhook_media::Frame;

/// Louder than this is sound: RMS of a frame, −45 dB below full scale.
const SOUND_RMS: f64 = 32_768.0 * 0.005_623;

/// What is heard of the agent, in ticks of 20 ms.
#[derive(Debug)]
pub(super) struct Ear {
    patience: u64,
    speaking_since: Option<u64>,
    last_sound: Option<u64>,
    /// The first of the newest unbroken run of sounding frames.
    run_began: Option<u64>,
}

impl Ear {
    /// An ear that takes silence of `patience` ticks for the end of the agent's speech.
    pub(super) fn new(patience: u64) -> Self {
        Self {
            patience: patience.max(1),
            speaking_since: None,
            last_sound: None,
            run_began: None,
        }
    }

    pub(super) fn patience(&self) -> u64 {
        self.patience
    }

    /// Hears one frame; where it belongs to speech, returns the first and one past the last tick
    /// of that stretch so far. A single loud frame is a click and no speech.
    pub(super) fn listen(&mut self, heard: Option<&Frame>, tick: u64) -> Option<(u64, u64)> {
        if !heard.is_some_and(is_sound) {
            self.run_began = None;
            if self.silence(tick) >= self.patience {
                self.speaking_since = None;
            }
            return None;
        }
        let began = *self.run_began.get_or_insert(tick);
        if tick == began {
            return None;
        }
        let since = *self.speaking_since.get_or_insert(began);
        self.last_sound = Some(tick);
        Some((since, tick + 1))
    }

    /// When the agent began the speech that it is in the middle of.
    pub(super) fn speaking_since(&self) -> Option<u64> {
        self.speaking_since
    }

    /// The newest tick at which speech was heard.
    pub(super) fn last_sound(&self) -> Option<u64> {
        self.last_sound
    }

    /// Ticks since the last sound; the whole call where there was none.
    pub(super) fn silence(&self, tick: u64) -> u64 {
        self.last_sound
            .map_or(tick, |sound| tick.saturating_sub(sound))
    }
}

fn is_sound(frame: &Frame) -> bool {
    rms(frame.samples()) > SOUND_RMS
}

/// Root mean square, full scale 32,768.
pub(super) fn rms(samples: &[i16]) -> f64 {
    let energy: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (energy / samples.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use offhook_media::SampleRate;

    use super::*;

    fn loud() -> Frame {
        Frame::padded(SampleRate::HZ_8000, &[2_000; 160])
    }

    fn quiet() -> Frame {
        Frame::padded(SampleRate::HZ_8000, &[20; 160])
    }

    #[test]
    fn a_pause_shorter_than_patience_does_not_end_the_speech() {
        let mut ear = Ear::new(20);
        for tick in 10..20 {
            ear.listen(Some(&loud()), tick);
        }
        for tick in 20..38 {
            assert_eq!(ear.listen(Some(&quiet()), tick), None);
        }
        assert_eq!(ear.speaking_since(), Some(10));
        assert_eq!(ear.silence(38), 19);
        ear.listen(None, 39);
        assert_eq!(ear.speaking_since(), None);
        ear.listen(Some(&loud()), 40);
        assert_eq!(ear.listen(Some(&loud()), 41), Some((40, 42)));
    }

    #[test]
    fn a_click_is_no_speech() {
        let mut ear = Ear::new(20);
        assert_eq!(ear.listen(Some(&loud()), 5), None);
        ear.listen(Some(&quiet()), 6);
        assert_eq!((ear.speaking_since(), ear.last_sound()), (None, None));
    }
}
