//! Audio without a clock: frames, codecs, resampling, playout and what of it was heard.
//!
//! Nothing here reads the time, awaits, spawns or serialises. Time comes in as an argument.

#![forbid(unsafe_code)]

mod ambience;
mod beep;
mod codec;
mod denoising;
mod echo;
mod fade;
mod frame;
mod framer;
mod gain;
mod jitter;
mod key_tones;
mod ledger;
mod level;
mod loop_player;
mod mixer;
mod pacer;
mod playout;
mod rate;
mod resample;
mod sound_file;
mod stretch;
mod wav;

pub use ambience::{Bed, LOOP_LEVEL_DBFS, SoundLoop, ToolSound};
pub use beep::{Beep, BeepDetector};
pub use codec::{
    Codec, CodecError, DecodeError, Decoder, EncodeError, Encoder, PACKET_BYTES_MAX, Packet,
    PacketTooLong,
};
pub use denoising::Denoising;
pub use echo::{EchoCancellation, EchoGuard};
pub use fade::{FADE_DURATION, fade_in, fade_out};
pub use frame::{FRAME_DURATION, Frame, FrameError};
pub use framer::Framer;
pub use gain::{Gain, VOLUME_MAX};
pub use jitter::{JitterBuffer, JitterCounts, JitterItem};
pub use key_tones::{is_key, key_tones};
pub use ledger::Heard;
pub use level::{LEVEL_DBFS_MIN, Level};
pub use loop_player::LoopPlayer;
pub use mixer::{Mixer, mix_into};
pub use pacer::Pacer;
pub use playout::{Playout, PlayoutError, PlayoutFrame, PlayoutMark, PlayoutSegment, PlayoutWord};
pub use rate::{SampleRate, UnsupportedSampleRate};
pub use resample::{
    FILE_RATE_HZ_MAX, FILE_RATE_HZ_MIN, FrameResampler, RateOutOfRange, Resampler, resample_all,
};
pub use sound_file::{SoundFileProblem, read_sound_file};
pub use stretch::{SPEED_MAX, SPEED_MIN, Stretcher};
pub use wav::{
    ReadWavError, StereoWav, WAV_CHANNELS_MAX, WAV_DURATION_MAX, Wav, WavError, WavReader, WavSpec,
    WavWriteError, read_wav, write_wav,
};
