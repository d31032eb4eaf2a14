//! One call's watch over whose voice is heard: when to look at the voice, and what to tell of it.
//! Nothing waits for it: until it knows, speech is the caller's.
//!
//! It looks while speech goes on, soon and then less often, and once more when it is over; a voice
//! that is surely the caller's is not looked at again before that.

use std::ops::Range;

use super::acquaintance::{Acquaintance, Opinion, Whose};
use super::voice_print::VoiceSample;

/// Looks at speech that goes on, after so many milliseconds of it; then one for each
/// [`LOOK_EVERY_MS`].
const LOOKS_MS: [u64; 4] = [320, 480, 800, 1_300];
const LOOK_EVERY_MS: u64 = 1_000;
/// The newest speech that a look while it goes on takes in, and one after its end.
const NEWEST_MS: u64 = 1_600;
const WHOLE_MS: u64 = 3_000;
/// Speech shorter than this is not looked at.
const SHORTEST_MS: u64 = 64;
/// A look that no thread had time for is given up so long after the end.
const GIVEN_UP_MS: u64 = 1_500;
/// What begins so soon after a stranger's speech is the stranger's too, until it was looked at.
const SOON_MS: u64 = 1_000;
/// How much more alike than it has to be a voice is that is believed after all.
const SURE_AGAIN: f32 = 0.1;
/// The same where less than this was seen of it.
const GLIMPSE_MS: u32 = 800;
const SURE_BY_GLIMPSE: f32 = 0.3;
/// Speech that no thread had time to look at counts as the caller's so long after its end, although
/// it was presumed to be a stranger's.
const UNSEEN_MS: u64 = 400;
/// Silence before and after what is said to the agent by somebody who waits for an answer.
const WAITING_MS: u64 = 1_500;
/// Nobody speaks for longer than this without a pause of that length, to a line that is silent.
const ADDRESS_MAX_MS: u64 = 6_000;
/// Who gets no answer speaks again within this.
const AGAIN_MS: u64 = 15_000;

/// Somebody else of whom so much was surely heard is taken to be about, until so long after the
/// last of it. Who asks the agent something says less.
const COMPANY_SPEECH_MS: u32 = 3_000;
const COMPANY_MS: u64 = 60_000;

/// What is to be told of the speech that began at a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Attribution {
    pub(super) onset: u64,
    pub(super) likeness: f32,
    pub(super) is_caller: bool,
}

/// A look at the audio between two samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    onset: u64,
    pub(super) range: Range<u64>,
    is_last: bool,
}

/// One call's watch.
#[derive(Debug)]
pub(super) struct VoiceWatch {
    acquaintance: Acquaintance,
    speech: Option<Speech>,
    /// The speech before it, of which a look may still be under way.
    before: Option<Speech>,
    /// Speech with no long silence in it.
    group: Group,
    /// Where what a newcomer said to the agent last ended.
    addressed_at: Option<u64>,
    company: Company,
}

#[derive(Debug, Clone)]
struct Speech {
    onset: u64,
    end: Option<u64>,
    looks: usize,
    /// The caller was heard in it.
    is_surely_callers: bool,
    is_done: bool,
    /// What was told of it.
    is_told_strangers: bool,
    /// It came so soon after a stranger's speech that it was told before the first look.
    is_presumed: bool,
}

#[derive(Debug, Default)]
struct Group {
    start: u64,
    end: u64,
    is_after_silence: bool,
    /// The newest of a stranger's speech in it, with its onset; `None` once the caller is in it.
    stranger: Option<(u64, VoiceSample)>,
    is_callers: bool,
    is_closed: bool,
}

/// What was surely heard of somebody else.
#[derive(Debug, Default)]
struct Company {
    speech_ms: u32,
    until: u64,
}

impl Company {
    fn heard(&mut self, at: u64, speech_ms: u32) {
        if at >= self.until {
            self.speech_ms = 0;
        }
        self.speech_ms = self.speech_ms.saturating_add(speech_ms);
        self.until = at + in_ms(COMPANY_MS);
    }

    const fn is_there(&self, at: u64) -> bool {
        self.speech_ms >= COMPANY_SPEECH_MS && at < self.until
    }
}

impl VoiceWatch {
    /// `is_strict` where all speech of others is unwanted.
    pub(super) fn new(is_strict: bool) -> Self {
        Self {
            acquaintance: Acquaintance::new(is_strict),
            speech: None,
            before: None,
            group: Group {
                is_closed: true,
                ..Group::default()
            },
            addressed_at: None,
            company: Company::default(),
        }
    }

