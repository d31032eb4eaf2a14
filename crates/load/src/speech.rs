//! What callers say: recordings of people, cut into utterances without a long pause, as messages
//! that were written before the calls begin.

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use offhook_media::{Codec, Encoder, Frame, Level, Packet, SampleRate, read_wav, resample_all};

use crate::LoadError;
use crate::wire::{FRAME_BYTES, LoadLeg};

/// A pause as long as this ends an utterance, in frames (100 ms): less than any server takes for the
/// end of a turn.
const PAUSE_FRAMES: usize = 5;
/// Utterances have so many frames (0.6 to 4.4 s).
const UTTERANCE_FRAMES: RangeInclusive<usize> = 30..=220;
/// How loud an utterance is made.
const LOUDNESS_DBFS: f32 = -20.0;
/// What is quieter than the loudest of a recording by more than this is a pause.
const RANGE_DB: f32 = 28.0;
/// What is not quieter by more than this is clear speech. An utterance ends with so many frames of it
/// (100 ms), and counts from where so many begin: a faint sound and a gap before the first word are
/// speech to one listener and none to another.
const CLEAR_DB: f32 = 20.0;
const CLEAR_FRAMES: usize = 5;

/// Everything that callers can say.
pub(crate) struct Speech {
    pub(crate) utterances: Vec<Utterance>,
    /// 20 ms of silence.
    pub(crate) silence: Vec<u8>,
}

/// What a caller says in one go.
pub(crate) struct Utterance {
    /// Of 20 ms each.
    pub(crate) messages: Vec<Vec<u8>>,
    /// The first of them that is clear speech. The last is too.
    pub(crate) onset: usize,
}

impl Speech {
    /// Reads every WAV file of a folder, for callers on a leg.
    pub(crate) fn read(folder: &Path, leg: LoadLeg) -> Result<Self, LoadError> {
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
            for (frames, onset) in cut(&samples) {
                let together = leg.frames_together();
                let missing = frames.len().next_multiple_of(together) - frames.len();
                let messages = messages(&frames, missing, leg)?;
                let onset = onset + missing;
                utterances.push(Utterance { messages, onset });
            }
        }
        if utterances.is_empty() {
            let folder = folder.display();
            let problem = format!("{folder} has no WAV file with a sentence in it");
            return Err(LoadError::Speech(problem));
        }
        Ok(Self {
            utterances,
            silence: leg.media(&[0xff; FRAME_BYTES].repeat(leg.frames_together())),
        })
    }
}

/// The utterances of a recording at 8 kHz in frames, and where in each clear speech begins.
fn cut(samples: &[i16]) -> Vec<(Vec<Frame>, usize)> {
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
    let is_clear = |at: &usize| levels[*at] > loudest - CLEAR_DB;
    found
        .into_iter()
        .filter_map(|range| Some((range.start, clear_part(range, is_clear)?)))
        .filter(|(_, clear)| UTTERANCE_FRAMES.contains(&clear.len()))
        .map(|(start, clear)| (made_loud(&frames[start..clear.end]), clear.start - start))
        .collect()
}

/// Where an utterance is from its first stretch of clear speech to its last.
fn clear_part(range: Range<usize>, is_clear: impl Fn(&usize) -> bool) -> Option<Range<usize>> {
    let mut starts = range.start..range.end.checked_sub(CLEAR_FRAMES)? + 1;
    let is_stretch = |start: &usize| (*start..start + CLEAR_FRAMES).all(|at| is_clear(&at));
    let first = starts.find(&is_stretch)?;
    let last = starts.rfind(&is_stretch).unwrap_or(first);
    Some(first..last + CLEAR_FRAMES)
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

/// A message for each frame, after as many of silence as make them whole messages; where several frames
/// go together, all but the last of them have none.
fn messages(utterance: &[Frame], silent: usize, leg: LoadLeg) -> Result<Vec<Vec<u8>>, LoadError> {
    let problem = |problem: String| LoadError::Speech(problem);
    let mut encoder =
        Encoder::new(Codec::MuLaw, SampleRate::HZ_8000).map_err(|it| problem(it.to_string()))?;
    let mut packet = Packet::empty();
    let together = FRAME_BYTES * leg.frames_together();
    let mut audio = [0xff; FRAME_BYTES].repeat(silent);
    let mut written = vec![Vec::new(); silent];
    for frame in utterance {
        encoder
            .encode(frame, &mut packet)
            .map_err(|it| problem(it.to_string()))?;
        audio.extend_from_slice(packet.payload());
        let is_whole = audio.len() == together;
        written.push(match is_whole {
            true => leg.media(&std::mem::take(&mut audio)),
            false => Vec::new(),
        });
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
        // Too faint to be its beginning.
        samples.extend(tone(60, 600.0));
        samples.extend(tone(60, 0.0));
        samples.extend(tone(600, 9_000.0));
        samples.extend(tone(400, 0.0));
        // Too short to be one.
        samples.extend(tone(200, 9_000.0));
        let found = cut(&samples);
        let shapes: Vec<_> = found.iter().map(|it| (it.0.len(), it.1)).collect();
        assert_eq!(shapes, [(64, 0), (64, 0), (36, 6)]);
        for (utterance, onset) in &found {
            for frame in [&utterance[*onset], &utterance[utterance.len() - 1]] {
                assert!(Level::of(frame.samples()).rms_dbfs > -30.0);
            }
        }
    }

    #[test]
    fn a_folder_without_speech_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let problem = Speech::read(folder.path(), LoadLeg::Twilio)
            .err()
            .unwrap()
            .to_string();
        assert!(problem.contains("no WAV file"), "{problem}");
    }
}
