//! A simulated telephone system calls over a pipe, on paused time, with a scripted session behind the
//! leg.

use std::time::Duration;

use offhook_contract::{Leg, LegControl, LegDescription, LegEvent, OutboundFrame, TurnId, leg};
use offhook_media::{Frame, SampleRate};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::media_stream::{OpenedStream, StreamRefusal};
use crate::websocket::SocketLimits;

const UUID: [u8; 16] = [
    0x40, 0x32, 0x5e, 0xc2, 0x5e, 0xfd, 0x4b, 0xd3, 0x80, 0x5f, 0x53, 0x57, 0x6e, 0x58, 0x1d, 0x13,
];

/// The telephone system's end, and the legs that begin.
struct Line {
    pipe: DuplexStream,
    legs: mpsc::Receiver<(Leg, AudioSocketStart)>,
}

fn line() -> Line {
    let (pipe, far) = tokio::io::duplex(64 * 1_024);
    let (sender, legs) = mpsc::channel(1);
    let open = async move |start: AudioSocketStart| {
        if !start
            .uuid
            .starts_with("40325ec2-5efd-4bd3-805f-53576e581d13")
        {
            return Err(StreamRefusal::Rejected("the token is wrong".into()));
        }
        let (near, far_end) = leg(LegDescription {
            transport: "audio-socket".into(),
            rate: start.rate,
            lead: Duration::from_millis(200),
        });
        sender.send((near, start)).await.unwrap();
        let call_id = "call-1".into();
        Ok(OpenedStream { call_id, far_end })
    };
    tokio::spawn(serve_audio_socket(far, SocketLimits::default(), open));
    Line { pipe, legs }
}

impl Line {
    /// Sends a packet; a socket that was closed in the meantime takes nothing.
    async fn send(&mut self, kind: u8, payload: &[u8]) {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        let packet = [&[kind][..], &length, payload].concat();
        self.pipe.write_all(&packet).await.ok();
    }

    /// Names the call and sends the first audio, of that kind.
    async fn begin(&mut self, kind: u8, bytes: usize) -> (Leg, AudioSocketStart) {
        self.send(0x01, &UUID).await;
        self.send(kind, &vec![0; bytes]).await;
        self.legs.recv().await.unwrap()
    }

    /// The next packet; `None` at the end.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 3];
        self.pipe.read_exact(&mut header).await.ok()?;
        let (kind, length) = wire::header(header);
        let mut payload = vec![0; length];
        self.pipe.read_exact(&mut payload).await.ok()?;
        Some((kind, payload))
    }

    /// Reads until the hang-up; gives how much audio came.
    async fn until_hang_up(&mut self) -> usize {
        let mut frames = 0;
        while let Some((kind, _)) = self.next().await {
            if kind == 0 {
                assert!(self.next().await.is_none());
                break;
            }
            frames += 1;
        }
        frames
    }
}

fn outbound(rate: SampleRate, generation: u32, value: i16) -> OutboundFrame {
    OutboundFrame {
        generation,
        turn: TurnId(1),
        frame: Frame::padded(rate, &vec![value; rate.frame_samples()]),
    }
}

