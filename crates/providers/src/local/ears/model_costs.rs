//! What a pass of each model costs, measured on demand:
//! `cargo test --release -p offhook-providers model_costs -- --ignored --nocapture`.

use super::model_tests::{floats, models, speech};
use super::{DENOISER_HOP, Denoiser, Moonshine, SileroMemory, SileroModel, SmartTurn, VAD_WINDOW};

const RUNS: usize = 21;

/// Milliseconds of CPU that this thread has used; a pass runs on the thread that asks for it.
fn cpu_ms() -> f64 {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let on_cpu_ns: f64 = figures.split_whitespace().next().unwrap().parse().unwrap();
    on_cpu_ns / 1e6
}

/// Prints the least and the median cost of `pass`, and gives the least.
fn measure(name: &str, mut pass: impl FnMut()) -> f64 {
    let mut costs: Vec<f64> = (0..RUNS)
        .map(|_| {
            let before = cpu_ms();
            pass();
            cpu_ms() - before
        })
        .collect();
    costs.sort_by(f64::total_cmp);
    println!(
        "{name:<44} min {:8.3} ms, median {:8.3} ms",
        costs[0],
        costs[RUNS / 2]
    );
    costs[0]
}

#[test]
#[ignore = "a measurement; see the head of the file"]
fn model_costs() {
    let Some((runtime, files)) = models() else {
        return;
    };
    let recognition = Moonshine::load(&runtime, &files.recognition, 1).unwrap();
    let end_of_turn = SmartTurn::load(&runtime, &files.end_of_turn, 1).unwrap();
    let voice_activity = SileroModel::load(&runtime, &files.voice_activity, 1).unwrap();
    let mut memory = SileroMemory::default();
    // One window costs less than the scheduler's clock can tell.
    measure("voice activity, 500 windows (16 s)", || {
        for _ in 0..500 {
            voice_activity
                .probability(&mut memory, &[0.01; VAD_WINDOW])
                .unwrap();
        }
    });
    let denoiser = Denoiser::load(&runtime, &files.denoising, 1).unwrap();
    let mut cleaned = denoiser.memory();
    measure("denoising, 2000 hops (16 s)", || {
        for _ in 0..2_000 {
            denoiser
                .clean(&mut cleaned, &mut [0.01; DENOISER_HOP])
                .unwrap();
        }
    });
    for file in ["seven_of_clubs.wav", "amiable_woman.wav"] {
        let samples = floats(&speech(file));
        let transcribe = |draft: &[u32]| {
            recognition
                .transcribe(&samples, draft, &|| false)
                .unwrap()
                .unwrap()
        };
        let tokens = transcribe(&[]).tokens;
        let seconds = samples.len() as f64 / 16_000.0;
        let name = format!("{seconds:.2} s, {} tokens", tokens.len());
        measure(&format!("end of turn, {name}"), || {
            end_of_turn.likelihood(&samples).unwrap();
        });
        let plain = measure(&format!("recognition, {name}, no draft"), || {
            transcribe(&[]);
        });
        let drafted = measure(&format!("recognition, {name}, whole draft"), || {
            transcribe(&tokens);
        });
        assert!(
            drafted < plain,
            "a draft must make a pass cheaper: {drafted} ms of {plain} ms"
        );
    }
}
