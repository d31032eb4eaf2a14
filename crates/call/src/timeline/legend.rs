//! The head of the picture: whose call it was, its figures, and what the colours mean.

use crate::report::{Report, Spread};

use super::drawing::Drawing;
use super::events::JudgementKind;
use super::lanes::width;
use super::{MARGIN_RIGHT, WIDTH};

const LEFT: f64 = 28.0;

/// Draws the head and returns where the first row may begin.
pub(super) fn draw(drawing: &mut Drawing, report: &Report) -> f64 {
    drawing.text(
        "title",
        LEFT,
        40.0,
        &format!("A call with {}", report.agent),
    );
    let subtitle = format!(
        "{} · {} · {:.1} s · ended: {}",
        report.call_id,
        report.transport,
        report.duration_ms / 1_000.0,
        report.ended.replace('_', " ")
    );
    drawing.text("soft", LEFT, 62.0, &subtitle);
    draw_figures(drawing, report);
    let y = 92.0;
    let mut x = LEFT;
    for (fill, name) in [("#ccfbf1", "caller speaks"), ("#e0e7ff", "agent speaks")] {
        drawing.told_rect(fill, [x, y - 10.0, 16.0, 12.0], name);
        drawing.text("soft", x + 22.0, y, name);
        x += 22.0 + width(name) * 1.15 + 22.0;
    }
    for kind in [
        JudgementKind::Speaks,
        JudgementKind::Holds,
        JudgementKind::GoesOn,
        JudgementKind::Stops,
        JudgementKind::Ends,
        JudgementKind::Unheard,
    ] {
        let (colour, name) = kind.look();
        drawing.told_rect(colour, [x + 3.0, y - 11.0, 3.0, 14.0], name);
        drawing.text("soft", x + 12.0, y, name);
        x += 12.0 + width(name) * 1.15 + 22.0;
    }
    112.0
}

/// The figures of the call, in boxes at the right.
fn draw_figures(drawing: &mut Drawing, report: &Report) {
    const BOX: f64 = 168.0;
    let summary = &report.summary;
    let median = |spread: Option<Spread>| {
        spread.map(|spread| {
            (
                format!("{:.0} ms", spread.p50),
                format!("max {:.0} ms", spread.max),
            )
        })
    };
    let rate = summary.word_error_rate.map(|rate| {
        (
            format!("{:.1} %", rate * 100.0),
            "of the caller's words".to_owned(),
        )
    });
    let pacing = summary.pacing_ms.map(|pacing| {
        (
            format!("{:.1} ms", pacing.p99),
            format!("{:.1} % within 5 ms", pacing.within_5_ms * 100.0),
        )
    });
    let figures = [
        ("voice to voice, median", median(summary.voice_to_voice_ms)),
        ("runtime's own, median", median(summary.runtime_share_ms)),
        ("barge-in stop, median", median(summary.barge_in_stop_ms)),
        ("word errors", rate),
        ("frame lateness, p99", pacing),
    ];
    let shown: Vec<_> = figures
        .into_iter()
        .filter_map(|(name, figure)| Some((name, figure?)))
        .collect();
    let mut x = WIDTH - MARGIN_RIGHT - shown.len() as f64 * (BOX + 10.0) + 10.0;
    for (name, (value, note)) in shown {
        drawing.rect("panel", [x, 16.0, BOX, 56.0], " rx=\"6\"");
        drawing.text("tiny soft", x + 12.0, 33.0, name);
        drawing.text("head", x + 12.0, 51.0, &value);
        drawing.text("tiny soft", x + 12.0, 65.0, &note);
        x += BOX + 10.0;
    }
}
