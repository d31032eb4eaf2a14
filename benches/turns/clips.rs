//! Recordings of people: the packaged ones, of which it is known where a sentence is whole and
//! where inside it is plainly not over, or any folder of WAV files, where energy has to tell.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use offhook_media::{SampleRate, read_wav};

use crate::labels::{NO_SPEECH, SPLITS, WHOLE};
use crate::random::Random;
use crate::sound::{HZ, Sound, floats, in_ms, quietest, rms};

/// A recording that is one finished utterance lasts this long, where nothing is known of it.
const UTTERANCE_MS: std::ops::RangeInclusive<u64> = 1_000..=8_000;
/// Of a recorded caller there are at least so many utterances, where anybody has as many.
const UTTERANCES_MIN: usize = 4;
/// Longer recordings than this are not read in full.
const LONGEST_MS: u64 = 60_000;
/// A pause is spliced in where it is quietest for this long.
const DIP_MS: u64 = 40;

/// Who speaks in a recording, as far as the folders tell: what lies in one folder is one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person(pub(crate) usize);

/// A recording of one utterance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clip {
    pub(crate) name: String,
    pub(crate) person: Person,
    pub(crate) sound: Sound,
}

/// A stretch of speech that is cut anywhere.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Talk {
    pub(crate) person: Person,
    pub(crate) samples: Vec<f32>,
}

/// An utterance and the sample at which it is plainly unfinished.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SplitClip {
    pub(crate) clip: Clip,
    pub(crate) at: usize,
}

/// All recordings of people.
#[derive(Debug, Default)]
pub(crate) struct Clips {
    /// Finished utterances.
    pub(crate) whole: Vec<Clip>,
    /// Utterances that can be parted by a pause.
    pub(crate) split: Vec<SplitClip>,
    /// Any speech, to be heard from afar or by many at once.
    pub(crate) talk: Vec<Talk>,
    /// The folders, by the number of the person who is recorded in them.
    people: Vec<PathBuf>,
}

/// Where the packaged recordings lie: two Debian packages, and what `.ci/setup bench` takes out
/// of two Python ones.
pub(crate) fn packaged() -> Vec<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    vec![
        "/usr/share/asterisk/sounds/en_US_f_Allison".into(),
        "/usr/share/pocketsphinx/test/data".into(),
        cache.join("offhook/clips"),
    ]
}

impl Clips {
    /// The packaged recordings, by their labels.
    pub(crate) fn read_packaged() -> anyhow::Result<Self> {
        let mut clips = Self::default();
        for folder in packaged() {
            ensure!(
                folder.is_dir(),
                "the recordings in {} are missing: run `.ci/setup bench`",
                folder.display()
            );
            for path in wav_files(&folder)? {
                let person = clips.person(&folder, &path);
                clips.add_labelled(&path, person)?;
            }
        }
        Ok(clips)
    }

    /// Every WAV file below `folder`; bounds and places for pauses by energy.
    pub(crate) fn read_folder(folder: &Path) -> anyhow::Result<Self> {
        let mut clips = Self::default();
        for path in wav_files(folder)? {
            let person = clips.person(folder, &path);
            clips.add_by_energy(&path, person)?;
        }
        ensure!(
            clips.whole.len() >= 4 && clips.split.len() >= 4,
            "{} has {} recordings of one utterance ({} to {} ms) and {} that can be parted: at least 4 of each are needed",
            folder.display(),
            clips.whole.len(),
            UTTERANCE_MS.start(),
            UTTERANCE_MS.end(),
            clips.split.len(),
        );
        Ok(clips)
    }

    /// Recordings that are made up.
    #[cfg(test)]
    pub(crate) fn of(whole: Vec<Clip>, split: Vec<SplitClip>, talk: Vec<Talk>) -> Self {
        Self {
            whole,
            split,
            talk,
            people: Vec::new(),
        }
    }

