//! Whom the ears know: the caller's voice, learnt from the call itself, and what follows for a
//! stretch of speech. It knows no model, no clock and no audio.
//!
//! Speech is somebody else's where it is weaker than the caller's and the voice is unlike the
//! caller's for that: the weaker the speech, the more alike it has to be. At the caller's own level
//! every voice is believed (people hand over telephones). The nearest voice is the loudest, so a
//! louder one takes the place of the one that was learnt; and somebody who is not believed, but says
//! something to a line that is otherwise silent and waits for an answer, again and again, is the
//! caller from then on.

use super::voice_print::{VoicePrint, VoiceSample};

/// Speech that teaches has at least this much sound.
const TEACHES_MS: u32 = 800;
/// Speech shorter than this says less of a voice, and a word still less: how much less alike it may
/// be.
const SHORT_MS: u32 = 800;
const SHORT_DOUBT: f32 = 0.08;
const WORD_MS: u32 = 400;
const WORD_DOUBT: f32 = 0.2;
/// Older speech counts for no more than this, so that the caller's print follows the line.
const REMEMBERED_MS: u32 = 10_000;
/// Speech no weaker than the caller's by more than this is nobody else's, whatever the voice: it
/// is spoken into the telephone, which may have been handed over.
const OWN_LEVEL_DB: f32 = 3.0;
/// How alike weaker speech has to be, and how much more for each dB below the caller's level.
const ALIKE: f32 = 0.2;
const ALIKE_PER_DB: f32 = 0.05;
/// No voice has to be more alike than this.
const ALIKE_MAX: f32 = 0.74;
/// How much more where all speech of others is unwanted.
const STRICTER: f32 = 0.15;
/// There, only speech that is louder than the caller's by this is nobody else's.
const NEARER_DB: f32 = 4.0;
/// A voice this much like the caller's is the caller's, at the caller's own level; below it by
/// this much more than it has to be.
const SURELY: f32 = 0.55;
const SURELY_BEYOND: f32 = 0.2;
/// Speech that teaches a known caller's voice is at least this much like it, and no louder than
/// the caller by more than this; what is louder takes the caller's place.
const TEACHING_LIKENESS: f32 = 0.5;
const LOUDER_DB: f32 = 6.0;
/// Where somebody else is known to talk, speech at the caller's level is believed only from here on,
/// and weaker speech has to be more alike.
const COMPANY_OWN_LEVEL_DB: f32 = 0.0;
const COMPANY_ALIKE_PER_DB: f32 = 0.07;
const COMPANY_ALIKE_MAX: f32 = 0.78;
/// A voice this unlike the caller's, heard for as long as teaches, is surely somebody else's.
const UNLIKE: f32 = 0.3;
/// Two stretches this much alike are one newcomer's.
const SAME_NEWCOMER: f32 = 0.45;
/// Times that a newcomer speaks to a silent line before it is believed; and where somebody else is
/// known to talk, or it is weaker than the caller by more than this, as a television is.
const ADDRESSES: u32 = 2;
const FAR_DB: f32 = 8.0;
const FAR_ADDRESSES: u32 = 4;

/// Whose a stretch of speech is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The caller's, by the voice.
    Callers,
    /// It cannot be told; it counts as the caller's.
    Unsure,
    /// Somebody else's.
    Strangers,
}

/// What is thought of a stretch of speech, and how like the caller's the voice is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Opinion {
    pub(super) whose: Whose,
    pub(super) likeness: f32,
    /// How much more like the caller's it is than it has to be.
    pub(super) margin: f32,
}

/// One call's voices.
#[derive(Debug, Clone)]
pub(super) struct Acquaintance {
    is_strict: bool,
    caller: Option<Known>,
    newcomer: Option<Newcomer>,
}

#[derive(Debug, Clone)]
struct Known {
    print: VoicePrint,
    level_db: f32,
    heard_ms: u32,
}

#[derive(Debug, Clone)]
struct Newcomer {
    known: Known,
    addresses: u32,
}

impl Acquaintance {
    /// Nobody is known yet. `is_strict` where all speech of others is unwanted.
    pub(super) const fn new(is_strict: bool) -> Self {
        Self {
            is_strict,
            caller: None,
            newcomer: None,
        }
    }

