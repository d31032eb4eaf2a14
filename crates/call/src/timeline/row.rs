//! One row of the picture: decisions with their reasons, the two waveforms, the words.

use super::drawing::{Drawing, Mark};
use super::envelope::Envelope;
use super::events::{Events, Judgement, JudgementKind, Saying, Span};
use super::lanes::{Lanes, fitting, width};
use super::scale::Scale;
use super::{MARGIN_LEFT, MARGIN_RIGHT, WIDTH};

/// Height of a waveform, of a line of text, of the time axis.
const TRACK: f64 = 62.0;
const LINE: f64 = 16.0;
const AXIS: f64 = 20.0;

/// Lanes of texts that a row has at most; what finds no place can be pointed at.
const LABEL_LANES_MAX: usize = 7;
const SAYING_LANES_MAX: usize = 3;

/// Right edge of the tracks.
const RIGHT: f64 = WIDTH - MARGIN_RIGHT;

/// One row and what is seen in it.
pub(super) struct Row<'r> {
    pub(super) scale: Scale,
    pub(super) row: usize,
    pub(super) events: &'r Events,
    pub(super) caller: &'r Envelope<'r>,
    pub(super) agent: &'r Envelope<'r>,
}

/// A label and its place.
struct Label<'r> {
    judgement: &'r Judgement,
    reason: String,
    x: f64,
    lane: usize,
}

