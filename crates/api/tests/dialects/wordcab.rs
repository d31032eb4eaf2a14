//! Wordcab's routes beside agents: chat, models, speech and transcriptions, by models by script.

use std::sync::Arc;

use offhook_api::{Api, ApiSettings};
use offhook_call::Providers;
use offhook_contract::ProviderError;
use offhook_contract::scripted::{
    ScriptedChat, ScriptedDetector, ScriptedRecognition, ScriptedReply, ScriptedUtterance,
    ScriptedVoice,
};
use offhook_store::Store;
use serde_json::{Value, json};

use crate::server::{Server, over};

struct Doubles {
    chat: ScriptedChat,
    voice: ScriptedVoice,
}

async fn with_models(chat: ScriptedReply, voice: ScriptedVoice) -> (Server, Doubles) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_in(folder.path(), None).await.unwrap();
    let settings = ApiSettings {
        is_loopback: true,
        ..ApiSettings::default()
    };
    let chat = ScriptedChat::new(vec![chat]);
    let heard = vec![ScriptedUtterance::new("good morning")];
    let providers = Providers {
        detector: Arc::new(ScriptedDetector::default()),
        recognition: Arc::new(ScriptedRecognition::new(heard)),
        chat: Arc::new(chat.clone()),
        voice: Arc::new(voice.clone()),
    };
    let api = Api::with_providers(store, settings, providers);
    (over(api, folder), Doubles { chat, voice })
}

async fn server_and_doubles() -> (Server, Doubles) {
    with_models(ScriptedReply::new("At six."), ScriptedVoice::default()).await
}

#[tokio::test]
async fn speech_is_spoken_as_asked() {
    let (server, doubles) = server_and_doubles().await;
    let body = json!({ "input": "One two. Three?", "voice": "slate", "speed": 0.5, "response_format": "pcm16" });
    let spoken = server
        .raw("POST /wordcab/v1/audio/speech", &[], &body.to_string())
        .await;
    assert_eq!(spoken.status, 200);
    assert_eq!(
        spoken.header("content-type"),
        "audio/pcm;rate=16000;channels=1"
    );
    assert!(spoken.header("x-request-id").starts_with("req_"));
    // Three words of 200 ms at 16 kHz, at half the pace.
    assert_eq!(spoken.body.len(), 2 * 2 * 3 * 3_200);
    let asked = doubles.voice.requests.so_far();
    assert_eq!(
        (asked[0].voice.as_deref(), asked[0].speed),
        (Some("heart-low"), 1.0)
    );
    let body = json!({ "input": "One two.", "voice": "ember", "response_format": "ulaw" });
    let spoken = server
        .raw("POST /wordcab/v1/audio/speech", &[], &body.to_string())
        .await;
    assert_eq!(
        (spoken.header("content-type"), spoken.body.len()),
        ("audio/basic", 3_200)
    );
    // Given once and not kept: sound is no text.
    let key = [("idempotency-key", "one")];
    for _ in 0..2 {
        let again = server
            .raw("POST /wordcab/v1/audio/speech", &key, &body.to_string())
            .await;
        assert_eq!((again.status, again.body.len()), (200, 3_200));
    }
}

#[tokio::test]
async fn speech_that_cannot_be_made_is_refused_with_its_reason() {
    let (server, _) = server_and_doubles().await;
    let good = json!({ "input": "Hi.", "voice": "ember" });
    for (field, value, says) in [
        ("input", json!(""), "at least 1"),
        ("input", json!("x".repeat(4_097)), "at most 4096"),
        (
            "voice",
            json!("alloy"),
            "ember, slate, marin, onyx, brook, ash",
        ),
        ("response_format", json!("mp3"), "wav"),
        ("response_format", json!("flac"), "opus"),
        ("speed", json!(2.1), "2"),
        ("pitch", json!(3), "pitch"),
        ("style", json!("calm"), "style"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let (status, refused) = server
            .ask("POST /wordcab/v1/audio/speech", &body.to_string())
            .await;
        let error = &refused["error"];
        assert_eq!(
            (status.as_u16(), &error["param"]),
            (422, &json!(field)),
            "{refused}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(says),
            "{refused}"
        );
    }
    let broken = ScriptedVoice {
        failure: Some(ProviderError::Unavailable {
            provider: "the voice".into(),
            problem: "it is gone".into(),
        }),
        ..ScriptedVoice::default()
    };
    let (server, _) = with_models(ScriptedReply::new(""), broken).await;
    let (status, refused) = server
        .ask("POST /wordcab/v1/audio/speech", &good.to_string())
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["type"]),
        (503, &json!("model_error"))
    );
    let server = crate::server::server().await;
    let (status, refused) = server
        .ask("POST /wordcab/v1/audio/speech", &good.to_string())
        .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (503, &json!("no_models"))
    );
}

