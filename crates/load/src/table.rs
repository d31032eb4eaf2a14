//! The report for people.

use std::fmt::Write as _;

use crate::{LevelReport, LoadReport, Spread};

/// The report as Markdown tables, which read as plain text too.
#[must_use]
pub fn table(report: &LoadReport) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "{} × {}, Linux {}, load before the run {}; leg {}; {} of 1,000 requests to providers go wrong; each level {} s, one with less than ten calls three times as long\n",
        machine.processors,
        machine.processor,
        machine.kernel,
        machine.load_before,
        report.leg,
        report.faults_per_mille,
        report.hold_seconds
    );
    for (name, mode) in &report.modes {
        let _ = writeln!(
            text,
            "\n## {name}\n\nProviders' delays: {}. Starts in {:.0} ms; {:.1} MB idle; {} calls a core by the \
             slope, {} with answers at most 100 ms later than at the first level.\n",
            mode.delays,
            mode.start_up_ms,
            mode.memory_idle_bytes as f64 / 1e6,
            figure(mode.calls_per_core),
            figure(mode.calls_per_core_within_100_ms)
        );
        let rows: &[Row] = if name == "echo" { ECHO } else { FULL };
        text.push_str("| calls |");
        for level in &mode.levels {
            let _ = write!(text, " {} |", level.calls);
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(mode.levels.len()));
        for (label, cell) in rows {
            let _ = write!(text, "| {label} |");
            for level in &mode.levels {
                let _ = write!(text, " {} |", cell(level));
            }
            text.push('\n');
        }
        let failures = mode
            .levels
            .iter()
            .filter_map(|it| it.first_failure.as_ref());
        for failure in failures {
            let _ = writeln!(text, "\nA call failed: {failure}");
        }
    }
    text
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "?".to_owned(), |it| format!("{it:.0}"))
}

type Row = (&'static str, fn(&LevelReport) -> String);

const ECHO: &[Row] = &[
    ("round trip, ms: p50 / p95 / p99 / max", |it| {
        spread(&it.voice_to_voice_ms)
    }),
    ("from the call's median, ms", |it| spread(&it.pacing_ms)),
    ("callers' own lateness, ms", |it| {
        spread(&it.caller_lateness_ms)
    }),
    ("frames / late / lost", |it| {
        format!("{} / {} / {}", it.frames, it.late_frames, it.lost_frames)
    }),
    ("failed calls", |it| it.failed_calls.to_string()),
    ("CPU s a call-minute", |it| {
        format!("{:.4}", it.cpu_seconds_per_call_minute)
    }),
    ("CPU: server / callers", |it| {
        format!("{:.2} / {:.2}", it.cpu_server, it.cpu_callers)
    }),
    ("memory a call, MB", |it| {
        format!("{:.3}", it.memory_bytes_per_call / 1e6)
    }),
];

const FULL: &[Row] = &[
    ("voice to voice, ms: p50 / p95 / p99 / max", |it| {
        spread(&it.voice_to_voice_ms)
    }),
    ("the runtime's share, ms", |it| spread(&it.runtime_share_ms)),
    ("cut to `clear`, ms", |it| spread(&it.barge_in_ms)),
    ("beyond the speech asked for, ms", |it| {
        spread(&it.barge_in_share_ms)
    }),
    ("frames off schedule, ms", |it| spread(&it.pacing_ms)),
    ("callers' own lateness, ms", |it| {
        spread(&it.caller_lateness_ms)
    }),
    ("frames / late / underruns", |it| {
        format!("{} / {} / {}", it.frames, it.late_frames, it.underruns)
    }),
    ("turns / unanswered / spoken over / missed cuts", |it| {
        let [turns, unanswered] = [it.turns, it.unanswered];
        format!(
            "{turns} / {unanswered} / {} / {}",
            it.spoken_over, it.missed_cuts
        )
    }),
    ("answers asked for", |it| it.generations.to_string()),
    ("failed calls", |it| it.failed_calls.to_string()),
    ("CPU s a call-minute", |it| {
        format!("{:.4}", it.cpu_seconds_per_call_minute)
    }),
    ("CPU: server / callers / providers", |it| {
        format!(
            "{:.2} / {:.2} / {:.2}",
            it.cpu_server, it.cpu_callers, it.cpu_simulators
        )
    }),
    ("memory a call, MB", |it| {
        format!("{:.3}", it.memory_bytes_per_call / 1e6)
    }),
];

fn spread(spread: &Spread) -> String {
    let Spread {
        p50, p95, p99, max, ..
    } = spread;
    format!("{p50:.1} / {p95:.1} / {p99:.1} / {max:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MachineReport, ModeReport};

    pub(crate) fn report() -> LoadReport {
        let level = |calls| LevelReport {
            calls,
            cpu_server: calls as f64 * 0.002,
            cpu_seconds_per_call_minute: 0.12,
            memory_bytes_per_call: 650_000.0,
            voice_to_voice_ms: Spread::of(vec![210.0, 215.0, 230.0]),
            ..LevelReport::default()
        };
        let mode = ModeReport {
            delays: "zero".into(),
            start_up_ms: 90.0,
            memory_idle_bytes: 120_000_000,
            calls_per_core: Some(500.0),
            calls_per_core_within_100_ms: Some(50.0),
            levels: vec![level(1), level(100)],
        };
        LoadReport {
            machine: MachineReport {
                processor: "Test".into(),
                processors: 2,
                kernel: "6".into(),
                load_before: 0.1,
            },
            leg: "twilio".into(),
            faults_per_mille: 0,
            hold_seconds: 20.0,
            modes: [("echo".to_owned(), mode.clone()), ("full".to_owned(), mode)].into(),
        }
    }

    #[test]
    fn each_level_is_a_column() {
        let text = table(&report());
        assert!(text.contains("| calls | 1 | 100 |"), "{text}");
        assert!(text.contains("215.0 / 230.0 / 230.0 / 230.0"), "{text}");
        assert!(
            text.contains("| CPU s a call-minute | 0.1200 | 0.1200 |"),
            "{text}"
        );
        assert!(text.contains("500 calls a core"), "{text}");
    }
}
