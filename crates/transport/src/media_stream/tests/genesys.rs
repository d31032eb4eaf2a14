//! Genesys' transactions: what is answered, in which order, and what is a probe.

use offhook_contract::LegControl;
use serde_json::json;

use super::carrier::Came;
use super::tongue::hook;
use super::*;

fn answered(kind: &str) -> Came {
    Came::Answer(kind.to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_open_a_ping_and_a_close_are_answered() {
    let mut server = serve(Tongue::Genesys, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    carrier.say(hook("ping", &json!({ "rtt": "PT0.1S" }))).await;
    carrier.go_on(Duration::from_millis(200)).await;
    carrier
        .say(hook("close", &json!({ "reason": "end" })))
        .await;
    assert_eq!(carrier.wait_for_close().await, 1_000);
    let came: Vec<Came> = carrier.came.iter().map(|(_, came)| came.clone()).collect();
    let expected = ["opened", "pong", "closed"].map(answered);
    assert_eq!(came, [&expected[..], &[Came::Closed(1_000)]].concat());
    hung_up(near).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_hangs_up_disconnects_and_is_asked_to_close() {
    let mut server = serve(Tongue::Genesys, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    near.audio_out.send(outbound(0, 1_000)).await.unwrap();
    let clear = LegControl::Clear { generation: 1 };
    near.control.send(clear).await.unwrap();
    near.audio_out.send(outbound(1, 1_000)).await.unwrap();
    near.control.send(LegControl::HangUp).await.unwrap();
    carrier.go_on(Duration::from_secs(5)).await;
    for came in [Came::Clear, Came::HangUp, answered("closed")] {
        assert_eq!(carrier.count(|it| *it == came), 1, "{came:?}");
    }
    assert_eq!(carrier.close_code(), Some(1_000));
    hung_up(near).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_right_token_is_disconnected() {
    let server = serve(Tongue::Genesys, SocketLimits::default());
    let mut carrier = server.carrier().await;
    carrier.start("wrong").await;
    assert_eq!(carrier.wait_for_close().await, 1_008);
    assert_eq!(carrier.count(|it| *it == answered("disconnect")), 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe_is_answered_and_begins_no_call() {
    let mut server = serve(Tongue::Genesys, SocketLimits::default());
    let mut carrier = server.carrier().await;
    let mut open = Tongue::Genesys.start(&json!({}));
    open["parameters"]["conversationId"] = json!("00000000-0000-0000-0000-000000000000");
    carrier.say(open).await;
    carrier.say(hook("ping", &json!({}))).await;
    carrier
        .say(hook("close", &json!({ "reason": "end" })))
        .await;
    assert_eq!(carrier.wait_for_close().await, 1_000);
    let answers = carrier.count(|it| matches!(it, Came::Answer(_)));
    assert_eq!(answers, 3);
    assert!(server.streams.try_recv().is_err());
    let mut silent = server.carrier().await;
    let mut open = Tongue::Genesys.start(&json!({}));
    open["parameters"]["conversationId"] = json!("00000000-0000-0000-0000-000000000000");
    silent.say(open).await;
    assert_eq!(silent.wait_for_close().await, 1_008);
}
