//! The table of turns that ends a call on the terminal: plain text, as wide as it is told.

use std::fmt;

use super::text::{cut, plain, wrapped};
use super::{Report, Shares, Spread, TurnReport};

/// Narrower than this nothing is squeezed.
const WIDTH_MIN: usize = 80;

/// Left of texts and bars.
const INDENT: usize = 5;

/// What the parts of a bar are drawn with, in the order of [`Shares::parts`].
const MARKS: [char; 5] = ['░', '▒', '▓', '█', '!'];

/// A report as a table; `Display` writes it.
#[derive(Debug, Clone, Copy)]
pub struct ReportTable<'r> {
    /// What to show.
    pub report: &'r Report,
    /// Characters in a line.
    pub width: usize,
}

impl fmt::Display for ReportTable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let width = self.width.max(WIDTH_MIN);
        let ended = report.ended.replace('_', " ");
        let head = format!(
            "Call {} with {} over {}: {:.1} s, ended: {ended}",
            plain(&report.call_id),
            plain(&report.agent),
            plain(&report.transport),
            report.duration_ms / 1_000.0
        );
        writeln!(formatter, "{}\n", cut(&head, width))?;
        writeln!(formatter, "Milliseconds from the caller's last sound:")?;
        writeln!(formatter, "{}", cut(&header(), width))?;
        let longest = report
            .summary
            .voice_to_voice_ms
            .map_or(1.0, |spread| spread.max);
        for turn in &report.turns {
            write_turn(formatter, turn, longest, width)?;
        }
        write_legend(formatter)?;
        write_summary(formatter, report)?;
        write_verdict(formatter, report, width)
    }
}

/// The columns: heading and width.
const COLUMNS: [(&str, usize); 7] = [
    ("endpoint", 9),
    ("transcript", 11),
    ("token", 7),
    ("sentence", 9),
    ("audio", 7),
    ("frame", 7),
    ("own", 6),
];

fn header() -> String {
    let columns: String = COLUMNS
        .iter()
        .map(|(name, width)| format!("{name:>width$}"))
        .collect();
    format!("{:>3}  {:<8}{:>8}{columns}", "#", "turn", "at s")
}

fn write_turn(
    formatter: &mut fmt::Formatter<'_>,
    turn: &TurnReport,
    longest: f64,
    width: usize,
) -> fmt::Result {
    let began = turn
        .began_ms
        .map_or("–".to_owned(), |ms| format!("{:.1}", ms / 1_000.0));
    write!(formatter, "{:>3}  {:<8}{began:>8}", turn.turn, turn.kind)?;
    if let Some(stages) = &turn.stages_ms {
        let figures = [
            stages.endpoint,
            stages.transcript,
            stages.first_token,
            stages.first_sentence,
            stages.first_audio,
            stages.first_frame,
            turn.runtime_share_ms,
        ];
        for (figure, (_, column)) in figures.iter().zip(COLUMNS) {
            let figure = figure.map_or("–".to_owned(), |ms| format!("{ms:.0}"));
            write!(formatter, "{figure:>column$}")?;
        }
    }
    writeln!(formatter)?;
    if let Some(shares) = &turn.shares_ms {
        writeln!(
            formatter,
            "{:INDENT$}{}",
            "",
            bar(shares, longest, width - INDENT)
        )?;
    }
    if !turn.caller_text.is_empty() {
        write_text(formatter, "caller", &turn.caller_text, width)?;
    }
    if let Some(after) = turn.filler_after_ms {
        let fillers = turn.fillers.join(" ");
        let text = format!("{fillers} [after {after:.0} ms]");
        write_text(formatter, "filler", &text, width)?;
    }
    let (heard, note) = match &turn.agent_text_heard {
        Some(heard) if turn.interrupted => (heard, " [interrupted]"),
        Some(heard) => (heard, ""),
        None => (&turn.agent_text_generated, " [not known what was heard]"),
    };
    write_text(formatter, "agent", &format!("{heard}{note}"), width)
}

fn write_text(
    formatter: &mut fmt::Formatter<'_>,
    speaker: &str,
    text: &str,
    width: usize,
) -> fmt::Result {
    const SPEAKER: usize = 8;
    let lines = wrapped(&plain(text), width - INDENT - SPEAKER);
    for (index, line) in lines.iter().enumerate() {
        let speaker = if index == 0 { speaker } else { "" };
        writeln!(formatter, "{:INDENT$}{speaker:<SPEAKER$}{line}", "")?;
    }
    Ok(())
}

