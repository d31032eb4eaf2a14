//! Sound that goes on: the beds of a call (an office, a coffee shop, outdoors) and what is heard
//! while a tool runs (typing, elevator music). All of it is made here, from noise, resonances and
//! decaying tones, by the same numbers each time. Playing it is [`crate::LoopPlayer`]'s.

mod coffee_shop;
mod elevator;
mod keyboard;
mod murmur;
mod office;
mod outdoor;
mod synthesis;

use std::sync::{Arc, OnceLock};

use crate::{SampleRate, resample_all};
use synthesis::Sound;

/// How loud every [`SoundLoop`] is: the root mean square over the loop, in decibels below full
/// scale. A player turns it down from there.
pub const LOOP_LEVEL_DBFS: f32 = -30.0;

/// Around its end a loop is resampled with this much of its other end, in seconds.
const SEAM_SECONDS: f32 = 0.5;

/// Sound under a whole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bed {
    /// Air conditioning, typing, colleagues who talk far away.
    Office,
    /// Many people who talk, cups, now and then the steam of the machine.
    CoffeeShop,
    /// Wind in leaves, distant traffic, birds.
    Outdoor,
}

/// Sound while a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToolSound {
    /// Somebody types.
    Typing,
    /// A bossa nova.
    Elevator1,
    /// A waltz.
    Elevator2,
    /// A ballad.
    Elevator3,
    /// A swing.
    Elevator4,
}

/// A sound without beginning or end. Cloning it shares the samples.
#[derive(Debug, Clone)]
pub struct SoundLoop {
    rate: SampleRate,
    samples: Arc<[i16]>,
}

const RATES: usize = SampleRate::ALL.len();

/// Each sound is made once in the life of the process, and once more for each rate.
static BEDS: [[OnceLock<SoundLoop>; RATES]; 3] = [const { [const { OnceLock::new() }; RATES] }; 3];
static TOOL_SOUNDS: [[OnceLock<SoundLoop>; RATES]; 5] =
    [const { [const { OnceLock::new() }; RATES] }; 5];

impl SoundLoop {
    /// A bed of 24 s. The first time this takes some tenths of a second of computing: keep it off
    /// the audio path.
    #[must_use]
    pub fn of_bed(bed: Bed, rate: SampleRate) -> Self {
        let make = || match bed {
            Bed::Office => office::sound(),
            Bed::CoffeeShop => coffee_shop::sound(),
            Bed::Outdoor => outdoor::sound(),
        };
        Self::kept(&BEDS[bed as usize], rate, make)
    }

    /// What is heard while a tool runs, 12 to 26 s. The first time this takes some tenths of a
    /// second of computing: keep it off the audio path.
    #[must_use]
    pub fn of_tool_sound(sound: ToolSound, rate: SampleRate) -> Self {
        let make = || match sound {
            ToolSound::Typing => keyboard::close(),
            ToolSound::Elevator1 => elevator::bossa_nova(),
            ToolSound::Elevator2 => elevator::waltz(),
            ToolSound::Elevator3 => elevator::ballad(),
            ToolSound::Elevator4 => elevator::swing(),
        };
        Self::kept(&TOOL_SOUNDS[sound as usize], rate, make)
    }

    /// A loop of these samples, which follow their own end.
    #[must_use]
    pub fn new(rate: SampleRate, samples: &[i16]) -> Self {
        Self {
            rate,
            samples: samples.into(),
        }
    }

    /// The rate of its samples.
    #[must_use]
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// One turn of it.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    fn kept(
        cells: &'static [OnceLock<Self>; RATES],
        rate: SampleRate,
        make: impl FnOnce() -> Sound,
    ) -> Self {
        let cell = |rate: SampleRate| {
            let index = SampleRate::ALL.iter().position(|known| *known == rate);
            &cells[index.unwrap_or(0)]
        };
        let original = cell(synthesis::RATE).get_or_init(|| {
            let samples = make().at_level(LOOP_LEVEL_DBFS).into_samples();
            Self::new(synthesis::RATE, &samples)
        });
        if rate == synthesis::RATE {
            return original.clone();
        }
        cell(rate).get_or_init(|| original.at(rate)).clone()
    }

    /// The same sound at another rate. Its length has to be a whole number of tenths of a second,
    /// which are whole numbers of samples at every rate.
    fn at(&self, rate: SampleRate) -> Self {
        let seam = (SEAM_SECONDS * self.rate.hz() as f32) as usize;
        let seam_out = (SEAM_SECONDS * rate.hz() as f32) as usize;
        let start = self.samples.len() - seam.min(self.samples.len());
        let around = [
            &self.samples[start..],
            &self.samples[..],
            &self.samples[..seam.min(self.samples.len())],
        ]
        .concat();
        let length = self.samples.len() * rate.hz() as usize / self.rate.hz() as usize;
        let resampled = resample_all(&around, self.rate.hz(), rate).unwrap_or_default();
        let turn = resampled.get(seam_out..seam_out + length);
        Self::new(rate, turn.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
