//! What callers say: recordings of people, cut into utterances without a long pause, as messages
//! that were written before the calls begin.

use std::path::{Path, PathBuf};

use offhook_media::{Codec, Encoder, Frame, Level, Packet, SampleRate, read_wav, resample_all};

use crate::LoadError;
use crate::twilio::{FRAME_BYTES, media};

/// A pause as long as this ends an utterance, in frames (100 ms): less than any server takes for the
/// end of a turn.
const PAUSE_FRAMES: usize = 5;
/// Utterances have so many frames (0.6 to 4.4 s).
const UTTERANCE_FRAMES: std::ops::RangeInclusive<usize> = 30..=220;
/// How loud an utterance is made.
const LOUDNESS_DBFS: f32 = -20.0;
/// What is quieter than the loudest of a recording by more than this is a pause.
const RANGE_DB: f32 = 28.0;

/// Everything that callers can say.
pub(crate) struct Speech {
    /// Each as messages of 20 ms. The first and the last of them are speech.
    pub(crate) utterances: Vec<Vec<Vec<u8>>>,
    /// 20 ms of silence.
    pub(crate) silence: Vec<u8>,
}

impl Speech {
    /// Reads every WAV file of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, LoadError> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(LoadError::system(format!("reading {}", folder.display())))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|it| it == "wav"))
            .collect();
        files.sort();
        let mut utterances = Vec::new();
        for file in &files {
            let wav = read_wav(file).map_err(|it| LoadError::Speech(it.to_string()))?;
            let samples = resample_all(&wav.mono(), wav.rate_hz, SampleRate::HZ_8000)
                .map_err(|it| LoadError::Speech(it.to_string()))?;
            for utterance in cut(&samples) {
                utterances.push(messages(&utterance)?);
            }
        }
        if utterances.is_empty() {
            let folder = folder.display();
            let problem = format!("{folder} has no WAV file with a sentence in it");
            return Err(LoadError::Speech(problem));
        }
        Ok(Self {
            utterances,
            silence: media(&[0xff; FRAME_BYTES]),
        })
    }
}

/// The utterances of a recording at 8 kHz, in frames.
fn cut(samples: &[i16]) -> Vec<Vec<Frame>> {
    let rate = SampleRate::HZ_8000;
    let chunks = samples.chunks_exact(rate.frame_samples());
    let frames: Vec<Frame> = chunks.map(|chunk| Frame::padded(rate, chunk)).collect();
    let levels: Vec<f32> = frames
        .iter()
        .map(|frame| Level::of(frame.samples()).rms_dbfs)
        .collect();
    let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
    let is_loud = |at: usize| levels[at] > loudest - RANGE_DB;
    let mut found = Vec::new();
    let mut begin = None;
    let mut last = 0;
    for at in 0..=frames.len() {
        if at < frames.len() && is_loud(at) {
            begin.get_or_insert(at);
            last = at;
        } else if let Some(from) = begin
            && (at == frames.len() || at - last >= PAUSE_FRAMES)
        {
            found.push(from..last + 1);
            begin = None;
        }
    }
    found
        .into_iter()
        .filter(|range| UTTERANCE_FRAMES.contains(&range.len()))
        .map(|range| made_loud(&frames[range]))
        .collect()
}

fn made_loud(frames: &[Frame]) -> Vec<Frame> {
    let samples: Vec<i16> = frames
        .iter()
        .flat_map(|frame| frame.samples().iter().copied())
        .collect();
    let gain = 10_f32.powf((LOUDNESS_DBFS - Level::of(&samples).rms_dbfs) / 20.0);
    let louder = |frame: &Frame| {
        let mut frame = *frame;
        for sample in frame.samples_mut() {
            *sample = (f32::from(*sample) * gain) as i16;
        }
        frame
    };
    frames.iter().map(louder).collect()
}

fn messages(utterance: &[Frame]) -> Result<Vec<Vec<u8>>, LoadError> {
    let problem = |problem: String| LoadError::Speech(problem);
    let mut encoder =
        Encoder::new(Codec::MuLaw, SampleRate::HZ_8000).map_err(|it| problem(it.to_string()))?;
    let mut packet = Packet::empty();
    let mut written = Vec::with_capacity(utterance.len());
    for frame in utterance {
        encoder
            .encode(frame, &mut packet)
            .map_err(|it| problem(it.to_string()))?;
        let mut audio = [0xff; FRAME_BYTES];
        audio.copy_from_slice(packet.payload());
        written.push(media(&audio));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(millis: usize, level: f32) -> Vec<i16> {
        (0..millis * 8)
            .map(|n| ((n as f32 * 0.3).sin() * level) as i16)
            .collect()
    }

    #[test]
    fn utterances_end_at_pauses_and_begin_and_end_with_speech() {
        let mut samples = tone(500, 0.0);
        for _ in 0..2 {
            samples.extend(tone(600, 9_000.0));
            // Too short to end it.
            samples.extend(tone(80, 0.0));
            samples.extend(tone(600, 9_000.0));
            samples.extend(tone(400, 0.0));
        }
        // Too short to be one.
        samples.extend(tone(200, 9_000.0));
        let found = cut(&samples);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [64, 64]);
        for utterance in &found {
            for frame in [&utterance[0], &utterance[63]] {
                assert!(Level::of(frame.samples()).rms_dbfs > -30.0);
            }
        }
    }

    #[test]
    fn a_folder_without_speech_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let problem = Speech::read(folder.path()).err().unwrap().to_string();
        assert!(problem.contains("no WAV file"), "{problem}");
    }
}
