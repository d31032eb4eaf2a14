//! A picture of a call: both tracks as waveforms, and over them every decision with its reason,
//! below them the words, and at the end what each answer's latency was made of. One SVG, readable
//! by itself.
//!
//! The picture is laid out like a page of music: rows of equal length, so that a long call stays
//! readable. Its size is bounded whatever the call's length.

mod drawing;
mod envelope;
mod events;
mod lanes;
mod latency;
mod legend;
mod row;
mod scale;
#[cfg(test)]
mod tests;

use offhook_media::SampleRate;
use offhook_turn_taking::Instant;

use crate::report::Report;
use crate::{CallRecord, LogEntry};

use drawing::Drawing;
use envelope::Envelope;
use events::Events;
use scale::Scale;

/// Pixels from the left edge to the tracks, and from the tracks to the right edge.
const MARGIN_LEFT: f64 = 92.0;
const MARGIN_RIGHT: f64 = 28.0;
/// Pixels of the whole picture.
const WIDTH: f64 = 1_600.0;

/// One side's audio.
#[derive(Debug, Clone, Copy)]
pub struct Track<'s> {
    /// Mono samples, from the beginning of the call.
    pub samples: &'s [i16],
    /// Their rate.
    pub rate: SampleRate,
}

/// All that the picture shows.
#[derive(Debug, Clone, Copy)]
pub struct Timeline<'s> {
    /// The call.
    pub record: &'s CallRecord,
    /// Its log.
    pub entries: &'s [LogEntry],
    /// What the caller said.
    pub caller: Track<'s>,
    /// What the caller heard.
    pub agent: Track<'s>,
    /// The call's own time at the first sample of the tracks.
    pub tracks_began: Instant,
}

impl Timeline<'_> {
    /// The picture as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        let report = Report::new(self.record, &[]);
        let events = Events::new(self.entries, self.record);
        let scale = Scale::new(self.seconds());
        let caller = Envelope::new(self.caller, self.tracks_began);
        let agent = Envelope::new(self.agent, self.tracks_began);
        let mut drawing = Drawing::default();
        let mut y = legend::draw(&mut drawing, &report);
        for row in 0..scale.rows {
            let page = row::Row {
                scale,
                row,
                events: &events,
                caller: &caller,
                agent: &agent,
            };
            y = page.draw(&mut drawing, y);
        }
        y = latency::draw(&mut drawing, &report, y);
        drawing.finish(WIDTH, y + 24.0)
    }

    /// How long the picture has to be.
    fn seconds(&self) -> f64 {
        let of = |track: Track<'_>| {
            self.tracks_began.since(Instant::START)
                + track.rate.duration_of(track.samples.len() as u64)
        };
        let longest = self
            .record
            .duration
            .max(of(self.caller))
            .max(of(self.agent));
        longest.as_secs_f64().max(1.0)
    }
}
