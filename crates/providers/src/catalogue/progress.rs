//! What people see while bytes arrive: a bar for each file and one in total, or plain lines.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How progress is shown. All of it goes to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// Bars that move, for a terminal.
    Bars,
    /// One line for each file, and one for each tenth of the whole.
    Lines,
    /// Nothing.
    Silent,
}

impl Display {
    /// Bars on a terminal, else lines.
    #[must_use]
    pub fn for_standard_error() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars
        } else {
            Self::Lines
        }
    }

    /// A message, when no bar is on the screen.
    pub(super) fn say(self, text: &str) {
        match self {
            Self::Bars | Self::Lines => eprintln!("{text}"),
            Self::Silent => {}
        }
    }
}

/// `bytes` as people read them, such as `1.1 GB`; powers of ten, as disks are sold.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn human_bytes(bytes: u64) -> String {
    let steps = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (step, unit) in steps {
        if bytes >= step {
            return format!("{:.1} {unit}", bytes as f64 / step as f64);
        }
    }
    format!("{bytes} bytes")
}

/// The progress of one command.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    shown: Arc<Shown>,
}

#[derive(Debug)]
struct Shown {
    display: Display,
    bars: MultiProgress,
    total_bar: ProgressBar,
    total_bytes: u64,
    done_bytes: AtomicU64,
    tenths: AtomicU64,
}

/// The progress of one file.
#[derive(Debug)]
pub(super) struct Meter {
    shown: Arc<Shown>,
    bar: Option<ProgressBar>,
    last_bytes: AtomicU64,
}

impl Progress {
    /// The progress of `total_bytes`.
    pub(super) fn new(display: Display, total_bytes: u64) -> Self {
        let bars = MultiProgress::new();
        let total_bar = match display {
            Display::Bars => bars.add(ProgressBar::new(total_bytes).with_style(style())),
            Display::Lines | Display::Silent => ProgressBar::hidden(),
        };
        total_bar.set_message("total");
        let shown = Shown {
            display,
            bars,
            total_bar,
            total_bytes,
            done_bytes: AtomicU64::new(0),
            tenths: AtomicU64::new(0),
        };
        Self {
            shown: Arc::new(shown),
        }
    }

    /// A meter for one file of `bytes`, called `label`.
    pub(super) fn item(&self, label: &str, bytes: u64) -> Meter {
        let bar = (self.shown.display == Display::Bars).then(|| {
            let bar = ProgressBar::new(bytes)
                .with_style(style())
                .with_message(label.to_owned());
            self.shown.bars.insert_before(&self.shown.total_bar, bar)
        });
        if self.shown.display == Display::Lines {
            eprintln!("  {label} ({})", human_bytes(bytes));
        }
        Meter {
            shown: Arc::clone(&self.shown),
            bar,
            last_bytes: AtomicU64::new(0),
        }
    }

    /// Takes the total away.
    pub(super) fn finish(&self) {
        self.shown.total_bar.finish_and_clear();
    }
}

impl Meter {
    /// `bytes` of the file are done; fewer than before if it had to begin again.
    pub(super) fn set(&self, bytes: u64) {
        let before = self.last_bytes.swap(bytes, Ordering::Relaxed);
        let shown = &self.shown;
        let change = bytes.wrapping_sub(before);
        let done = shown
            .done_bytes
            .fetch_add(change, Ordering::Relaxed)
            .wrapping_add(change);
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            shown.total_bar.set_position(done);
        } else if shown.display == Display::Lines {
            let tenths = done.saturating_mul(10) / shown.total_bytes.max(1);
            if tenths > shown.tenths.fetch_max(tenths, Ordering::Relaxed) {
                let total = human_bytes(shown.total_bytes);
                eprintln!("{:3} % of {total}", tenths * 10);
            }
        }
    }

    /// The file is done, or given up.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    let template = "{bar:24} {bytes:>10} of {total_bytes:10} {bytes_per_sec:>12} {eta:>4} {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_one_decimal() {
        assert_eq!(human_bytes(999), "999 bytes");
        assert_eq!(human_bytes(2_327_524), "2.3 MB");
        assert_eq!(human_bytes(1_117_320_768), "1.1 GB");
    }

    #[test]
    fn the_template_is_valid() {
        let template =
            "{bar:24} {bytes:>10} of {total_bytes:10} {bytes_per_sec:>12} {eta:>4} {msg}";
        assert!(ProgressStyle::with_template(template).is_ok());
    }

    #[test]
    fn a_file_that_begins_again_takes_its_bytes_back() {
        let progress = Progress::new(Display::Silent, 100);
        let meter = progress.item("file", 100);
        meter.set(60);
        meter.set(10);
        assert_eq!(progress.shown.done_bytes.load(Ordering::Relaxed), 10);
    }
}
