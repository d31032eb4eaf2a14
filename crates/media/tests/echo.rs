//! A speakerphone: what was played comes back late, weak and coloured, and must be gone, while the
//! caller's own voice stays.

use offhook_media::{EchoCancellation, EchoGuard, Frame, Level, SampleRate};

/// Sound with the rise and fall of speech: noise in syllables, pauses between words.
struct Voice {
    state: u32,
    last: f32,
}

impl Voice {
    const fn new(seed: u32) -> Self {
        Self {
            state: seed,
            last: 0.0,
        }
    }

    fn noise(&mut self) -> f32 {
        self.state = self
            .state
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.state >> 16) as f32 / 32_768.0 - 1.0
    }

    /// Samples of `frames` frames; each 60 to 260 ms another loudness, a quarter of them none.
    fn speak(&mut self, rate: SampleRate, frames: usize, amplitude: f32) -> Vec<i16> {
        let mut samples = Vec::new();
        while samples.len() < frames * rate.frame_samples() {
            let length = (0.16 + 0.1 * self.noise()) * rate.hz() as f32;
            let loudness = (0.75 + self.noise()).clamp(0.0, 1.0) * amplitude;
            for _ in 0..length as usize {
                self.last += 0.5 * (self.noise() - self.last);
                samples.push((self.last * loudness) as i16);
            }
        }
        samples.truncate(frames * rate.frame_samples());
        samples
    }
}

/// What comes back of `played`: late, at `gain`, with three reflections, over a quiet line.
fn returned(played: &[i16], rate: SampleRate, late_ms: usize, gain: f32) -> Vec<i16> {
    let mut line = Voice::new(99);
    let taps = [(0, 0.8), (3, -0.4), (11, 0.3), (29, -0.2)];
    (0..played.len())
        .map(|at| {
            let echo: f32 = taps
                .iter()
                .filter_map(|(more_ms, share)| {
                    let ago = (late_ms + more_ms) * rate.hz() as usize / 1_000;
                    Some(f32::from(*played.get(at.checked_sub(ago)?)?) * share * gain)
                })
                .sum();
            (echo + line.noise() * 20.0) as i16
        })
        .collect()
}

fn frames(samples: &[i16], rate: SampleRate) -> Vec<Frame> {
    let chunks = samples.chunks_exact(rate.frame_samples());
    chunks.map(|chunk| Frame::padded(rate, chunk)).collect()
}

fn mixed(one: &[i16], other: &[i16]) -> Vec<i16> {
    let pairs = one.iter().zip(other);
    pairs
        .map(|(one, other)| one.saturating_add(*other))
        .collect()
}

/// What the guard lets through.
fn cleaned(guard: &mut EchoGuard, played: &[i16], caller: &[i16], rate: SampleRate) -> Vec<i16> {
    frames(played, rate)
        .iter()
        .zip(&frames(caller, rate))
        .flat_map(|(played, caller)| guard.process(played, caller).samples().to_vec())
        .collect()
}

const fn second(count: usize, rate: SampleRate) -> usize {
    rate.hz() as usize * count
}

#[test]
fn the_agents_voice_does_not_come_through() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        for (late_ms, gain) in [(80, 0.1), (150, 0.3), (300, 0.1), (300, 0.03)] {
            let mut guard = EchoGuard::new(rate, EchoCancellation::Auto);
            let played = Voice::new(7).speak(rate, 400, 12_000.0);
            let caller = returned(&played, rate, late_ms, gain);
            let left = cleaned(&mut guard, &played, &caller, rate);
            let first = Level::of(&left[second(1, rate)..second(2, rate)]).rms_dbfs;
            let rest = Level::of(&left[second(2, rate)..]).rms_dbfs;
            let place = format!("{rate}, {late_ms} ms late, gain {gain}");
            assert!(
                rest < -55.0 && first < -50.0,
                "{place}: {first} then {rest}"
            );
            assert!(guard.has_echo(), "{place}");
        }
    }
}