    /// Speech begins; whether there is something to tell of it before it is looked at.
    pub(super) fn start(&mut self, onset: u64) -> Option<Attribution> {
        let silence = onset.saturating_sub(self.group.end);
        if self.group.is_closed || silence >= in_ms(WAITING_MS) {
            self.group = Group {
                start: onset,
                is_after_silence: silence >= in_ms(WAITING_MS),
                ..Group::default()
            };
        }
        if self
            .addressed_at
            .is_some_and(|at| onset.saturating_sub(at) > in_ms(AGAIN_MS))
        {
            self.addressed_at = None;
            self.acquaintance.forget_newcomer();
        }
        self.group.end = onset;
        let is_presumed = self.speech.as_ref().is_some_and(|speech| {
            let is_soon = speech
                .end
                .is_some_and(|end| onset.saturating_sub(end) < in_ms(SOON_MS));
            is_soon && speech.is_told_strangers
        });
        self.before = self.speech.replace(Speech {
            onset,
            end: None,
            looks: 0,
            is_surely_callers: false,
            is_done: false,
            is_told_strangers: is_presumed,
            is_presumed,
        });
        is_presumed.then_some(Attribution {
            onset,
            likeness: 0.0,
            is_caller: false,
        })
    }

    pub(super) fn stop(&mut self, end: u64) {
        self.group.end = end;
        if let Some(speech) = &mut self.speech {
            speech.end = Some(end);
        }
    }

    /// The look that is due when audio up to `judged` is there. It comes again until it was
    /// [`VoiceWatch::took`].
    pub(super) fn due(&self, judged: u64) -> Option<Look> {
        let speech = self.speech.as_ref().filter(|speech| !speech.is_done)?;
        let onset = speech.onset;
        let Some(end) = speech.end else {
            let newest = judged.saturating_sub(in_ms(NEWEST_MS)).max(onset);
            let is_due = !speech.is_surely_callers && judged >= onset + next_look(speech.looks);
            return is_due.then_some(Look {
                onset,
                range: newest..judged,
                is_last: false,
            });
        };
        let is_worth_it = end >= onset + in_ms(SHORTEST_MS)
            && judged <= end + in_ms(GIVEN_UP_MS)
            && !(speech.is_surely_callers && self.acquaintance.is_well_known());
        let newest = end.saturating_sub(in_ms(WHOLE_MS)).max(onset);
        is_worth_it.then_some(Look {
            onset,
            range: newest..end,
            is_last: true,
        })
    }

    /// A look is being taken.
    pub(super) fn took(&mut self, look: &Look) {
        let speech = self.speech.as_mut();
        if let Some(speech) = speech.filter(|speech| speech.onset == look.onset) {
            speech.looks += 1;
            speech.is_done = look.is_last;
        }
    }

    /// What a look showed; whether there is something to tell.
    pub(super) fn take(&mut self, look: &Look, sample: VoiceSample) -> Option<Attribution> {
        let is_in_company = self.company.is_there(look.range.end);
        let opinion = self.acquaintance.opinion(&sample, is_in_company);
        if look.is_last && Acquaintance::shows_company(&sample, opinion) {
            self.company.heard(look.range.end, sample.speech_ms);
        }
        tracing::trace!(?opinion, level_db = sample.level_db, "looked at a voice");
        let mut both = self.speech.iter_mut().chain(&mut self.before);
        let speech = both.find(|speech| speech.onset == look.onset)?;
        speech.is_surely_callers |= opinion.whose == Whose::Callers;
        let sure = if sample.speech_ms < GLIMPSE_MS {
            SURE_BY_GLIMPSE
        } else {
            SURE_AGAIN
        };
        let is_doubted = speech.is_told_strangers && opinion.margin < sure;
        let is_strangers = match opinion.whose {
            Whose::Callers => false,
            Whose::Strangers => !speech.is_surely_callers,
            Whose::Unsure => is_doubted && !speech.is_surely_callers,
        };
        let is_news = is_strangers != speech.is_told_strangers;
        speech.is_told_strangers = is_strangers;
        self.heed(look, sample, opinion, is_strangers);
        is_news.then_some(Attribution {
            onset: look.onset,
            likeness: opinion.likeness,
            is_caller: !is_strangers,
        })
    }

