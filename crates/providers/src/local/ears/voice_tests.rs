//! Voices of people told apart, with the real model.

use std::time::Duration;

use offhook_contract::{DetectorEvent, DetectorRequest, EVENT_QUEUE, TurnDetector};
use offhook_media::{Denoising, Frame, SampleRate, resample_all};

use super::model_tests::{RATE, ears, floats, models, speech};
use super::surroundings::{across_the_room, at_level, line};
use super::{LocalEars, VoicePrinter, VoiceSample};

/// The caller, and somebody else.
const CALLER: &str = "amiable_woman.wav";
const OTHER: &str = "seven_of_clubs.wav";

/// What is told of speech that began at a moment: when it began, and whether it is the caller's.
async fn told(ears: &LocalEars, denoising: Denoising, frames: &[Frame]) -> Vec<(Duration, bool)> {
    let request = DetectorRequest {
        denoising,
        ..DetectorRequest::raw(SampleRate::HZ_8000)
    };
    let mut stream = ears.turn_detector.open(request).await.unwrap();
    let mut told = Vec::new();
    let mut note = |event: DetectorEvent| match event {
        DetectorEvent::Voice {
            onset, is_caller, ..
        } => told.push((onset, is_caller)),
        DetectorEvent::Failed(problem) => unreachable!("{problem}"),
        _ => {}
    };
    for frame in frames {
        stream.audio.send(*frame).await.unwrap();
        while stream.audio.capacity() + 4 < EVENT_QUEUE {
            match tokio::time::timeout(Duration::from_millis(1), stream.events.recv()).await {
                Ok(Some(event)) => note(event),
                Ok(None) => unreachable!("detection ended"),
                Err(_) => {}
            }
        }
    }
    drop(stream.audio);
    while let Some(event) = stream.events.recv().await {
        note(event);
    }
    told
}

fn printer() -> Option<VoicePrinter> {
    let (runtime, files) = models()?;
    Some(VoicePrinter::load(&runtime, &files.speaker, 1).unwrap())
}

fn half(printer: &VoicePrinter, file: &str, is_second: bool) -> VoiceSample {
    let samples = floats(&speech(file));
    let (first, second) = samples.split_at(samples.len() / 2);
    let half = if is_second { second } else { first };
    printer.sample(half).unwrap().unwrap()
}

#[test]
fn a_person_is_like_themselves_and_unlike_another() {
    let Some(printer) = printer() else { return };
    let caller = half(&printer, CALLER, false).print;
    let again = half(&printer, CALLER, true).print.likeness(&caller);
    let other = half(&printer, OTHER, true).print.likeness(&caller);
    assert!(again > 0.6 && other < 0.4, "{again} and {other}");
}

#[test]
fn loudness_does_not_make_another_voice() {
    let Some(printer) = printer() else { return };
    let samples = floats(&speech(CALLER));
    let softly: Vec<f32> = samples.iter().map(|sample| sample * 0.1).collect();
    let (loud, soft) = (printer.sample(&samples), printer.sample(&softly));
    let (loud, soft) = (loud.unwrap().unwrap(), soft.unwrap().unwrap());
    assert!(loud.print.likeness(&soft.print) > 0.99);
    assert!((loud.level_db - soft.level_db - 20.0).abs() < 0.1);
    assert_eq!(printer.sample(&[0.0; 16_000]).unwrap(), None);
}

/// The caller, somebody across the room, the caller again; where the three begin.
fn room(other_db: f32) -> (Vec<Frame>, [Duration; 3]) {
    let rate = SampleRate::HZ_8000;
    let narrow = |samples: &[i16]| resample_all(samples, RATE.hz(), rate).unwrap();
    let caller = narrow(&speech(CALLER));
    let (first, second) = caller.split_at(caller.len() / 2);
    let other = at_level(&narrow(&speech(OTHER)), other_db);
    let parts = [
        at_level(first, -23.0),
        across_the_room(&other, rate),
        at_level(second, -25.0),
    ];
    let mut sound = Vec::new();
    let begins = parts.map(|part| {
        sound.resize(
            sound.len() + rate.samples_in(Duration::from_secs(2)) as usize,
            0.0,
        );
        let begins = rate.duration_of(sound.len() as u64);
        sound.extend(part);
        begins
    });
    sound.resize(
        sound.len() + rate.samples_in(Duration::from_secs(2)) as usize,
        0.0,
    );
    (line(&sound, rate), begins)
}

#[tokio::test]
async fn somebody_across_the_room_is_told_from_the_caller() {
    let Some((runtime, files)) = models() else {
        return;
    };
    let ears = LocalEars::load_in_place(&runtime, &files, 1).unwrap();
    for (denoising, other_db) in [
        (Denoising::NoiseCancellation, -33.0),
        (Denoising::NoiseAndBackgroundSpeechCancellation, -28.0),
    ] {
        let (frames, [_, other, again]) = room(other_db);
        let told = told(&ears, denoising, &frames).await;
        assert!(!told.is_empty(), "{denoising:?}");
        for (onset, is_caller) in told {
            let is_others = onset + Duration::from_millis(100) >= other && onset < again;
            assert!(is_others && !is_caller, "{denoising:?}: {onset:?}");
        }
    }
    let (frames, _) = room(-28.0);
    assert_eq!(told(&ears, Denoising::Off, &frames).await, []);
}

#[tokio::test]
async fn on_threads_the_callers_own_speech_is_nothing_to_tell_of() {
    let Some(ears) = ears() else { return };
    let (frames, [.., again]) = room(-28.0);
    let caller = SampleRate::HZ_8000.samples_in(again) as usize / 160;
    let twice = [&frames[caller..], &frames[caller..]].concat();
    let told = told(&ears, Denoising::NoiseCancellation, &twice).await;
    assert_eq!(told, []);
}
