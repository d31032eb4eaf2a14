//! `offhook replay`: the same facts, the same commands.

use offhook_call::fact_log::{LogReader, replay};

use crate::arguments::ReplayArguments;
use crate::outcome::{Complaint, Outcome, chain};

/// Replays a log and says where its decisions differ.
pub(crate) fn run(arguments: &ReplayArguments) -> anyhow::Result<Outcome> {
    let log = LogReader::open(&arguments.log).map_err(|problem| bad_log(&problem))?;
    let call = log.header().call_id.clone();
    let outcome = replay(log).map_err(|problem| bad_log(&problem))?;
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
        match outcome.differences_count {
            0 => "each the same as in the log".to_owned(),
            1 => "1 of them different".to_owned(),
            count => format!("{count} of them different"),
        }
    );
    Ok(if outcome.is_identical() {
        Outcome::Done
    } else {
        Outcome::Missed
    })
}

fn bad_log(problem: &dyn std::error::Error) -> anyhow::Error {
    Complaint::bad_input(chain(problem))
}
