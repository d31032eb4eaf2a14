//! Calls on the handset with a scripted session at the other end, in virtual time.

use offhook_contract::{Leg, LegDescription, TurnId, leg};

use super::*;

const RATE: SampleRate = SampleRate::HZ_8000;

fn description() -> LegDescription {
    LegDescription {
        transport: "test".into(),
        rate: RATE,
        lead: Duration::ZERO,
    }
}

fn options(silence_millis: u64) -> HandsetOptions {
    HandsetOptions {
        silence_before_hang_up: Duration::from_millis(silence_millis),
        ..HandsetOptions::new(RATE, Duration::ZERO)
    }
}

fn tone(value: i16) -> Frame {
    Frame::padded(RATE, &[value; 160])
}

fn outbound(generation: u32, value: i16) -> OutboundFrame {
    OutboundFrame {
        generation,
        turn: TurnId(1),
        frame: tone(value),
    }
}

/// Speaks for some ticks, each frame filled with the number of its tick.
struct Counting {
    ticks: u64,
    heard: Vec<Option<i16>>,
    hangs_up_at: Option<u64>,
    notices: Vec<LegNotice>,
}

impl Counting {
    fn new(ticks: u64) -> Self {
        Self {
            ticks,
            heard: Vec::new(),
            hangs_up_at: None,
            notices: Vec::new(),
        }
    }
}

impl CallerAudio for Counting {
    fn next_frame(&mut self, heard_agent: Option<&Frame>, tick: u64) -> CallerFrame {
        self.heard.push(heard_agent.map(|frame| frame.samples()[0]));
        if tick < self.ticks {
            CallerFrame::Frame(tone(1_000 + tick as i16))
        } else {
            CallerFrame::End
        }
    }

    fn next_event(&mut self, tick: u64) -> Option<LegEvent> {
        (self.hangs_up_at == Some(tick)).then_some(LegEvent::HungUp)
    }

    fn notice(&mut self, notice: &LegNotice, _tick: u64) {
        self.notices.push(notice.clone());
    }
}

/// The value that each frame of a track is filled with.
fn values(track: &[i16]) -> Vec<i16> {
    track.chunks(160).map(|frame| frame[0]).collect()
}

/// Answers each caller frame with itself until the leg closes.
async fn echo(mut leg: Leg) -> usize {
    let mut count = 0;
    while let Some(frame) = leg.audio_in.recv().await {
        let frame = OutboundFrame {
            generation: 0,
            turn: TurnId(1),
            frame,
        };
        if leg.audio_out.send(frame).await.is_err() {
            break;
        }
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn both_tracks_are_kept_in_step_and_the_call_ends_in_silence() {
    let (near, far_end) = leg(description());
    let session = tokio::spawn(echo(near));
    let mut caller = Counting::new(5);
    let report = call_with(far_end, &mut caller, options(100)).await;
    assert_eq!(report.end, HandsetEnd::CallerDone);
    assert_eq!(
        values(&report.caller)[..6],
        [1_000, 1_001, 1_002, 1_003, 1_004, 0]
    );
    assert_eq!(
        values(&report.agent)[..7],
        [0, 1_000, 1_001, 1_002, 1_003, 1_004, 0]
    );
    assert_eq!(report.caller.len(), report.agent.len());
    assert_eq!(report.duration, Duration::from_millis(20 * (6 + 5)));
    assert_eq!(caller.heard[..3], [None, Some(1_000), Some(1_001)]);
    assert_eq!(
        (report.caller_frames_dropped, report.agent_frames_dropped),
        (0, 0)
    );
    assert_eq!(session.await.unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_cut_is_heard_as_one() {
    let (near, far_end) = leg(description());
    let session = tokio::spawn(async move {
        for _ in 0..8 {
            near.audio_out.send(outbound(0, 500)).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        near.control
            .send(LegControl::Clear { generation: 1 })
            .await
            .unwrap();
        near.audio_out.send(outbound(0, 501)).await.unwrap();
        near.audio_out.send(outbound(1, 600)).await.unwrap();
        near.control
            .send(LegControl::Notice(LegNotice::Interrupted))
            .await
            .unwrap();
        near
    });
    let mut caller = Counting::new(0);
    let report = call_with(far_end, &mut caller, options(200)).await;
    assert_eq!(values(&report.agent)[..5], [0, 500, 500, 600, 0]);
    assert_eq!(report.agent_frames_dropped, 7);
    assert_eq!(report.arrivals.len(), 9);
    assert_eq!(caller.notices, [LegNotice::Interrupted]);
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_agents_hang_up_is_heard_to_the_end() {
    let (near, far_end) = leg(description());
    let session = tokio::spawn(async move {
        for _ in 0..10 {
            near.audio_out.send(outbound(0, 700)).await.unwrap();
        }
        near.control.send(LegControl::HangUp).await.unwrap();
        near
    });
    let report = call_with(far_end, &mut Counting::new(1_000), options(100)).await;
    assert_eq!(report.end, HandsetEnd::AgentHungUp);
    assert_eq!(values(&report.agent)[1..], [700; 10]);
    let mut near = session.await.unwrap();
    assert_eq!(near.events.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_dies_ends_the_call() {
    let (near, far_end) = leg(description());
    drop(near);
    let report = call_with(far_end, &mut Counting::new(1_000), options(100)).await;
    assert_eq!(report.end, HandsetEnd::LegGone);
    assert_eq!(report.duration, Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn the_caller_can_hang_up_and_the_longest_duration_does() {
    let (mut near, far_end) = leg(description());
    let mut caller = Counting {
        hangs_up_at: Some(3),
        ..Counting::new(1_000)
    };
    let report = call_with(far_end, &mut caller, options(100)).await;
    assert_eq!(report.end, HandsetEnd::CallerHungUp);
    assert_eq!(near.events.recv().await, Some(LegEvent::HungUp));
    assert_eq!(near.events.recv().await, None);

    let (near, far_end) = leg(description());
    let session = tokio::spawn(echo(near));
    let options = HandsetOptions {
        duration_max: Duration::from_secs(1),
        ..options(100)
    };
    let report = call_with(far_end, &mut Counting::new(1_000), options).await;
    assert_eq!(
        (report.end, report.duration),
        (HandsetEnd::DurationMax, Duration::from_secs(1))
    );
    assert_eq!(report.pacing().underruns, 0);
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_recording_has_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let (near, far_end) = leg(description());
    let session = tokio::spawn(echo(near));
    let options = HandsetOptions {
        recording: Some(StereoWav::create(&path, RATE).unwrap()),
        keeps_tracks: false,
        ..options(100)
    };
    let report = call_with(far_end, &mut Counting::new(5), options).await;
    session.await.unwrap();
    assert!(report.caller.is_empty() && report.recording_error.is_none());
    let wav = offhook_media::read_wav(&path).unwrap();
    assert_eq!(wav.channels.len(), 2);
    assert_eq!(values(&wav.channels[0])[..2], [1_000, 1_001]);
    assert_eq!(values(&wav.channels[1])[..3], [0, 1_000, 1_001]);
}
