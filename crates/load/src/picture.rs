//! The cost over the calls as one SVG picture: processor time on the left, waits on the right. No
//! script, no font of its own.

use std::fmt::Write as _;

use crate::{LevelReport, LoadReport};

const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 420.0;
const TOP: f64 = 60.0;
const PLOT_WIDTH: f64 = 380.0;
const PLOT_HEIGHT: f64 = 290.0;
const LEFTS: [f64; 2] = [70.0, 570.0];
const COLOURS: [&str; 3] = ["#8b949e", "#1f6feb", "#bc4c00"];

/// What is drawn of a level.
type Figure = fn(&LevelReport) -> f64;

/// The picture.
#[must_use]
pub fn picture(report: &LoadReport) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let title = format!(
        "Calls at once on {} × {}",
        report.machine.processors, report.machine.processor
    );
    write(&mut svg, (LEFTS[0], 24.0), "start", &title);
    let plots: [(&str, Figure); 2] = [
        ("processors that the server uses", |level| level.cpu_server),
        ("the runtime's share of an answer, p95, ms", |level| {
            level.runtime_share_ms.p95
        }),
    ];
    for ((label, figure), left) in plots.into_iter().zip(LEFTS) {
        plot(&mut svg, report, left, label, figure);
    }
    for (at, (name, colour)) in report.modes.keys().zip(COLOURS).enumerate() {
        let x = LEFTS[0] + at as f64 * 80.0;
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\"/>",
            HEIGHT - 12.0
        );
        write(&mut svg, (x + 10.0, HEIGHT - 8.0), "start", name);
    }
    svg.push_str("</svg>\n");
    svg
}

fn plot(svg: &mut String, report: &LoadReport, left: f64, label: &str, figure: Figure) {
    let levels = || report.modes.values().flat_map(|mode| &mode.levels);
    let most = |of: &dyn Fn(&LevelReport) -> f64| levels().map(of).fold(0.0, f64::max);
    let calls_max = most(&|level| level.calls as f64).max(1.0);
    let value_max = most(&figure).max(0.01) * 1.1;
    write(svg, (left, TOP - 12.0), "start", label);
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (x, y) = (left + PLOT_WIDTH * share, TOP + PLOT_HEIGHT * (1.0 - share));
        let bottom = TOP + PLOT_HEIGHT;
        let grid = "stroke=\"#d0d7de\"";
        line(svg, (x, TOP), (x, bottom), grid);
        line(svg, (left, y), (left + PLOT_WIDTH, y), grid);
        let calls = format!("{:.0}", calls_max * share);
        write(svg, (x, bottom + 18.0), "middle", &calls);
        let value = format!("{:.2}", value_max * share);
        write(svg, (left - 8.0, y + 4.0), "end", &value);
    }
    for (mode, colour) in report.modes.values().zip(COLOURS) {
        let at = |level: &LevelReport| {
            let x = left + PLOT_WIDTH * level.calls as f64 / calls_max;
            (x, TOP + PLOT_HEIGHT * (1.0 - figure(level) / value_max))
        };
        let stroke = format!("stroke=\"{colour}\" stroke-width=\"2\"");
        for pair in mode.levels.windows(2) {
            line(svg, at(&pair[0]), at(&pair[1]), &stroke);
        }
        for level in &mode.levels {
            let (x, y) = at(level);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>"
            );
        }
    }
}

fn write(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{MachineReport, ModeReport};

    #[test]
    fn a_line_goes_through_the_levels() {
        let level = |calls| LevelReport {
            calls,
            cpu_server: calls as f64 * 0.01,
            ..LevelReport::default()
        };
        let mode = ModeReport {
            delays: "zero".into(),
            start_up_ms: 1.0,
            memory_idle_bytes: 1,
            calls_per_core: None,
            calls_per_core_within_100_ms: None,
            levels: vec![level(1), level(50), level(100)],
        };
        let machine = MachineReport {
            processor: "A & B".into(),
            processors: 2,
            kernel: String::new(),
            load_before: 0.0,
        };
        let report = LoadReport {
            machine,
            leg: "twilio".into(),
            faults_per_mille: 0,
            hold_seconds: 1.0,
            modes: BTreeMap::from([("full".to_owned(), mode)]),
        };
        let svg = picture(&report);
        assert_eq!(svg.matches("<circle").count(), 3 * 2 + 1);
        assert!(svg.contains("A &amp; B") && svg.ends_with("</svg>\n"));
    }
}
