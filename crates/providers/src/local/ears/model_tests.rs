//! The ears with their real models, on real speech. The tests run where the model files are in
//! the cache folder; with `OFFHOOK_REQUIRE_MODELS=1` a missing file fails them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use offhook_contract::{
    DetectorEvent, DetectorRequest, ProviderError, SpeechToText, SttEvent, SttInput, SttRequest,
    SttStream, TurnDetector, UtteranceId,
};
use offhook_media::{Frame, SampleRate, read_wav, resample_all};

use super::{
    EarsFiles, LocalEars, Moonshine, MoonshineFiles, PoolSize, SileroMemory, SileroModel,
    SmartTurn, SpeechEdge, SpeechGate, SpeechGatePolicy, VAD_WINDOW,
};
use crate::catalogue::ModelDirectory;
use crate::local::denoise::DenoiserFiles;
use crate::local::onnx::OnnxRuntime;

pub(super) const RATE: SampleRate = SampleRate::HZ_16000;

fn files() -> (PathBuf, EarsFiles) {
    let directory = ModelDirectory::from_environment();
    let moonshine = |file| directory.file("moonshine-tiny-en", file);
    let files = EarsFiles {
        voice_activity: directory.file("silero-vad", "silero_vad.onnx"),
        end_of_turn: directory.file("smart-turn", "smart-turn-v3.2-cpu.onnx"),
        denoising: DenoiserFiles {
            spectrum: directory.file("dtln", "model_1.onnx"),
            waveform: directory.file("dtln", "model_2.onnx"),
        },
        speaker: directory.file("voicefilter-embedder", "embedder.int8.onnx"),
        recognition: MoonshineFiles {
            encoder: moonshine("encoder_model.ort"),
            decoder: moonshine("decoder_model_merged.ort"),
            vocabulary: moonshine("tokenizer.bin"),
        },
    };
    (directory.file("onnxruntime", "libonnxruntime.so"), files)
}

/// The runtime and the files, or `None` where they are not there and need not be.
pub(super) fn models() -> Option<(OnnxRuntime, EarsFiles)> {
    let (library, files) = files();
    let needed = [
        &library,
        &files.voice_activity,
        &files.end_of_turn,
        &files.denoising.spectrum,
        &files.denoising.waveform,
        &files.speaker,
        &files.recognition.encoder,
        &files.recognition.decoder,
        &files.recognition.vocabulary,
    ];
    if let Some(missing) = needed.into_iter().find(|path| !path.exists()) {
        let is_required = std::env::var("OFFHOOK_REQUIRE_MODELS").is_ok_and(|value| value == "1");
        assert!(
            !is_required,
            "{} is missing: run `offhook models pull`",
            missing.display()
        );
        return None;
    }
    Some((OnnxRuntime::load(&library).unwrap(), files))
}

/// The ears, loaded once for all tests.
pub(super) fn ears() -> Option<LocalEars> {
    static EARS: OnceLock<Option<LocalEars>> = OnceLock::new();
    let load = || {
        let (runtime, files) = models()?;
        Some(LocalEars::load(&runtime, &files, PoolSize::for_cores(2)).unwrap())
    };
    EARS.get_or_init(load).clone()
}

pub(super) fn speech(file: &str) -> Vec<i16> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local/ears/testdata");
    read_wav(&folder.join(file)).unwrap().mono_at(RATE).unwrap()
}

pub(super) fn floats(samples: &[i16]) -> Vec<f32> {
    samples
        .iter()
        .map(|&sample| f32::from(sample) / 32_768.0)
        .collect()
}

fn with_silence(before_ms: usize, speech: &[i16], after_ms: usize) -> Vec<i16> {
    let mut samples = vec![0; before_ms * 16];
    samples.extend_from_slice(speech);
    samples.resize(samples.len() + after_ms * 16, 0);
    samples
}

fn noise(samples: usize, level: f32) -> Vec<i16> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as f32 / 32_768.0 - 1.0) * level * 32_767.0
    };
    (0..samples).map(|_| next() as i16).collect()
}

fn edges(model: &SileroModel, samples: &[i16]) -> Vec<SpeechEdge> {
    let mut memory = SileroMemory::default();
    let mut gate = SpeechGate::new(SpeechGatePolicy {
        silence_windows: 12,
        ..Default::default()
    });
    floats(samples)
        .chunks_exact(VAD_WINDOW)
        .filter_map(|window| {
            gate.push(
                model
                    .probability(&mut memory, window.try_into().unwrap())
                    .unwrap(),
            )
        })
        .collect()
}

