//! Sessions as they should be: begun, spoken in, ended.

use offhook_contract::{LegControl, LegNotice};

use super::*;
use crate::{HandsetEnd, HandsetOptions, WavCaller, call_with};

#[tokio::test]
async fn a_handset_calls_through_the_socket_and_hears_its_echo() {
    let mut server = serve(SocketLimits::default()).await;
    let url = server.url();
    let rate = SampleRate::HZ_16000;
    let variables = BTreeMap::from([("name".to_owned(), "Ann".to_owned())]);
    let call = within(connect(&url, rate, None, &variables)).await.unwrap();
    assert_eq!(
        (call.call_id.as_str(), call.description.lead),
        ("call-1", LEAD)
    );
    let (mut near, start) = server.session().await;
    assert_eq!(start.variables, variables);
    let session = tokio::spawn(async move {
        near.control
            .send(LegControl::Notice(LegNotice::AgentStartedSpeaking))
            .await
            .unwrap();
        while let Some(frame) = near.audio_in.recv().await {
            near.audio_out
                .send(OutboundFrame {
                    frame,
                    ..outbound(0, 0)
                })
                .await
                .ok();
        }
        near.events.recv().await
    });
    let said: Vec<i16> = (0..320 * 20).map(|n| 100 + (n / 320) as i16).collect();
    let mut caller = WavCaller::from_samples(said.clone(), rate);
    let options = HandsetOptions {
        silence_before_hang_up: Duration::from_millis(300),
        ..HandsetOptions::new(rate, Duration::ZERO)
    };
    let bridge = tokio::spawn(call.bridge.run());
    let report = within(call_with(call.far_end, &mut caller, options)).await;
    assert_eq!(report.end, HandsetEnd::CallerDone);
    let heard: Vec<i16> = report
        .agent
        .iter()
        .copied()
        .filter(|sample| *sample != 0)
        .collect();
    assert_eq!(heard, said);
    assert!(report.arrivals.len() >= 20);
    let end = within(bridge).await.unwrap();
    assert_eq!(
        end,
        CallEnd {
            cause: Some(EndCause::CallerHungUp),
            errors: Vec::new()
        }
    );
    assert_eq!(within(session).await.unwrap(), Some(LegEvent::HungUp));
}

#[tokio::test]
async fn the_agents_hang_up_comes_after_its_last_audio() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, near) = server.started().await;
    for value in 1..=8 {
        near.audio_out.send(outbound(0, value)).await.unwrap();
    }
    let sent_at = tokio::time::Instant::now();
    near.control.send(LegControl::HangUp).await.unwrap();
    drop(near);
    let mut heard = Vec::new();
    while heard.len() < 8 {
        if let Message::Binary(bytes) = within(socket.next()).await.unwrap().unwrap() {
            assert_eq!(bytes.len(), 640);
            heard.push(i16::from_le_bytes([bytes[0], bytes[1]]));
        }
    }
    assert_eq!(heard, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(ended(&mut socket).await, (EndCause::AgentHungUp, 1000));
    assert!(
        sent_at.elapsed() >= Duration::from_millis(140),
        "{:?}",
        sent_at.elapsed()
    );
}

#[tokio::test]
async fn after_a_clear_nothing_older_is_sent() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, near) = server.started().await;
    near.control
        .send(LegControl::Clear { generation: 2 })
        .await
        .unwrap();
    near.control
        .send(LegControl::Notice(LegNotice::Interrupted))
        .await
        .unwrap();
    assert_eq!(
        event(&mut socket).await,
        ServerEvent::Clear { generation: 2 }
    );
    assert_eq!(event(&mut socket).await, ServerEvent::Interrupted);
    near.audio_out.send(outbound(1, 11)).await.unwrap();
    near.audio_out.send(outbound(2, 12)).await.unwrap();
    loop {
        if let Message::Binary(bytes) = within(socket.next()).await.unwrap().unwrap() {
            assert_eq!(bytes[0], 12);
            break;
        }
    }
}

#[tokio::test]
async fn events_reach_the_session() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, mut near) = server.started().await;
    for text in [
        r#"{"type":"dtmf","digit":"5"}"#,
        r#"{"type":"message","text":"hello"}"#,
        r#"{"type":"activity"}"#,
        r#"{"type":"ping","id":3}"#,
    ] {
        socket.send(Message::text(text)).await.unwrap();
    }
    assert_eq!(within(near.events.recv()).await, Some(LegEvent::Dtmf('5')));
    assert_eq!(
        within(near.events.recv()).await,
        Some(LegEvent::Message("hello".into()))
    );
    assert_eq!(within(near.events.recv()).await, Some(LegEvent::Activity));
    assert_eq!(event(&mut socket).await, ServerEvent::Pong { id: Some(3) });
    socket
        .send(Message::text(r#"{"type":"hang_up"}"#))
        .await
        .unwrap();
    assert_eq!(ended(&mut socket).await, (EndCause::CallerHungUp, 1000));
    hung_up(near).await;
}

#[tokio::test]
async fn audio_alone_begins_a_session() {
    let mut server = serve(SocketLimits::default()).await;
    let mut socket = server.socket().await;
    socket.send(Message::binary(vec![1_u8; 640])).await.unwrap();
    let (mut near, start) = server.session().await;
    assert_eq!(start, SessionStart::default());
    assert_eq!(
        within(near.audio_in.recv()).await.unwrap().samples()[0],
        0x0101
    );
    assert!(matches!(
        event(&mut socket).await,
        ServerEvent::SessionStarted { .. }
    ));
    socket
        .send(Message::text(r#"{"type":"start"}"#))
        .await
        .unwrap();
    assert_eq!(error(&mut socket).await, ErrorCode::AlreadyStarted);
}

#[tokio::test]
async fn a_session_that_breaks_is_told_to_the_client() {
    let mut server = serve(SocketLimits::default()).await;
    let (mut socket, near) = server.started().await;
    drop(near);
    assert_eq!(error(&mut socket).await, ErrorCode::SessionFailed);
    assert_eq!(ended(&mut socket).await, (EndCause::Failed, 1011));
}

#[tokio::test]
async fn the_client_says_why_it_cannot_call() {
    let server = serve(SocketLimits::default()).await;
    let rate = SampleRate::HZ_16000;
    let none = BTreeMap::new();
    let refuse = BTreeMap::from([("refuse".to_owned(), "1".to_owned())]);
    let refused = within(connect(&server.url(), rate, None, &refuse))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the server refused the call: no model is free"
    );
    let elsewhere = format!("ws://{}/nothing", server.address);
    let missing = within(connect(&elsewhere, rate, None, &none))
        .await
        .unwrap_err();
    assert!(missing.to_string().contains("HTTP status 404"), "{missing}");
    let closed = within(connect("ws://127.0.0.1:1/v1/session", rate, None, &none))
        .await
        .unwrap_err();
    assert!(
        closed.to_string().contains("is the server running?"),
        "{closed}"
    );
    for (url, expected) in [
        ("http://127.0.0.1/", "must begin with ws://"),
        ("wss://127.0.0.1/", "not supported"),
        ("no address", "write one such as ws://"),
    ] {
        let problem = within(connect(url, rate, None, &none))
            .await
            .unwrap_err()
            .to_string();
        assert!(problem.contains(expected), "{url}: {problem}");
    }
}
