//! Policies with every knob turned by chance.

use std::time::Duration;

use offhook_turn_taking::{
    BackchannelPolicy, Eagerness, FillerOrder, InterruptionProfile, InterruptionProfiles,
    SoftTimeout, SpellingPatience, TurnMode, TurnPolicy,
};

use crate::random::Random;

const SENSITIVITIES: [f32; 8] = [0.0, 0.1, 0.3, 0.5, 0.5, 0.7, 0.95, 1.0];

pub(crate) fn random_policy(random: &mut Random) -> TurnPolicy {
    let delay_min = random.millis(0, 1_000);
    let delay_max = delay_min + random.millis(50, 3_000);
    TurnPolicy {
        greets_first: random.is(50),
        interruption_sensitivity: random.pick(&SENSITIVITIES),
        interruption_words_min: words_min(random, 25),
        interruption_speech_min: random.is(25).then(|| random.millis(0, 2_000)),
        interruption_profiles: InterruptionProfiles {
            greeting: profile(random),
            speaking: profile(random),
            thinking: profile(random),
            tool_running: profile(random),
        },
        transcribes_uninterruptible: random.is(70),
        is_greeting_interruptible: random.is(70),
        eagerness: random.pick(&[Eagerness::Patient, Eagerness::Normal, Eagerness::Eager]),
        endpoint_delay_min: random.is(20).then_some(delay_min),
        endpoint_delay_max: random
            .is(20)
            .then(|| delay_max.max(random.millis(600, 4_000))),
        adapts_to_caller: random.is(70),
        spelling_patience: random.pick(&[SpellingPatience::Auto, SpellingPatience::Off]),
        false_interruption_timeout: random.millis(100, 3_000),
        is_speculation_on: random.is(70),
        speculations_max: u32::try_from(random.below(4)).unwrap_or_default(),
        no_input_timeout: random.is(85).then(|| random.millis(1_000, 10_000)),
        reprompts_max: u32::try_from(random.below(4)).unwrap_or_default(),
        silence_hang_up: random.is(20).then(|| random.millis(5_000, 30_000)),
        caller_silence_max: random.is(50).then(|| random.millis(10_000, 60_000)),
        initial_wait: random.is(30).then(|| random.millis(1_000, 10_000)),
        mode: random.pick(&[TurnMode::Turn, TurnMode::Turn, TurnMode::Silence]),
        soft_timeout: random.is(60).then(|| soft_timeout(random)),
        backchannels: random.is(85).then(|| BackchannelPolicy {
            frequency: random.pick(&[0.3, 1.0, 1.0]),
            words_listed: random.pick(&[1, 2, 4]),
        }),
        reply_deadline: random.millis(1_000, 8_000),
        playout_stall_max: random.millis(2_000, 15_000),
        caller_turn_max: random.millis(5_000, 120_000),
        call_duration_max: random.millis(60_000, 600_000),
        transcript_deadline: random.millis(300, 2_000),
        uses_default_acknowledgements: random.is(80),
        ignore_phrases: phrases(random, "stray words"),
        interrupting_phrases: phrases(random, "hold on"),
        greeting_delay: match random.is(30) {
            true => random.millis(1, 15_000),
            false => Duration::ZERO,
        },
        ..TurnPolicy::default()
    }
}

fn soft_timeout(random: &mut Random) -> SoftTimeout {
    SoftTimeout {
        after: random.millis(500, 4_000),
        fillers_max: random.pick(&[1, 2, 3]),
        fillers_listed: random.pick(&[1, 2, 4]),
        order: random.pick(&[FillerOrder::Listed, FillerOrder::Shuffled]),
        is_written: random.is(30),
        waits_for_caller: random.is(50),
    }
}

fn profile(random: &mut Random) -> InterruptionProfile {
    if random.is(60) {
        return InterruptionProfile::default();
    }
    InterruptionProfile {
        is_interruptible: random.is(75),
        sensitivity: random.is(40).then(|| random.pick(&SENSITIVITIES)),
        words_min: words_min(random, 40),
        speech_min: random.is(40).then(|| random.millis(0, 2_000)),
    }
}

fn words_min(random: &mut Random, percent: u64) -> Option<u32> {
    let words = random.pick(&[0, 1, 2, 3, 10]);
    random.is(percent).then_some(words)
}

fn phrases(random: &mut Random, phrase: &str) -> Vec<String> {
    let is_listed = random.is(60);
    is_listed.then(|| phrase.to_owned()).into_iter().collect()
}
