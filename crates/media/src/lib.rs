//! Audio without a clock: frames, codecs, resampling, playout and what of it was heard.
//!
//! Nothing here reads the time, awaits, spawns or serialises. Time comes in as an argument.

mod frame;
mod rate;

pub use frame::{FRAME_DURATION, Frame, FrameError};
pub use rate::{SampleRate, UnsupportedSampleRate};
