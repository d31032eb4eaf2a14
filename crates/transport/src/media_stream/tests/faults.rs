//! Carriers that send nonsense, too much, nothing, take nothing, or go away.

use offhook_contract::LegControl;
use serde_json::json;
use tokio::time::Instant;

use super::*;

async fn a_wrong_token_closes_with_1008_at_once(tongue: Tongue) {
    let server = serve(tongue, SocketLimits::default());
    let mut carrier = server.carrier().await;
    let began = Instant::now();
    carrier.start("wrong").await;
    assert_eq!(carrier.wait_for_close().await, 1_008);
    assert!(began.elapsed() < Duration::from_secs(1));
}

async fn a_stream_that_never_starts_is_closed_after_ten_seconds(tongue: Tongue) {
    let server = serve(tongue, SocketLimits::default());
    let mut carrier = server.carrier().await;
    let began = Instant::now();
    carrier
        .say(json!({ "event": "connected", "protocol": "Call" }))
        .await;
    carrier.go_on(Duration::from_secs(60)).await;
    // Audio before the start makes no sense, and no start comes of it.
    assert_eq!(carrier.close_code(), Some(1_008));
    assert!(began.elapsed() <= Duration::from_secs(10));
    let mut silent = server.carrier().await;
    let began = Instant::now();
    assert_eq!(silent.wait_for_close().await, 1_008);
    assert_eq!(began.elapsed().as_secs(), 10);
}

async fn a_stop_and_a_lost_socket_end_the_leg_at_once(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let began = Instant::now();
    carrier.stop().await;
    hung_up(near).await;
    assert!(began.elapsed() < Duration::from_millis(100));
    let (carrier, near) = server.started().await;
    drop(carrier);
    hung_up(near).await;
}

async fn who_hangs_up_while_the_session_opens_leaves_the_line(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    for is_stop in [true, false] {
        let mut carrier = server.carrier().await;
        carrier
            .start_with(json!({ "token": "right", "wait": "60000" }))
            .await;
        carrier.go_on(Duration::from_secs(2)).await;
        if is_stop {
            carrier.stop().await;
            let code = carrier.wait_for_close().await;
            // Who closes the socket itself is not told so.
            assert_eq!(
                code,
                if tongue.stop().is_some() {
                    1_000
                } else {
                    1_006
                }
            );
        }
        drop(carrier);
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(server.streams.try_recv().is_err());
    }
}

