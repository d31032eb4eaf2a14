//! Clients that send nonsense, too much, nothing, or go away.

use std::sync::{Arc, Mutex};

use super::*;

#[tokio::test]
async fn nonsense_is_answered_and_the_session_goes_on() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, mut near) = server.started().await;
    for (message, code) in [
        (Message::text("UklGRiQAAABXQVZF"), ErrorCode::NotJson),
        (
            Message::text(r#"{"type":"audio","data":"AAAA"}"#),
            ErrorCode::UnknownEvent,
        ),
        (Message::text(r#"{"type":"dtmf"}"#), ErrorCode::BadEvent),
        (Message::binary(vec![0_u8; 639]), ErrorCode::OddAudioLength),
    ] {
        socket.send(message).await.unwrap();
        assert_eq!(error(&mut socket).await, code);
    }
    socket
        .send(Message::binary(vec![2_u8; 1_000]))
        .await
        .unwrap();
    socket.send(Message::binary(vec![2_u8; 280])).await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            within(near.audio_in.recv()).await.unwrap().samples(),
            [0x0202; 320]
        );
    }
}

#[tokio::test]
async fn too_much_nonsense_closes_the_socket() {
    let mut server = serve(SocketLimits {
        mistakes_max: 2,
        ..SocketLimits::default()
    })
    .await;
    let (mut socket, near) = server.started().await;
    for _ in 0..3 {
        socket.send(Message::binary(vec![0_u8; 3])).await.unwrap();
    }
    let mut last = error(&mut socket).await;
    while last == ErrorCode::OddAudioLength {
        last = error(&mut socket).await;
    }
    assert_eq!(last, ErrorCode::TooManyMistakes);
    assert_eq!(ended(&mut socket).await, (EndCause::ClientFault, 1008));
    hung_up(near).await;
}

#[tokio::test]
async fn a_message_too_large_closes_with_1009() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, near) = server.started().await;
    socket
        .send(Message::binary(vec![0_u8; 100_000]))
        .await
        .unwrap();
    assert_eq!(error(&mut socket).await, ErrorCode::MessageTooLarge);
    assert_eq!(ended(&mut socket).await, (EndCause::ClientFault, 1009));
    hung_up(near).await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_closes_with_1007() {
    use tokio::io::AsyncWriteExt;
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, near) = server.started().await;
    let MaybeTlsStream::Plain(stream) = socket.get_mut() else {
        panic!("no TLS here")
    };
    // A masked text frame of one byte, 0xFF, with a mask of zeros.
    stream
        .write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xFF])
        .await
        .unwrap();
    assert_eq!(error(&mut socket).await, ErrorCode::BadText);
    assert_eq!(ended(&mut socket).await, (EndCause::ClientFault, 1007));
    hung_up(near).await;
}

#[tokio::test]
async fn bytes_that_are_no_websocket_close_with_1002() {
    use tokio::io::AsyncWriteExt;
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, near) = server.started().await;
    let MaybeTlsStream::Plain(stream) = socket.get_mut() else {
        panic!("no TLS here")
    };
    stream.write_all(&[0xF3; 64]).await.unwrap();
    assert_eq!(error(&mut socket).await, ErrorCode::BadProtocol);
    assert_eq!(ended(&mut socket).await, (EndCause::ClientFault, 1002));
    hung_up(near).await;
}

#[tokio::test]
async fn a_client_that_never_begins_is_told_so() {
    let server = serve(quick()).await;
    let mut socket = server.socket().await;
    assert_eq!(error(&mut socket).await, ErrorCode::StartTimeout);
    assert_eq!(ended(&mut socket).await, (EndCause::ClientFault, 1008));
}

#[tokio::test]
async fn a_client_that_falls_silent_is_told_so() {
    let mut server = serve(quick()).await;
    let (mut socket, near) = server.started().await;
    assert_eq!(error(&mut socket).await, ErrorCode::IdleTimeout);
    assert_eq!(ended(&mut socket).await, (EndCause::ClientFault, 1008));
    hung_up(near).await;
}

#[tokio::test]
async fn a_client_that_vanishes_in_mid_reply_ends_the_leg_at_once() {
    let mut server = serve(SocketLimits::default()).await;
    let (socket, near) = server.started().await;
    let speaking = near.audio_out.clone();
    let reply = tokio::spawn(async move {
        let mut count = 0;
        while speaking.send(outbound(0, 1)).await.is_ok() && count < 50_000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            count += 1;
        }
        count
    });
    drop(socket);
    let began = tokio::time::Instant::now();
    hung_up(near).await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert!(within(reply).await.unwrap() < 50_000);
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let limits = SocketLimits {
        stall_max: Duration::from_millis(300),
        ping_interval: Duration::from_millis(100),
        ..SocketLimits::default()
    };
    let mut server = serve(limits).await;
    let (mut socket, near) = server.started().await;
    let speaking = near.audio_out.clone();
    tokio::spawn(async move { while speaking.send(outbound(0, 1)).await.is_ok() {} });
    let stop = Arc::new(Mutex::new(false));
    let is_stopped = Arc::clone(&stop);
    let talking = tokio::spawn(async move {
        // It goes on sending, so that only its silence to pings shows.
        while !*is_stopped.lock().unwrap() {
            if socket.send(Message::binary(vec![0_u8; 640])).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    hung_up(near).await;
    *stop.lock().unwrap() = true;
    within(talking).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_audio_is_cut_down_and_named_once() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, mut near) = server.started().await;
    let received = tokio::spawn(async move {
        let mut count = 0;
        while near.audio_in.recv().await.is_some() {
            count += 1;
        }
        count
    });
    for _ in 0..20 {
        socket
            .send(Message::binary(vec![0_u8; 64_000]))
            .await
            .unwrap();
    }
    assert_eq!(error(&mut socket).await, ErrorCode::AudioTooFast);
    drop(socket);
    let count = within(received).await.unwrap();
    assert!((20..500).contains(&count), "{count} of 2,000 frames");
}
