//! The scores as JSON. Nothing in it depends on the machine or the hour, so that two runs of one
//! seed can be compared byte by byte.

use serde_json::{Value, json};

use crate::figures::Target;
use crate::outcome::{Outcome, STAGES};
use crate::policy::{Changes, Policy};
use crate::providers;
use crate::scores::{LEGS, Point, Score, stages};

/// What was run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) is_quick: bool,
    /// What of the agent is not at its default.
    pub(crate) agent: Changes,
    /// Where the recordings of people came from.
    pub(crate) clips: String,
}

/// The document.
pub(crate) fn document(
    run: &Run,
    scores: &[Score],
    baseline: &[Score],
    points: &[Point],
    outcomes: &[Outcome],
) -> Value {
    let wrong = outcomes
        .iter()
        .filter(|it| !it.is_right() && !it.policy.is_plain());
    json!({
        "seed": run.seed,
        "is_quick": run.is_quick,
        "agent": run.agent,
        "clips": run.clips,
        "delays_ms": {
            "voice_activity": providers::VOICE_ACTIVITY.as_millis(),
            "end_of_turn": providers::END_OF_TURN.as_millis(),
            "whose_voice": providers::VOICE.as_millis(),
            "transcript_interim": providers::INTERIM.as_millis(),
            "transcript_final": providers::FINAL.as_millis(),
            "first_token": providers::FIRST_TOKEN.as_millis(),
            "word": providers::WORD.as_millis(),
            "first_audio": providers::FIRST_AUDIO.as_millis(),
        },
        "scores": scores.iter().map(score).collect::<Vec<_>>(),
        "baseline": baseline.iter().map(score).collect::<Vec<_>>(),
        "stages_ms": STAGES.iter().zip(stages(outcomes, Policy::Normal)).map(|(name, moment)| json!([name, moment])).collect::<Vec<_>>(),
        "frontier": points.iter().map(point).collect::<Vec<_>>(),
        "episodes": outcomes.iter().map(episode).collect::<Vec<_>>(),
        "wrong": wrong.map(explained).collect::<Vec<_>>(),
    })
}

fn score(score: &Score) -> Value {
    let values: serde_json::Map<String, Value> = LEGS
        .iter()
        .zip(score.values)
        .map(|((rate, _), value)| {
            let key = rate.map_or_else(|| "both".to_owned(), |rate| format!("{rate}_hz"));
            (key, json!(value.map(rounded)))
        })
        .collect();
    json!({
        "key": score.key,
        "name": score.name,
        "values": values,
        "at_most": match score.target { Some(Target::AtMost(most)) => Some(most), _ => None },
        "at_least": match score.target { Some(Target::AtLeast(least)) => Some(least), _ => None },
        "is_held": score.is_held(),
        "episodes": score.episodes,
    })
}

fn point(point: &Point) -> Value {
    json!({
        "policy": point.policy.name(),
        "latency_p50_ms": point.latency_p50_ms,
        "latency_p95_ms": point.latency_p95_ms,
        "cut_ins": rounded(point.cut_ins),
        "cut_ins_mid": rounded(point.cut_ins_mid),
    })
}

fn place(outcome: &Outcome) -> String {
    format!(
        "{}/{}/{} {} Hz {}",
        outcome.section.name(),
        outcome.call,
        outcome.episode,
        outcome.rate_hz,
        outcome.policy.name()
    )
}

/// One line for each episode: what came of it.
fn episode(outcome: &Outcome) -> Value {
    json!([
        place(outcome),
        outcome.label,
        if outcome.is_void {
            "void"
        } else if outcome.is_right() {
            "right"
        } else {
            "wrong"
        },
        outcome.pause_ms,
        outcome.latency_ms,
        outcome.yield_ms,
    ])
}

fn explained(outcome: &Outcome) -> Value {
    json!({
        "episode": place(outcome),
        "heard": outcome.label,
        "pause_ms": outcome.pause_ms,
        "is_void": outcome.is_void,
        "is_cut_in": outcome.is_cut_in,
        "is_answered": outcome.is_answered,
        "is_over_reply": outcome.is_over_reply,
        "is_kept": outcome.is_kept,
        "yield_ms": outcome.yield_ms,
        "false_turns": outcome.false_turns,
        "why": outcome.why,
    })
}

fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Unit;

    #[test]
    fn a_score_is_written_with_its_target_and_verdict() {
        let written = score(&Score {
            key: "yield_rate",
            name: "yield rate",
            unit: Unit::Share,
            target: Some(Target::AtLeast(0.97)),
            values: [Some(2.0 / 3.0), None, Some(2.0 / 3.0)],
            episodes: 3,
        });
        assert_eq!(written["values"]["8000_hz"], json!(0.6667));
        assert_eq!(written["values"]["16000_hz"], Value::Null);
        assert_eq!(written["at_least"], json!(0.97));
        assert_eq!(written["is_held"], json!(false));
    }
}
