//! Loops held against what they are meant to be, by numbers.

use super::*;
use crate::{Level, write_wav};
use synthesis::Filter;

const BEDS_ALL: [Bed; 3] = [Bed::Office, Bed::CoffeeShop, Bed::Outdoor];
const TOOL_SOUNDS_ALL: [ToolSound; 5] = [
    ToolSound::Typing,
    ToolSound::Elevator1,
    ToolSound::Elevator2,
    ToolSound::Elevator3,
    ToolSound::Elevator4,
];

fn all(rate: SampleRate) -> Vec<(String, SoundLoop)> {
    let beds = BEDS_ALL.map(|bed| (format!("{bed:?}"), SoundLoop::of_bed(bed, rate)));
    let sounds =
        TOOL_SOUNDS_ALL.map(|sound| (format!("{sound:?}"), SoundLoop::of_tool_sound(sound, rate)));
    beds.into_iter().chain(sounds).collect()
}

fn rms(samples: &[i16]) -> f32 {
    Level::of(samples).rms_dbfs
}

/// The level of what lies above `hz`, relative to all.
fn above(samples: &[i16], hz: f32) -> f32 {
    let floats = samples.iter().map(|sample| f32::from(*sample) / 32_768.0);
    let upper = Sound(floats.collect())
        .filtered(Filter::high_pass(hz))
        .filtered(Filter::high_pass(hz))
        .into_samples();
    rms(&upper) - rms(samples)
}

#[test]
fn every_loop_has_its_level_and_room_to_spare() {
    for (name, sound) in all(synthesis::RATE) {
        let level = Level::of(sound.samples());
        assert!(
            (level.rms_dbfs - LOOP_LEVEL_DBFS).abs() < 0.1,
            "{name}: {level:?}"
        );
        let crest = level.peak_dbfs - level.rms_dbfs;
        assert!(
            (8.0..26.0).contains(&crest),
            "{name}: crest factor {crest} dB"
        );
        let mean: i64 = sound
            .samples()
            .iter()
            .map(|sample| i64::from(*sample))
            .sum();
        assert!(
            mean.abs() / (sound.samples().len() as i64) < 20,
            "{name} has an offset"
        );
    }
}

#[test]
fn every_loop_is_as_long_at_every_rate_and_sounds_the_same() {
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_22050,
        SampleRate::HZ_48000,
    ] {
        for ((name, original), (_, other)) in all(synthesis::RATE).iter().zip(all(rate)) {
            let seconds =
                |sound: &SoundLoop| sound.samples().len() as f64 / f64::from(sound.rate().hz());
            assert_eq!(seconds(original), seconds(&other), "{name} at {rate}");
            let change = rms(other.samples()) - rms(original.samples());
            assert!(
                (-3.0..0.2).contains(&change),
                "{name} at {rate}: {change} dB"
            );
        }
    }
}

#[test]
fn the_seam_is_like_any_other_place() {
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_24000,
    ] {
        for (name, sound) in all(rate) {
            let samples = sound.samples();
            let length = samples.len();
            let step = |index: usize| {
                let next = f64::from(samples[(index + 1) % length]);
                (next - f64::from(samples[index])).abs()
            };
            let mean = |indices: &mut dyn Iterator<Item = usize>| {
                let (sum, count) = indices.fold((0.0, 0), |(sum, count), index| {
                    (sum + step(index % length), count + 1)
                });
                sum / f64::from(count)
            };
            // The very step, and the 2 ms around it, against the second around it.
            let near = rate.hz() as usize / 500;
            let far = rate.hz() as usize / 2;
            let around = mean(&mut (length - far..length + far));
            assert!(
                step(length - 1) <= around * 8.0 + 2.0,
                "{name} at {rate} steps"
            );
            let close = mean(&mut (length - near..length + near));
            assert!(
                close < around * 4.0 + 1.0,
                "{name} at {rate}: {close} of {around}"
            );
        }
    }
}

#[test]
fn a_bed_never_falls_silent_nor_jumps_out() {
    for bed in BEDS_ALL {
        let sound = SoundLoop::of_bed(bed, SampleRate::HZ_8000);
        for (index, second) in sound.samples().chunks(8_000).enumerate() {
            let away = rms(second) - rms(sound.samples());
            assert!(
                (-7.0..5.0).contains(&away),
                "{bed:?} in second {index}: {away} dB"
            );
        }
    }
}

#[test]
fn each_sound_has_a_colour_of_its_own() {
    let bed = |bed| SoundLoop::of_bed(bed, synthesis::RATE);
    let colours = BEDS_ALL.map(|kind| {
        let sound = bed(kind);
        [300.0, 1_000.0, 2_500.0].map(|hz| above(sound.samples(), hz))
    });
    let [office, coffee_shop, outdoor] = colours;
    assert!(coffee_shop[0] > office[0] + 0.5, "{colours:?}");
    assert!(office[0] > outdoor[0] + 0.5, "{colours:?}");
    // None of them hisses.
    assert!(
        colours.iter().all(|colour| colour[2] < -10.0),
        "{colours:?}"
    );
    let typing = SoundLoop::of_tool_sound(ToolSound::Typing, synthesis::RATE);
    assert!(above(typing.samples(), 1_000.0) > -9.0);
}

#[test]
fn calls_share_one_copy() {
    let first = SoundLoop::of_bed(Bed::Office, SampleRate::HZ_8000);
    let second = SoundLoop::of_bed(Bed::Office, SampleRate::HZ_8000);
    assert!(Arc::ptr_eq(&first.samples, &second.samples));
}

/// To listen: `OFFHOOK_WRITE_SOUNDS=/tmp/sounds cargo test -p offhook-media --lib listening`.
#[test]
fn listening() {
    let folder = std::env::var_os("OFFHOOK_WRITE_SOUNDS").map(std::path::PathBuf::from);
    for (name, sound) in all(synthesis::RATE) {
        assert!(
            sound.samples().len() >= 12 * 16_000,
            "{name} comes round too often"
        );
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
            let path = folder.join(format!("{name}.wav"));
            write_wav(&path, sound.rate().hz(), sound.samples()).unwrap();
        }
    }
}
