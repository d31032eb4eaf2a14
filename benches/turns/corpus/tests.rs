//! The corpus from a voice that hums and recordings of tones: no model is needed.

use std::sync::Arc;

use offhook_contract::scripted::ScriptedVoice;
use offhook_media::SampleRate;

use super::*;
use crate::clips::{Clip, SplitClip, Talk};

fn clips() -> Clips {
    let utterance = |ms: u64| {
        let wave = |at: usize| (at as f32 * 0.15).sin() * 0.2;
        let samples: Vec<f32> = (0..in_ms(ms)).map(wave).collect();
        Sound {
            span: 0..samples.len(),
            samples,
        }
    };
    let clip = |index: u64| Clip {
        name: format!("clip {index}"),
        person: Person(0),
        sound: utterance(1_500 + index * 100),
    };
    let split = |index| SplitClip {
        clip: clip(index),
        at: in_ms(700),
    };
    let talk = |person, ms| Talk {
        person: Person(person),
        samples: utterance(ms).samples,
    };
    Clips::of(
        (0..12).map(clip).collect(),
        (0..12).map(split).collect(),
        vec![talk(0, 2_000), talk(1, 3_000)],
    )
}

fn with_material<T>(check: impl Fn(&Material<'_>) -> T) -> T {
    let voices = Voices::new(Arc::new(ScriptedVoice::default())).unwrap();
    let hum = Sound {
        samples: vec![0.1; in_ms(400)],
        span: 0..in_ms(400),
    };
    check(&Material {
        clips: &clips(),
        voices: &voices,
        library: &Library::humming(SampleRate::HZ_16000),
        hum: &hum,
    })
}

#[test]
fn a_seed_gives_the_same_call_and_another_seed_another() {
    with_material(|material| {
        let drawn = |seed| {
            let call = material.call(Section::Pauses, 1, 3, seed).unwrap();
            let episodes = call.episodes.into_iter();
            let episodes = episodes.map(|it| (it.label, it.cue, it.sound, it.reply));
            (call.noise_seed, episodes.collect::<Vec<_>>())
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    });
}

#[test]
fn what_is_said_over_a_reply_leaves_enough_of_it_to_go_on_with() {
    with_material(|material| {
        for section in [Section::Interruptions, Section::Backchannels, Section::Tics] {
            for episode in material.call(section, 0, 6, 5).unwrap().episodes {
                let Cue::IntoReply(at_ms) = episode.cue else {
                    continue;
                };
                let sound_ms = (episode.sound.samples.len() / sound::PER_MS) as u64;
                let left = episode.long_reply.length_ms - at_ms - sound_ms;
                assert!(at_ms >= 600 && left >= 2_500, "{section:?}: {left} ms left");
            }
        }
    });
}

#[test]
fn pauses_are_inside_and_as_long_as_promised() {
    with_material(|material| {
        for number in 0..4 {
            for episode in material
                .call(Section::Pauses, number, 4, 9)
                .unwrap()
                .episodes
            {
                let pause = episode.pause.unwrap();
                let ms = (pause.end - pause.start) / sound::PER_MS;
                assert!((300..=2_020).contains(&ms), "{ms} ms");
                let span = episode.sound.span;
                assert!(span.start < pause.start && pause.end < span.end);
            }
        }
    });
}

#[test]
fn every_section_makes_its_kind_and_its_room() {
    with_material(|material| {
        let call = |section, number| material.call(section, number, 2, 3).unwrap();
        let noisy = call(Section::Noisy, 1);
        assert_eq!(noisy.snr_db, Some(10));
        assert!(!noisy.bed.is_empty() && noisy.echo.is_none());
        let echo = call(Section::Echo, 0).echo.unwrap();
        assert!((80..=300).contains(&echo.delay_ms));
        assert!((echo.factor - 0.1).abs() < 1e-6);
        let cross_talk = call(Section::CrossTalk, 0);
        let is_early = |it: &Episode| matches!(it.cue, Cue::IntoReply(0..=300));
        assert_eq!(cross_talk.episodes[0].kind, Kind::Turn);
        assert!(cross_talk.episodes[1..].iter().all(is_early));
        let noise = call(Section::Noise, 0).episodes;
        assert!(matches!(noise[1].cue, Cue::Quiet(_)));
        assert!(matches!(noise[2].cue, Cue::IntoReply(_)));
        let recorded = call(Section::Questions, 1);
        assert!(
            recorded
                .episodes
                .iter()
                .all(|it| it.label.starts_with("clip"))
        );
        assert_ne!(recorded.episodes[0].label, recorded.episodes[1].label);
    });
}

#[test]
fn nobody_hears_himself_on_television() {
    with_material(|material| {
        let mut draw = material.draw(Section::Noise, 1, 5);
        let others = draw.others().unwrap();
        assert_eq!(others.len(), 1);
        assert_eq!(others[0].len(), in_ms(3_000));
    });
}
