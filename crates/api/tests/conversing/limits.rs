//! What clients see of an agent's limits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{BEGUN, Stage, closed, told, within};

#[tokio::test]
async fn a_conversation_too_many_is_closed_with_its_reason() {
    let stage = Stage::new().await;
    let limits = json!({ "call_limits": { "agent_concurrency_limit": 1 } });
    let agent = stage.agent(limits).await;
    let mut first = stage.socket(&agent, json!({})).await;
    told(&mut first, BEGUN).await;
    let mut second = stage.socket(&agent, json!({})).await;
    let reason = "the agent already has as many calls as it takes at the same time: 1";
    assert_eq!(closed(&mut second).await, (1013, reason.to_owned()));
    first.close(None).await.unwrap();
    // The place is free once the first is on record.
    let begun = async {
        loop {
            let mut next = stage.socket(&agent, json!({})).await;
            if let Some(Ok(Message::Text(_))) = next.next().await {
                return;
            }
        }
    };
    within(begun).await;
    // On its last call the agent's day is over.
    let agent = stage
        .agent(json!({ "call_limits": { "daily_limit": 1 } }))
        .await;
    let mut first = stage.socket(&agent, json!({})).await;
    told(&mut first, BEGUN).await;
    let mut second = stage.socket(&agent, json!({})).await;
    let reason = "the agent has had as many calls today (UTC) as it takes in a day: 1";
    assert_eq!(closed(&mut second).await, (1013, reason.to_owned()));
}

#[tokio::test]
async fn a_conversation_waits_for_its_place() {
    let stage = Stage::new().await;
    let agent = stage
        .agent(json!({
            "call_limits": { "agent_concurrency_limit": 1 },
            "queueing_config": { "enabled": true, "wait_timeout_seconds": 60 }
        }))
        .await;
    let mut first = stage.socket(&agent, json!({})).await;
    told(&mut first, BEGUN).await;
    let mut second = stage.socket(&agent, json!({})).await;
    told(&mut second, BEGUN).await;
    let status = told(&mut second, "queue_status").await;
    assert_eq!(status["queue_status_event"]["status"], "waiting");
    // One that is only written does not wait.
    let text_only = json!({ "conversation": { "text_only": true } });
    let mut written = stage.socket(&agent, text_only).await;
    assert_eq!(closed(&mut written).await.0, 1013);
    first.close(None).await.unwrap();
    let status = told(&mut second, "queue_status").await;
    assert_eq!(status["queue_status_event"]["status"], "admitted");
    let greeting = told(&mut second, "agent_response").await;
    assert_eq!(greeting["agent_response_event"]["agent_response"], "Hello.");
}

#[tokio::test]
async fn a_conversation_that_waits_in_vain_is_closed() {
    let stage = Stage::new().await;
    let agent = stage
        .agent(json!({
            "call_limits": { "agent_concurrency_limit": 0 },
            "queueing_config": { "enabled": true, "wait_timeout_seconds": 1 }
        }))
        .await;
    let mut socket = stage.socket(&agent, json!({})).await;
    told(&mut socket, "queue_status").await;
    let status = told(&mut socket, "queue_status").await;
    assert_eq!(status["queue_status_event"]["status"], "timed_out");
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 4300);
    assert_eq!(reason, "no place for the call was free within 1 s");
}

/// A second of a square wave, as a WAV file.
fn wave() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hold.wav");
    let samples: Vec<i16> = (0..8_000)
        .map(|at| if at % 40 < 20 { 6_000 } else { -6_000 })
        .collect();
    offhook_media::write_wav(&file, 8_000, &samples).unwrap();
    std::fs::read(file).unwrap()
}

/// The loudest sample of the second second that a client who waits is sent.
async fn loudest(stage: &Stage, agent: &str) -> u16 {
    let mut first = stage.socket(agent, json!({})).await;
    told(&mut first, BEGUN).await;
    let mut second = stage.socket(agent, json!({})).await;
    told(&mut second, "queue_status").await;
    told(&mut second, "audio").await;
    let chunk = told(&mut second, "audio").await;
    let base64 = chunk["audio_event"]["audio_base_64"].as_str().unwrap();
    let bytes = BASE64.decode(base64).unwrap();
    let samples = bytes
        .chunks_exact(2)
        .map(|it| i16::from_le_bytes([it[0], it[1]]));
    samples.map(i16::unsigned_abs).max().unwrap()
}

#[tokio::test]
async fn who_waits_hears_what_the_agent_has_for_them() {
    let stage = Stage::new().await;
    let limits = json!({
        "call_limits": { "agent_concurrency_limit": 1 },
        "queueing_config": { "enabled": true }
    });
    let agent = stage.agent(limits).await;
    assert_eq!(
        loudest(&stage, &agent).await,
        0,
        "the tone is one second in four"
    );
    let path = format!("agents/{agent}/hold-audio");
    let (status, refused) = stage.uploaded(&path, "hold_audio_file", b"no sound").await;
    assert_eq!(
        (status, &refused["detail"][0]["loc"]),
        (422, &json!(["body", "hold_audio_file"]))
    );
    assert_eq!(stage.uploaded(&path, "file", &wave()).await.0, 422);
    let (status, set) = stage.uploaded(&path, "hold_audio_file", &wave()).await;
    assert_eq!((status, &set["agent_id"]), (200, &json!(agent)));
    assert_eq!(set["hold_audio"]["original_filename"], "hold.wav");
    assert_eq!(set["hold_audio"]["duration_secs"], 1.0);
    let shown = stage.patched(&format!("agents/{agent}"), json!({})).await;
    let queue = &shown["platform_settings"]["queueing_config"];
    assert_eq!(queue["hold_audio"], set["hold_audio"]);
    let agent = stage.agent(json!({
        "call_limits": { "agent_concurrency_limit": 1 },
        "queueing_config": { "enabled": true }
    }));
    let agent = agent.await;
    let path = format!("agents/{agent}/hold-audio");
    stage.uploaded(&path, "hold_audio_file", &wave()).await;
    assert!(
        loudest(&stage, &agent).await > 4_000,
        "it is heard all the time"
    );
}
