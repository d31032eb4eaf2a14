//! Streams on which all goes well.

use offhook_contract::LegControl;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::carrier::Came;
use super::*;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Sends frames as a session does: the lead at once, then one each 20 ms.
async fn speak(near: &Leg, generation: u32, frames: u64) {
    let began = Instant::now();
    for frame in 0..frames {
        let due = ms(frame * 20).saturating_sub(LEAD);
        tokio::time::sleep_until(began + due).await;
        near.audio_out
            .send(outbound(generation, 1_000))
            .await
            .unwrap();
    }
}

async fn a_stream_starts_with_its_parameters_and_keys_are_heard(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let mut carrier = server.carrier().await;
    carrier.start("right").await;
    let (mut near, start) = server.streams.recv().await.unwrap();
    let ids = (tongue.stream_id(), "CA1");
    assert_eq!((&*start.stream_id, &*start.call_id), ids);
    assert_eq!(start.parameters["name"], "Jane");
    assert_eq!(near.description.rate, SampleRate::HZ_8000);
    carrier.say(tongue.key('#')).await;
    assert_eq!(near.events.recv().await, Some(LegEvent::Dtmf('#')));
}

async fn caller_audio_comes_whole_in_chunks_of_any_length(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    for chunk in [1, 37, 160, 161, 800] {
        let (mut carrier, mut near) = server.started().await;
        let audio: Vec<u8> = (0..1_600).map(|n| 0x80 | (n / 160 + n % 3) as u8).collect();
        let sending = audio.clone();
        tokio::spawn(async move {
            for part in sending.chunks(chunk) {
                carrier.speak(part).await;
            }
            carrier.go_on(Duration::from_secs(1)).await;
        });
        for expected in audio.chunks(160) {
            let frame = near.audio_in.recv().await.unwrap();
            let mut samples = Vec::new();
            offhook_media::Decoder::new(offhook_media::Codec::MuLaw, SampleRate::HZ_8000)
                .unwrap()
                .decode(expected, &mut samples)
                .unwrap();
            assert_eq!(frame.samples(), samples, "{chunk}");
        }
    }
}

async fn what_the_network_held_up_is_not_lost(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, mut near) = server.started().await;
    tokio::spawn(async move {
        for _ in 0..40 {
            carrier.speak(&[0x80; 160]).await;
        }
        carrier.go_on(Duration::from_secs(5)).await;
    });
    let mut loud = 0;
    for _ in 0..60 {
        // A session looks at one frame at a time, and drops where ten wait.
        assert!(near.audio_in.len() < offhook_contract::LEG_QUEUE_FRAMES);
        let frame = near.audio_in.recv().await.unwrap();
        loud += usize::from(frame.samples()[0] > 30_000);
    }
    assert_eq!(loud, 40);
}

async fn what_is_said_while_the_session_opens_is_heard(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let mut carrier = server.carrier().await;
    carrier
        .start_with(json!({ "token": "right", "wait": "300" }))
        .await;
    tokio::spawn(async move {
        for _ in 0..10 {
            carrier.speak(&[0x80; 160]).await;
        }
        carrier.go_on(Duration::from_secs(5)).await;
    });
    let (mut near, _) = server.streams.recv().await.unwrap();
    for _ in 0..10 {
        let frame = near.audio_in.recv().await.unwrap();
        assert!(frame.samples()[0] > 30_000);
    }
}

async fn audio_is_followed_by_marks_and_a_hang_up_waits_for_the_last_to_come_back(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let began = Instant::now();
    let session = tokio::spawn(async move {
        speak(&near, 0, 60).await;
        near.control.send(LegControl::HangUp).await.unwrap();
        hung_up(near).await;
    });
    carrier.go_on(Duration::from_secs(5)).await;
    session.await.unwrap();
    assert_eq!(carrier.close_code(), Some(1_000));
    // Half a second has a mark, or the messages that it takes part in, and so has the rest.
    let together = tongue.frames_together();
    let marks = 60_usize.div_ceil(25_usize.next_multiple_of(together));
    let message = Came::Media(160 * together);
    assert_eq!(carrier.count(|came| *came == message), 60 / together);
    assert_eq!(carrier.heard, [0xce; 60 * 160]);
    for number in 1..=marks {
        let mark = Came::Mark(format!("0.{number}"));
        assert!(carrier.first(&mark).is_some(), "{mark:?}");
    }
    assert_eq!(carrier.count(|came| matches!(came, Came::Mark(_))), marks);
    // 1.2 s of audio; the lead goes at once.
    let first = |came| carrier.first(&came).unwrap() - began;
    assert!(first(Came::Mark("0.1".into())) <= ms(405));
    let closed = first(Came::Closed(1_000));
    assert!((ms(1_190)..ms(1_400)).contains(&closed), "{closed:?}");
}

