//! The command line: arguments in, exit code out. What the commands do lives in the crates; here
//! is only the wiring.

mod arguments;
mod bench;
mod call;
mod check;
mod keys;
mod models;
mod outcome;
mod replay;
mod serve;
mod settings;
mod stack;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use arguments::{Arguments, Command};
use outcome::Outcome;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(outcome) => outcome.into(),
        Err(problem) => {
            eprintln!("offhook: {problem:#}");
            outcome::of_error(&problem).into()
        }
    }
}

fn run(command: Command) -> anyhow::Result<Outcome> {
    if !matches!(command, Command::Serve(_)) {
        start_log("warn", false);
    }
    match command {
        Command::Bench(arguments) => on_the_runtime(bench::run(arguments)),
        Command::Check(arguments) => check::run(&arguments),
        Command::Keys(arguments) => on_the_runtime(keys::run(arguments)),
        Command::Models(arguments) => on_the_runtime(models::run(arguments)),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Call(arguments) => on_the_runtime(call::run(*arguments)),
        Command::Demo(arguments) => on_the_runtime(call::demo(arguments)),
        Command::Serve(arguments) => on_the_runtime(serve::run(arguments)),
    }
}

/// Logs to standard error, from `level` on unless OFFHOOK_LOG says otherwise.
fn start_log(level: &str, is_json: bool) {
    let filter = EnvFilter::try_from_env("OFFHOOK_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if is_json {
        log.json().init();
    } else {
        log.init();
    }
}

/// Audio and control run on few workers: inference has threads of its own.
fn on_the_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work);
    // Inference that is still running must not hold up the exit.
    runtime.shutdown_background();
    outcome
}