    /// Whether more speech of the caller would teach little.
    pub(super) fn is_well_known(&self) -> bool {
        self.caller
            .as_ref()
            .is_some_and(|caller| caller.heard_ms >= REMEMBERED_MS)
    }

    /// `is_in_company` where somebody else is known to talk near the telephone.
    pub(super) fn opinion(&self, sample: &VoiceSample, is_in_company: bool) -> Opinion {
        let Some(caller) = &self.caller else {
            return Opinion {
                whose: Whose::Unsure,
                likeness: 1.0,
                margin: 1.0,
            };
        };
        let likeness = caller.print.likeness(&sample.print);
        let below_db = caller.level_db - sample.level_db;
        let margin = likeness - self.wanted(below_db, sample.speech_ms, is_in_company);
        let is_near = below_db <= OWN_LEVEL_DB || margin >= SURELY_BEYOND;
        let whose = if margin < 0.0 {
            Whose::Strangers
        } else if likeness >= SURELY && is_near {
            Whose::Callers
        } else {
            Whose::Unsure
        };
        Opinion {
            whose,
            likeness,
            margin,
        }
    }

    /// How alike speech has to be that is so much weaker than the caller's.
    fn wanted(&self, below_db: f32, speech_ms: u32, is_in_company: bool) -> f32 {
        let (nearest_db, strictness) = match (self.is_strict, is_in_company) {
            (true, _) => (-NEARER_DB, STRICTER),
            (false, true) => (COMPANY_OWN_LEVEL_DB, 0.0),
            (false, false) => (OWN_LEVEL_DB, 0.0),
        };
        let (per_db, most) = match is_in_company {
            true => (COMPANY_ALIKE_PER_DB, COMPANY_ALIKE_MAX),
            false => (ALIKE_PER_DB, ALIKE_MAX),
        };
        if below_db <= nearest_db {
            return -1.0;
        }
        let doubt = match speech_ms {
            ..WORD_MS => WORD_DOUBT,
            WORD_MS..SHORT_MS => SHORT_DOUBT,
            SHORT_MS.. => 0.0,
        };
        (ALIKE + strictness + per_db * below_db).min(most) - doubt
    }

    /// Whether speech of which this is thought shows that somebody else is about.
    pub(super) fn shows_company(sample: &VoiceSample, opinion: Opinion) -> bool {
        let is_seen = sample.speech_ms >= TEACHES_MS && opinion.likeness < UNLIKE;
        is_seen && opinion.whose == Whose::Strangers
    }

    /// A stretch of speech is over that counts as the caller's.
    pub(super) fn learn(&mut self, sample: &VoiceSample, opinion: Opinion) {
        self.newcomer = None;
        if sample.speech_ms < TEACHES_MS {
            return;
        }
        let heard = Known::of(sample);
        match &mut self.caller {
            None => self.caller = Some(heard),
            Some(caller) => {
                let louder_db = sample.level_db - caller.level_db;
                let is_at_level = (-OWN_LEVEL_DB..=LOUDER_DB).contains(&louder_db);
                if opinion.likeness >= TEACHING_LIKENESS && is_at_level {
                    caller.learn(&heard);
                } else if louder_db > LOUDER_DB {
                    *caller = heard;
                }
            }
        }
    }

    /// A stranger said something to a line that was silent before and after. Whether that makes
    /// the stranger the caller; a television pauses too.
    pub(super) fn was_addressed(&mut self, sample: &VoiceSample, is_in_company: bool) -> bool {
        let heard = Known::of(sample);
        let newcomer = match self.newcomer.take() {
            Some(mut newcomer) if newcomer.known.is_like(&heard) => {
                newcomer.known.learn(&heard);
                newcomer.addresses += 1;
                newcomer
            }
            _ => Newcomer {
                known: heard,
                addresses: 1,
            },
        };
        let is_far = self
            .caller
            .as_ref()
            .is_some_and(|caller| caller.level_db - newcomer.known.level_db > FAR_DB);
        let wanted = if is_far || is_in_company {
            FAR_ADDRESSES
        } else {
            ADDRESSES
        };
        if newcomer.addresses < wanted {
            self.newcomer = Some(newcomer);
            return false;
        }
        self.caller = Some(newcomer.known);
        true
    }