async fn a_lull_gets_its_mark_though_the_span_is_short(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let began = Instant::now();
    let session = tokio::spawn(async move {
        speak(&near, 0, 5).await;
        sleep(Duration::from_secs(2)).await;
        near
    });
    carrier.go_on(Duration::from_secs(1)).await;
    let marked = carrier.first(&Came::Mark("0.1".into())).unwrap() - began;
    assert!((ms(55)..ms(90)).contains(&marked), "{marked:?}");
    session.abort();
}

async fn a_clear_overtakes_audio_and_what_comes_of_before_it_is_dropped(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let session = tokio::spawn(async move {
        speak(&near, 0, 30).await;
        // Ten frames (the lead) are not played yet.
        let ordered = Instant::now();
        near.control
            .send(LegControl::Clear { generation: 1 })
            .await
            .unwrap();
        near.audio_out.send(outbound(0, 7)).await.unwrap();
        speak(&near, 1, 10).await;
        sleep(Duration::from_secs(1)).await;
        near.control.send(LegControl::HangUp).await.unwrap();
        hung_up(near).await;
        ordered
    });
    carrier.go_on(Duration::from_secs(5)).await;
    let ordered = session.await.unwrap();
    let cleared = carrier.first(&Came::Clear).unwrap();
    assert!(cleared - ordered <= ms(5), "{:?}", cleared - ordered);
    // The last frame before the clear may have been dropped on this side.
    let media = carrier.count(|came| matches!(came, Came::Media(_)));
    let together = tongue.frames_together();
    assert!((39 / together..=40 / together).contains(&media), "{media}");
    // Of the first thirty frames those of the lead were taken back.
    let heard = carrier.heard.len() / 160;
    assert!((28..=32).contains(&heard), "{heard}");
    // The mark of the cut audio came back with the clear, and counts for nothing; that of what
    // followed ends the call.
    let later = |came: &Came| matches!(came, Came::Mark(name) if name.starts_with("1."));
    assert_eq!(carrier.count(later), 1);
    assert_eq!(carrier.close_code(), Some(1_000));
}

async fn a_fade_that_would_come_late_is_dropped(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let session = tokio::spawn(async move {
        speak(&near, 0, 30).await;
        sleep(ms(50)).await;
        near.control
            .send(LegControl::Clear { generation: 1 })
            .await
            .unwrap();
        // The end of what was cut, and what is said a second later.
        near.audio_out.send(outbound(1, 7)).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        speak(&near, 1, 10).await;
        sleep(Duration::from_secs(1)).await;
        near.control.send(LegControl::HangUp).await.unwrap();
        hung_up(near).await;
    });
    carrier.go_on(Duration::from_secs(6)).await;
    session.await.unwrap();
    let together = tongue.frames_together();
    let media = carrier.count(|came| matches!(came, Came::Media(_)));
    assert_eq!(media, 40 / together);
}

for_each_carrier!(exotel_alone: Exotel: a_fade_that_would_come_late_is_dropped);

for_each_carrier!(
    a_stream_starts_with_its_parameters_and_keys_are_heard,
    caller_audio_comes_whole_in_chunks_of_any_length,
    what_the_network_held_up_is_not_lost,
    what_is_said_while_the_session_opens_is_heard,
    audio_is_followed_by_marks_and_a_hang_up_waits_for_the_last_to_come_back,
    a_lull_gets_its_mark_though_the_span_is_short,
    a_clear_overtakes_audio_and_what_comes_of_before_it_is_dropped,
);

for_each_carrier!(freeswitch: FreeSwitch:
    a_stream_starts_with_its_parameters_and_keys_are_heard,
    caller_audio_comes_whole_in_chunks_of_any_length,
    what_the_network_held_up_is_not_lost,
    what_is_said_while_the_session_opens_is_heard
);

for_each_carrier!(genesys: Genesys:
    a_stream_starts_with_its_parameters_and_keys_are_heard,
    caller_audio_comes_whole_in_chunks_of_any_length,
    what_the_network_held_up_is_not_lost,
    what_is_said_while_the_session_opens_is_heard
);