/// The shares as a bar, where `longest` milliseconds fill the width.
fn bar(shares: &Shares, longest: f64, width: usize) -> String {
    let scale = (width.min(100) as f64 - 10.0) / longest.max(1.0);
    let mut drawn = String::new();
    let (mut total, mut cells) = (0.0, 0);
    for ((_, share), mark) in shares.parts().into_iter().zip(MARKS) {
        total += share;
        let end = (total * scale).round() as usize;
        drawn.extend(std::iter::repeat_n(mark, end.saturating_sub(cells)));
        cells = end;
    }
    format!("{drawn} {total:.0} ms")
}

fn write_legend(formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let legend: Vec<String> = Shares::default()
        .parts()
        .iter()
        .zip(MARKS)
        .map(|((name, _), mark)| format!("{mark} {name}"))
        .collect();
    writeln!(formatter, "\n{:INDENT$}{}", "", legend.join("   "))?;
    writeln!(
        formatter,
        "{:INDENT$}own: what is neither model inference nor a configured wait\n",
        ""
    )
}

fn write_summary(formatter: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let summary = &report.summary;
    writeln!(
        formatter,
        "{:<22}{:>9}{:>9}{:>9}",
        "milliseconds", "median", "p95", "max"
    )?;
    for (name, spread) in [
        ("voice to voice", summary.voice_to_voice_ms),
        ("runtime's own share", summary.runtime_share_ms),
        ("barge-in stop", summary.barge_in_stop_ms),
    ] {
        match spread {
            Some(Spread { p50, p95, max }) => {
                writeln!(formatter, "{name:<22}{p50:>9.0}{p95:>9.0}{max:>9.0}")?;
            }
            None => writeln!(formatter, "{name:<22}{:>9}{:>9}{:>9}", "–", "–", "–")?,
        }
    }
    if let Some(pacing) = summary.pacing_ms {
        writeln!(
            formatter,
            "frames within 5 ms of their schedule: {:.2} %, p99 {:.1} ms, latest {:.1} ms",
            pacing.within_5_ms * 100.0,
            pacing.p99,
            pacing.max
        )?;
    }
    write_worst(formatter, report)?;
    if let Some(rate) = summary.word_error_rate {
        writeln!(
            formatter,
            "word error rate of the caller's lines: {:.1} %",
            rate * 100.0
        )?;
    }
    if !report.backchannels.is_empty() {
        let count = report.backchannels.len();
        writeln!(formatter, "times the agent showed that it listens: {count}")?;
    }
    writeln!(
        formatter,
        "underruns {}, drafts thrown away {}, caller frames dropped {}",
        report.underruns, report.discarded_drafts, report.dropped_caller_frames
    )?;
    if let Some(process) = report.process {
        writeln!(
            formatter,
            "ready after {:.1} s, prompt read in {:.1} s, {:.2} GB of memory at most",
            process.start_up_ms / 1_000.0,
            process.prompt_read_ms / 1_000.0,
            process.rss_bytes as f64 / 1e9
        )?;
    }
    for problem in &report.problems {
        writeln!(formatter, "problem: {}", plain(problem))?;
    }
    Ok(())
}

fn write_worst(formatter: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let answers = report
        .turns
        .iter()
        .filter_map(|turn| Some((turn.voice_to_voice_ms?, turn)));
    let Some((longest, worst)) = answers.max_by(|one, other| one.0.total_cmp(&other.0)) else {
        return Ok(());
    };
    let mut parts = worst.shares_ms.unwrap_or_default().parts();
    parts.sort_by(|one, other| other.1.total_cmp(&one.1));
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, share)| *share >= 0.5)
        .map(|(name, share)| format!("{name} {share:.0}"))
        .collect();
    writeln!(
        formatter,
        "worst turn: {} with {longest:.0} ms ({})",
        worst.turn,
        parts.join(", ")
    )
}

fn write_verdict(formatter: &mut fmt::Formatter<'_>, report: &Report, width: usize) -> fmt::Result {
    let Some(verdict) = &report.scenario else {
        return Ok(());
    };
    let failed: Vec<_> = verdict
        .checks
        .iter()
        .filter(|check| !check.passed)
        .collect();
    let all = verdict.checks.len();
    let name = plain(&verdict.name);
    if failed.is_empty() {
        return writeln!(formatter, "scenario {name}: passed all {all} checks");
    }
    writeln!(
        formatter,
        "scenario {name}: FAILED {} of {all} checks",
        failed.len()
    )?;
    for check in failed {
        let text = format!("{}: {}", plain(&check.expected), plain(&check.found));
        for (index, line) in wrapped(&text, width - 4).iter().enumerate() {
            let mark = if index == 0 { "  ✗ " } else { "    " };
            writeln!(formatter, "{mark}{line}")?;
        }
    }
    Ok(())
}
