//! How each vendor is asked for a call's recognition.

use serde_json::json;

use super::vendors::{ASSEMBLYAI, DEEPGRAM, ELEVENLABS, FLUX, OPENAI, OPENAI_LIVE};
use super::{LIMITS, Stage, greeting};
use offhook_contract::ProviderError;
use offhook_media::SampleRate;
use offhook_providers::assemblyai::{AssemblyAiConfig, AssemblyAiSpeech};
use offhook_providers::openai::{OpenAiRealtime, OpenAiRealtimeConfig};
use offhook_simulators::{Script, openai};

#[tokio::test]
async fn deepgram_is_asked_by_model_rate_and_language() {
    let stage = Stage::new(DEEPGRAM, greeting()).await;
    let mut call = stage.call(LIMITS).await;
    call.hear_until(400).await;
    call.ends().await;
    let asked = &stage.seen("connected")[0]["query"];
    for (name, value) in [
        ("model", "nova-3"),
        ("language", "en-US"),
        ("keyterm", "Nguyen & Co"),
        ("encoding", "linear16"),
        ("sample_rate", "8000"),
        ("channels", "1"),
        ("interim_results", "true"),
        ("endpointing", "25"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    // Audio says that the call goes on.
    assert_eq!(stage.seen("KeepAlive").len(), 0);
}

#[tokio::test]
async fn deepgram_is_not_asked_to_settle_next_to_nothing() {
    let stage = Stage::new(DEEPGRAM, Script::default()).await;
    let mut call = stage.call(LIMITS).await;
    call.start(1, 300, 100).await;
    call.finalise(1, 700).await;
    assert_eq!(call.text(1).await.0, "");
    // The server would not answer.
    call.start(2, 720, 20).await;
    call.finalise(2, 740).await;
    assert_eq!(call.text(2).await.0, "");
    call.ends().await;
    assert_eq!(stage.seen("Finalize").len(), 1);
}

#[tokio::test]
async fn flux_is_asked_to_end_no_turn_by_itself() {
    let stage = Stage::new(FLUX, greeting()).await;
    stage.call(LIMITS).await.ends().await;
    let asked = &stage.seen("connected")[0]["query"];
    for (name, value) in [
        ("model", json!("flux-general-en")),
        ("encoding", json!("linear16")),
        ("sample_rate", json!("8000")),
        ("eot_threshold", json!("1.0")),
        ("keyterm", json!(["Offhook", "Nguyen & Co"])),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
}

#[tokio::test]
async fn openai_is_told_the_model_the_language_and_that_no_turns_are_to_be_detected() {
    let stage = Stage::new(OPENAI, greeting()).await;
    stage.call(LIMITS).await.ends().await;
    assert_eq!(
        stage.seen("connected")[0]["query"]["intent"],
        "transcription"
    );
    let input = &stage.seen("session.update")[0]["session"]["audio"]["input"];
    let asked = json!({
        "format": { "type": "audio/pcm", "rate": 24_000 },
        "transcription": {
            "model": "gpt-4o-transcribe", "language": "en", "prompt": "Nguyen & Co",
        },
        "turn_detection": null,
    });
    assert_eq!(*input, asked);
    // Models that are made for it take words as such.
    let stage = Stage::new(OPENAI_LIVE, greeting()).await;
    stage.call(LIMITS).await.ends().await;
    let input = &stage.seen("session.update")[0]["session"]["audio"]["input"];
    let asked = json!({
        "model": "gpt-live-transcribe", "language": "en", "keywords": ["Nguyen & Co"],
    });
    assert_eq!(input["transcription"], asked);
}

#[tokio::test]
async fn a_model_that_openai_has_not_shows_before_the_call() {
    let stage = Stage::new(OPENAI, greeting()).await;
    let problem = stage.open_with(|account| {
        OpenAiRealtime::new(OpenAiRealtimeConfig::new(account, openai::UNKNOWN_MODEL))
    });
    let problem = problem.await.unwrap_err();
    assert!(
        matches!(problem, ProviderError::Rejected { .. }),
        "{problem}"
    );
    assert!(problem.to_string().contains("does not exist"), "{problem}");
    assert_eq!(stage.connections(), 1);
}

#[tokio::test]
async fn elevenlabs_is_asked_to_settle_nothing_by_itself() {
    for (rate, format) in [
        (SampleRate::HZ_8000, "pcm_8000"),
        (SampleRate::HZ_32000, "pcm_16000"),
    ] {
        let stage = Stage::at(ELEVENLABS, greeting(), rate).await;
        stage.call(LIMITS).await.ends().await;
        let asked = &stage.seen("connected")[0]["query"];
        for (name, value) in [
            ("model_id", json!("scribe_v2_realtime")),
            ("audio_format", json!(format)),
            ("commit_strategy", json!("manual")),
            ("language_code", json!("en")),
            ("keyterms", json!(["Offhook", "Nguyen & Co"])),
        ] {
            assert_eq!(asked[name], value, "{name}");
        }
    }
}

#[tokio::test]
async fn assemblyai_is_asked_to_end_no_turn_by_itself() {
    let stage = Stage::new(ASSEMBLYAI, greeting()).await;
    stage.call(LIMITS).await.ends().await;
    let asked = &stage.seen("connected")[0]["query"];
    for (name, value) in [
        ("speech_model", "u3-rt-pro"),
        ("encoding", "pcm_s16le"),
        ("sample_rate", "8000"),
        ("end_of_turn_confidence_threshold", "1.0"),
        ("language_codes", r#"["en"]"#),
        ("keyterms_prompt", r#"["Offhook","Nguyen & Co"]"#),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
}

#[tokio::test]
async fn assemblyai_s_turns_are_written_out_where_that_is_wanted() {
    for (is_formatted, expected) in [(true, "Hello, there."), (false, "hello there")] {
        let stage = Stage::new(ASSEMBLYAI, greeting()).await;
        let stream = stage.open_with(|account| {
            AssemblyAiSpeech::new(AssemblyAiConfig {
                is_formatted,
                ..AssemblyAiConfig::new(account, "universal-streaming-english")
            })
        });
        let mut call = stage.call_over(stream.await.unwrap());
        call.start(1, 500, 200).await;
        call.finalise(1, 1_700).await;
        assert_eq!(call.text(1).await.0, expected);
        call.ends().await;
        assert!(stage.seen("connected")[0]["query"]["language_codes"].is_null());
    }
}