#[test]
fn voice_activity_finds_speech_and_nothing_else() {
    let Some((runtime, files)) = models() else {
        return;
    };
    let model = SileroModel::load(&runtime, &files.voice_activity, 1).unwrap();
    let samples = with_silence(1_000, &speech("seven_of_clubs.wav"), 1_000);
    let found = edges(&model, &samples);
    let [SpeechEdge::Started { onset }, SpeechEdge::Stopped { end }] = found[..] else {
        unreachable!("one stretch of speech, found {found:?}")
    };
    assert!((16_000..22_000).contains(&onset), "onset at {onset}");
    assert!((28_000..41_500).contains(&end), "end at {end}");
    assert_eq!(edges(&model, &noise(48_000, 0.1)), []);
    assert_eq!(edges(&model, &[0; 48_000]), []);
}

#[test]
fn a_finished_sentence_sounds_finished_and_a_cut_one_does_not() {
    let Some((runtime, files)) = models() else {
        return;
    };
    let model = SmartTurn::load(&runtime, &files.end_of_turn, 1).unwrap();
    let speech = speech("amiable_woman.wav");
    let finished = model
        .likelihood(&floats(&with_silence(0, &speech, 128)))
        .unwrap();
    // "Had he married a more amiable woman, he might" ...
    let cut = &speech[..speech.len() * 2 / 5];
    let cut = model
        .likelihood(&floats(&with_silence(0, cut, 128)))
        .unwrap();
    assert!(finished > 0.8, "finished: {finished}");
    assert!(cut < 0.3, "cut: {cut}");
    assert!((0.0..=1.0).contains(&model.likelihood(&[]).unwrap()));
}

#[test]
fn a_draft_changes_the_cost_and_not_the_text() {
    let Some((runtime, files)) = models() else {
        return;
    };
    let model = Moonshine::load(&runtime, &files.recognition, 1).unwrap();
    let samples = floats(&speech("amiable_woman.wav"));
    let plain = model.transcribe(&samples, &[], &|| false).unwrap().unwrap();
    assert_eq!(
        plain.text,
        "Had he married a more amiable woman, he might have been made still more respectable than he was."
    );
    for kept in [0, 1, plain.tokens.len() / 2, plain.tokens.len()] {
        let mut draft = plain.tokens[..kept].to_vec();
        draft.extend([9_999, 5, u32::MAX >> 17]);
        let drafted = model
            .transcribe(&samples, &draft, &|| false)
            .unwrap()
            .unwrap();
        assert_eq!(
            drafted.text, plain.text,
            "{kept} tokens of the draft are right"
        );
    }
    assert_eq!(model.transcribe(&samples, &[], &|| true).unwrap(), None);
}

/// Feeds `samples` to the ears as a session would, and gives the text of every utterance.
async fn heard(ears: &LocalEars, rate: SampleRate, samples: &[i16]) -> (Vec<String>, usize) {
    let mut detector = ears
        .turn_detector
        .open(DetectorRequest::raw(rate))
        .await
        .unwrap();
    let request = SttRequest {
        keywords: Vec::new(),
        rate,
        language: "en-US".to_owned(),
    };
    let mut recognition = ears.speech_to_text.open(request).await.unwrap();
    let (mut texts, mut judgements) = (Vec::new(), 0);
    let mut utterance = UtteranceId(0);
    let mut sent = Duration::ZERO;
    for chunk in samples.chunks_exact(rate.frame_samples()) {
        let frame = Frame::new(rate, chunk).unwrap();
        detector.audio.send(frame).await.unwrap();
        recognition
            .input
            .send(SttInput::Audio(frame))
            .await
            .unwrap();
        sent += Duration::from_millis(20);
        while let Ok(event) = detector.events.try_recv() {
            judgements += usize::from(matches!(event, DetectorEvent::EndOfTurn { .. }));
            take_event(event, sent, &mut utterance, &recognition, &mut texts).await;
        }
        take_texts(&mut recognition, &mut texts);
        tokio::task::yield_now().await;
    }
    let DetectorStreamEnd { judged } =
        drain(detector, sent, &mut utterance, &recognition, &mut texts).await;
    let SttStream { input, mut events } = recognition;
    drop(input);
    while let Some(event) = events.recv().await {
        note_text(event, &mut texts);
    }
    (texts, judgements + judged)
}