    /// Who speaks in the file at `path` below `root`: the files of the bench's own folder of single
    /// recordings are each somebody else's, Allison's are all hers, and elsewhere a folder right
    /// below `root` is a person.
    fn person(&mut self, root: &Path, path: &Path) -> Person {
        let below = path.strip_prefix(root).unwrap_or(path);
        let is_single = root.ends_with("offhook/clips");
        let is_one = root.ends_with("en_US_f_Allison");
        let mut parts = below.components();
        let first = parts.next();
        let is_folder = parts.next().is_some();
        let place = match first {
            Some(first) if is_single || is_folder && !is_one => root.join(first),
            _ => root.to_owned(),
        };
        let known = self.people.iter().position(|person| *person == place);
        Person(known.unwrap_or_else(|| {
            self.people.push(place);
            self.people.len() - 1
        }))
    }

    /// Somebody who can hold a call: of many utterances, whole ones or such that can be parted.
    pub(crate) fn caller(&self, is_parted: bool, random: &mut Random) -> Person {
        let people: Vec<Person> = if is_parted {
            self.split.iter().map(|split| split.clip.person).collect()
        } else {
            self.whole.iter().map(|clip| clip.person).collect()
        };
        let count = |person: Person| people.iter().filter(|it| **it == person).count();
        let many = people.iter().copied();
        let many: Vec<Person> = many.filter(|it| count(*it) >= UTTERANCES_MIN).collect();
        *random.pick(if many.is_empty() { &people } else { &many })
    }

    fn add_labelled(&mut self, path: &Path, person: Person) -> anyhow::Result<()> {
        let name = stem(path);
        let parts = WHOLE.iter().filter(|(clip, _)| *clip == name);
        let splits = SPLITS.iter().filter(|(clip, _)| *clip == name);
        let (parts, splits): (Vec<_>, Vec<_>) = (parts.collect(), splits.collect());
        let samples = read(path)?;
        let Some((all, start)) = Sound::trimmed_from(&samples) else {
            return Ok(());
        };
        for (_, part) in &parts {
            let samples = match part {
                Some((start, end)) => part_of(&samples, *start, *end),
                None => &samples[..],
            };
            if let Some(sound) = Sound::trimmed(samples) {
                self.whole.push(Clip {
                    name: name.clone(),
                    person,
                    sound,
                });
            }
        }
        for (_, at_ms) in splits {
            let near = in_ms(*at_ms).saturating_sub(start);
            let around = near.saturating_sub(in_ms(60))..near + in_ms(60);
            if let Some(at) = quietest(&all.samples, around, in_ms(DIP_MS)) {
                self.split.push(SplitClip {
                    clip: Clip {
                        name: name.clone(),
                        person,
                        sound: all.clone(),
                    },
                    at,
                });
            }
        }
        if all.length_ms() >= *UTTERANCE_MS.start() && !NO_SPEECH.contains(&name.as_str()) {
            self.talk.extend(stretches(&all.samples, person));
        }
        Ok(())
    }

    fn add_by_energy(&mut self, path: &Path, person: Person) -> anyhow::Result<()> {
        let samples = read(path)?;
        let Some(sound) = Sound::trimmed(&samples) else {
            return Ok(());
        };
        if sound.length_ms() >= *UTTERANCE_MS.start() {
            self.talk.extend(stretches(&sound.samples, person));
        }
        if !UTTERANCE_MS.contains(&sound.length_ms()) {
            return Ok(());
        }
        let clip = Clip {
            name: stem(path),
            person,
            sound,
        };
        if let Some(at) = dip(&clip.sound) {
            self.split.push(SplitClip {
                clip: clip.clone(),
                at,
            });
        }
        self.whole.push(clip);
        Ok(())
    }
}

