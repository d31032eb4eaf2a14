//! The foot of the picture: one bar for each answer, from the caller's last sound to the first
//! frame of the reply, cut into what the time went into.

use crate::report::{Report, Shares, TurnReport};

use super::drawing::Drawing;
use super::lanes::{fitting, width};
use super::{MARGIN_RIGHT, WIDTH};

/// Colours of [`Shares::parts`].
const COLOURS: [&str; 5] = ["#cbd5e1", "#38bdf8", "#a78bfa", "#fb923c", "#ef4444"];

/// Left edge of texts and of bars.
const LEFT: f64 = 28.0;
const BARS: f64 = 470.0;

/// Height of a bar, and from bar to bar.
const BAR: f64 = 15.0;
const STEP: f64 = 24.0;

/// Answers that are drawn.
const ANSWERS_MAX: usize = 100;

/// Draws the bars from `y` down and returns where they end.
pub(super) fn draw(drawing: &mut Drawing, report: &Report, y: f64) -> f64 {
    let answers: Vec<(&TurnReport, Shares)> = report
        .turns
        .iter()
        .filter_map(|turn| Some((turn, turn.shares_ms?)))
        .take(ANSWERS_MAX)
        .collect();
    if answers.is_empty() {
        return y;
    }
    let head = y + 18.0;
    drawing.text(
        "head",
        LEFT,
        head,
        "From the caller's last sound to the first frame of the reply",
    );
    draw_legend(drawing, head);
    let longest = answers
        .iter()
        .filter_map(|(turn, _)| turn.voice_to_voice_ms)
        .fold(1.0, f64::max);
    let grid = grid_millis(longest);
    let end = (longest / grid).ceil() * grid;
    let scale = (WIDTH - MARGIN_RIGHT - 90.0 - BARS) / end;
    let top = head + 18.0;
    let bottom = top + answers.len() as f64 * STEP;
    for line in 0..=(end / grid) as usize {
        let x = BARS + line as f64 * grid * scale;
        drawing.line("grid", (x, top), (x, bottom));
        drawing.text(
            "tiny soft mid",
            x,
            bottom + 15.0,
            &format!("{:.0} ms", line as f64 * grid),
        );
    }
    for (index, (turn, shares)) in answers.iter().enumerate() {
        draw_answer(
            drawing,
            turn,
            shares,
            top + index as f64 * STEP + 4.0,
            scale,
        );
    }
    bottom + 24.0
}

fn draw_answer(drawing: &mut Drawing, turn: &TurnReport, shares: &Shares, y: f64, scale: f64) {
    let baseline = y + BAR - 3.0;
    drawing.text(
        "tiny soft end",
        LEFT + 22.0,
        baseline,
        &turn.turn.to_string(),
    );
    let text = fitting(&turn.caller_text, BARS - LEFT - 60.0);
    drawing.text("tiny say-caller", LEFT + 34.0, baseline, &text);
    let mut x = BARS;
    for ((name, share), colour) in shares.parts().into_iter().zip(COLOURS) {
        if share > 0.0 {
            let wide = share * scale;
            drawing.told_rect(colour, [x, y, wide, BAR], &format!("{name}: {share:.0} ms"));
            let label = format!("{share:.0}");
            if wide > width(&label) + 8.0 {
                drawing.text("tiny mid", x + wide / 2.0, baseline, &label);
            }
            x += wide;
        }
    }
    let total = turn.voice_to_voice_ms.unwrap_or_default();
    drawing.text("tiny name", x + 8.0, baseline, &format!("{total:.0} ms"));
}

fn draw_legend(drawing: &mut Drawing, baseline: f64) {
    let mut x = BARS + 60.0;
    for ((name, _), colour) in Shares::default().parts().into_iter().zip(COLOURS) {
        drawing.told_rect(colour, [x, baseline - 11.0, 14.0, 12.0], name);
        drawing.text("soft", x + 20.0, baseline, name);
        x += 20.0 + width(name) * 1.15 + 24.0;
    }
}

/// A round step that gives a handful of grid lines.
fn grid_millis(longest: f64) -> f64 {
    [50.0, 100.0, 200.0, 250.0, 500.0, 1_000.0, 2_000.0, 5_000.0]
        .into_iter()
        .find(|step| longest / step <= 10.0)
        .unwrap_or(longest / 10.0)
}
