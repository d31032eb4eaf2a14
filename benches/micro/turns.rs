//! What a fact costs in the turn manager, over a call of many turns.

#[path = "../../crates/turn-taking/tests/calls/long_call.rs"]
mod long_call;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use offhook_turn_taking::{Fact, Instant, TurnManager};

fn play(facts: &[(Instant, Fact)]) {
    let Ok(mut manager) = TurnManager::new(long_call::policy()) else {
        return;
    };
    for (at, fact) in facts {
        manager.handle(black_box(fact), *at);
        while let Some(decision) = manager.poll() {
            black_box(decision);
        }
        black_box(manager.poll_timeout());
    }
}

fn calls(criterion: &mut Criterion) {
    let all = long_call::facts(100);
    let mut group = criterion.benchmark_group("a call of 100 rounds");
    group.throughput(Throughput::Elements(all.len() as u64));
    group.bench_function("every fact", |bencher| bencher.iter(|| play(&all)));
    let is_rare = |fact: &Fact| !matches!(fact, Fact::SpeechProbability { .. });
    let rare: Vec<_> = all.into_iter().filter(|(_, fact)| is_rare(fact)).collect();
    group.throughput(Throughput::Elements(rare.len() as u64));
    group.bench_function("without voice activity", |bencher| {
        bencher.iter(|| play(&rare));
    });
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
