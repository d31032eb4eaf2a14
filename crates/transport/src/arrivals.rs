//! How well the agent's audio was paced, judged from when its frames arrived. Figures only.

use std::time::Duration;

use offhook_contract::TurnId;
use offhook_media::FRAME_DURATION;

/// What a far end buffers by itself where nothing is sent ahead; a frame that is late by less is
/// no gap.
const FAR_END_BUFFER: Duration = Duration::from_millis(40);

/// Within this a frame counts as on time.
const ON_TIME: Duration = Duration::from_millis(5);

/// One frame of the agent's audio, as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Since the call began.
    pub at: Duration,
    /// The cut it belongs to.
    pub generation: u32,
    /// The reply that it speaks.
    pub turn: TurnId,
}

/// How far frames were from their schedule while speech played.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pacing {
    /// Frames judged.
    pub frames: usize,
    /// Distance from the schedule, either way, that half of the frames keep.
    pub deviation_p50: Duration,
    /// The distance that 99 % of the frames keep.
    pub deviation_p99: Duration,
    /// The largest distance.
    pub deviation_max: Duration,
    /// Share of the frames within 5 ms of their schedule, 0 to 1; 1 where there are none.
    pub on_time_share: f64,
    /// Gaps in the middle of a reply: the ear ran dry before the next frame came.
    pub underruns: usize,
}

/// Judges `arrivals`, in order, of a leg that is sent `lead` of audio ahead of playout.
///
/// Frame `k` of a stretch of speech is due `max(0, 20 ms × k − lead)` after its first; a stretch
/// ends with its reply, at a cut, or where the ear ran dry. The schedule is laid through the
/// median of a stretch, because its true start is known to the sender only.
#[must_use]
pub fn pacing(arrivals: &[Arrival], lead: Duration) -> Pacing {
    let (mut deviations, underruns) = deviations(arrivals, lead);
    deviations.sort_unstable();
    let on_time = deviations.partition_point(|deviation| *deviation <= ON_TIME);
    Pacing {
        frames: deviations.len(),
        deviation_p50: percentile(&deviations, 50),
        deviation_p99: percentile(&deviations, 99),
        deviation_max: deviations.last().copied().unwrap_or_default(),
        on_time_share: if deviations.is_empty() {
            1.0
        } else {
            on_time as f64 / deviations.len() as f64
        },
        underruns,
    }
}

/// The distance of each frame from its schedule, as [`pacing`] judges them, and how often the ear ran
/// dry in the middle of a reply.
#[must_use]
pub fn deviations(arrivals: &[Arrival], lead: Duration) -> (Vec<Duration>, usize) {
    let mut deviations = Vec::with_capacity(arrivals.len());
    let mut underruns = 0;
    let mut rest = arrivals;
    while let Some(first) = rest.first() {
        let length = stretch_length(rest, lead);
        let (stretch, after) = rest.split_at(length);
        judge(stretch, lead, &mut deviations);
        let is_gap = after
            .first()
            .is_some_and(|next| next.turn == first.turn && next.generation == first.generation);
        underruns += usize::from(is_gap);
        rest = after;
    }
    (deviations, underruns)
}

/// Frames from the start of `arrivals` that play without a gap, cut or change of reply.
fn stretch_length(arrivals: &[Arrival], lead: Duration) -> usize {
    let first = arrivals[0];
    let tolerance = FAR_END_BUFFER.saturating_sub(lead);
    let is_in = |(index, arrival): (usize, &Arrival)| {
        let runs_dry = first.at + FRAME_DURATION * index as u32 + tolerance;
        arrival.turn == first.turn
            && arrival.generation == first.generation
            && (index == 0 || arrival.at <= runs_dry)
    };
    arrivals
        .iter()
        .enumerate()
        .take_while(|(index, arrival)| is_in((*index, *arrival)))
        .count()
}

fn judge(stretch: &[Arrival], lead: Duration, deviations: &mut Vec<Duration>) {
    let scheduled = |index: usize| (FRAME_DURATION * index as u32).saturating_sub(lead);
    let offsets: Vec<i128> = stretch
        .iter()
        .enumerate()
        .map(|(index, arrival)| arrival.at.as_nanos() as i128 - scheduled(index).as_nanos() as i128)
        .collect();
    let mut sorted = offsets.clone();
    sorted.sort_unstable();
    let Some(anchor) = sorted.get(sorted.len() / 2) else {
        return;
    };
    deviations.extend(offsets.iter().map(|offset| {
        Duration::from_nanos(u64::try_from((offset - anchor).unsigned_abs()).unwrap_or(u64::MAX))
    }));
}

/// Nearest rank.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(turn: u32, millis: impl IntoIterator<Item = u64>) -> Vec<Arrival> {
        let arrival = |at| Arrival {
            at: Duration::from_millis(at),
            generation: 0,
            turn: TurnId(turn),
        };
        millis.into_iter().map(arrival).collect()
    }

    #[test]
    fn a_lead_and_then_every_twenty_milliseconds_is_perfect() {
        let lead = Duration::from_millis(200);
        let paced = (0..100_u64).map(|k| 1_000 + (k * 20).saturating_sub(200));
        let judged = pacing(&arrivals(1, paced), lead);
        assert_eq!((judged.frames, judged.underruns), (100, 0));
        assert_eq!(judged.deviation_max, Duration::ZERO);
        assert_eq!(judged.on_time_share, 1.0);
    }

    #[test]
    fn late_frames_show_and_do_not_move_the_schedule() {
        let late = |k: u64| if k == 50 { 8 } else { 0 };
        let judged = pacing(
            &arrivals(1, (0..100).map(|k| k * 20 + late(k))),
            Duration::ZERO,
        );
        assert_eq!(judged.deviation_max, Duration::from_millis(8));
        assert_eq!(judged.deviation_p50, Duration::ZERO);
        assert_eq!(judged.on_time_share, 0.99);
        assert_eq!(judged.underruns, 0);
    }

    #[test]
    fn a_dry_ear_is_an_underrun_and_a_new_reply_is_not() {
        let mut all = arrivals(1, (0..10).map(|k| k * 20));
        all.extend(arrivals(1, (0..10).map(|k| 1_000 + k * 20)));
        all.extend(arrivals(2, (0..10).map(|k| 5_000 + k * 20)));
        let judged = pacing(&all, Duration::ZERO);
        assert_eq!((judged.frames, judged.underruns), (30, 1));
        assert_eq!(judged.deviation_max, Duration::ZERO);
    }

    #[test]
    fn no_frames_are_no_figures() {
        let judged = pacing(&[], Duration::ZERO);
        assert_eq!((judged.frames, judged.deviation_p99), (0, Duration::ZERO));
        assert_eq!(judged.on_time_share, 1.0);
    }
}
