//! The voice as a whole, with its real files where they are present. With
//! `OFFHOOK_REQUIRE_MODELS=1` these tests fail instead of passing over absent files.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use offhook_contract::{Diction, SpeechAudio, SpeechEvent, SpokenText, TextSpan, VoiceManner};

use super::*;

#[test]
fn sentences_have_the_phonemes_that_the_voice_learned() {
    let Some(voice) = voice() else { return };
    for (text, phonemes) in [
        (
            "Sure, I can help with that.",
            "ʃˈʊɹ, ˌI kæn hˈɛlp wɪð ðˈæt.",
        ),
        (
            "The doctor has read your records and would like to see you.",
            "ðə dˈɑktəɹ hæz ɹˈɛd jʊɹ ɹˈɛkəɹdz ænd wʊd lˈIk tə sˈi ju.",
        ),
        ("We can record a message.", "wˌi kæn ɹəkˈɔɹd ɐ mˈɛsɪʤ."),
        (
            "Did you live in Portland when you last saw us?",
            "dˈɪd ju lˈɪv ɪn pˈɔɹtlənd wˌɛn ju lˈæst sˈɔ ˌʌs?",
        ),
        ("I'll transfer you now.", "ˌIl tɹˈænsfəɹ ju nˈW."),
        ("The other end, to eat.", "ði ˈʌðəɹ ˈɛnd, tʊ ˈit."),
        (
            "Dr. Nguyen's at 2:30 PM",
            "dˈɑktəɹ wˈɪnz æt tˈu θˈɜɹTi pˈi ˈɛm",
        ),
        ("your MRI and FAQ", "jʊɹ ˌɛmˌɑɹˈI ænd ˌɛfˌAkjˈu"),
        ("Zorblax", "zˈɔɹblæks"),
    ] {
        assert_eq!(phoneme_line(voice, text), phonemes, "{text}");
    }
}

#[test]
fn no_word_is_without_sound() {
    let Some(voice) = voice() else { return };
    for word in [
        "Szczepański",
        "xqz",
        "brrrr",
        "Ångström",
        "Xiaoming",
        "Wi-Fi",
        "O'Shaughnessy",
    ] {
        assert!(!phoneme_line(voice, word).is_empty(), "{word}");
    }
}

#[tokio::test]
async fn a_reply_is_spoken_in_order_with_the_time_of_each_word() {
    let Some(voice) = voice() else { return };
    let texts = ["Sure, I can help. ", "Would Tuesday at 2:30 PM work?"];
    let audio = say(voice, None, 1.0, &texts).await.unwrap();
    let reply = texts.concat();
    assert_eq!(audio.len(), 2);
    assert_eq!(
        audio[0].span,
        TextSpan {
            start: 0,
            end: texts[0].len()
        }
    );
    assert_eq!(
        audio[1].span,
        TextSpan {
            start: texts[0].len(),
            end: reply.len()
        }
    );
    let words: Vec<&str> = audio
        .iter()
        .flat_map(|audio| &audio.words)
        .map(|word| &reply[word.span.start..word.span.end])
        .collect();
    assert_eq!(
        words,
        [
            "Sure", "I", "can", "help", "Would", "Tuesday", "at", "2:30 PM", "work"
        ]
    );
    for audio in &audio {
        assert_eq!(audio.rate, SampleRate::HZ_24000);
        let length = seconds(audio);
        let mut last = Duration::ZERO;
        for word in &audio.words {
            assert!(
                word.start >= last && word.end > word.start,
                "{word:?} after {last:?}"
            );
            last = word.end;
        }
        assert!(
            last.as_secs_f64() <= length && length - last.as_secs_f64() < 0.5,
            "{length}"
        );
    }
}

#[tokio::test]
async fn pieces_join_without_clicks_and_with_a_pause_between_sentences() {
    let Some(voice) = voice() else { return };
    let audio = say(voice, None, 1.0, &["Yes.", "No."]).await.unwrap();
    for audio in &audio {
        assert_eq!(
            (audio.samples[0], audio.samples.last().copied()),
            (0, Some(0))
        );
        let step = audio
            .samples
            .windows(2)
            .map(|pair| pair[0].abs_diff(pair[1]))
            .max();
        assert!(step.unwrap() < 12_000, "{step:?}");
    }
    let silence = |audio: &SpeechAudio| {
        audio
            .samples
            .iter()
            .take_while(|sample| sample.unsigned_abs() < 16)
            .count()
    };
    assert!(silence(&audio[0]) < 1200, "{}", silence(&audio[0]));
    assert!(
        (6000..9600).contains(&silence(&audio[1])),
        "{}",
        silence(&audio[1])
    );
}

