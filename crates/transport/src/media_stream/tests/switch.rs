//! What telephone systems of one's own do otherwise than carriers: one tells when it has enough, one
//! knows neither marks nor a way to take audio back.

use offhook_contract::LegControl;
use serde_json::json;
use tokio::time::sleep;

use super::carrier::Came;
use super::*;

const FRAME: Duration = Duration::from_millis(20);

#[tokio::test(start_paused = true)]
async fn asterisk_is_sent_nothing_while_its_queue_is_full() {
    let mut server = serve(Tongue::Asterisk, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let lane = near.audio_out.clone();
    tokio::spawn(async move {
        while lane.send(outbound(0, 1_000)).await.is_ok() {
            sleep(FRAME).await;
        }
    });
    let is_media = |came: &Came| matches!(came, Came::Media(_));
    carrier.go_on(Duration::from_secs(1)).await;
    carrier.say(json!({ "event": "MEDIA_XOFF" })).await;
    // What was on its way.
    carrier.go_on(FRAME * 2).await;
    let sent = carrier.count(is_media);
    carrier.go_on(Duration::from_secs(2)).await;
    assert_eq!(carrier.count(is_media), sent);
    carrier.say(json!({ "event": "MEDIA_XON" })).await;
    carrier.go_on(Duration::from_secs(1)).await;
    assert!(carrier.count(is_media) >= sent + 50);
    carrier.say(json!({ "event": "MEDIA_XOFF" })).await;
    carrier.go_on(FRAME * 2).await;
    let sent = carrier.count(is_media);
    // A flush empties the queue.
    let clear = LegControl::Clear { generation: 0 };
    near.control.send(clear).await.unwrap();
    carrier.go_on(Duration::from_secs(1)).await;
    assert!(carrier.count(is_media) >= sent + 40);
}

#[tokio::test(start_paused = true)]
async fn freeswitch_gets_audio_and_nothing_else() {
    let mut server = serve(Tongue::FreeSwitch, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let session = tokio::spawn(async move {
        for _ in 0..30 {
            near.audio_out.send(outbound(0, 1_000)).await.unwrap();
            sleep(FRAME).await;
        }
        let clear = LegControl::Clear { generation: 1 };
        near.control.send(clear).await.unwrap();
        near.audio_out.send(outbound(0, 7)).await.unwrap();
        for _ in 0..10 {
            near.audio_out.send(outbound(1, 2_000)).await.unwrap();
            sleep(FRAME).await;
        }
        near.control.send(LegControl::HangUp).await.unwrap();
        hung_up(near).await;
    });
    carrier.go_on(Duration::from_secs(5)).await;
    session.await.unwrap();
    assert_eq!(carrier.count(|came| *came == Came::Media(160)), 40);
    assert_eq!(carrier.close_code(), Some(1_000));
    assert_eq!(carrier.came.len(), 41);
}

#[tokio::test(start_paused = true)]
async fn freeswitch_gets_its_messages_where_it_asks_for_them() {
    let mut server = serve(Tongue::FreeSwitch, SocketLimits::default());
    let mut carrier = server.carrier().await;
    let metadata = json!({ "token": "right", "reply": "json" });
    carrier.start_with(metadata).await;
    let (near, _) = server.streams.recv().await.unwrap();
    near.audio_out.send(outbound(0, 1_000)).await.unwrap();
    near.control.send(LegControl::HangUp).await.unwrap();
    carrier.go_on(Duration::from_secs(1)).await;
    assert_eq!(carrier.heard, [0xce; 160]);
    hung_up(near).await;
}
