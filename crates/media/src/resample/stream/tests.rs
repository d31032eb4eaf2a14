//! Tones through the resampler.

use proptest::prelude::*;

use super::*;
use crate::{Frame, FrameResampler, Level};

fn tone(rate_hz: u32, hertz: f64, milliseconds: u32) -> Vec<i16> {
    let count = u64::from(rate_hz) * u64::from(milliseconds) / 1_000;
    let step = std::f64::consts::TAU * hertz / f64::from(rate_hz);
    (0..count)
        .map(|index| ((index as f64 * step).sin() * 16_384.0).round() as i16)
        .collect()
}

fn converted(samples: &[i16], from: SampleRate, to: SampleRate, chunk: usize) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let mut out = Vec::new();
    for chunk in samples.chunks(chunk) {
        resampler.process(chunk, &mut out);
    }
    resampler.flush(&mut out);
    out
}

/// How far a tone moves at most within half a sample (and a little).
fn half_a_sample(rate: SampleRate, hertz: f64) -> u16 {
    let step = std::f64::consts::TAU * hertz / f64::from(rate.hz());
    (step * 16_384.0 * 0.52) as u16 + 100
}

/// Level in decibels of the middle of a converted tone, relative to what went in.
fn gain_db(from: SampleRate, to: SampleRate, hertz: f64) -> f32 {
    let out = converted(&tone(from.hz(), hertz, 1_000), from, to, 160);
    let edge = out.len() / 8;
    Level::of(&out[edge..out.len() - edge]).rms_dbfs
        - Level::of(&tone(48_000, 997.0, 1_000)).rms_dbfs
}

#[test]
fn tones_of_speech_keep_their_level_at_every_pair_of_rates() {
    for from in SampleRate::ALL {
        for to in SampleRate::ALL {
            let narrower = f64::from(from.min(to).hz()) / 2.0;
            for hertz in [200.0, 1_000.0, narrower * 0.75] {
                let gain = gain_db(from, to, hertz);
                assert!(gain.abs() < 0.3, "{from} to {to} at {hertz} Hz: {gain} dB");
            }
        }
    }
}

#[test]
fn tones_above_the_new_band_are_suppressed() {
    for from in SampleRate::ALL {
        for to in SampleRate::ALL.into_iter().filter(|to| *to < from) {
            let hertz = f64::from(to.hz()) / 2.0 * 1.12;
            if hertz < f64::from(from.hz()) / 2.0 * 0.98 {
                let gain = gain_db(from, to, hertz);
                assert!(gain < -50.0, "{from} to {to} at {hertz} Hz: {gain} dB");
            }
        }
    }
}

#[test]
fn images_above_the_old_band_are_suppressed() {
    // A tone at 3 kHz sampled at 8 kHz has its image at 5 kHz.
    let out = converted(
        &tone(8_000, 3_000.0, 1_000),
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        160,
    );
    let ideal = tone(16_000, 3_000.0, 1_000);
    let difference: Vec<i16> = out
        .iter()
        .zip(&ideal)
        .skip(800)
        .take(14_000)
        .map(|(left, right)| left - right)
        .collect();
    assert!(
        Level::of(&difference).rms_dbfs < -45.0,
        "{:?}",
        Level::of(&difference)
    );
}

#[test]
fn what_comes_out_is_aligned_with_what_went_in() {
    for (from, to) in [
        (SampleRate::HZ_8000, SampleRate::HZ_16000),
        (SampleRate::HZ_24000, SampleRate::HZ_16000),
        (SampleRate::HZ_24000, SampleRate::HZ_8000),
        (SampleRate::HZ_44100, SampleRate::HZ_16000),
        (SampleRate::HZ_48000, SampleRate::HZ_8000),
    ] {
        let out = converted(&tone(from.hz(), 400.0, 500), from, to, 999);
        let ideal = tone(to.hz(), 400.0, 500);
        let worst = out
            .iter()
            .zip(&ideal)
            .skip(400)
            .take(3_000)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(
            worst.unwrap() < half_a_sample(to, 400.0),
            "{from} to {to}: {worst:?}"
        );
    }
}

