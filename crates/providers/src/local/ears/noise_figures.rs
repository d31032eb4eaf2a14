//! What each denoising mode gains and costs in noise, measured on demand:
//! `cargo test --release -p offhook-providers noise_figures -- --ignored --nocapture`.
//! `OFFHOOK_CLIPS` may name a folder of WAV files of other people's speech (babble, television);
//! without it the test's own two clips serve.

use std::path::PathBuf;
use std::time::Duration;

use offhook_contract::DetectorRequest;
use offhook_media::{Denoising, SampleRate, read_wav, resample_all};

use super::model_tests::{RATE, ears, speech};
use super::surroundings::{Dice, Heard, across_the_room, added, at_level, detected, line};

const LINE: SampleRate = SampleRate::HZ_8000;
const CALLER_DB: f32 = -24.0;
const MODES: [(&str, Denoising); 3] = [
    ("off", Denoising::Off),
    ("noise", Denoising::NoiseCancellation),
    (
        "noise + background speech",
        Denoising::NoiseAndBackgroundSpeechCancellation,
    ),
];

fn others() -> Vec<Vec<i16>> {
    let folder = std::env::var_os("OFFHOOK_CLIPS").map(PathBuf::from);
    let mut paths: Vec<PathBuf> = folder
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    paths.sort();
    let mut clips: Vec<Vec<i16>> = paths
        .iter()
        .map(|path| read_wav(path).unwrap().mono_at(LINE).unwrap())
        .filter(|clip| clip.len() > 8_000)
        .collect();
    if clips.is_empty() {
        clips = ["amiable_woman.wav", "seven_of_clubs.wav"]
            .map(|file| resample_all(&speech(file), RATE.hz(), LINE).unwrap())
            .into();
    }
    clips
}

/// Clips one after another, in any order.
fn talk(clips: &[Vec<i16>], samples: usize, dice: &mut Dice) -> Vec<f32> {
    let mut talk = Vec::new();
    while talk.len() < samples {
        let clip = &clips[dice.between(0.0, clips.len() as f32 - 0.01) as usize];
        talk.extend(at_level(clip, CALLER_DB));
    }
    talk.truncate(samples);
    talk
}

fn bed(name: &str, clips: &[Vec<i16>], samples: usize) -> Vec<f32> {
    let mut dice = Dice(17);
    let (mut low, mut sum) = (0.0, vec![0.0; samples]);
    match name {
        "hiss" => sum.iter_mut().for_each(|sample| *sample = dice.roll()),
        "traffic" => sum.iter_mut().for_each(|sample| {
            low += 0.05 * (dice.roll() - low);
            *sample = low;
        }),
        "television" => sum = across_the_room(&talk(clips, samples, &mut dice), LINE),
        "talker" => {
            dice = Dice(40);
            sum = across_the_room(&talk(clips, samples, &mut dice), LINE);
        }
        _ => {
            for _ in 0..6 {
                sum = added(&sum, &talk(clips, samples, &mut dice));
            }
        }
    }
    let loudest = sum
        .iter()
        .fold(1e-9_f32, |loudest, sample| loudest.max(sample.abs()));
    let samples: Vec<i16> = sum
        .iter()
        .map(|sample| (sample / loudest * 30_000.0) as i16)
        .collect();
    at_level(&samples, CALLER_DB)
}

/// The caller's utterances, and where each is.
fn caller() -> (Vec<f32>, Vec<(Duration, Duration)>) {
    let mut sound = vec![0.0; 8_000];
    let mut spans = Vec::new();
    for round in 0..6 {
        for file in ["amiable_woman.wav", "seven_of_clubs.wav"] {
            let clip = resample_all(&speech(file), RATE.hz(), LINE).unwrap();
            let clip = at_level(&clip, CALLER_DB);
            let loud: Vec<usize> = (0..clip.len())
                .filter(|at| clip[*at].abs() > 400.0)
                .collect();
            let at = |index: usize| LINE.duration_of((sound.len() + index) as u64);
            spans.push((at(loud[0]), at(loud[loud.len() - 1])));
            sound.extend(&clip);
            sound.resize(sound.len() + 12_000 + round * 1_700, 0.0);
        }
    }
    (sound, spans)
}

fn overlap(heard: &Heard, from: Duration, to: Duration) -> Duration {
    heard.to.min(to).saturating_sub(heard.from.max(from))
}

fn report(name: &str, heard: &[Heard], spans: &[(Duration, Duration)], length: Duration) {
    let heard: Vec<Heard> = heard
        .iter()
        .map(|it| Heard {
            to: it.to.min(length),
            ..*it
        })
        .collect();
    let spoken: Duration = spans.iter().map(|(from, to)| *to - *from).sum();
    let inside: Duration = spans
        .iter()
        .flat_map(|(from, to)| heard.iter().map(move |it| overlap(it, *from, *to)))
        .sum();
    let margin = Duration::from_millis(250);
    let all: Duration = heard.iter().map(|it| it.to.saturating_sub(it.from)).sum();
    let near: Duration = spans
        .iter()
        .flat_map(|(from, to)| {
            heard
                .iter()
                .map(move |it| overlap(it, from.saturating_sub(margin), *to + margin))
        })
        .sum();
    let is_near = |at: Duration| {
        spans
            .iter()
            .any(|(from, to)| at + margin >= *from && at <= *to + margin)
    };
    let false_starts = heard.iter().filter(|it| !is_near(it.from)).count();
    let missed = spans
        .iter()
        .filter(|(from, to)| {
            let sum: Duration = heard.iter().map(|it| overlap(it, *from, *to)).sum();
            sum < (*to - *from) / 4
        })
        .count();
    let mut delays: Vec<u128> = spans
        .iter()
        .filter_map(|(from, to)| {
            let first = heard.iter().find(|it| it.known >= *from && it.from < *to)?;
            Some(first.known.saturating_sub(*from).as_millis())
        })
        .collect();
    delays.sort_unstable();
    let silent_minutes = (length - spoken).as_secs_f64() / 60.0;
    println!(
        "| {name} | {:.0} | {missed} of {} | {} | {:.1} | {:.1} |",
        inside.as_secs_f64() / spoken.as_secs_f64() * 100.0,
        spans.len(),
        delays.get(delays.len() / 2).copied().unwrap_or_default(),
        false_starts as f64 / silent_minutes,
        all.saturating_sub(near).as_secs_f64() / silent_minutes,
    );
}

#[tokio::test]
#[ignore = "a measurement; see the head of the file"]
async fn noise_figures() {
    let Some(ears) = ears() else { return };
    let clips = others();
    let (sound, spans) = caller();
    let length = LINE.duration_of(sound.len() as u64);
    println!(
        "| noise | below caller | mode | speech found % | missed | onset known after ms | false starts / min | false speech s / min |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for name in ["none", "hiss", "traffic", "babble", "television", "talker"] {
        for below_db in [20.0, 15.0, 10.0, 5.0] {
            if name == "none" && below_db < 20.0 {
                continue;
            }
            let gain = if name == "none" {
                0.0
            } else {
                10_f32.powf(-below_db / 20.0)
            };
            let noise = bed(name, &clips, sound.len());
            let noise: Vec<f32> = noise.iter().map(|sample| sample * gain).collect();
            let frames = line(&added(&sound, &noise), LINE);
            for (mode, denoising) in MODES {
                let request = DetectorRequest {
                    denoising,
                    ..DetectorRequest::raw(LINE)
                };
                let heard = detected(&ears, request, &frames).await;
                report(
                    &format!("{name} | {below_db} dB | {mode}"),
                    &heard,
                    &spans,
                    length,
                );
            }
        }
    }
}