impl Row<'_> {
    /// Draws the row from `y` down and returns where the next one may begin.
    pub(super) fn draw(&self, drawing: &mut Drawing, y: f64) -> f64 {
        let labels = self.labels();
        let lanes = labels.iter().map(|label| label.lane + 1).max().unwrap_or(0);
        let tracks = y + lanes as f64 * LINE + 6.0;
        let caller_words = self.sayings(&self.events.caller_sayings);
        let caller_lines = lines_of(&caller_words);
        let agent_top = tracks + TRACK + caller_lines as f64 * LINE + 8.0;
        let agent_words = self.sayings(&self.events.agent_sayings);
        let axis = agent_top + TRACK + lines_of(&agent_words) as f64 * LINE + 8.0;
        let rect = [
            MARGIN_LEFT,
            tracks,
            self.end_x() - MARGIN_LEFT,
            axis - tracks,
        ];
        drawing.rect("panel", rect, " rx=\"4\"");
        self.draw_axis(drawing, tracks, axis);
        self.draw_track(drawing, tracks, Side::Caller);
        self.draw_track(drawing, agent_top, Side::Agent);
        self.draw_sayings(drawing, tracks + TRACK, &caller_words, Side::Caller);
        self.draw_sayings(drawing, agent_top + TRACK, &agent_words, Side::Agent);
        self.draw_marks(drawing, tracks, agent_top + TRACK);
        for label in &labels {
            self.draw_label(drawing, label, y, tracks);
        }
        axis + AXIS + 22.0
    }

    /// Where the row ends: the last one with the call.
    fn end_x(&self) -> f64 {
        let (_, end) = self.scale.row(self.row);
        self.x(end.min(self.scale.length)).max(MARGIN_LEFT + 40.0)
    }

    fn x(&self, second: f64) -> f64 {
        self.scale.x(self.row, second)
    }

    fn holds(&self, second: f64) -> bool {
        let (start, end) = self.scale.row(self.row);
        let is_last = self.row + 1 == self.scale.rows;
        second >= start && (second < end || is_last)
    }

    fn judgements(&self) -> impl Iterator<Item = &Judgement> {
        self.events
            .judgements
            .iter()
            .filter(|judgement| self.holds(judgement.at))
    }

    fn labels(&self) -> Vec<Label<'_>> {
        const LABEL_WIDTH_MAX: f64 = 640.0;
        let mut lanes = Lanes::new(LABEL_LANES_MAX, RIGHT);
        let heard = self
            .judgements()
            .filter(|one| one.kind != JudgementKind::Unheard);
        heard
            .filter_map(|judgement| {
                let room = LABEL_WIDTH_MAX - width(&judgement.name);
                let reason = fitting(&judgement.reason, room);
                let text = format!("{}: {reason}", judgement.name);
                let at = self.x(judgement.at);
                let wide = width(&text);
                // Beside the stem: right of it, or left of it where the row ends.
                let x = if at + 4.0 + wide > RIGHT {
                    at - 4.0 - wide
                } else {
                    at + 4.0
                };
                let place = lanes.place(x, MARGIN_LEFT, &text)?;
                Some(Label {
                    judgement,
                    reason,
                    x: place.x,
                    lane: place.lane,
                })
            })
            .collect()
    }

    fn draw_label(&self, drawing: &mut Drawing, label: &Label<'_>, top: f64, tracks: f64) {
        let Label {
            judgement,
            reason,
            x,
            lane,
        } = label;
        let (colour, _) = judgement.kind.look();
        let baseline = top + *lane as f64 * LINE + 11.0;
        let at = self.x(judgement.at).min(RIGHT);
        let title = title(judgement);
        let (class, bottom) = ("stem", tracks);
        let mark = Mark {
            class,
            colour,
            x: at,
            top: baseline - 9.0,
            bottom,
            title: &title,
        };
        drawing.mark(&mark);
        let name = format!("{}: ", judgement.name);
        let pieces = [
            ("name", colour, name.as_str()),
            ("soft", "", reason.as_str()),
        ];
        drawing.pieces((*x, baseline), &pieces, &title);
    }

    fn draw_marks(&self, drawing: &mut Drawing, top: f64, bottom: f64) {
        for judgement in self.judgements() {
            let (colour, _) = judgement.kind.look();
            let x = self.x(judgement.at).min(RIGHT);
            let title = title(judgement);
            if judgement.kind == JudgementKind::Unheard {
                let (top, bottom) = (top + 1.0, top + 8.0);
                drawing.mark(&Mark {
                    class: "minor",
                    colour,
                    x,
                    top,
                    bottom,
                    title: &title,
                });
            } else {
                drawing.mark(&Mark {
                    class: "mark",
                    colour,
                    x,
                    top,
                    bottom,
                    title: &title,
                });
            }
        }
    }

    fn draw_axis(&self, drawing: &mut Drawing, top: f64, y: f64) {
        let (start, end) = self.scale.row(self.row);
        let last = end.min(self.scale.length);
        let ticks = ((last - start) / self.scale.tick).floor() as usize;
        for tick in 0..=ticks {
            let second = start + tick as f64 * self.scale.tick;
            let x = self.x(second);
            if x > self.end_x() + 0.5 {
                break;
            }
            drawing.line("grid", (x, top), (x, y));
            drawing.text("tiny soft mid", x, y + 14.0, &clock(second));
        }
    }

    fn draw_track(&self, drawing: &mut Drawing, top: f64, side: Side) {
        let (name, spans, envelope) = match side {
            Side::Caller => ("caller", &self.events.caller_spans, self.caller),
            Side::Agent => ("agent", &self.events.agent_spans, self.agent),
        };
        let middle = top + TRACK / 2.0;
        for span in spans {
            self.draw_span(drawing, *span, top, name);
        }
        drawing.line("base", (MARGIN_LEFT, middle), (self.end_x(), middle));
        let (from, to) = self.scale.row(self.row);
        let across = (MARGIN_LEFT, RIGHT - MARGIN_LEFT);
        let data = envelope.path((from, to), across, (middle, TRACK / 2.0 - 3.0));
        drawing.path(&format!("wave {name}"), &data);
        let class = format!("head end say-{name}");
        drawing.text(&class, MARGIN_LEFT - 12.0, middle + 5.0, name);
    }

    fn draw_span(&self, drawing: &mut Drawing, span: Span, top: f64, name: &str) {
        let (start, end) = self.scale.row(self.row);
        let (from, to) = (span.from.max(start), span.to.min(end));
        if from < to {
            let (x, right) = (self.x(from), self.x(to));
            let rect = [x, top + 2.0, right - x, TRACK - 4.0];
            drawing.rect(&format!("span-{name}"), rect, " rx=\"3\"");
        }
    }

    /// The texts that begin in this row, with their places.
    fn sayings<'s>(&self, all: &'s [Saying]) -> Vec<(&'s Saying, f64, usize)> {
        let mut lanes = Lanes::new(SAYING_LANES_MAX, RIGHT - 4.0);
        all.iter()
            .filter(|saying| self.holds(saying.at))
            .filter_map(|saying| {
                let text = fitting(&whole(saying), RIGHT - MARGIN_LEFT - 12.0);
                let place = lanes.place(self.x(saying.at), MARGIN_LEFT + 4.0, &text)?;
                Some((saying, place.x, place.lane))
            })
            .collect()
    }

    fn draw_sayings(
        &self,
        drawing: &mut Drawing,
        top: f64,
        sayings: &[(&Saying, f64, usize)],
        side: Side,
    ) {
        let class = match side {
            Side::Caller => "say-caller",
            Side::Agent => "say-agent",
        };
        let room = RIGHT - MARGIN_LEFT - 12.0;
        for (saying, x, lane) in sayings {
            let y = top + *lane as f64 * LINE + 13.0;
            let text = fitting(&saying.text, room);
            let lost = fitting(&saying.lost, (room - width(&text)).max(0.0));
            let lost = if saying.lost.is_empty() {
                ""
            } else {
                lost.as_str()
            };
            drawing.pieces(
                (*x, y),
                &[(class, "", &text), ("lost", "", lost)],
                &whole(saying),
            );
        }
    }
}

/// Whose track.
#[derive(Debug, Clone, Copy)]
enum Side {
    Caller,
    Agent,
}

fn lines_of(sayings: &[(&Saying, f64, usize)]) -> usize {
    sayings
        .iter()
        .map(|(_, _, lane)| lane + 1)
        .max()
        .unwrap_or(0)
}

fn whole(saying: &Saying) -> String {
    format!("{}{}", saying.text, saying.lost)
}

fn title(judgement: &Judgement) -> String {
    format!(
        "{:.3} s · {}: {}",
        judgement.at, judgement.name, judgement.reason
    )
}

/// `0:07`, or `1:02:03` past an hour.
fn clock(second: f64) -> String {
    let whole = second.round() as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}