/// The quietest place in the middle of an utterance of at least 1.5 s.
fn dip(sound: &Sound) -> Option<usize> {
    let length = sound.span.end - sound.span.start;
    if length < in_ms(1_500) {
        return None;
    }
    let middle = sound.span.start + length * 3 / 10..sound.span.start + length * 6 / 10;
    let at = quietest(&sound.samples, middle, in_ms(DIP_MS))?;
    let dip = &sound.samples[at - in_ms(DIP_MS) / 2..at + in_ms(DIP_MS) / 2];
    (rms(dip) < rms(&sound.samples[sound.span.clone()]) * 0.25).then_some(at)
}

fn part_of(samples: &[f32], start_ms: u64, end_ms: u64) -> &[f32] {
    let end = in_ms(end_ms).min(samples.len());
    &samples[in_ms(start_ms).min(end)..end]
}

/// Stretches of 2 to 6 s.
fn stretches(samples: &[f32], person: Person) -> impl Iterator<Item = Talk> + '_ {
    let stretch = 6 * HZ;
    samples
        .chunks(stretch)
        .filter(move |chunk| chunk.len() >= HZ * 3 / 2)
        .map(move |chunk| Talk {
            person,
            samples: chunk.to_vec(),
        })
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn read(path: &Path) -> anyhow::Result<Vec<f32>> {
    let wav = read_wav(path).with_context(|| format!("{} cannot be used", path.display()))?;
    let mut samples = floats(&wav.mono_at(SampleRate::HZ_16000)?);
    samples.truncate(in_ms(LONGEST_MS));
    Ok(samples)
}

/// Every WAV file below `folder`, in the order of their paths.
fn wav_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("the folder {} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("wav"))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::pcm;
    use offhook_media::write_wav;

    fn speech(lengths_ms: &[u64]) -> Vec<f32> {
        let mut samples = vec![0.0; in_ms(300)];
        for (index, ms) in lengths_ms.iter().enumerate() {
            if index > 0 {
                samples.extend(vec![0.0; in_ms(70)]);
            }
            let wave = |at: usize| (at as f32 * 0.2).sin() * 0.3;
            samples.extend((0..in_ms(*ms)).map(wave));
        }
        samples.extend(vec![0.0; in_ms(300)]);
        samples
    }

    #[test]
    fn a_folder_of_any_recordings_is_cut_by_energy() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, lengths: &[u64]| {
            let path = folder.path().join(name);
            write_wav(&path, 16_000, &pcm(&speech(lengths))).unwrap();
        };
        for index in 0..4 {
            write(&format!("{index}.wav"), &[900, 900]);
        }
        write("short.wav", &[400]);
        write("long.wav", &[9_000]);
        let clips = Clips::read_folder(folder.path()).unwrap();
        assert_eq!((clips.whole.len(), clips.split.len()), (4, 4));
        assert_eq!(clips.whole[0].sound.length_ms(), 1_870);
        // The pause goes where the dip is: 30 ms of margin, 900 ms of sound, half of 70 ms.
        let at = clips.split[0].at;
        assert!((in_ms(940)..in_ms(990)).contains(&at), "{at}");
        assert_eq!(clips.talk.len(), 6);
    }

    #[test]
    fn a_folder_below_is_another_person() {
        let folder = tempfile::tempdir().unwrap();
        for (person, count) in [("ann", 2), ("ben", 3)] {
            std::fs::create_dir(folder.path().join(person)).unwrap();
            for index in 0..count {
                let path = folder.path().join(person).join(format!("{index}.wav"));
                write_wav(&path, 16_000, &pcm(&speech(&[900, 900]))).unwrap();
            }
        }
        let clips = Clips::read_folder(folder.path()).unwrap();
        let people: Vec<usize> = clips.whole.iter().map(|clip| clip.person.0).collect();
        assert_eq!(people, [0, 0, 1, 1, 1]);
        assert_eq!(clips.talk[4].person, Person(1));
    }

    #[test]
    fn a_folder_without_recordings_is_refused_with_what_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let problem = Clips::read_folder(folder.path()).unwrap_err().to_string();
        assert!(problem.contains("at least 4 of each"), "{problem}");
    }
}