    /// The stranger went on without waiting, or too late: that was not for the agent.
    pub(super) fn forget_newcomer(&mut self) {
        self.newcomer = None;
    }
}

impl Known {
    fn of(sample: &VoiceSample) -> Self {
        Self {
            print: sample.print.clone(),
            level_db: sample.level_db,
            heard_ms: sample.speech_ms,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.print.likeness(&other.print) >= SAME_NEWCOMER
    }

    fn learn(&mut self, other: &Self) {
        let heard_ms = self.heard_ms.saturating_add(other.heard_ms);
        let share = other.heard_ms as f32 / heard_ms.max(1) as f32;
        self.print = self.print.towards(&other.print, share);
        self.level_db += share * (other.level_db - self.level_db);
        self.heard_ms = heard_ms.min(REMEMBERED_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voice at an angle, in degrees, from the caller's.
    fn voice(angle: f32, level_db: f32, speech_ms: u32) -> VoiceSample {
        let (across, along) = angle.to_radians().sin_cos();
        VoiceSample {
            print: VoicePrint::new([along, across].into()),
            level_db,
            speech_ms,
        }
    }

    fn hear(acquaintance: &mut Acquaintance, sample: &VoiceSample) -> Whose {
        let opinion = acquaintance.opinion(sample, false);
        if opinion.whose != Whose::Strangers {
            acquaintance.learn(sample, opinion);
        }
        opinion.whose
    }

    fn with_caller(is_strict: bool) -> Acquaintance {
        let mut acquaintance = Acquaintance::new(is_strict);
        hear(&mut acquaintance, &voice(0.0, -23.0, 3_000));
        acquaintance
    }

    #[test]
    fn the_first_voice_is_the_callers_whatever_it_is() {
        let mut acquaintance = Acquaintance::new(true);
        let first = voice(70.0, -50.0, 2_000);
        assert_eq!(hear(&mut acquaintance, &first), Whose::Unsure);
        assert_eq!(hear(&mut acquaintance, &first), Whose::Callers);
    }

    #[test]
    fn a_word_is_too_short_to_make_an_acquaintance() {
        let mut acquaintance = Acquaintance::new(false);
        hear(&mut acquaintance, &voice(0.0, -23.0, 400));
        assert_eq!(
            hear(&mut acquaintance, &voice(90.0, -40.0, 2_000)),
            Whose::Unsure
        );
    }

    #[test]
    fn the_weaker_the_speech_the_more_alike_the_voice_has_to_be() {
        // Likeness: 60° is 0.5, 75° is 0.26, 100° is less than 0.
        for (angle, below_db, expected) in [
            (60.0, 0.0, Whose::Unsure),
            (60.0, 4.0, Whose::Unsure),
            (60.0, 8.0, Whose::Strangers),
            (75.0, 2.5, Whose::Unsure),
            (75.0, 4.0, Whose::Strangers),
            (100.0, 0.0, Whose::Unsure),
            (100.0, -8.0, Whose::Unsure),
            (30.0, 15.0, Whose::Unsure),
            (30.0, 3.0, Whose::Callers),
        ] {
            let opinion = with_caller(false).opinion(&voice(angle, -23.0 - below_db, 2_000), false);
            assert_eq!(opinion.whose, expected, "{angle}° at -{below_db} dB");
        }
    }

    #[test]
    fn where_others_are_unwanted_less_is_believed() {
        let sample = voice(70.0, -25.0, 2_000);
        assert_eq!(
            with_caller(false).opinion(&sample, false).whose,
            Whose::Unsure
        );
        assert_eq!(
            with_caller(true).opinion(&sample, false).whose,
            Whose::Strangers
        );
    }

    #[test]
    fn in_company_less_is_believed_but_not_less_of_the_caller() {
        let acquaintance = with_caller(false);
        // Likeness: 75° is 0.26, 55° is 0.57, 45° is 0.71.
        for (angle, below_db, alone, in_company) in [
            (75.0, 2.0, Whose::Unsure, Whose::Strangers),
            (75.0, -1.0, Whose::Unsure, Whose::Unsure),
            (55.0, 6.0, Whose::Unsure, Whose::Strangers),
            (45.0, 6.0, Whose::Callers, Whose::Unsure),
            (45.0, 0.0, Whose::Callers, Whose::Callers),
        ] {
            let sample = voice(angle, -23.0 - below_db, 2_000);
            let opinions = [false, true].map(|company| acquaintance.opinion(&sample, company));
            let whose = opinions.map(|opinion| opinion.whose);
            assert_eq!(whose, [alone, in_company], "{angle}° at -{below_db} dB");
        }
    }

    #[test]
    fn short_speech_is_sooner_believed() {
        let (short, long) = (voice(60.0, -30.0, 500), voice(60.0, -30.0, 2_000));
        assert_eq!(
            with_caller(false).opinion(&short, false).whose,
            Whose::Unsure
        );
        assert_eq!(
            with_caller(false).opinion(&long, false).whose,
            Whose::Strangers
        );
    }

    #[test]
    fn the_print_follows_the_caller_and_nobody_else() {
        let mut acquaintance = with_caller(false);
        for angle in [20.0, 30.0, 40.0] {
            hear(&mut acquaintance, &voice(angle, -24.0, 3_000));
        }
        assert_eq!(
            acquaintance
                .opinion(&voice(50.0, -24.0, 2_000), false)
                .whose,
            Whose::Callers
        );
        let before = acquaintance.caller.clone().unwrap().print;
        hear(&mut acquaintance, &voice(-75.0, -24.0, 3_000));
        hear(&mut acquaintance, &voice(45.0, -36.0, 3_000));
        assert_eq!(acquaintance.caller.unwrap().print, before);
    }

    #[test]
    fn a_caller_who_comes_after_the_television_takes_its_place() {
        let mut acquaintance = Acquaintance::new(false);
        hear(&mut acquaintance, &voice(90.0, -38.0, 3_000));
        let caller = voice(0.0, -24.0, 2_000);
        assert_eq!(hear(&mut acquaintance, &caller), Whose::Unsure);
        assert_eq!(hear(&mut acquaintance, &caller), Whose::Callers);
        let television = voice(90.0, -38.0, 3_000);
        assert_eq!(hear(&mut acquaintance, &television), Whose::Strangers);
    }

    #[test]
    fn who_speaks_to_a_silent_line_twice_is_the_caller() {
        let mut acquaintance = with_caller(false);
        let newcomer = voice(110.0, -28.0, 1_500);
        assert_eq!(hear(&mut acquaintance, &newcomer), Whose::Strangers);
        assert!(!acquaintance.was_addressed(&newcomer, false));
        assert!(acquaintance.was_addressed(&voice(120.0, -29.0, 900), false));
        assert_eq!(hear(&mut acquaintance, &newcomer), Whose::Callers);
    }

    #[test]
    fn from_far_away_it_takes_more_to_be_believed_but_nobody_is_refused_for_good() {
        let mut acquaintance = with_caller(false);
        let far = voice(110.0, -38.0, 1_500);
        let believed: Vec<bool> = (0..4)
            .map(|_| acquaintance.was_addressed(&far, false))
            .collect();
        assert_eq!(believed, [false, false, false, true]);
    }

    #[test]
    fn a_telephone_that_is_handed_over_is_never_refused() {
        let mut acquaintance = with_caller(false);
        for angle in [90.0, 180.0, 270.0] {
            let opinion = hear(&mut acquaintance, &voice(angle, -25.5, 2_000));
            assert_ne!(opinion, Whose::Strangers, "{angle}°");
        }
    }

    #[test]
    fn two_strangers_are_no_newcomer_and_the_caller_ends_the_wait() {
        let mut acquaintance = with_caller(false);
        assert!(!acquaintance.was_addressed(&voice(110.0, -26.0, 1_500), false));
        assert!(!acquaintance.was_addressed(&voice(-110.0, -26.0, 1_500), false));
        hear(&mut acquaintance, &voice(5.0, -23.0, 900));
        assert!(!acquaintance.was_addressed(&voice(-110.0, -26.0, 1_500), false));
        acquaintance.forget_newcomer();
        assert!(!acquaintance.was_addressed(&voice(-110.0, -26.0, 1_500), false));
    }
}