#[tokio::test]
async fn a_recording_is_transcribed() {
    let (server, _) = server_and_doubles().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.wav");
    offhook_media::write_wav(&file, 8_000, &vec![900; 8_000]).unwrap();
    let wav = std::fs::read(&file).unwrap();
    let form = |format: &str| {
        let mut form =
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
                .to_vec();
        form.extend(&wav);
        form.extend(format!("\r\n--x\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\n{format}\r\n--x--\r\n").bytes());
        form
    };
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let line = "POST /wordcab/v1/audio/transcriptions";
    let heard = server.raw_bytes(line, &kind, form("verbose_json")).await;
    assert_eq!(heard.status, 200, "{}", heard.text());
    let heard: Value = serde_json::from_slice(&heard.body).unwrap();
    let expected = json!({
        "task": "transcribe", "language": "en", "duration": 1.0, "text": "good morning",
        "segments": [{ "id": 0, "start": 0.0, "end": 1.0, "text": "good morning" }]
    });
    assert_eq!(heard, expected);
    // The script hears nothing more.
    let heard = server.raw_bytes(line, &kind, form("text")).await;
    assert_eq!(
        (heard.text().as_str(), heard.header("content-type")),
        ("\n", "text/plain; charset=utf-8")
    );
    let refused = server.raw_bytes(line, &kind, form("srt")).await;
    assert_eq!(refused.status, 422);
    let none = b"--x--\r\n".to_vec();
    let refused = server.raw_bytes(line, &kind, none).await;
    assert!(
        refused.text().contains("file is required"),
        "{}",
        refused.text()
    );
    let refused = server.raw(line, &[], "{}").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[tokio::test]
async fn a_chat_is_answered_whole_and_in_pieces() {
    let (server, doubles) = server_and_doubles().await;
    let body = json!({
        "model": "qwen3.5-4b", "max_tokens": 20, "temperature": 0.5,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "When?" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "1", "type": "function", "function": { "name": "hours", "arguments": "{}" } }
            ] },
            { "role": "tool", "tool_call_id": "1", "content": "18:00" },
        ],
    });
    let line = "POST /wordcab/api/v1/chat/completions";
    let answer = server.done(line, body.clone()).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "At six.");
    let asked = doubles.chat.requests().so_far();
    assert_eq!(
        (asked[0].options.tokens_max, asked[0].options.temperature),
        (20, Some(0.5))
    );
    assert_eq!(asked[0].messages.len(), 4);
    assert_eq!(asked[0].messages[3].plain_text(), "[result: 18:00]");
    let mut streamed = body.clone();
    streamed["stream"] = json!(true);
    let streamed = server.raw(line, &[], &streamed.to_string()).await;
    assert_eq!(streamed.header("content-type"), "text/event-stream");
    let text = streamed.text();
    let events: Vec<_> = text.split("\n\n").filter(|it| !it.is_empty()).collect();
    assert_eq!(events.last(), Some(&"data: [DONE]"));
    assert_eq!(events.len(), 5, "who, two words, why, done: {text}");
    let failing = ScriptedReply::new("At").failing(ProviderError::TimedOut {
        provider: "the chat model".into(),
        waited_ms: 9,
    });
    let (server, _) = with_models(failing, ScriptedVoice::default()).await;
    let (status, refused) = server.ask(line, &body.to_string()).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["type"]),
        (503, &json!("model_error"))
    );
}

#[tokio::test]
async fn routes_that_one_platform_has_alone_need_no_prefix() {
    let (server, _) = server_and_doubles().await;
    let models = server.done("GET /v1/models", Value::Null).await;
    assert_eq!(models["object"], "list");
    let voices = server.done("GET /v1/voices", Value::Null).await;
    assert_eq!(voices["data"][0]["id"], "ember");
    let none = server.done("GET /v1/conversations", Value::Null).await;
    assert_eq!(none["data"], json!([]));
}

#[tokio::test]
async fn a_chat_that_cannot_be_had_is_refused_with_its_reason() {
    let (server, _) = server_and_doubles().await;
    let line = "POST /wordcab/v1/chat/completions";
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "When?" }] });
    for (field, value, param) in [
        ("n", json!(2), "n"),
        ("tool_choice", json!("required"), "tool_choice"),
        ("messages", json!([]), "messages"),
        (
            "messages",
            json!([{ "role": "user", "content": 3 }]),
            "messages[0].content",
        ),
        (
            "messages",
            json!([{ "role": "robot", "content": "x" }]),
            "messages[0].role",
        ),
        ("top_p", json!(0.5), "top_p"),
        (
            "response_format",
            json!({ "type": "json_object" }),
            "response_format.type",
        ),
        ("temperature", json!(3), "temperature"),
    ] {
        let mut body = body.clone();
        body[field] = value;
        let (status, refused) = server.ask(line, &body.to_string()).await;
        assert_eq!(
            (status.as_u16(), &refused["error"]["param"]),
            (422, &json!(param)),
            "{refused}"
        );
    }
}
