//! Facts that no world would bring, in any order, with any numbers and at any moments, through the
//! turn manager: it neither panics nor loops nor speaks after the end, and the same facts give the
//! same commands. `OFFHOOK_FUZZ_SECONDS=600 cargo test --release -p offhook-tests --test fuzz` looks
//! for longer; a seed that fails prints itself, and `OFFHOOK_SEED=n` runs it alone.

#[path = "fuzz/facts.rs"]
mod facts;
#[path = "simulation/policy.rs"]
mod policy;
#[path = "simulation/random.rs"]
mod random;

use std::time::{Duration, Instant as Wall};

use facts::Facts;
use offhook_turn_taking::{Command, Decision, Fact, Instant, TurnId, TurnManager, TurnPolicy};
use policy::random_policy;
use random::Random;

const SEEDS: u64 = 3_000;
const FACTS: u64 = 300;
/// More commands after one fact, or more timers of one moment, than any rule can need.
const BURST_MAX: usize = 64;

#[test]
fn no_order_of_facts_breaks_the_turn_manager() {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    if let Some(seed) = number("OFFHOOK_SEED") {
        run(seed).unwrap();
        return;
    }
    let seconds = number("OFFHOOK_FUZZ_SECONDS").map(Duration::from_secs);
    let began = Wall::now();
    let mut commands = 0;
    let mut seed = 0;
    while seconds.map_or(seed < SEEDS, |longest| began.elapsed() < longest) {
        let outcome = std::panic::catch_unwind(|| run(seed));
        match outcome.unwrap_or_else(|_| Err("it panicked".into())) {
            Ok(count) => commands += count,
            Err(problem) => panic!("seed {seed}: {problem}"),
        }
        seed += 1;
    }
    println!("{seed} streams of {FACTS} facts gave {commands} commands");
    assert!(
        commands > seed * 10,
        "too tame: {commands} commands of {seed} streams"
    );
}

/// One stream of facts, twice: how many commands it gave.
fn run(seed: u64) -> Result<u64, String> {
    let mut random = Random::new(seed);
    let policy = random_policy(&mut random);
    let mut facts = Facts::new(&mut random);
    let mut stream = Vec::new();
    let first = play(&policy, |last, now| {
        let is_over = u64::try_from(stream.len()).is_ok_and(|count| count >= FACTS);
        let next = (!is_over).then(|| facts.next(last, now, &mut random))?;
        stream.push(next.clone());
        Some(next)
    })?;
    let mut again = stream.iter().cloned();
    let second = play(&policy, |_, _| again.next())?;
    // What is not a number is not equal to itself.
    if format!("{first:?}") != format!("{second:?}") {
        return Err("the same facts gave other commands".into());
    }
    Ok(u64::try_from(first.len()).unwrap_or(u64::MAX))
}

/// Hands in what `next` gives, which is told of the newest reply and of the time.
fn play(
    policy: &TurnPolicy,
    mut next: impl FnMut(TurnId, Instant) -> Option<(Instant, Fact)>,
) -> Result<Vec<Decision>, String> {
    let mut manager = TurnManager::new(policy.clone()).map_err(|error| error.to_string())?;
    let mut watch = Watch::default();
    let mut now = Instant::START;
    while let Some((at, fact)) = next(watch.last, now) {
        let mut timers = 0;
        while let Some((due, timer)) = manager.poll_timeout().filter(|(due, _)| *due <= at) {
            timers += 1;
            manager.handle_timeout(due);
            watch.drain(&mut manager)?;
            // A call of years has more timers than a test has time.
            if timers > BURST_MAX && manager.poll_timeout().is_some_and(|(next, _)| next <= due) {
                return Err(format!("timer `{timer}` at {due} never goes away"));
            }
            if timers > 2_000 {
                return Err(format!(
                    "timer `{timer}` at {due} comes again and again until {at}; last: {:?}",
                    watch.decisions.iter().rev().take(4).collect::<Vec<_>>()
                ));
            }
        }
        manager.handle(&fact, at);
        watch.drain(&mut manager)?;
        if !watch.is_over && manager.poll_timeout().is_none() {
            return Err(format!("no timer is held after {fact:?} at {at}"));
        }
        now = at;
    }
    Ok(watch.decisions)
}

/// What came out so far.
#[derive(Default)]
struct Watch {
    decisions: Vec<Decision>,
    last: TurnId,
    live: Option<TurnId>,
    is_over: bool,
}

impl Watch {
    fn drain(&mut self, manager: &mut TurnManager) -> Result<(), String> {
        let mut count = 0;
        while let Some(decision) = manager.poll() {
            count += 1;
            self.check(&decision.command)?;
            self.decisions.push(decision);
            if count > BURST_MAX {
                return Err("the commands after one fact have no end".into());
            }
        }
        Ok(())
    }

    fn check(&mut self, command: &Command) -> Result<(), String> {
        if self.is_over {
            return Err(format!("{command} after the end"));
        }
        match command {
            Command::Say { turn, .. }
            | Command::StartReply { turn, .. }
            | Command::LeaveUnanswered { turn, .. } => {
                if *turn <= self.last {
                    return Err(format!("{command} after reply {}", self.last.0));
                }
                (self.last, self.live) = (*turn, Some(*turn));
            }
            Command::HangUp { .. } => self.is_over = true,
            _ => {
                if let Some(turn) = command.turn()
                    && Some(turn) != self.live
                {
                    return Err(format!("{command}, but {:?} is live", self.live));
                }
            }
        }
        Ok(())
    }
}
