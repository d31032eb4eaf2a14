//! `offhook replay`: the same facts, the same commands.

use offhook_call::fact_log::{LogReader, ReplayOutcome, replay_under, set_knobs};

use crate::arguments::ReplayArguments;
use crate::outcome::{Complaint, Outcome, chain};

/// Replays a log and says where its decisions differ. Under another policy differences are what was
/// asked for, otherwise they are a failure.
pub(crate) fn run(arguments: &ReplayArguments) -> anyhow::Result<Outcome> {
    let log = LogReader::open(&arguments.log).map_err(|problem| bad_log(&problem))?;
    let call = log.header().call_id.clone();
    let policy =
        set_knobs(&log.header().policy, &arguments.knobs).map_err(|problem| bad_log(&problem))?;
    let outcome = replay_under(policy, log).map_err(|problem| bad_log(&problem))?;
    if arguments.explain {
        for (at, decision) in &outcome.commands {
            println!("{at:>12}  {}  ({})", decision.command, decision.reason);
        }
    }
    for difference in &outcome.differences {
        println!("{difference}");
    }
    println!(
        "call {call}: {} facts and {} deadlines gave {} commands, {}",
        outcome.facts,
        outcome.timers,
        outcome.commands.len(),
        verdict(&outcome)
    );
    let is_other_policy = !arguments.knobs.is_empty();
    if is_other_policy && !outcome.is_identical() {
        println!(
            "with {}: from the first difference that the caller would have heard, the call itself \
             would have gone another way",
            arguments.knobs.join(" ")
        );
    }
    Ok(if outcome.is_identical() || is_other_policy {
        Outcome::Done
    } else {
        Outcome::Missed
    })
}

fn verdict(outcome: &ReplayOutcome) -> String {
    match outcome.differences_count {
        0 => "each the same as in the log".to_owned(),
        1 => "1 of them different".to_owned(),
        count => format!("{count} of them different"),
    }
}

fn bad_log(problem: &dyn std::error::Error) -> anyhow::Error {
    Complaint::bad_input(chain(problem))
}
