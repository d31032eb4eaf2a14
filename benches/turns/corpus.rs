//! What is called and said: every call of every section, drawn from the seed. Sound and cues
//! only; the corpus knows neither the session nor the scores.

use std::borrow::Cow;
use std::ops::Range;

use anyhow::Context as _;

use crate::clips::{Clips, Person};
use crate::noises::{Bed, Tic};
use crate::random::Random;
use crate::section::Section;
use crate::sound::{Sound, amplitude, in_ms, quietest, scale};
use crate::speech::{Library, Reply};
use crate::splice::Spliced;
use crate::voices::{Speaker, Voices};
use crate::{lines, sound};

/// Level of a caller before the gain of the call, in dB of full scale.
const CALLER_DBFS: f32 = -23.0;

/// What an episode is, and so what the agent should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A finished question or statement: answer it.
    Turn,
    /// A turn with a pause inside: wait through it, then answer.
    Pause,
    /// The caller takes the floor: stop, listen, answer.
    Interruption,
    /// The caller listens: go on.
    Backchannel,
    /// A cough or the like: go on.
    Tic,
    /// Somebody says something to somebody else: go on, or stay silent.
    Aside,
    /// A noisy room: go on, or stay silent.
    Noise,
}

impl Kind {
    /// Whether the agent is to answer what it hears.
    pub(crate) const fn wants_answer(self) -> bool {
        matches!(self, Self::Turn | Self::Pause | Self::Interruption)
    }
}

/// When the sound of an episode begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    /// When the agent has been silent for so many milliseconds.
    Quiet(u64),
    /// So many milliseconds into a reply that a typed message asks for.
    IntoReply(u64),
}

/// One thing that happens in a call.
#[derive(Debug, Clone)]
pub(crate) struct Episode {
    pub(crate) kind: Kind,
    /// What is heard, for people who read the scores.
    pub(crate) label: String,
    pub(crate) cue: Cue,
    pub(crate) sound: Sound,
    /// Where in the sound a pause was spliced in.
    pub(crate) pause: Option<Range<usize>>,
    /// What the agent says when it is typed to.
    pub(crate) long_reply: Reply,
    /// What it says when it is spoken to.
    pub(crate) reply: Reply,
}

/// The agent's voice on its way back to the caller's microphone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Echo {
    pub(crate) delay_ms: u64,
    pub(crate) factor: f32,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) section: Section,
    pub(crate) number: usize,
    /// What the room is, for people who read the scores.
    pub(crate) room: String,
    /// How far the room is below the caller, where there is one.
    pub(crate) snr_db: Option<u32>,
    /// Noise of the line, RMS of full scale.
    pub(crate) line_noise: f32,
    /// What is heard all through the call, repeated.
    pub(crate) bed: Vec<f32>,
    pub(crate) echo: Option<Echo>,
    pub(crate) episodes: Vec<Episode>,
    /// Where the noise of the line begins.
    pub(crate) noise_seed: u64,
}

/// What the corpus is made from.
pub(crate) struct Material<'a> {
    pub(crate) clips: &'a Clips,
    pub(crate) voices: &'a Voices,
    pub(crate) library: &'a Library,
    /// A recorded "mhm".
    pub(crate) hum: &'a Sound,
}

/// Who calls.
#[derive(Debug, Clone, Copy)]
enum Talker {
    Recorded(Person),
    Voice(Speaker),
}

/// Draws one call.
struct Draw<'a> {
    material: &'a Material<'a>,
    random: Random,
    talker: Talker,
    /// What was said in this call already.
    said: Vec<String>,
    /// Level of this caller, in dB of full scale.
    level: f32,
}

impl Material<'_> {
    fn draw(&self, section: Section, number: usize, seed: u64) -> Draw<'_> {
        let mut random = Random::of_call(seed, section.name(), number);
        let speaker = Speaker::drawn(&mut random);
        Draw {
            material: self,
            talker: if number.is_multiple_of(2) {
                Talker::Voice(speaker)
            } else {
                Talker::Recorded(self.clips.caller(section == Section::Pauses, &mut random))
            },
            said: Vec::new(),
            level: CALLER_DBFS + random.between(-6.0, 6.0),
            random,
        }
    }

    /// Call `number` of a section, with so many episodes.
    pub(crate) fn call(
        &self,
        section: Section,
        number: usize,
        episodes: usize,
        seed: u64,
    ) -> anyhow::Result<Call> {
        let mut draw = self.draw(section, number, seed);
        let line_noise = amplitude(draw.random.between(-70.0, -52.0));
        let mut call = Call {
            section,
            number,
            room: String::new(),
            snr_db: None,
            line_noise,
            bed: Vec::new(),
            echo: None,
            episodes: Vec::new(),
            noise_seed: draw.random.next(),
        };
        match section {
            Section::Noisy => draw.furnish(&mut call)?,
            Section::Echo | Section::DoubleTalk => {
                call.echo = Some(Echo {
                    delay_ms: draw.random.whole(80, 300),
                    factor: amplitude(-20.0),
                });
            }
            _ => {}
        }
        if section.opens_with_question() {
            call.episodes.push(draw.question((1_000, 2_500))?);
        }
        for index in 0..episodes {
            let episode = draw.episode(section, number, index);
            let episode = episode.with_context(|| format!("{} {number}", section.name()))?;
            call.episodes.push(episode);
        }
        Ok(call)
    }
}