#[test]
fn the_caller_is_heard_over_the_echo() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let mut guard = EchoGuard::new(rate, EchoCancellation::Auto);
        let played = Voice::new(7).speak(rate, 500, 12_000.0);
        let echo = returned(&played, rate, 150, 0.1);
        let mut caller = vec![0; second(6, rate)];
        caller.extend(Voice::new(3).speak(rate, 200, 8_000.0));
        let left = cleaned(&mut guard, &played, &mixed(&echo, &caller), rate);
        let before = Level::of(&left[second(4, rate)..second(6, rate)]).rms_dbfs;
        let spoken = Level::of(&caller[second(6, rate)..second(10, rate)]).rms_dbfs;
        let heard = Level::of(&left[second(6, rate)..second(10, rate)]).rms_dbfs;
        assert!(before < -55.0, "{before}");
        // Noise is the hardest caller; speech loses 1 dB.
        assert!((heard - spoken).abs() < 5.0, "{heard} of {spoken}");
    }
}

#[test]
fn nothing_is_touched_while_the_agent_is_silent() {
    let rate = SampleRate::HZ_8000;
    let mut guard = EchoGuard::new(rate, EchoCancellation::On);
    let silence = Frame::silence(rate);
    let caller = frames(&Voice::new(5).speak(rate, 300, 9_000.0), rate);
    assert!(
        caller
            .iter()
            .all(|frame| guard.process(&silence, frame) == *frame)
    );
    let played = frames(&Voice::new(7).speak(rate, 100, 9_000.0), rate);
    for frame in &played {
        guard.process(frame, &silence);
    }
    // The last echo may be a second late.
    for _ in 0..60 {
        guard.process(&silence, &silence);
    }
    assert!(
        caller
            .iter()
            .all(|frame| guard.process(&silence, frame) == *frame)
    );
}

#[test]
fn switched_off_it_touches_nothing() {
    let rate = SampleRate::HZ_16000;
    let mut guard = EchoGuard::new(rate, EchoCancellation::Off);
    let played = Voice::new(7).speak(rate, 100, 12_000.0);
    let caller = returned(&played, rate, 100, 0.3);
    assert_eq!(cleaned(&mut guard, &played, &caller, rate), caller);
}

#[test]
fn a_caller_on_a_line_without_echo_is_heard_after_a_second() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let mut guard = EchoGuard::new(rate, EchoCancellation::Auto);
        let played = Voice::new(7).speak(rate, 300, 12_000.0);
        let quiet = returned(&played, rate, 0, 0.0);
        let mut caller = vec![0; second(2, rate)];
        caller.extend(Voice::new(3).speak(rate, 200, 3_000.0));
        let caller = mixed(&quiet, &caller);
        let passed = cleaned(&mut guard, &played, &caller, rate);
        assert!(!guard.has_echo());
        assert_eq!(passed[second(2, rate)..], caller[second(2, rate)..]);
    }
}

#[test]
fn a_line_without_echo_is_left_alone() {
    let rate = SampleRate::HZ_8000;
    let played = Voice::new(7).speak(rate, 1_000, 12_000.0);
    let quiet = returned(&played, rate, 0, 0.0);
    for (mode, is_left_alone) in [
        (EchoCancellation::Auto, true),
        (EchoCancellation::On, false),
    ] {
        let mut guard = EchoGuard::new(rate, mode);
        let passed = cleaned(&mut guard, &played, &quiet, rate);
        let (tail, same) = (second(18, rate), second(20, rate));
        assert_eq!(
            passed[tail..same] == quiet[tail..same],
            is_left_alone,
            "{mode:?}"
        );
        // Then the caller switches the loudspeaker on.
        let loud = returned(&played, rate, 120, 0.2);
        let left = cleaned(&mut guard, &played, &loud, rate);
        let level = Level::of(&left[second(4, rate)..]).rms_dbfs;
        assert!(level < -55.0, "{mode:?}: {level}");
    }
}