    /// Learns from speech that is over.
    fn heed(&mut self, look: &Look, sample: VoiceSample, opinion: Opinion, is_strangers: bool) {
        if !look.is_last {
            return;
        }
        if !is_strangers {
            self.addressed_at = None;
            self.acquaintance.learn(&sample, opinion);
        }
        if look.onset < self.group.start {
            return;
        }
        if is_strangers {
            self.group.stranger = Some((look.onset, sample));
        } else {
            self.group.is_callers = true;
        }
    }

    /// Audio up to `judged` is there, and nobody speaks: a stranger who said something and waits
    /// is perhaps the caller now.
    pub(super) fn wait(&mut self, judged: u64) -> Option<Attribution> {
        let speech = self.speech.as_mut()?;
        if let Some(end) = speech.end
            && std::mem::take(&mut speech.is_presumed)
            && speech.looks == 0
            && end >= speech.onset + in_ms(SHORTEST_MS)
        {
            if judged < end + in_ms(UNSEEN_MS) {
                speech.is_presumed = true;
            } else {
                speech.is_told_strangers = false;
                return Some(Attribution {
                    onset: speech.onset,
                    likeness: 1.0,
                    is_caller: true,
                });
            }
        }
        let is_over = speech.end.is_some();
        let group = &mut self.group;
        if !is_over || group.is_closed || judged < group.end + in_ms(WAITING_MS) {
            return None;
        }
        group.is_closed = true;
        let is_short = group.end <= group.start + in_ms(ADDRESS_MAX_MS);
        if group.is_callers || !group.is_after_silence || !is_short {
            return None;
        }
        let (onset, sample) = group.stranger.take()?;
        self.addressed_at = Some(group.end);
        let is_in_company = self.company.is_there(judged);
        if !self.acquaintance.was_addressed(&sample, is_in_company) {
            return None;
        }
        self.addressed_at = None;
        if let Some(speech) = &mut self.speech {
            speech.is_told_strangers = false;
        }
        Some(Attribution {
            onset,
            likeness: 1.0,
            is_caller: true,
        })
    }
}

/// After how many samples of speech the look is due before which there were so many.
fn next_look(looks: usize) -> u64 {
    let last = LOOKS_MS[LOOKS_MS.len() - 1];
    let more = looks.saturating_sub(LOOKS_MS.len() - 1) as u64;
    in_ms(
        LOOKS_MS
            .get(looks)
            .copied()
            .unwrap_or(last + more * LOOK_EVERY_MS),
    )
}

const fn in_ms(ms: u64) -> u64 {
    ms * 16
}

#[cfg(test)]
mod tests {
    use super::super::voice_print::VoicePrint;
    use super::*;

    /// Speech of so many milliseconds from a moment on, looked at whenever a look is due; what was
    /// told, and when.
    fn speak(
        watch: &mut VoiceWatch,
        from_ms: u64,
        to_ms: u64,
        voice: impl Fn(u64) -> [f32; 2],
        level_db: f32,
    ) -> Vec<(u64, bool)> {
        let mut told = Vec::new();
        let news = watch.start(in_ms(from_ms));
        told.extend(news.map(|news| (from_ms, news.is_caller)));
        for ms in (from_ms + 96..to_ms + 3_000).step_by(32) {
            if ms >= to_ms && ms < to_ms + 32 {
                watch.stop(in_ms(to_ms));
            }
            if let Some(look) = watch.due(in_ms(ms)) {
                watch.took(&look);
                let length = look.range.end - look.range.start;
                let sample = VoiceSample {
                    print: VoicePrint::new(voice(look.range.end / 16).into()),
                    level_db,
                    speech_ms: u32::try_from(length / 16).unwrap(),
                };
                let news = watch.take(&look, sample);
                told.extend(news.map(|news| (ms, news.is_caller)));
            }
            let news = watch.wait(in_ms(ms));
            told.extend(news.map(|news| (ms, news.is_caller)));
        }
        told
    }

    const CALLER: [f32; 2] = [1.0, 0.0];
    const OTHER: [f32; 2] = [-0.2, 1.0];

    fn acquainted() -> VoiceWatch {
        let mut watch = VoiceWatch::new(false);
        assert_eq!(speak(&mut watch, 2_000, 5_000, |_| CALLER, -23.0), []);
        watch
    }

    #[test]
    fn the_callers_own_speech_is_nothing_to_tell_of() {
        let mut watch = acquainted();
        assert_eq!(speak(&mut watch, 10_000, 13_000, |_| CALLER, -26.0), []);
    }

