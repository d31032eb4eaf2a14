//! The detector on lines with echo and in rooms with noise, with its real models.

use std::time::Duration;

use offhook_contract::DetectorRequest;
use offhook_media::{Denoising, SampleRate, resample_all};

use super::model_tests::{RATE, ears, speech};
use super::surroundings::{
    Dice, across_the_room, added, at_level, detected, guarded, line, loudspeaker,
};

const TURNS: usize = 10;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn clip(file: &str, rate: SampleRate) -> Vec<i16> {
    resample_all(&speech(file), RATE.hz(), rate).unwrap()
}

fn silence(rate: SampleRate, count: u64) -> Vec<f32> {
    vec![0.0; rate.samples_in(ms(count)) as usize]
}

/// Ten turns of the agent, each followed by 1.2 s of silence.
fn agent(rate: SampleRate) -> Vec<f32> {
    let turn = at_level(&clip("amiable_woman.wav", rate), -20.0);
    let turn = &turn[..rate.samples_in(ms(4_000)) as usize];
    let pause = silence(rate, 1_200);
    (0..TURNS)
        .flat_map(|_| [&pause[..], turn])
        .flatten()
        .copied()
        .collect()
}

#[tokio::test]
async fn ten_turns_of_echo_are_never_heard_as_the_caller() {
    let Some(ears) = ears() else { return };
    for (rate, late_ms, loss_db) in [
        (SampleRate::HZ_8000, 80, 20.0),
        (SampleRate::HZ_8000, 150, 20.0),
        (SampleRate::HZ_8000, 300, 20.0),
        (RATE, 150, 20.0),
        (SampleRate::HZ_8000, 150, 10.0),
        (RATE, 80, 30.0),
    ] {
        let played = agent(rate);
        let echo = line(&loudspeaker(&played, rate, late_ms, loss_db), rate);
        let request = DetectorRequest {
            denoising: Denoising::NoiseCancellation,
            ..DetectorRequest::raw(rate)
        };
        let heard = detected(&ears, request, &guarded(&played, &echo, rate)).await;
        assert_eq!(heard, [], "{rate}, {late_ms} ms, -{loss_db} dB");
        if loss_db <= 20.0 && late_ms == 150 {
            let unguarded = detected(&ears, request, &echo).await;
            assert!(unguarded.len() >= TURNS, "{unguarded:?}");
        }
    }
}

#[tokio::test]
async fn an_interruption_is_heard_over_the_echo() {
    let Some(ears) = ears() else { return };
    for (rate, late_ms, loss_db) in [
        (SampleRate::HZ_8000, 150, 20.0),
        (SampleRate::HZ_8000, 300, 10.0),
        (RATE, 80, 20.0),
    ] {
        let played = agent(rate);
        let echo = loudspeaker(&played, rate, late_ms, loss_db);
        // In the middle of the agent's third turn.
        let begins = ms(3 * 5_200 - 2_500);
        let mut caller = silence(rate, begins.as_millis() as u64);
        caller.extend(at_level(&clip("seven_of_clubs.wav", rate), -24.0));
        caller.resize(echo.len(), 0.0);
        let frames = line(&added(&echo, &caller), rate);
        let request = DetectorRequest {
            denoising: Denoising::NoiseCancellation,
            ..DetectorRequest::raw(rate)
        };
        let heard = detected(&ears, request, &guarded(&played, &frames, rate)).await;
        let place = format!("{rate}, {late_ms} ms, -{loss_db} dB: {heard:?}");
        let first = heard.first().expect(&place);
        // The clip begins with 0.2 s of silence.
        assert!(first.from >= begins, "{place}");
        assert!(first.known <= begins + ms(900), "{place}");
    }
}

#[tokio::test]
async fn knocks_keys_and_doors_are_no_speech() {
    let Some(ears) = ears() else { return };
    let rate = SampleRate::HZ_8000;
    let mut dice = Dice(3);
    let mut sound = silence(rate, 20_000);
    let mut at = 4_000;
    while at + 4_000 < sound.len() {
        let is_door = dice.roll() > 0.6;
        let (length, pitch) = if is_door {
            (0.3, 70.0)
        } else {
            (0.02, 1_800.0)
        };
        for index in 0..(length * 8_000.0) as usize {
            let time = index as f32 / 8_000.0;
            let ring = (time * pitch * std::f32::consts::TAU).sin() + dice.roll() * 0.7;
            sound[at + index] += 9_000.0 * ring * (-time * 5.0 / length).exp();
        }
        at += dice.between(600.0, 5_000.0) as usize;
    }
    let frames = line(&sound, rate);
    for denoising in [
        Denoising::Off,
        Denoising::NoiseCancellation,
        Denoising::NoiseAndBackgroundSpeechCancellation,
    ] {
        let request = DetectorRequest {
            denoising,
            ..DetectorRequest::raw(rate)
        };
        assert_eq!(detected(&ears, request, &frames).await, [], "{denoising:?}");
    }
}

#[tokio::test]
async fn a_television_takes_no_floor_once_the_caller_has_spoken() {
    let Some(ears) = ears() else { return };
    let rate = SampleRate::HZ_8000;
    let caller = at_level(&clip("seven_of_clubs.wav", rate), -24.0);
    let television = clip("amiable_woman.wav", rate);
    let television = across_the_room(&at_level(&television, -30.0), rate);
    let television: Vec<i16> = television.iter().map(|sample| *sample as i16).collect();
    let television = at_level(&television, -40.0);
    let mut sound = silence(rate, 300);
    sound.extend(&caller);
    sound.extend(silence(rate, 800));
    let begins = rate.duration_of(sound.len() as u64);
    sound.extend(&television);
    let ends = sound.len();
    sound.extend(&caller);
    sound.extend(silence(rate, 500));
    let frames = line(&sound, rate);
    let again = rate.duration_of(ends as u64);
    let spoken = async |denoising| {
        let request = DetectorRequest {
            denoising,
            ..DetectorRequest::raw(rate)
        };
        let heard = detected(&ears, request, &frames).await;
        let during = |from: Duration, to: Duration| {
            let inside = heard.iter().filter(|it| it.from >= from && it.from < to);
            inside.map(|it| it.to - it.from).sum::<Duration>()
        };
        (
            during(Duration::ZERO, begins),
            during(begins, again),
            during(again, rate.duration_of(sound.len() as u64)),
        )
    };
    let (before, television, after) = spoken(Denoising::Off).await;
    assert!(before > ms(600) && after > ms(600), "{before:?} {after:?}");
    assert!(television > ms(4_000), "{television:?}");
    let mode = Denoising::NoiseAndBackgroundSpeechCancellation;
    let (before, television, after) = spoken(mode).await;
    assert!(before > ms(600) && after > ms(600), "{before:?} {after:?}");
    // Shorter than any sound that holds the agent.
    assert!(television < ms(250), "{television:?}");
}