#[tokio::test]
async fn speed_changes_length_and_the_second_voice_is_lower() {
    let Some(voice) = voice() else { return };
    let text = ["We are open on Saturday from nine until noon."];
    let mut lengths = Vec::new();
    for speed in [0.5, 1.0, 1.5] {
        let audio = say(voice, None, speed, &text).await.unwrap();
        lengths.push(seconds(&audio[0]));
    }
    assert!(
        (1.7..2.3).contains(&(lengths[0] / lengths[1])),
        "{lengths:?}"
    );
    assert!(
        (0.55..0.8).contains(&(lengths[2] / lengths[1])),
        "{lengths:?}"
    );
    let high = pitch(&say(voice, Some("heart"), 1.0, &text).await.unwrap()[0]);
    let low = pitch(&say(voice, Some("heart-low"), 1.0, &text).await.unwrap()[0]);
    assert!(high > 150.0 && low < 135.0, "{high} Hz and {low} Hz");
}

#[tokio::test]
async fn the_same_text_gives_the_same_samples() {
    let Some(voice) = voice() else { return };
    let first = say(voice, None, 1.0, &["Hello there."]).await.unwrap();
    let second = say(voice, None, 1.0, &["Hello there."]).await.unwrap();
    assert_eq!(first, second);
}

#[tokio::test]
async fn text_without_anything_to_say_is_passed_over() {
    let Some(voice) = voice() else { return };
    let audio = say(voice, None, 1.0, &["🎉", " ... ", "", "Hi."])
        .await
        .unwrap();
    assert_eq!(audio.len(), 1);
    assert!(say(voice, None, 1.0, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn long_text_comes_in_several_pieces_whose_spans_are_the_whole() {
    let Some(voice) = voice() else { return };
    let text = "The appointment is confirmed for Tuesday afternoon, ".repeat(15);
    let audio = say(voice, None, 1.0, &[&text]).await.unwrap();
    assert!(audio.len() > 1, "{}", audio.len());
    assert_eq!(
        (audio[0].span.start, audio.last().unwrap().span.end),
        (0, text.len())
    );
    assert!(
        audio
            .windows(2)
            .all(|pair| pair[0].span.end == pair[1].span.start)
    );
}

#[tokio::test]
async fn a_listener_that_leaves_ends_the_speech() {
    let Some(voice) = voice() else { return };
    let SpeechStream { text, events } = voice.open(request(None, 1.0)).await.unwrap();
    drop(events);
    text.closed().await;
}

#[tokio::test]
async fn what_it_cannot_do_is_refused_with_what_it_can() {
    let Some(voice) = voice() else { return };
    let refused = |problem: ProviderError, with: &str| {
        assert!(
            matches!(problem, ProviderError::Rejected { .. }),
            "{problem:?}"
        );
        assert!(problem.to_string().contains(with), "{problem}");
    };
    refused(
        voice.open(request(Some("nobody"), 1.0)).await.unwrap_err(),
        "heart or heart-low",
    );
    refused(
        voice.open(request(None, 3.0)).await.unwrap_err(),
        "0.5 to 2",
    );
    refused(
        voice.open(request(None, f32::NAN)).await.unwrap_err(),
        "0.5 to 2",
    );
    let german = SpeechRequest {
        language: "de-DE".to_owned(),
        ..request(None, 1.0)
    };
    refused(voice.open(german).await.unwrap_err(), "English only");
    let british = SpeechRequest {
        language: "en-GB".to_owned(),
        ..request(None, 1.0)
    };
    assert!(voice.open(british).await.is_ok());
}

#[test]
fn bad_files_are_named_with_the_remedy() {
    let Some(runtime) = runtime() else { return };
    let good = VoiceFiles::within(&ModelDirectory::from_environment());
    let folder = std::env::temp_dir().join(format!("offhook-voice-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bad = folder.join("bad.onnx");
    std::fs::write(&bad, b"not a model").unwrap();
    let absent = folder.join("absent.json");
    let cases: [(VoiceFiles, &Path); 5] = [
        (
            VoiceFiles {
                network: bad.clone(),
                ..good.clone()
            },
            &bad,
        ),
        (
            VoiceFiles {
                network: good.unknown.clone(),
                ..good.clone()
            },
            &good.unknown,
        ),
        (
            VoiceFiles {
                alphabet: absent.clone(),
                ..good.clone()
            },
            &absent,
        ),
        (
            VoiceFiles {
                lexicon_gold: bad.clone(),
                ..good.clone()
            },
            &bad,
        ),
        (
            VoiceFiles {
                unknown: bad.clone(),
                ..good.clone()
            },
            &bad,
        ),
    ];
    for (files, culprit) in cases {
        let problem = LocalVoice::load(&runtime, &files, 1).unwrap_err();
        assert!(
            matches!(problem, ProviderError::Unavailable { .. }),
            "{problem:?}"
        );
        let said = problem.to_string();
        assert!(said.contains(&culprit.display().to_string()), "{said}");
        assert!(said.contains("offhook models"), "{said}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn runtime() -> Option<OnnxRuntime> {
    let models = ModelDirectory::from_environment();
    let library = models.file("onnxruntime", "libonnxruntime.so");
    let network = VoiceFiles::within(&models).network;
    for file in [&library, &network] {
        if !file.exists() {
            let is_required = std::env::var("OFFHOOK_REQUIRE_MODELS").is_ok_and(|on| on == "1");
            assert!(
                !is_required,
                "{} is missing: run `offhook models pull`",
                file.display()
            );
            return None;
        }
    }
    Some(OnnxRuntime::load(&library).unwrap())
}

fn voice() -> Option<&'static LocalVoice> {
    static VOICE: OnceLock<Option<LocalVoice>> = OnceLock::new();
    let load = || {
        let files = VoiceFiles::within(&ModelDirectory::from_environment());
        Some(LocalVoice::load(&runtime()?, &files, 1).unwrap())
    };
    VOICE.get_or_init(load).as_ref()
}

fn request(voice: Option<&str>, speed: f32) -> SpeechRequest {
    SpeechRequest {
        rate: None,
        diction: Diction::default(),
        is_phrase: false,
        manner: VoiceManner::default(),
        voice: voice.map(str::to_owned),
        language: "en".to_owned(),
        speed,
    }
}

async fn say(
    voice: &LocalVoice,
    id: Option<&str>,
    speed: f32,
    texts: &[&str],
) -> Result<Vec<SpeechAudio>, ProviderError> {
    let SpeechStream { text, mut events } = voice.open(request(id, speed)).await?;
    let mut start = 0;
    for part in texts {
        let span = TextSpan {
            start,
            end: start + part.len(),
        };
        start = span.end;
        text.send(SpokenText {
            text: (*part).to_owned(),
            span,
        })
        .await
        .unwrap();
    }
    drop(text);
    let mut audio = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            SpeechEvent::Audio(piece) => audio.push(piece),
            SpeechEvent::Failed(error) => return Err(error),
        }
    }
    Ok(audio)
}

fn phoneme_line(voice: &LocalVoice, text: &str) -> String {
    let mut line = String::new();
    for sound in voice
        .speaker
        .phonemiser
        .sounds(&crate::normalise::spoken_form(text))
    {
        match sound.mark {
            Some(mark) => line.push(phonemes::mark_character(mark)),
            None => line.push_str(&format!(" {}", sound.phonemes)),
        }
    }
    line.trim_start().to_owned()
}

fn seconds(audio: &SpeechAudio) -> f64 {
    audio.samples.len() as f64 / 24_000.0
}

/// The median pitch over the loud parts, by autocorrelation.
fn pitch(audio: &SpeechAudio) -> f64 {
    let mut pitches: Vec<usize> = audio
        .samples
        .chunks_exact(1440)
        .filter(|part| part.iter().any(|sample| sample.unsigned_abs() > 2000))
        .filter_map(|part| {
            let likeness = |lag: usize| -> i64 {
                let pairs = part.iter().zip(&part[lag..]).take(960);
                pairs
                    .map(|(one, other)| i64::from(*one) * i64::from(*other))
                    .sum()
            };
            (80..400).max_by_key(|lag| likeness(*lag))
        })
        .collect();
    pitches.sort_unstable();
    24_000.0 / pitches[pitches.len() / 2] as f64
}