    #[test]
    fn somebody_elses_is_told_of_while_it_goes_on() {
        let mut watch = acquainted();
        let told = speak(&mut watch, 10_000, 13_000, |_| OTHER, -33.0);
        assert_eq!(told, [(10_320, false)]);
    }

    #[test]
    fn who_was_surely_heard_is_taken_to_be_about_for_a_while() {
        let unlike = |_: u64| [0.3, 1.0];
        let mut watch = acquainted();
        assert_eq!(speak(&mut watch, 10_000, 12_000, unlike, -25.0), []);
        let told = speak(&mut watch, 15_000, 18_500, |_| OTHER, -35.0);
        assert_eq!(told, [(15_320, false)]);
        let told = speak(&mut watch, 20_000, 22_000, unlike, -25.0);
        assert_eq!(told.first(), Some(&(20_800, false)));
        assert_eq!(speak(&mut watch, 100_000, 102_000, unlike, -25.0), []);
    }

    #[test]
    fn a_short_exclamation_is_looked_at_when_it_is_over() {
        let mut watch = acquainted();
        let told = speak(&mut watch, 10_000, 10_300, |_| OTHER, -33.0);
        assert_eq!(told.len(), 1);
        assert!(!told[0].1 && told[0].0 < 10_350, "{told:?}");
    }

    #[test]
    fn the_caller_who_speaks_after_the_television_in_one_stretch_is_heard() {
        let mut watch = acquainted();
        let voice = |ms: u64| if ms < 11_000 { OTHER } else { CALLER };
        let told = speak(&mut watch, 10_000, 14_000, voice, -28.0);
        assert_eq!(told, [(10_320, false), (11_312, true)]);
    }

    #[test]
    fn a_surely_known_voice_is_not_looked_at_again_before_its_end() {
        let mut watch = acquainted();
        assert_eq!(watch.start(in_ms(20_000)), None);
        let look = watch.due(in_ms(20_480)).unwrap();
        watch.took(&look);
        let sample = VoiceSample {
            print: VoicePrint::new(CALLER.into()),
            level_db: -23.0,
            speech_ms: 480,
        };
        assert_eq!(watch.take(&look, sample), None);
        assert_eq!(watch.due(in_ms(24_000)), None);
        watch.stop(in_ms(25_000));
        let last = watch.due(in_ms(25_128)).unwrap();
        assert_eq!(last.range, in_ms(22_000)..in_ms(25_000));
        assert_eq!(watch.due(in_ms(26_600)), None);
    }

    #[test]
    fn who_speaks_twice_and_waits_is_heard() {
        let mut watch = acquainted();
        let told = speak(&mut watch, 10_000, 11_000, |_| OTHER, -29.0);
        assert_eq!(told, [(10_320, false)]);
        let told = speak(&mut watch, 15_000, 16_000, |_| OTHER, -29.0);
        assert_eq!(told, [(15_320, false), (17_528, true)]);
        assert_eq!(speak(&mut watch, 20_000, 22_000, |_| OTHER, -29.0), []);
    }

    #[test]
    fn a_television_that_does_not_wait_is_never_heard() {
        let mut watch = acquainted();
        let mut told = Vec::new();
        for sentence in 0..40 {
            let from = 10_000 + sentence * 2_600;
            told.extend(watch.start(in_ms(from)).map(|news| news.is_caller));
            watch.stop(in_ms(from + 2_000));
            let look = watch.due(in_ms(from + 2_128)).unwrap();
            watch.took(&look);
            let sample = VoiceSample {
                print: VoicePrint::new(OTHER.into()),
                level_db: -33.0,
                speech_ms: 2_000,
            };
            told.extend(watch.take(&look, sample).map(|news| news.is_caller));
            told.extend(watch.wait(in_ms(from + 2_500)).map(|news| news.is_caller));
        }
        assert_eq!(told, [false; 40]);
        assert_eq!(watch.wait(in_ms(200_000)), None);
    }

    #[test]
    fn who_gets_no_answer_and_speaks_again_much_later_is_a_stranger_still() {
        let mut watch = acquainted();
        speak(&mut watch, 10_000, 11_000, |_| OTHER, -30.0);
        let told = speak(&mut watch, 40_000, 41_000, |_| OTHER, -30.0);
        assert_eq!(told, [(40_320, false)]);
    }
}
