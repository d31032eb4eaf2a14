//! `offhook check`: every problem of a file, with its path.

use std::path::Path;

use offhook_agent::{Agent, AgentProblems, ServedModels};
use offhook_rehearsal::Scenario;
use offhook_store::StoredAgent;

use crate::arguments::CheckArguments;
use crate::outcome::{Complaint, Outcome, chain};
use crate::settings::Settings;

/// Checks each file; all are looked at before the verdict.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for file in &arguments.files {
        match check(file) {
            Ok(kind) => println!("{}: a valid {kind}", file.display()),
            Err(problem) => {
                println!("{}: {problem:#}", file.display());
                outcome = Outcome::BadInput;
            }
        }
    }
    Ok(outcome)
}

/// What the file is, by its ending and, for TOML, by its name.
fn check(file: &Path) -> anyhow::Result<&'static str> {
    let ending = file
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    match ending {
        "json" => read_agent(file).map(|_| "agent"),
        "toml" if file.file_name().is_some_and(|name| name == "offhook.toml") => {
            Settings::read(file).map(|_| "server configuration")
        }
        "toml" => read_scenario(file).map(|_| "scenario"),
        _ => Err(Complaint::bad_input(
            "only agents (.json), scenarios (.toml) and offhook.toml can be checked",
        )),
    }
}

/// Reads an agent; every problem of it is in the error.
pub(crate) fn read_agent(file: &Path) -> anyhow::Result<Agent> {
    let text = std::fs::read_to_string(file).map_err(|problem| {
        Complaint::bad_input(format!("cannot read {}: {problem}", file.display()))
    })?;
    Agent::from_json(&text)
        .map_err(|problems| Complaint::bad_input(format!("{}: {problems}", file.display())))
}

/// Reads an agent for calls that `served` serve; a model that it names and that is not one of them
/// is a problem of it.
pub(crate) fn read_served_agent(file: &Path, served: &ServedModels) -> anyhow::Result<Agent> {
    let agent = read_agent(file)?;
    agent
        .models()
        .check_served(served)
        .map_err(|problems| Complaint::bad_input(format!("{}: {problems}", file.display())))?;
    Ok(agent)
}

/// Reads an agent of a store, as above.
pub(crate) fn read_stored_agent(
    agent: &StoredAgent,
    served: &ServedModels,
) -> anyhow::Result<Agent> {
    offhook_api::read_agent(&agent.document, served).map_err(|refused| {
        let problems = AgentProblems(refused.0);
        Complaint::bad_input(format!("agent {}: {problems}", agent.id))
    })
}

/// Reads a scenario; every problem of it is in the error.
pub(crate) fn read_scenario(file: &Path) -> anyhow::Result<Scenario> {
    Scenario::load(file).map_err(|problem| Complaint::bad_input(chain(&problem)))
}