async fn a_half_dead_socket_is_noticed(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (carrier, near) = server.started().await;
    let began = Instant::now();
    // Nothing is read and nothing is sent, and no end comes.
    hung_up(near).await;
    assert!(
        began.elapsed() <= Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    drop(carrier);
}

async fn a_carrier_that_takes_nothing_is_cut_off_and_nothing_piles_up(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let lane = near.audio_out.clone();
    let sent = tokio::spawn(async move {
        let mut sent = 0_usize;
        while lane.send(outbound(0, 1)).await.is_ok() {
            sent += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sent
    });
    // It speaks on, so that only what it does not take shows.
    let talking = tokio::spawn(async move {
        loop {
            carrier.speak(&[0xff; 160]).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    hung_up(near).await;
    let sent = sent.await.unwrap();
    // The pipe, and at most the lane and one message beyond it.
    assert!(sent * 160 < PIPE_BYTES * 2, "{sent} frames");
    talking.abort();
}

async fn a_carrier_that_stops_playing_is_cut_off(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    let lane = near.audio_out.clone();
    tokio::spawn(async move {
        while lane.send(outbound(0, 1)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    carrier.go_on(Duration::from_secs(3)).await;
    assert_eq!(carrier.close_code(), None);
    carrier.is_answering = false;
    let began = Instant::now();
    carrier.go_on(Duration::from_secs(60)).await;
    assert_eq!(carrier.close_code(), Some(1_008));
    assert!(
        began.elapsed() <= Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    hung_up(near).await;
}

async fn a_carrier_that_never_sends_marks_back_is_served_all_the_same(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    carrier.is_answering = false;
    let session = tokio::spawn(async move {
        for _ in 0..2_000 {
            near.audio_out.send(outbound(0, 1)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        near.control.send(LegControl::HangUp).await.unwrap();
        hung_up(near).await;
    });
    carrier.go_on(Duration::from_secs(90)).await;
    session.await.unwrap();
    assert_eq!(carrier.close_code(), Some(1_000));
}

async fn some_nonsense_is_passed_over_and_too_much_closes_the_socket(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, mut near) = server.started().await;
    for text in [
        "",
        "{}",
        r#"{"event":"media"}"#,
        r#"{"event":"media","media":{"payload":"%%"}}"#,
    ] {
        carrier.text(text.to_owned()).await;
    }
    if !tongue.is_binary() {
        carrier.binary(vec![0; 1_000]).await;
    }
    carrier.start("right").await;
    carrier.speak(&[0x80; 160]).await;
    assert!(near.audio_in.recv().await.unwrap().samples()[0] > 30_000);
    for _ in 0..30 {
        carrier.text("nonsense".to_owned()).await;
    }
    assert_eq!(carrier.wait_for_close().await, 1_008);
    hung_up(near).await;
}

async fn a_message_too_long_closes_with_1009(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    let (mut carrier, near) = server.started().await;
    carrier.speak(&vec![0xff; 70_000]).await;
    assert_eq!(carrier.wait_for_close().await, 1_009);
    hung_up(near).await;
}

/// What a carrier might send, bent by a seed: cut, doubled, with bytes changed.
fn bent(tongue: Tongue, seed: &mut u64) -> Vec<u8> {
    let mut random = |below: usize| {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as usize % below
    };
    let messages = tongue.samples();
    let mut bytes = messages[random(messages.len())].as_bytes().to_vec();
    for _ in 0..random(4) {
        let at = random(bytes.len().max(1));
        match random(3) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..),
            _ => bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = random(256) as u8),
        }
    }
    bytes
}

async fn a_thousand_streams_of_nonsense_break_nothing(tongue: Tongue) {
    let mut server = serve(tongue, SocketLimits::default());
    for seed in 0..1_000_u64 {
        let mut state = seed;
        let (mut carrier, near) = server.started().await;
        for _ in 0..20 {
            let bytes = bent(tongue, &mut state);
            match String::from_utf8(bytes) {
                Ok(text) => carrier.text(text).await,
                Err(wrong) => carrier.binary(wrong.into_bytes()).await,
            }
        }
        carrier.stop().await;
        // Were anything broken by a panic, no word of a hang-up would come.
        let mut near = near;
        let mut last = None;
        while let Some(event) = near.events.recv().await {
            last = Some(event);
        }
        assert_eq!(last, Some(LegEvent::HungUp), "seed {seed}");
    }
}

for_each_carrier!(
    a_wrong_token_closes_with_1008_at_once,
    a_stream_that_never_starts_is_closed_after_ten_seconds,
    a_stop_and_a_lost_socket_end_the_leg_at_once,
    who_hangs_up_while_the_session_opens_leaves_the_line,
    a_half_dead_socket_is_noticed,
    a_carrier_that_takes_nothing_is_cut_off_and_nothing_piles_up,
    a_carrier_that_stops_playing_is_cut_off,
    a_carrier_that_never_sends_marks_back_is_served_all_the_same,
    some_nonsense_is_passed_over_and_too_much_closes_the_socket,
    a_message_too_long_closes_with_1009,
    a_thousand_streams_of_nonsense_break_nothing,
);

for_each_carrier!(freeswitch: FreeSwitch:
    a_wrong_token_closes_with_1008_at_once,
    a_stream_that_never_starts_is_closed_after_ten_seconds,
    a_stop_and_a_lost_socket_end_the_leg_at_once,
    who_hangs_up_while_the_session_opens_leaves_the_line,
    a_half_dead_socket_is_noticed,
    a_carrier_that_takes_nothing_is_cut_off_and_nothing_piles_up,
    a_carrier_that_never_sends_marks_back_is_served_all_the_same,
    some_nonsense_is_passed_over_and_too_much_closes_the_socket,
    a_message_too_long_closes_with_1009,
    a_thousand_streams_of_nonsense_break_nothing
);

for_each_carrier!(genesys: Genesys:
    a_wrong_token_closes_with_1008_at_once,
    a_stream_that_never_starts_is_closed_after_ten_seconds,
    a_stop_and_a_lost_socket_end_the_leg_at_once,
    who_hangs_up_while_the_session_opens_leaves_the_line,
    a_half_dead_socket_is_noticed,
    a_carrier_that_takes_nothing_is_cut_off_and_nothing_piles_up,
    a_carrier_that_never_sends_marks_back_is_served_all_the_same,
    some_nonsense_is_passed_over_and_too_much_closes_the_socket,
    a_message_too_long_closes_with_1009,
    a_thousand_streams_of_nonsense_break_nothing
);
