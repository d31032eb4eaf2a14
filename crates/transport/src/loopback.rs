//! Legs without a wire: a far end in the same process, and two sessions that talk to each other.

use std::time::Duration;

use offhook_contract::{Leg, LegControl, LegDescription, LegEvent, LegFarEnd, leg};
use offhook_media::{FRAME_DURATION, Frame, SampleRate};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::ear::Ear;

/// A leg whose far end is in this process, with no lead.
#[must_use]
pub fn loopback(rate: SampleRate) -> (Leg, LegFarEnd) {
    leg(LegDescription {
        transport: "loopback".to_owned(),
        rate,
        lead: Duration::ZERO,
    })
}

/// Wires two legs of the same `rate` together, so that each session hears the other's agent. Each
/// side gets a frame every 20 ms, silence where the other says nothing. Returns when either side
/// hangs up or goes away; the other is then told that its caller hung up.
pub async fn join_legs(rate: SampleRate, first: LegFarEnd, second: LegFarEnd) {
    let mut first = Side::new(rate, first);
    let mut second = Side::new(rate, second);
    let mut clock = interval_at(Instant::now(), FRAME_DURATION);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !first.has_ended && !second.has_ended {
        tokio::select! {
            biased;
            () = first.listen() => {}
            () = second.listen() => {}
            _ = clock.tick() => {
                let (from_first, from_second) = (first.said(), second.said());
                first.hear(from_second);
                second.hear(from_first);
            }
        }
    }
    for side in [first, second] {
        // A full or closed lane makes no difference: dropping the leg says the same.
        side.far_end.events.try_send(LegEvent::HungUp).ok();
    }
}

/// One of the two sessions.
struct Side {
    rate: SampleRate,
    far_end: LegFarEnd,
    ear: Ear,
    has_hung_up: bool,
    has_ended: bool,
}

impl Side {
    fn new(rate: SampleRate, far_end: LegFarEnd) -> Self {
        Self {
            rate,
            far_end,
            ear: Ear::new(),
            has_hung_up: false,
            has_ended: false,
        }
    }

    /// Takes one order or frame from the session.
    async fn listen(&mut self) {
        tokio::select! {
            biased;
            control = self.far_end.control.recv() => match control {
                Some(LegControl::Clear { generation }) => self.ear.clear(generation),
                Some(LegControl::HangUp) => self.has_hung_up = true,
                Some(LegControl::Notice(_)) => {}
                None => self.has_ended = true,
            },
            frame = self.far_end.audio_out.recv(), if self.ear.has_room() => match frame {
                Some(frame) => {
                    self.ear.push(frame);
                }
                None => self.has_ended = true,
            },
        }
    }

    /// What the session's agent says now.
    fn said(&mut self) -> Frame {
        let frame = self.ear.next().map(|outbound| outbound.frame);
        self.has_ended |= self.has_hung_up && self.ear.is_empty();
        frame
            .filter(|frame| frame.rate() == self.rate)
            .unwrap_or(Frame::silence(self.rate))
    }

    fn hear(&self, frame: Frame) {
        // A session that lags loses audio, as on any wire.
        self.far_end.audio_in.try_send(frame).ok();
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::{OutboundFrame, TurnId};

    use super::*;

    const RATE: SampleRate = SampleRate::HZ_16000;

    fn outbound(value: i16) -> OutboundFrame {
        let frame = Frame::padded(RATE, &[value; 320]);
        OutboundFrame {
            generation: 0,
            turn: TurnId(1),
            frame,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_side_hears_the_other_and_a_hang_up_ends_both() {
        let (mut first, first_far) = loopback(RATE);
        let (mut second, second_far) = loopback(RATE);
        let joined = tokio::spawn(join_legs(RATE, first_far, second_far));
        for value in [1, 2, 3] {
            first.audio_out.send(outbound(value)).await.unwrap();
        }
        second.audio_out.send(outbound(9)).await.unwrap();
        let mut heard = Vec::new();
        for _ in 0..4 {
            heard.push(second.audio_in.recv().await.unwrap().samples()[0]);
        }
        assert_eq!(heard, [1, 2, 3, 0]);
        assert_eq!(first.audio_in.recv().await.unwrap().samples()[0], 9);
        first.control.send(LegControl::HangUp).await.unwrap();
        joined.await.unwrap();
        assert_eq!(second.events.recv().await, Some(LegEvent::HungUp));
        assert_eq!(first.events.recv().await, Some(LegEvent::HungUp));
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_goes_away_ends_the_other() {
        let (first, first_far) = loopback(RATE);
        let (mut second, second_far) = loopback(RATE);
        drop(first);
        join_legs(RATE, first_far, second_far).await;
        assert_eq!(second.events.recv().await, Some(LegEvent::HungUp));
        assert_eq!(second.events.recv().await, None);
    }
}
