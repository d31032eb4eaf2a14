//! Sound files that people bring: MP3, Ogg Vorbis, FLAC and WAV, to mono samples.

use std::io::Cursor;
use std::time::Duration;

use symphonia::core::audio::SampleBuffer;
use symphonia::core::codecs::{CODEC_TYPE_NULL, DecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatOptions;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::probe::Hint;

use crate::{RateOutOfRange, SampleRate, resample_all};

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SoundFileProblem {
    /// It is of another kind, or damaged.
    #[error("it is no MP3, Ogg Vorbis, FLAC or WAV file that can be read: {0}")]
    Unreadable(String),
    /// It holds no sound.
    #[error("it holds no sound")]
    Empty,
    /// It is longer than it may be.
    #[error("it is longer than {} s", .0.as_secs())]
    TooLong(Duration),
    /// Its rate is one that no sound has.
    #[error("{0}")]
    Rate(#[from] RateOutOfRange),
}

/// The sound of a file, all channels mixed to one, at `rate`, where it is no longer than `longest`.
/// It computes as long as the file needs: keep it off the audio path.
///
/// # Errors
/// [`SoundFileProblem`] where it cannot be played.
pub fn read_sound_file(
    bytes: Vec<u8>,
    rate: SampleRate,
    longest: Duration,
) -> Result<Vec<i16>, SoundFileProblem> {
    let unreadable = |problem: Error| SoundFileProblem::Unreadable(problem.to_string());
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let probed = symphonia::default::get_probe()
        .format(
            &Hint::new(),
            source,
            &FormatOptions::default(),
            &MetadataOptions::default(),
        )
        .map_err(unreadable)?;
    let mut format = probed.format;
    let mut tracks = format.tracks().iter();
    let track = tracks.find(|track| track.codec_params.codec != CODEC_TYPE_NULL);
    let track = track.ok_or(SoundFileProblem::Empty)?;
    let id = track.id;
    let mut decoder = symphonia::default::get_codecs()
        .make(&track.codec_params, &DecoderOptions::default())
        .map_err(unreadable)?;
    let mut mono = Mono::default();
    loop {
        let packet = match format.next_packet() {
            Ok(packet) if packet.track_id() == id => packet,
            Ok(_) => continue,
            // A file ends so.
            Err(Error::IoError(end)) if end.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(problem) => return Err(unreadable(problem)),
        };
        match decoder.decode(&packet) {
            Ok(decoded) => {
                let spec = *decoded.spec();
                let mut heard = SampleBuffer::<i16>::new(decoded.capacity() as u64, spec);
                heard.copy_interleaved_ref(decoded);
                mono.add(heard.samples(), spec.channels.count(), spec.rate);
            }
            // One bad packet is a click.
            Err(Error::DecodeError(_)) => {}
            Err(problem) => return Err(unreadable(problem)),
        }
        if mono.duration() > longest {
            return Err(SoundFileProblem::TooLong(longest));
        }
    }
    match mono.samples.is_empty() {
        true => Err(SoundFileProblem::Empty),
        false => Ok(resample_all(&mono.samples, mono.hz, rate)?),
    }
}

/// What was read so far.
#[derive(Default)]
struct Mono {
    samples: Vec<i16>,
    hz: u32,
}

impl Mono {
    fn add(&mut self, interleaved: &[i16], channels: usize, hz: u32) {
        self.hz = hz;
        let frames = interleaved.chunks_exact(channels.max(1));
        self.samples.extend(frames.map(|frame| {
            let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
            (sum / channels.max(1) as i32) as i16
        }));
    }

    fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.hz.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write_wav;

    const MINUTE: Duration = Duration::from_secs(60);

    fn wav(samples: &[i16], hz: u32) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        write_wav(&path, hz, samples).expect("written");
        std::fs::read(path).expect("read")
    }

    #[test]
    fn a_wav_file_is_brought_to_the_rate() {
        let samples: Vec<i16> = (0..44_100)
            .map(|at| ((at as f32 * 0.05).sin() * 8_000.0) as i16)
            .collect();
        let read = read_sound_file(wav(&samples, 44_100), SampleRate::HZ_16000, MINUTE);
        let read = read.expect("it is a file");
        assert!(read.len().abs_diff(16_000) < 50, "{}", read.len());
        assert!(read.iter().any(|sample| *sample > 7_000));
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let rate = SampleRate::HZ_16000;
        let text = read_sound_file(b"no sound at all".to_vec(), rate, MINUTE);
        assert!(
            matches!(text, Err(SoundFileProblem::Unreadable(_))),
            "{text:?}"
        );
        let long = read_sound_file(wav(&[0; 16_000], 8_000), rate, Duration::from_secs(1));
        assert!(
            matches!(long, Err(SoundFileProblem::TooLong(_))),
            "{long:?}"
        );
        let empty = read_sound_file(wav(&[], 8_000), rate, MINUTE);
        assert!(empty.is_err(), "{empty:?}");
    }
}