struct DetectorStreamEnd {
    judged: usize,
}

async fn drain(
    detector: offhook_contract::DetectorStream,
    sent: Duration,
    utterance: &mut UtteranceId,
    recognition: &SttStream,
    texts: &mut Vec<String>,
) -> DetectorStreamEnd {
    let offhook_contract::DetectorStream { audio, mut events } = detector;
    drop(audio);
    let mut judged = 0;
    while let Some(event) = events.recv().await {
        judged += usize::from(matches!(event, DetectorEvent::EndOfTurn { .. }));
        take_event(event, sent, utterance, recognition, texts).await;
    }
    DetectorStreamEnd { judged }
}

async fn take_event(
    event: DetectorEvent,
    sent: Duration,
    utterance: &mut UtteranceId,
    recognition: &SttStream,
    texts: &mut Vec<String>,
) {
    let input = match event {
        DetectorEvent::SpeechStarted { onset, .. } => {
            *utterance = utterance.next();
            let onset_ago_ms = (sent - onset).as_millis() as u32;
            texts.push(String::new());
            SttInput::UtteranceStarted {
                utterance: *utterance,
                onset_ago_ms,
            }
        }
        DetectorEvent::SpeechStopped { .. } => SttInput::Finalise {
            utterance: *utterance,
            silence_ms: 0,
        },
        _ => return,
    };
    recognition.input.send(input).await.unwrap();
}

fn take_texts(recognition: &mut SttStream, texts: &mut [String]) {
    while let Ok(event) = recognition.events.try_recv() {
        note_text(event, texts);
    }
}

fn note_text(event: SttEvent, texts: &mut [String]) {
    match event {
        SttEvent::Final { utterance, text } => texts[utterance.0 as usize - 1] = text,
        SttEvent::Interim { .. } | SttEvent::Settled { .. } => {}
        SttEvent::Failed(error) => unreachable!("{error}"),
    }
}

#[tokio::test]
async fn a_call_is_heard_from_end_to_end_at_telephone_and_other_rates() {
    let Some(ears) = ears() else { return };
    let samples = with_silence(600, &speech("seven_of_clubs.wav"), 800);
    for rate in [
        RATE,
        SampleRate::HZ_8000,
        SampleRate::HZ_44100,
        SampleRate::HZ_48000,
    ] {
        let samples = resample_all(&samples, RATE.hz(), rate).unwrap();
        let (texts, _) = heard(&ears, rate, &samples).await;
        let text = texts.join(" ").to_lowercase();
        // At 8 kHz processors differ in the last word: the weights are of 8 bits, and rounding is theirs.
        let said = match rate {
            SampleRate::HZ_8000 => "seven of",
            _ => "seven of club",
        };
        assert!(text.starts_with(said), "{rate}: {text}");
    }
}

#[tokio::test]
async fn two_calls_at_once_do_not_mix() {
    let Some(ears) = ears() else { return };
    let first = with_silence(600, &speech("seven_of_clubs.wav"), 800);
    let second = with_silence(600, &speech("amiable_woman.wav"), 800);
    let ((clubs, _), (woman, _)) =
        tokio::join!(heard(&ears, RATE, &first), heard(&ears, RATE, &second));
    let (clubs, woman) = (
        clubs.join(" ").to_lowercase(),
        woman.join(" ").to_lowercase(),
    );
    assert!(
        clubs.contains("seven of club") && !clubs.contains("woman"),
        "{clubs}"
    );
    assert!(
        woman.contains("woman") && woman.contains("respectable"),
        "{woman}"
    );
}

#[tokio::test]
async fn the_end_of_a_turn_is_judged() {
    let Some(ears) = ears() else { return };
    let mut detector = ears
        .turn_detector
        .open(DetectorRequest::raw(RATE))
        .await
        .unwrap();
    let samples = with_silence(600, &speech("amiable_woman.wav"), 240);
    let audio = detector.audio.clone();
    let feeding = tokio::spawn(async move {
        for chunk in samples.chunks_exact(320) {
            audio.send(Frame::new(RATE, chunk).unwrap()).await.unwrap();
        }
        audio
    });
    let mut last_end = None;
    let likelihood = loop {
        match detector.events.recv().await.unwrap() {
            DetectorEvent::SpeechStopped { end, at } => {
                assert!(
                    at >= end + Duration::from_millis(128) && at < end + Duration::from_millis(200)
                );
                last_end = Some(end);
            }
            DetectorEvent::EndOfTurn { likelihood, end }
                if Some(end) == last_end && end > Duration::from_secs(6) =>
            {
                break likelihood;
            }
            _ => {}
        }
    };
    assert!(likelihood > 0.5, "{likelihood}");
    drop(feeding.await.unwrap());
}

