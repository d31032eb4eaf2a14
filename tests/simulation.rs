//! Thousands of made-up calls through the turn manager, each from a seed, each checked against the
//! invariants. A seed that fails prints itself; `OFFHOOK_SEED=n` runs it alone and prints the call,
//! `OFFHOOK_SEEDS=n` runs more of them, or fewer.

#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/outside.rs"]
mod outside;
#[path = "simulation/policy.rs"]
mod policy;
#[path = "simulation/random.rs"]
mod random;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use invariants::Invariants;
use offhook_turn_taking::{Decision, Fact, Instant, TurnManager, TurnMode};
use world::World;

const SEEDS: u64 = 10_000;

/// A call that was simulated.
struct Call {
    facts: Vec<(Instant, Fact)>,
    decisions: Vec<Decision>,
    ended_at: Instant,
    log: Vec<String>,
}

#[test]
fn every_seed_keeps_the_invariants() {
    if let Some(seed) = number_in_environment("OFFHOOK_SEED") {
        let (log, outcome) = run(seed);
        println!("{}", log.join("\n"));
        outcome.unwrap();
        return;
    }
    let seeds = number_in_environment("OFFHOOK_SEEDS").unwrap_or(SEEDS);
    let mut orders: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..seeds {
        match run(seed).1 {
            Ok(decisions) => {
                for decision in decisions {
                    *orders.entry(decision.command.name()).or_default() += 1;
                }
            }
            Err(problem) => panic!(
                "seed {seed}: {problem}\nrun it alone with\n\
                 OFFHOOK_SEED={seed} cargo test -p offhook-tests --test simulation -- --nocapture"
            ),
        }
    }
    println!("{seeds} calls: {orders:?}");
    assert_eq!(
        orders.len(),
        16,
        "some orders were never given, the calls are too tame: {orders:?}"
    );
    assert!(
        orders.values().all(|count| *count > 500),
        "too tame: {orders:?}"
    );
}

fn number_in_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run(seed: u64) -> (Vec<String>, Result<Vec<Decision>, String>) {
    let mut call = Call {
        facts: Vec::new(),
        decisions: Vec::new(),
        ended_at: Instant::START,
        log: Vec::new(),
    };
    let outcome = simulate(seed, &mut call).and_then(|world| replay(&world, &call));
    (call.log, outcome.map(|()| call.decisions))
}

fn simulate(seed: u64, call: &mut Call) -> Result<World, String> {
    let mut world = World::new(seed);
    let mut manager = TurnManager::new(world.policy.clone()).map_err(|error| error.to_string())?;
    let mut invariants = Invariants::new(&world.policy, !world.is_wild);
    let patience = patience(&world);
    call.log.push(format!("{:?}", world.policy));
    while !invariants.is_over() {
        let due = manager.poll_timeout().map(|(due, _)| due);
        let timer = due.ok_or("no timer is held and the call goes on")?;
        let now = match world.next_at() {
            Some(next) if next < timer => {
                let Some(fact) = world.step() else { continue };
                call.log.push(format!("{:>8} {fact:?}", next.as_millis()));
                invariants.saw_fact(&fact, next);
                manager.handle(&fact, next);
                call.facts.push((next, fact));
                next
            }
            _ => {
                manager.handle_timeout(timer);
                timer
            }
        };
        while let Some(decision) = manager.poll() {
            call.log.push(format!(
                "{:>8} => {} ; {}",
                now.as_millis(),
                decision.command,
                decision.reason
            ));
            invariants.saw_order(&decision.command, now)?;
            world.obey(&decision.command, now);
            call.decisions.push(decision);
        }
        invariants.check(&manager, now)?;
        if now > patience {
            return Err(format!("the call has not ended at {now}"));
        }
        call.ended_at = now;
    }
    check_the_end(&mut world, &mut manager, call)?;
    Ok(world)
}

/// After the end nothing makes the turn manager speak again.
fn check_the_end(
    world: &mut World,
    manager: &mut TurnManager,
    call: &mut Call,
) -> Result<(), String> {
    while let Some(at) = world.next_at() {
        if let Some(fact) = world.step() {
            manager.handle(&fact, at);
            call.facts.push((at, fact));
        }
    }
    manager.handle_timeout(call.ended_at + Duration::from_secs(3_600));
    match manager.poll() {
        Some(decision) => Err(format!("{} after the call was ended", decision.command)),
        None => Ok(()),
    }
}

/// The facts of the call give the same orders again, with timers handed in late or not at all.
fn replay(world: &World, call: &Call) -> Result<(), String> {
    for lateness in [None, Some(Duration::from_millis(13))] {
        let mut manager =
            TurnManager::new(world.policy.clone()).map_err(|error| error.to_string())?;
        for (at, fact) in &call.facts {
            while let Some(lateness) = lateness
                && let Some((due, _)) = manager.poll_timeout()
                && due + lateness < *at
            {
                manager.handle_timeout(due + lateness);
            }
            manager.handle(fact, *at);
        }
        manager.handle_timeout(call.ended_at);
        let again: Vec<Decision> = std::iter::from_fn(|| manager.poll()).collect();
        if let Some(at) = (0..again.len().max(call.decisions.len()))
            .find(|&at| again.get(at) != call.decisions.get(at))
        {
            return Err(format!(
                "replayed (timers late by {lateness:?}), order {at} differs: {:?} was {:?}",
                again.get(at),
                call.decisions.get(at)
            ));
        }
    }
    Ok(())
}

/// When the call must have ended: soon after the caller has vanished where silence is watched, and
/// after its longest duration in any case. The goodbye takes its time.
fn patience(world: &World) -> Instant {
    let policy = &world.policy;
    // A leg that reports no progress is given three minutes.
    let line = policy.reply_deadline + Duration::from_secs(190);
    let longest = Instant::START + policy.call_duration_max + line.saturating_mul(2);
    let Some(no_input_timeout) = policy
        .no_input_timeout
        .filter(|_| !world.is_wild && policy.mode == TurnMode::Turn)
    else {
        return longest;
    };
    let rounds = policy.reprompts_max + 6;
    let silence = (no_input_timeout + line).saturating_mul(rounds);
    let vanished = world.vanishes_at + policy.caller_turn_max + policy.tool_deadline + silence;
    longest.min(vanished)
}
