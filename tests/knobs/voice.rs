//! How the agent's voice sounds.

use offhook_contract::{PhonemeAlphabet, SaidAs};
use serde_json::json;

use crate::call::Call;
use crate::knob::{Knob, knob};
use crate::stage::Stage;

const ANSWER: &str = "We open at eight.";

fn question() -> Stage {
    Stage::new()
        .says(2_000, 1_000, "When are you open?")
        .answers(ANSWER)
        .hangs_up(6_000)
}

pub(crate) fn knobs() -> Vec<Knob> {
    [sound(), words(), voices()].into_iter().flatten().collect()
}

/// How it sounds.
fn sound() -> Vec<Knob> {
    vec![
        knob(
            "voice.id",
            [json!("hum"), json!("drone"), json!(null)],
            "the voice is asked for this timbre, or for its own choice, at every reply",
            question,
            |[hum, drone, any]| {
                let asked = [hum, drone, any].map(|call| {
                    let voices = call.voice.iter().map(|request| request.voice.as_deref());
                    voices.collect::<Vec<_>>()
                });
                assert_eq!(asked[0], [Some("hum"); 2]);
                assert_eq!(asked[1], [Some("drone"); 2]);
                assert_eq!(asked[2], [None; 2]);
            },
        ),
        knob(
            "voice.speed",
            [json!(0.5), json!(1.0), json!(2.0)],
            "the four words of 800 ms are heard for 1600, 800 and 400 ms",
            question,
            |calls| {
                for (call, wanted) in calls.into_iter().zip([1_600, 800, 400]) {
                    let spoken = call.voice_ms(3_000, 6_000);
                    assert!(spoken.abs_diff(wanted) <= wanted / 100, "{spoken} ms");
                    assert!(call.hears(ANSWER));
                }
            },
        ),
        knob(
            "voice.stability",
            [json!(0.25), json!(1.0), json!(null)],
            "the voice is asked to sound so even, or as it was set",
            question,
            |calls| {
                let asked = calls.map(|call| call.voice[0].manner.stability);
                assert_eq!(asked, [Some(0.25), Some(1.0), None]);
            },
        ),
        knob(
            "voice.similarity",
            [json!(0.0), json!(0.75), json!(null)],
            "the voice is asked to stay so close to its original, or as it was set",
            question,
            |calls| {
                let asked = calls.map(|call| call.voice[0].manner.similarity);
                assert_eq!(asked, [Some(0.0), Some(0.75), None]);
            },
        ),
        knob(
            "voice.volume",
            [json!(0.0), json!(0.5), json!(1.0)],
            "0 is not to be heard, 0.5 is 6 dB below 1",
            question,
            |[silent, half, whole]| {
                assert_eq!(silent.samples(3_000, 6_000).iter().max(), Some(&0));
                let gain = whole.level(3_500, 3_900) - half.level(3_500, 3_900);
                assert!((gain - 6.02).abs() < 0.2, "{gain} dB");
            },
        ),
    ]
}

/// What it is told of the words.
fn words() -> Vec<Knob> {
    vec![
        knob(
            "voice.text_normalisation",
            [json!("auto"), json!("always"), json!("prompt")],
            "the voice is to be given words, or the chat model is told to write them",
            question,
            |calls| {
                let asked = calls.map(|call| {
                    let told = call.asked[0].messages[0].text.contains("Write numbers");
                    (call.voice[0].diction.writes_out, told)
                });
                assert_eq!(asked, [(None, false), (Some(true), false), (None, true)]);
            },
        ),
        knob(
            "voice.is_expressive",
            [json!(false), json!(true)],
            "the voice is told that the text may hold audio tags",
            question,
            |calls| {
                let tags = calls.map(|call| call.voice[1].diction.has_audio_tags);
                assert_eq!(tags, [false, true]);
            },
        ),
    ]
}

/// Who speaks, and how words are said.
fn voices() -> Vec<Knob> {
    vec![
        knob(
            "voice.others",
            [json!([]), json!([{ "label": "Anna", "id": "drone" }])],
            "the words between labels are said by that voice, which the model is told of",
            || {
                Stage::new()
                    .says(2_000, 1_000, "When are you open?")
                    .answers("She says <Anna>at eight.</Anna>")
                    .hangs_up(6_000)
            },
            |[none, anna]| {
                let voices = |call: &Call| {
                    let asked = call.voice.iter().map(|it| it.voice.clone());
                    asked.collect::<Vec<_>>()
                };
                assert_eq!(voices(none), [None, None]);
                assert_eq!(voices(anna), [None, None, Some("drone".into())]);
                assert!(anna.hears("She says at eight."));
                assert!(anna.asked[0].messages[0].text.contains("<Anna>"));
            },
        ),
        knob(
            "voice.pronunciations",
            [
                json!([]),
                json!([{ "text": "eight", "alias": "ate" }]),
                json!([{ "text": "eight", "phonemes": "eɪt", "is_case_sensitive": false }]),
            ],
            "the voice is told how the word is said, and the transcript keeps what is written",
            question,
            |[none, alias, phonemes]| {
                let rules = |call: &Call| call.voice[1].diction.pronunciations.clone();
                assert!(rules(none).is_empty());
                assert_eq!(rules(alias)[0].said, SaidAs::Words("ate".into()));
                let said = SaidAs::Phonemes {
                    alphabet: PhonemeAlphabet::Ipa,
                    phonemes: "eɪt".into(),
                };
                assert_eq!(rules(phonemes)[0].said, said);
                assert!(!rules(phonemes)[0].is_case_sensitive);
                assert!(alias.hears(ANSWER));
            },
        ),
    ]
}
