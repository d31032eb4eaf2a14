//! The scores as one SVG picture: the frontier of cut-ins against latency on the left, each
//! figure against its target on the right. No script, no font of its own.

use std::fmt::Write as _;

use crate::figures::Target;
use crate::scores::{Point, Score};

const WIDTH: f64 = 1_080.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 60.0;
const PLOT_WIDTH: f64 = 430.0;
const PLOT_HEIGHT: f64 = 330.0;
const BARS_LEFT: f64 = 770.0;
const BAR_WIDTH: f64 = 200.0;
const OURS: &str = "#1f6feb";
const PLAIN: &str = "#8b949e";
const MISSED: &str = "#d1242f";

/// The picture.
pub(crate) fn picture(scores: &[Score], points: &[Point], title: &str) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, LEFT, 28.0, "start", title);
    draw_frontier(&mut svg, points);
    draw_scores(&mut svg, scores);
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), style: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {style}/>",
        from.0, from.1, to.0, to.1
    );
}

/// A round number not below `most`, in steps of `step`.
fn ceiling(most: f64, step: f64) -> f64 {
    (most / step).ceil().max(1.0) * step
}

fn draw_frontier(svg: &mut String, points: &[Point]) {
    let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let latency_max = ceiling(most(|it| it.latency_p50_ms) * 1.1, 500.0);
    let cut_ins_max = ceiling(most(|it| it.cut_ins) * 1.1, 0.1);
    let place = |latency: f64, cut_ins: f64| {
        (
            LEFT + PLOT_WIDTH * latency / latency_max,
            TOP + PLOT_HEIGHT * (1.0 - cut_ins / cut_ins_max),
        )
    };
    let grid = "stroke=\"#d0d7de\"";
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let (x, y) = place(latency_max * share, cut_ins_max * share);
        line(svg, (x, TOP), (x, TOP + PLOT_HEIGHT), grid);
        line(svg, (LEFT, y), (LEFT + PLOT_WIDTH, y), grid);
        let latency = format!("{:.1} s", latency_max * share / 1_000.0);
        text(svg, x, TOP + PLOT_HEIGHT + 18.0, "middle", &latency);
        let cut_ins = format!("{:.0} %", cut_ins_max * share * 100.0);
        text(svg, LEFT - 8.0, y + 4.0, "end", &cut_ins);
    }
    let below = TOP + PLOT_HEIGHT + 38.0;
    text(
        svg,
        LEFT + PLOT_WIDTH / 2.0,
        below,
        "middle",
        "response latency, median",
    );
    text(
        svg,
        LEFT,
        TOP - 10.0,
        "start",
        "cut-ins in pauses of 0.3 to 2 s",
    );
    for is_plain in [false, true] {
        let colour = if is_plain { PLAIN } else { OURS };
        let mut last = None;
        for point in points.iter().filter(|it| it.policy.is_plain() == is_plain) {
            let at = place(point.latency_p50_ms, point.cut_ins);
            if let Some(before) = last.replace(at) {
                line(
                    svg,
                    before,
                    at,
                    &format!("stroke=\"{colour}\" stroke-width=\"2\""),
                );
            }
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\"/>",
                at.0, at.1
            );
            text(svg, at.0 + 8.0, at.1 - 6.0, "start", &point.policy.name());
        }
    }
}

/// How far a figure goes, where 1 is its target: more is better.
fn reached(value: f64, target: Target) -> f64 {
    match target {
        Target::AtLeast(least) => value / least,
        Target::AtMost(most) if value > most => 1.0 - (value - most) / most.max(1.0),
        Target::AtMost(most) if most > 0.0 => 2.0 - value / most,
        Target::AtMost(_) => 2.0,
    }
}

fn draw_scores(svg: &mut String, scores: &[Score]) {
    text(
        svg,
        BARS_LEFT,
        TOP - 10.0,
        "start",
        "worse of both rates against its target",
    );
    let mut y = TOP + 6.0;
    for score in scores {
        let (Some(target), Some(is_held)) = (score.target, score.is_held()) else {
            continue;
        };
        let measured = score.values.iter().flatten();
        let worst = measured
            .map(|value| reached(*value, target))
            .fold(f64::INFINITY, f64::min);
        let colour = if is_held { OURS } else { MISSED };
        let width = (worst.clamp(0.0, 2.0) / 2.0 * BAR_WIDTH).max(2.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{BARS_LEFT:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>"
        );
        text(svg, BARS_LEFT - 8.0, y + 11.0, "end", score.name);
        y += 32.0;
    }
    let at = BARS_LEFT + BAR_WIDTH / 2.0;
    line(
        svg,
        (at, TOP),
        (at, y - 8.0),
        "stroke=\"#24292f\" stroke-dasharray=\"4 3\"",
    );
    text(svg, at, y + 8.0, "middle", "target");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Unit;
    use crate::policy::Policy;

    fn score(value: f64, target: Target) -> Score {
        Score {
            key: "key",
            name: "yield <rate>",
            unit: Unit::Share,
            target: Some(target),
            values: [Some(value), None, Some(value)],
            episodes: 1,
        }
    }

    #[test]
    fn a_target_that_is_just_held_is_one() {
        assert!((reached(0.97, Target::AtLeast(0.97)) - 1.0).abs() < 1e-9);
        assert!((reached(450.0, Target::AtMost(450.0)) - 1.0).abs() < 1e-9);
        assert!(reached(900.0, Target::AtMost(450.0)) < 0.5);
        assert!(reached(225.0, Target::AtMost(450.0)) > 1.4);
        assert!(reached(0.0, Target::AtMost(0.0)) > 1.0);
        assert!(reached(3.0, Target::AtMost(0.0)) < 0.0);
    }

    #[test]
    fn the_picture_is_well_formed_and_has_every_policy() {
        let points = Policy::FRONTIER.map(|policy| Point {
            policy,
            latency_p50_ms: 900.0,
            latency_p95_ms: 1_900.0,
            cut_ins: 0.2,
            cut_ins_mid: 0.1,
        });
        let scores = [
            score(0.5, Target::AtLeast(0.97)),
            score(0.99, Target::AtLeast(0.97)),
        ];
        let svg = picture(&scores, &points, "seed 1 & more");
        for policy in Policy::FRONTIER {
            assert!(svg.contains(&policy.name()));
        }
        assert!(
            svg.contains(MISSED) && svg.contains("yield &lt;rate>") && svg.contains("1 &amp; more")
        );
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn nothing_measured_is_still_a_picture() {
        let svg = picture(&[], &[], "none");
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"));
    }
}
