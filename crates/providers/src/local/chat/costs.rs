//! What reading and writing cost with one thread and with two, measured on demand:
//! `cargo test --release -p offhook-providers chat_costs -- --ignored --nocapture`. The model is the
//! catalogue's default, or the file that `OFFHOOK_COSTS_MODEL` names.

use std::path::PathBuf;
use std::time::Instant;

use super::LlamaChatConfig;
use super::seat::Seat;
use super::weights::Weights;
use crate::catalogue::ModelDirectory;

const RUNS: usize = 9;

/// Milliseconds of CPU that this process has used, all threads together.
fn cpu_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    threads
        .filter_map(|thread| {
            let file = thread.ok()?.path().join("schedstat");
            let figures = std::fs::read_to_string(file).ok()?;
            figures.split_whitespace().next()?.parse::<f64>().ok()
        })
        .sum::<f64>()
        / 1e6
}

fn model() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("OFFHOOK_COSTS_MODEL") {
        return Some(path.into());
    }
    let directory = ModelDirectory::from_environment();
    let file = directory.file("qwen2.5-coder-1.5b-instruct", "model.gguf");
    file.is_file().then_some(file)
}

#[test]
#[ignore = "a measurement; see the head of the file"]
fn chat_costs() {
    let Some(model) = model() else { return };
    let weights = Weights::load(&model).unwrap();
    let text = "The clinic is open from Monday to Friday. ".repeat(40);
    let tokens = weights
        .model
        .vocab()
        .tokenize(text.as_bytes(), false, false);
    for threads in [1, 2] {
        let config = LlamaChatConfig {
            read_threads: threads,
            write_threads: threads,
            ..LlamaChatConfig::new(&model)
        };
        let mut seat = Seat::new(&weights, &config).unwrap();
        while !seat.read(&tokens[..256], false).unwrap() {}
        for count in [1, 2, 4, 8, 16, 64] {
            let mut figures: Vec<(f64, f64)> = (0..RUNS)
                .map(|_| {
                    seat.settle(&tokens[..256], false).unwrap();
                    let (began, cpu) = (Instant::now(), cpu_ms());
                    while !seat.read(&tokens[..256 + count], true).unwrap() {}
                    (began.elapsed().as_secs_f64() * 1e3, cpu_ms() - cpu)
                })
                .collect();
            figures.sort_by(|one, other| one.0.total_cmp(&other.0));
            let (wall, cpu) = figures[RUNS / 2];
            println!("{threads} threads, {count:>2} tokens: {wall:7.1} ms, CPU {cpu:7.1} ms");
        }
    }
}