#[tokio::test]
async fn noise_and_silence_that_is_called_speech_has_no_words() {
    let Some(ears) = ears() else { return };
    let request = SttRequest {
        keywords: Vec::new(),
        rate: RATE,
        language: "en".to_owned(),
    };
    let mut stream = ears.speech_to_text.open(request).await.unwrap();
    for chunk in [0; 32_000].chunks_exact(320) {
        stream
            .input
            .send(SttInput::Audio(Frame::new(RATE, chunk).unwrap()))
            .await
            .unwrap();
    }
    let utterance = UtteranceId(1);
    stream
        .input
        .send(SttInput::UtteranceStarted {
            utterance,
            onset_ago_ms: 900,
        })
        .await
        .unwrap();
    stream
        .input
        .send(SttInput::Finalise {
            utterance,
            silence_ms: 0,
        })
        .await
        .unwrap();
    let expected = SttEvent::Final {
        utterance,
        text: String::new(),
    };
    assert_eq!(stream.events.recv().await, Some(expected));
}

#[tokio::test]
async fn frames_of_another_rate_and_other_languages_are_refused() {
    let Some(ears) = ears() else { return };
    let request = SttRequest {
        keywords: Vec::new(),
        rate: RATE,
        language: "en".to_owned(),
    };
    let mut stream = ears.speech_to_text.open(request).await.unwrap();
    let frame = Frame::silence(SampleRate::HZ_8000);
    stream.input.send(SttInput::Audio(frame)).await.unwrap();
    let event = stream.events.recv().await;
    assert!(
        matches!(&event, Some(SttEvent::Failed(ProviderError::Rejected { problem, .. }))
        if problem.contains("8000") && problem.contains("16000")),
        "{event:?}"
    );

    let mut detector = ears
        .turn_detector
        .open(DetectorRequest::raw(RATE))
        .await
        .unwrap();
    detector.audio.send(frame).await.unwrap();
    let event = detector.events.recv().await;
    assert!(matches!(
        event,
        Some(DetectorEvent::Failed(ProviderError::Rejected { .. }))
    ));

    let request = SttRequest {
        keywords: Vec::new(),
        rate: RATE,
        language: "de-AT".to_owned(),
    };
    let problem = ears.speech_to_text.open(request).await.unwrap_err();
    assert!(problem.to_string().contains("de-AT"), "{problem}");
}

#[test]
fn bad_model_files_are_named_with_the_remedy() {
    let Some((runtime, good)) = models() else {
        return;
    };
    let folder = std::env::temp_dir().join(format!("offhook-ears-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let cut_short = |from: &Path, to: &str| {
        let bytes = std::fs::read(from).unwrap();
        let path = folder.join(to);
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        path
    };
    let garbage = folder.join("garbage.onnx");
    std::fs::write(&garbage, "this is no model").unwrap();
    let mut cases: Vec<EarsFiles> = vec![good.clone(); 7];
    cases[0].recognition.encoder = cut_short(&good.recognition.encoder, "encoder.ort");
    cases[1].recognition.decoder = cut_short(&good.recognition.decoder, "decoder.ort");
    cases[2].recognition.vocabulary = cut_short(&good.recognition.vocabulary, "tokenizer.bin");
    cases[3].voice_activity = cut_short(&good.voice_activity, "vad.onnx");
    cases[4].end_of_turn = garbage;
    cases[5].voice_activity.clone_from(&good.end_of_turn);
    cases[6].end_of_turn = folder.join("absent");
    let culprits = [
        "encoder.ort",
        "decoder.ort",
        "tokenizer.bin",
        "vad.onnx",
        "garbage",
        "smart-turn",
        "absent",
    ];
    for (files, culprit) in cases.iter().zip(culprits) {
        let problem = LocalEars::load(&runtime, files, PoolSize::for_cores(1)).unwrap_err();
        let text = problem.to_string();
        assert!(
            matches!(problem, ProviderError::Unavailable { .. }),
            "{text}"
        );
        assert!(
            text.contains(culprit) && text.contains("offhook models"),
            "{text}"
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
}
