//! An echo as its users run it, with simulated callers over real sockets.

use std::time::Duration;

use offhook_load::{LoadDelays, LoadLeg, LoadMode, LoadPlan};
use offhook_media::write_wav;
use tempfile::TempDir;

#[tokio::test]
async fn media_streams_come_straight_back_and_their_cost_is_told() {
    let folder = TempDir::new().expect("a folder");
    let tone: Vec<i16> = (0..16_000)
        .map(|n| (f64::from(n) * 0.3).sin() * 9_000.0)
        .map(|level| level as i16)
        .collect();
    write_wav(&folder.path().join("tone.wav"), 8_000, &tone).expect("a file");
    let plan = LoadPlan {
        leg: LoadLeg::Twilio,
        faults_per_mille: 0,
        profile: None,
        modes: vec![LoadMode::Echo],
        calls: Some(vec![2]),
        hold: Duration::from_millis(500),
        delays: LoadDelays::ZERO,
        offhook: env!("CARGO_BIN_EXE_offhook").into(),
        simulators: "unused".into(),
        clips: folder.path().to_owned(),
        folder: folder.path().to_owned(),
    };
    let mut told = 0;
    let report = offhook_load::run(&plan, |_, _| told += 1)
        .await
        .expect("it is measured");
    let echo = &report.modes["echo"];
    let level = &echo.levels[0];
    assert_eq!((told, level.failed_calls, level.lost_frames), (1, 0, 0));
    assert!(level.frames >= 40, "{level:?}");
    assert!(echo.memory_idle_bytes > 1_000_000 && echo.start_up_ms > 0.0);
}