impl<'a> Draw<'a> {
    fn episode(
        &mut self,
        section: Section,
        number: usize,
        index: usize,
    ) -> anyhow::Result<Episode> {
        match section {
            Section::Questions | Section::Noisy => self.question((1_000, 2_500)),
            Section::Echo => self.question((6_000, 12_000)),
            Section::Pauses => self.paused(),
            Section::Interruptions | Section::DoubleTalk => self.interruption(None),
            Section::CrossTalk => self.interruption(Some((0, 300))),
            Section::Backchannels => self.backchannel(),
            Section::Tics => Ok(self.tic(index)),
            Section::Asides => self.aside(index.is_multiple_of(2)),
            Section::Noise => self.noise(number, index),
        }
    }

    /// Puts the caller into a noisy room.
    fn furnish(&mut self, call: &mut Call) -> anyhow::Result<()> {
        let bed = *self.random.pick(&Bed::ALL);
        let snr_db = [20, 10, 5][call.number % 3];
        let talk = self.others()?;
        let dbfs = self.level - snr_db as f32;
        call.bed = bed.sound(20_000, dbfs, &talk, &mut self.random);
        call.room = format!("{} at {snr_db} dB", bed.name());
        call.snr_db = Some(snr_db);
        Ok(())
    }

    /// Speech of anybody but the caller: nobody hears himself on television. Where nobody else was
    /// recorded the embedded voice speaks.
    fn others(&mut self) -> anyhow::Result<Vec<Cow<'a, [f32]>>> {
        let material = self.material;
        let talk = material.clips.talk.iter();
        let others = talk.filter(|talk| match self.talker {
            Talker::Recorded(caller) => talk.person != caller,
            Talker::Voice(_) => true,
        });
        let others: Vec<_> = others.map(|talk| Cow::from(&talk.samples[..])).collect();
        if !others.is_empty() {
            return Ok(others);
        }
        let speaker = Speaker::drawn(&mut self.random);
        let spoken = lines::ASIDES.iter();
        let spoken = spoken.map(|text| material.voices.say(text, speaker));
        spoken.map(|it| it.map(|it| it.samples.into())).collect()
    }

    fn question(&mut self, reply_ms: (u64, u64)) -> anyhow::Result<Episode> {
        let (label, sound) = self.utterance(&lines::TURNS)?;
        Ok(self.spoken(Kind::Turn, label, sound, reply_ms))
    }

    fn paused(&mut self) -> anyhow::Result<Episode> {
        let pause_ms = self.random.whole(300, 2_000);
        let (label, whole, at) = match self.talker {
            Talker::Recorded(caller) => {
                let split = self.material.clips.split.iter();
                let split: Vec<_> = split.filter(|it| it.clip.person == caller).collect();
                let index = self.fresh(split.len(), |index| split[index].clip.name.clone());
                let clip = split[index];
                (clip.clip.name.clone(), clip.clip.sound.clone(), clip.at)
            }
            Talker::Voice(speaker) => {
                let split = &lines::SPLIT_TURNS;
                let index = self.fresh(split.len(), |index| split[index].to_owned());
                self.unfinished(split[index], speaker)?
            }
        };
        let spliced = Spliced::new(&whole, at, pause_ms).context("nothing is left to part")?;
        let sound = self.levelled(spliced.sound, 0.0);
        let mut episode = self.spoken(Kind::Pause, label, sound, (1_000, 2_500));
        episode.pause = Some(spliced.pause);
        Ok(episode)
    }

    /// A line of ours and where it is to be parted: either as it sounds when the speaker knows
    /// that it will go on (both parts spoken for themselves, the first as a clause), or cut out of
    /// running speech.
    fn unfinished(
        &mut self,
        line: &str,
        speaker: Speaker,
    ) -> anyhow::Result<(String, Sound, usize)> {
        let voices = self.material.voices;
        let (text, words) = lines::split(line);
        if self.random.is(50) {
            let (before, after) = line.split_once('|').unwrap_or((line, ""));
            let before = voices.say(&format!("{},", before.trim()), speaker)?;
            let after = voices.say(after.trim(), speaker)?;
            let mut sound = Sound::trimmed(&before.samples).context("the voice is silent")?;
            let after = Sound::trimmed(&after.samples).context("the voice is silent")?;
            let at = sound.samples.len();
            sound.span.end = at + after.span.end;
            sound.samples.extend(after.samples);
            return Ok((format!("{line} (held)"), sound, at));
        }
        let spoken = voices.say(&text, speaker)?;
        let before = spoken.words.get(words.wrapping_sub(1));
        let end = before.map_or(0, |word| word.1);
        let next = spoken.words.get(words).map_or(end, |word| word.0);
        let between = end..next + in_ms(5);
        let at = quietest(&spoken.samples, between, in_ms(10)).unwrap_or(next);
        let trimmed = Sound::trimmed_from(&spoken.samples);
        let (sound, start) = trimmed.context("the voice is silent")?;
        Ok((format!("{line} (cut)"), sound, at.saturating_sub(start)))
    }

    /// A phrase that takes the floor, somewhere in the reply or so soon after its beginning.
    fn interruption(&mut self, at_ms: Option<(u64, u64)>) -> anyhow::Result<Episode> {
        let (label, sound) = self.utterance(&lines::INTERRUPTIONS)?;
        let mut episode = self.over_reply(Kind::Interruption, label, sound);
        if let Some((from, to)) = at_ms {
            episode.cue = Cue::IntoReply(self.random.whole(from, to));
        }
        Ok(episode)
    }

    fn backchannel(&mut self) -> anyhow::Result<Episode> {
        let speaker = match self.talker {
            Talker::Voice(speaker) => speaker,
            Talker::Recorded(_) => Speaker::drawn(&mut self.random),
        };
        let (label, samples) = if self.random.is(30) {
            let pitch = self.random.between(0.8, 1.25);
            let label = format!("mhm, recorded, pitch {pitch:.2}");
            (label, sound::at_pitch(&self.material.hum.samples, pitch))
        } else {
            let text = *self.random.pick(&lines::BACKCHANNELS);
            let spoken = self.material.voices.say(text, speaker)?;
            (text.to_owned(), spoken.samples)
        };
        let sound = Sound::trimmed(&samples).context("it is silent")?;
        // Who listens speaks softly.
        let below = self.random.between(-6.0, 0.0);
        let sound = self.levelled(sound, below);
        Ok(self.over_reply(Kind::Backchannel, label, sound))
    }

    fn tic(&mut self, index: usize) -> Episode {
        let tic = Tic::ALL[(self.random.below(Tic::ALL.len()) + index) % Tic::ALL.len()];
        let sound = std::iter::repeat_with(|| tic.sound(&mut self.random))
            .take(8)
            .flatten()
            .next();
        let empty = Sound {
            samples: vec![0.0; 16],
            span: 0..16,
        };
        let below = self.random.between(-6.0, 3.0);
        let sound = self.levelled(sound.unwrap_or(empty), below);
        let label = tic.name().to_owned();
        if index % 4 == 3 {
            self.spoken(Kind::Tic, label, sound, (2_000, 3_000))
        } else {
            self.over_reply(Kind::Tic, label, sound)
        }
    }

    /// Another talker across the room, or the caller with the mouth turned away.
    fn aside(&mut self, is_over_reply: bool) -> anyhow::Result<Episode> {
        let is_caller = self.random.is(25);
        let speaker = match self.talker {
            Talker::Voice(speaker) if is_caller => speaker,
            _ => Speaker::drawn(&mut self.random),
        };
        let (what, samples) = if !is_caller && self.random.is(40) {
            let talk = self.others()?;
            ("recorded talk".to_owned(), self.random.pick(&talk).to_vec())
        } else {
            let text = *self.random.pick(&lines::ASIDES);
            (
                text.to_owned(),
                self.material.voices.say(text, speaker)?.samples,
            )
        };
        let (who, below, wet) = if is_caller {
            (
                "caller, turned away",
                self.random.between(-14.0, -10.0),
                0.35,
            )
        } else {
            let wet = self.random.between(0.5, 0.8);
            ("far talker", self.random.between(-20.0, -12.0), wet)
        };
        let decay_ms = self.random.whole(250, 600);
        let mut far = sound::in_room(&samples, decay_ms, wet, &mut self.random);
        sound::low_pass(&mut far, self.random.between(1_500.0, 3_000.0));
        let sound = Sound::trimmed(&far).context("it is silent")?;
        let sound = self.levelled(sound, below);
        let label = format!("{who} at {below:.0} dB: {what}");
        Ok(if is_over_reply {
            self.over_reply(Kind::Aside, label, sound)
        } else {
            self.spoken(Kind::Aside, label, sound, (2_000, 3_000))
        })
    }

    /// A room alone, then the same room under a reply; quiet, louder, loud.
    fn noise(&mut self, number: usize, index: usize) -> anyhow::Result<Episode> {
        let bed = Bed::ALL[number % Bed::ALL.len()];
        let snr_db = [20.0, 10.0, 5.0][index / 2 % 3];
        let is_over_reply = index % 2 == 1;
        let ms = if is_over_reply { 8_000 } else { 20_000 };
        let talk = self.others()?;
        let samples = bed.sound(ms, self.level - snr_db, &talk, &mut self.random);
        let sound = Sound {
            span: 0..samples.len(),
            samples,
        };
        let label = format!("{} at {snr_db:.0} dB", bed.name());
        let mut episode = self.spoken(Kind::Noise, label, sound, (2_000, 3_000));
        if is_over_reply {
            episode.cue = Cue::IntoReply(300);
            episode.long_reply = self.material.library.reply(8_000, &mut self.random);
        }
        Ok(episode)
    }

    /// A finished utterance of this caller at this caller's level.
    fn utterance(&mut self, texts: &[&str]) -> anyhow::Result<(String, Sound)> {
        let (label, sound) = match self.talker {
            Talker::Recorded(caller) => {
                let clips = self.material.clips.whole.iter();
                let clips: Vec<_> = clips.filter(|clip| clip.person == caller).collect();
                let index = self.fresh(clips.len(), |index| clips[index].name.clone());
                (clips[index].name.clone(), clips[index].sound.clone())
            }
            Talker::Voice(speaker) => {
                let index = self.fresh(texts.len(), |index| texts[index].to_owned());
                let spoken = self.material.voices.say(texts[index], speaker)?;
                let sound = Sound::trimmed(&spoken.samples).context("it is silent")?;
                (texts[index].to_owned(), sound)
            }
        };
        Ok((label, self.levelled(sound, 0.0)))
    }

    /// The index of something that this call has not had yet, if there is any left.
    fn fresh(&mut self, count: usize, name: impl Fn(usize) -> String) -> usize {
        let order = self.random.order(count);
        let unsaid = order
            .iter()
            .find(|index| !self.said.contains(&name(**index)));
        let index = *unsaid.or(order.first()).unwrap_or(&0);
        self.said.push(name(index));
        index
    }

    /// At this caller's level, and so many dB beside it; begun within a frame by chance.
    fn levelled(&mut self, mut sound: Sound, beside: f32) -> Sound {
        let begins = self.random.below(in_ms(20));
        let now = sound::level(&sound.samples[sound.span.clone()]).unwrap_or_default();
        let peak = sound
            .samples
            .iter()
            .fold(1e-6_f32, |peak, it| peak.max(it.abs()));
        let factor = amplitude(self.level + beside - now).min(0.98 / peak);
        scale(&mut sound.samples, factor);
        let mut samples = vec![0.0; begins];
        samples.append(&mut sound.samples);
        Sound {
            samples,
            span: sound.span.start + begins..sound.span.end + begins,
        }
    }

    fn spoken(&mut self, kind: Kind, label: String, sound: Sound, reply_ms: (u64, u64)) -> Episode {
        let ms = self.random.whole(reply_ms.0, reply_ms.1);
        Episode {
            kind,
            label,
            cue: Cue::Quiet(self.random.whole(600, 1_500)),
            sound,
            pause: None,
            long_reply: Reply::default(),
            reply: self.material.library.reply(ms, &mut self.random),
        }
    }

    /// Over a reply of 6 to 12 s, of which at least 2.5 s are left when the sound is over.
    fn over_reply(&mut self, kind: Kind, label: String, sound: Sound) -> Episode {
        let (before, after) = (600, 2_500);
        let sound_ms = (sound.samples.len() / sound::PER_MS) as u64;
        let wanted = self.random.whole(6_000, 12_000);
        let wanted = wanted.max(sound_ms + before + after + 500);
        let mut episode = self.spoken(kind, label, sound, (1_500, 3_000));
        let reply = self.material.library.reply(wanted, &mut self.random);
        let latest = reply.length_ms.saturating_sub(sound_ms + after);
        episode.cue = Cue::IntoReply(self.random.whole(before, latest.max(before)));
        episode.long_reply = reply;
        episode
    }
}

#[cfg(test)]
mod tests;
