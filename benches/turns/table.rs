//! The scores as text: each figure beside its target, the baseline and the frontier beside them.

use std::fmt::Write as _;

use crate::figures::{Target, Unit};
use crate::outcome::STAGES;
use crate::scores::{LEGS, Point, Score};

const NAME_WIDTH: usize = 42;
const VALUE_WIDTH: usize = 12;

/// A figure as people read it.
fn value(value: Option<f64>, unit: Unit) -> String {
    match (value, unit) {
        (None, _) => "–".into(),
        (Some(value), Unit::Millis) => format!("{value:.0} ms"),
        (Some(value), Unit::Share) => format!("{:.1} %", value * 100.0),
        (Some(value), Unit::Count) => format!("{value:.1}"),
    }
}

fn target(target: Option<Target>, unit: Unit) -> String {
    match target {
        None => String::new(),
        Some(Target::AtMost(most)) => format!("≤ {}", value(Some(most), unit)),
        Some(Target::AtLeast(least)) => format!("≥ {}", value(Some(least), unit)),
    }
}

/// The table of scores; `baseline` has the same figures.
pub(crate) fn table(scores: &[Score], baseline: &[Score], baseline_name: &str) -> String {
    let mut text = format!("{:<NAME_WIDTH$}{:>VALUE_WIDTH$}", "", "target");
    for (_, leg) in LEGS {
        let _ = write!(text, "{leg:>VALUE_WIDTH$}");
    }
    let _ = writeln!(text, "  {:<8}{baseline_name:>VALUE_WIDTH$}{:>6}", "", "n");
    for score in scores {
        let wanted = target(score.target, score.unit);
        let _ = write!(text, "{:<NAME_WIDTH$}{wanted:>VALUE_WIDTH$}", score.name);
        for figure in score.values {
            let _ = write!(text, "{:>VALUE_WIDTH$}", value(figure, score.unit));
        }
        let verdict = match score.is_held() {
            None => "",
            Some(true) => "held",
            Some(false) => "MISSED",
        };
        let plain = baseline.iter().find(|plain| plain.key == score.key);
        let plain = value(plain.and_then(|plain| plain.values[2]), score.unit);
        let count = score.episodes;
        let _ = writeln!(text, "  {verdict:<8}{plain:>VALUE_WIDTH$}{count:>6}");
    }
    text
}

/// The stages of an answer as text.
pub(crate) fn stages(stages: &[Option<f64>]) -> String {
    let mut text = String::from("an answer's stages, medians after the caller's last sound:");
    for (name, moment) in STAGES.iter().zip(stages) {
        let _ = write!(text, " {name} {},", value(*moment, Unit::Millis));
    }
    text.trim_end_matches(',').to_owned()
}

/// The frontier as text.
pub(crate) fn frontier(points: &[Point]) -> String {
    let mut text = format!(
        "{:<14}{:>14}{:>14}{:>18}{:>20}\n",
        "", "latency 50 %", "latency 95 %", "cut-ins 0.3–2 s", "cut-ins 0.7–1.5 s"
    );
    for point in points {
        let _ = writeln!(
            text,
            "{:<14}{:>14}{:>14}{:>18}{:>20}",
            point.policy.name(),
            value(Some(point.latency_p50_ms), Unit::Millis),
            value(Some(point.latency_p95_ms), Unit::Millis),
            value(Some(point.cut_ins), Unit::Share),
            value(Some(point.cut_ins_mid), Unit::Share),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn score(values: [Option<f64>; 3], target: Option<Target>) -> Score {
        Score {
            key: "yield_rate",
            name: "yield rate",
            unit: Unit::Share,
            target,
            values,
            episodes: 84,
        }
    }

    #[test]
    fn each_figure_stands_beside_its_target_and_the_baseline() {
        let ours = score(
            [Some(1.0), Some(0.95), Some(0.975)],
            Some(Target::AtLeast(0.97)),
        );
        let plain = score([None, None, Some(1.0)], None);
        let text = table(&[ours], &[plain], "VAD + 0.7 s");
        let line = text.lines().nth(1).unwrap();
        for part in [
            "yield rate",
            "≥ 97.0 %",
            "95.0 %",
            "MISSED",
            "100.0 %",
            "84",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }

    #[test]
    fn a_figure_that_was_not_measured_is_a_dash_and_no_verdict() {
        let text = table(
            &[score([None; 3], Some(Target::AtLeast(0.97)))],
            &[],
            "plain",
        );
        let line = text.lines().nth(1).unwrap();
        assert!(line.contains('–') && !line.contains("held") && !line.contains("MISSED"));
    }

    #[test]
    fn the_frontier_has_a_line_for_each_policy() {
        let point = |policy| Point {
            policy,
            latency_p50_ms: 812.0,
            latency_p95_ms: 2_104.0,
            cut_ins: 0.12,
            cut_ins_mid: 0.05,
        };
        let text = frontier(&[point(Policy::Eager), point(Policy::Plain(500))]);
        assert!(text.contains("eager") && text.contains("VAD + 0.5 s") && text.contains("2104 ms"));
    }
}
