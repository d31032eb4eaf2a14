//! Sample rate conversion that keeps its state between frames. Mono. Not pitch or speed.
//!
//! The interpolators are rubato's; lengths and windows follow tone measurements: 64 points and
//! more up, 128 and more down, Hann² windows. Because all ratios here are fractions, the nearest
//! of `to / gcd` sub-positions is exact and no interpolation between them is needed.

mod engine;
mod frames;
mod stream;

pub use frames::FrameResampler;
pub use stream::{FILE_RATE_HZ_MAX, FILE_RATE_HZ_MIN, RateOutOfRange, Resampler, resample_all};