#[test]
fn a_converter_can_be_used_for_the_next_utterance() {
    let input = tone(24_000, 500.0, 333);
    let (from, to) = (SampleRate::HZ_24000, SampleRate::HZ_8000);
    let mut resampler = Resampler::new(from, to);
    let mut first = Vec::new();
    resampler.process(&input, &mut first);
    resampler.flush(&mut first);
    resampler.process(&input[..1_234], &mut Vec::new());
    resampler.reset();
    let mut second = Vec::new();
    resampler.process(&input, &mut second);
    resampler.flush(&mut second);
    assert_eq!(first, second);
}

#[test]
fn files_of_odd_rates_are_converted() {
    for hz in [1_000, 11_025, 22_255, 44_056, 96_000, 192_000, 384_000] {
        let out = resample_all(&tone(hz, 300.0, 1_000), hz, SampleRate::HZ_16000).unwrap();
        assert_eq!(out.len(), 16_000, "{hz}");
        let gain = Level::of(&out[2_000..14_000]).rms_dbfs + 9.03;
        assert!(gain.abs() < 0.1, "{hz}: {gain}");
    }
    let same = tone(16_000, 300.0, 100);
    assert_eq!(
        resample_all(&same, 16_000, SampleRate::HZ_16000).unwrap(),
        same
    );
    assert_eq!(
        resample_all(&[], 11_025, SampleRate::HZ_8000).unwrap(),
        Vec::<i16>::new()
    );
    let problem = resample_all(&same, 0, SampleRate::HZ_8000).unwrap_err();
    assert!(problem.to_string().contains("cannot resample from 0 Hz"));
}

#[test]
fn frames_go_in_and_out_one_for_one_at_every_pair_of_rates() {
    for from in SampleRate::ALL {
        for to in SampleRate::ALL {
            let mut resampler = FrameResampler::new(from, to);
            let mut out = Vec::new();
            for frame in tone(from.hz(), 440.0, 2_000).chunks(from.frame_samples()) {
                let converted = resampler.process(&Frame::new(from, frame).unwrap());
                assert_eq!(converted.rate(), to);
                out.extend_from_slice(converted.samples());
            }
            let delay = resampler.delay();
            assert!(
                to.duration_of(delay as u64).as_micros() < 9_000,
                "{from} to {to}: {delay}"
            );
            let ideal = tone(to.hz(), 440.0, 2_000);
            let pairs = out.iter().skip(delay).zip(&ideal).skip(1_000);
            let worst = pairs
                .map(|(left, right)| left.abs_diff(*right))
                .max()
                .unwrap();
            assert!(worst < half_a_sample(to, 440.0), "{from} to {to}: {worst}");
        }
    }
}

#[test]
fn a_flushed_frame_converter_gives_its_tail_and_starts_anew() {
    let (from, to) = (SampleRate::HZ_16000, SampleRate::HZ_8000);
    let mut resampler = FrameResampler::new(from, to);
    let loud = Frame::padded(from, &tone(16_000, 500.0, 20));
    let first = resampler.process(&loud);
    let tail = resampler.flush().unwrap();
    assert!(Level::of(&tail.samples()[..20]).peak_dbfs > -20.0);
    assert_eq!(tail.samples()[100..], [0; 60]);
    assert_eq!(resampler.process(&loud), first);
    let wrong = resampler.process(&Frame::padded(SampleRate::HZ_8000, &[9_999; 160]));
    assert_eq!(wrong.samples()[100..], [0; 60]);
}

proptest! {
    #[test]
    fn after_a_flush_the_length_is_exact(
        from in 0_usize..8,
        to in 0_usize..8,
        count in 0_usize..5_000,
        chunk in 1_usize..700,
    ) {
        let (from, to) = (SampleRate::ALL[from], SampleRate::ALL[to]);
        let out = converted(&vec![77; count], from, to, chunk);
        let exact = count as f64 * f64::from(to.hz()) / f64::from(from.hz());
        prop_assert!((out.len() as f64 - exact).abs() <= 0.5);
        let resampler = Resampler::new(from, to);
        prop_assert!(out.len() <= resampler.output_samples_max(count));
    }

    #[test]
    fn the_chunks_in_which_it_comes_change_nothing(chunk in 1_usize..500) {
        let (from, to) = (SampleRate::HZ_22050, SampleRate::HZ_16000);
        let input = tone(22_050, 700.0, 100);
        prop_assert_eq!(converted(&input, from, to, chunk), converted(&input, from, to, 10_000));
    }
}