#[tokio::test(start_paused = true)]
async fn caller_audio_and_keys_come_in_packets_of_any_length() {
    for bytes in [2, 320, 480, 642, 3_200] {
        let mut line = line();
        let (mut near, start) = line.begin(0x10, bytes).await;
        assert_eq!(start.uuid, "40325ec2-5efd-4bd3-805f-53576e581d13");
        assert_eq!(start.rate, SampleRate::HZ_8000);
        line.send(0x03, b"5").await;
        assert_eq!(near.events.recv().await, Some(LegEvent::Dtmf('5')));
        let loud = 1_000_i16.to_le_bytes().repeat(5_000);
        tokio::spawn(async move {
            for chunk in loud.chunks(bytes) {
                line.send(0x10, chunk).await;
            }
            sleep(Duration::from_secs(5)).await;
        });
        let heard = async {
            let mut heard = 0;
            while heard < 4_800 {
                let frame = near.audio_in.recv().await.unwrap();
                heard += frame.samples().iter().filter(|it| **it == 1_000).count();
            }
        };
        timeout(Duration::from_secs(5), heard)
            .await
            .expect("all is heard");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_audio_has_the_rate_and_a_silent_line_that_of_telephony() {
    for (kind, rate) in [(0x12, SampleRate::HZ_16000), (0x16, SampleRate::HZ_48000)] {
        let mut line = line();
        let (near, start) = line.begin(kind, 640).await;
        assert_eq!((start.rate, near.description.rate), (rate, rate));
        near.audio_out.send(outbound(rate, 0, 5)).await.unwrap();
        let bytes = rate.frame_samples() * 2;
        let (of, audio) = line.next().await.unwrap();
        assert_eq!((of, audio.len(), audio[0]), (kind, bytes, 5));
    }
    let mut silent = line();
    silent.send(0x01, &UUID).await;
    let (_, start) = silent.legs.recv().await.unwrap();
    assert_eq!(start.rate, SampleRate::HZ_8000);
}

#[tokio::test(start_paused = true)]
async fn frames_go_out_in_time_and_a_clear_drops_those_that_wait() {
    let mut line = line();
    let (near, _) = line.begin(0x10, 320).await;
    let rate = SampleRate::HZ_8000;
    let session = tokio::spawn(async move {
        for _ in 0..10 {
            near.audio_out.send(outbound(rate, 0, 1)).await.unwrap();
        }
        sleep(Duration::from_millis(90)).await;
        let clear = LegControl::Clear { generation: 1 };
        near.control.send(clear).await.unwrap();
        for _ in 0..5 {
            near.audio_out.send(outbound(rate, 1, 2)).await.unwrap();
        }
        near.control.send(LegControl::HangUp).await.unwrap();
        near
    });
    let began = Instant::now();
    let (mut old, mut new) = (0_u32, 0);
    while let Some((kind, audio)) = line.next().await {
        match (kind, audio.first()) {
            (0x10, Some(1)) => old += 1,
            (0x10, Some(2)) => new += 1,
            (0, None) => break,
            other => panic!("{other:?}"),
        }
        let due = Duration::from_millis(20) * (old + new - 1);
        let late = began.elapsed().saturating_sub(due);
        assert!(late < Duration::from_millis(45), "{late:?}");
    }
    assert!((4..=6).contains(&old), "{old}");
    assert_eq!(new, 5);
    let mut near = session.await.unwrap();
    assert_eq!(near.events.recv().await, Some(LegEvent::HungUp));
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_or_is_gone_ends_the_leg_at_once() {
    for is_packet in [true, false] {
        let mut line = line();
        let (mut near, _) = line.begin(0x10, 320).await;
        let began = Instant::now();
        if is_packet {
            line.send(0x00, &[]).await;
        } else {
            drop(line);
        }
        assert_eq!(near.events.recv().await, Some(LegEvent::HungUp));
        assert_eq!(near.events.recv().await, None);
        assert!(began.elapsed() < Duration::from_millis(100));
    }
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_right_name_are_hung_up_within_a_second() {
    let mut wrong = line();
    wrong.send(0x01, &[7; 16]).await;
    wrong.send(0x10, &[0; 320]).await;
    let mut unnamed = line();
    unnamed.send(0x10, &[0; 320]).await;
    for line in [&mut wrong, &mut unnamed] {
        let began = Instant::now();
        assert_eq!(line.until_hang_up().await, 0);
        assert!(began.elapsed() < Duration::from_secs(1));
        assert!(line.legs.try_recv().is_err());
    }
    let mut silent = line();
    let began = Instant::now();
    assert_eq!(silent.until_hang_up().await, 0);
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_half_dead_line_is_noticed() {
    let mut line = line();
    let (mut near, _) = line.begin(0x10, 320).await;
    let began = Instant::now();
    assert_eq!(near.events.recv().await, Some(LegEvent::HungUp));
    assert!(began.elapsed() <= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn some_nonsense_is_passed_over_and_too_much_hangs_up() {
    let mut line = line();
    let (mut near, _) = line.begin(0x10, 320).await;
    for (kind, payload) in [
        (0x03, &b"12"[..]),
        (0x01, &UUID),
        (0x12, &[0; 640]),
        (0x77, b"?"),
    ] {
        line.send(kind, payload).await;
    }
    line.send(0x03, b"#").await;
    assert_eq!(near.events.recv().await, Some(LegEvent::Dtmf('#')));
    for _ in 0..30 {
        line.send(0x10, b"odd").await;
    }
    assert_eq!(line.until_hang_up().await, 0);
    assert_eq!(near.events.recv().await, Some(LegEvent::HungUp));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_lines_of_nonsense_break_nothing() {
    for seed in 0..1_000_u64 {
        let mut state = seed;
        let mut random = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        let mut line = line();
        let (mut near, _) = line.begin(0x10, 320).await;
        let bytes: Vec<u8> = (0..200).map(|_| random() % 20).collect();
        line.pipe.write_all(&bytes).await.ok();
        drop(line);
        // Were anything broken by a panic, no word of a hang-up would come.
        let mut last = None;
        while let Some(event) = near.events.recv().await {
            last = Some(event);
        }
        assert_eq!(last, Some(LegEvent::HungUp), "seed {seed}");
    }
}
