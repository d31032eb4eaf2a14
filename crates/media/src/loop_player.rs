//! Plays a loop for as long as it is wanted, at a level that moves without a jump.

use std::time::Duration;

use crate::{FRAME_DURATION, Frame, SoundLoop};

/// A loop that plays. It allocates nothing.
///
/// The level is an amplitude: 1 is the loop as it is. It moves along a straight line within each
/// frame, and by no more in a frame than the time given for the way allows.
#[derive(Debug, Clone)]
pub struct LoopPlayer {
    sound: SoundLoop,
    /// The next sample to play.
    next: usize,
    level: f32,
    target: f32,
    /// How far the level moves in a frame.
    step: f32,
}

impl LoopPlayer {
    /// A silent player at the beginning of the loop.
    #[must_use]
    pub const fn new(sound: SoundLoop) -> Self {
        Self {
            sound,
            next: 0,
            level: 0.0,
            target: 0.0,
            step: 0.0,
        }
    }

    /// Moves to `level` over `duration`, which is rounded up to whole frames. Saying it again
    /// while it moves there changes nothing.
    pub fn move_to(&mut self, level: f32, duration: Duration) {
        if level == self.target {
            return;
        }
        let frames = duration.as_nanos().div_ceil(FRAME_DURATION.as_nanos());
        self.target = level;
        self.step = (level - self.level).abs() / frames.max(1) as f32;
    }

    /// Goes back to the beginning of the loop.
    pub const fn restart(&mut self) {
        self.next = 0;
    }

    /// Whether nothing is to be heard of it, now and until the level is moved.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.level == 0.0 && self.target == 0.0
    }

    /// The level at the end of the frame before.
    #[must_use]
    pub const fn level(&self) -> f32 {
        self.level
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut frame = Frame::silence(self.sound.rate());
        let samples = self.sound.samples();
        let from = self.level;
        let way = (self.target - from).clamp(-self.step, self.step);
        // The last step lands on the target, whatever rounding left over.
        let is_last = (self.target - from - way).abs() <= self.step * 0.01;
        self.level = if is_last { self.target } else { from + way };
        let slope = (self.level - from) / frame.samples().len() as f32;
        if samples.is_empty() {
            return frame;
        }
        for (index, out) in frame.samples_mut().iter_mut().enumerate() {
            let level = from + slope * (index + 1) as f32;
            *out = (f32::from(samples[self.next]) * level).round() as i16;
            self.next += 1;
            if self.next == samples.len() {
                self.next = 0;
            }
        }
        frame
    }

    /// Goes back by `count` samples: they were not heard and are played again.
    pub fn rewind(&mut self, count: u64) {
        let length = self.sound.samples().len().max(1);
        let back = (count % length as u64) as usize;
        self.next = (self.next + length - back) % length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleRate;

    const RATE: SampleRate = SampleRate::HZ_8000;

    fn player(samples: &[i16]) -> LoopPlayer {
        LoopPlayer::new(SoundLoop::new(RATE, samples))
    }

    #[test]
    fn a_level_moves_without_a_jump_in_the_time_given() {
        let mut player = player(&[10_000; 1_000]);
        assert!(player.is_silent());
        player.move_to(1.0, Duration::from_millis(100));
        let mut heard = Vec::new();
        for _ in 0..6 {
            player.move_to(1.0, Duration::from_millis(100));
            heard.extend_from_slice(player.next_frame().samples());
        }
        assert!(
            heard
                .windows(2)
                .all(|pair| (0..=13).contains(&(pair[1] - pair[0])))
        );
        assert_eq!(
            (heard[399], heard[799], heard[959]),
            (5_000, 10_000, 10_000)
        );
        player.move_to(0.5, Duration::from_millis(60));
        heard.clear();
        for _ in 0..4 {
            heard.extend_from_slice(player.next_frame().samples());
        }
        assert!(
            heard
                .windows(2)
                .all(|pair| (-11..=0).contains(&(pair[1] - pair[0])))
        );
        assert_eq!(heard[479..], [5_000; 161]);
        player.move_to(0.0, Duration::ZERO);
        player.next_frame();
        assert!(player.is_silent());
    }

    #[test]
    fn the_end_leads_to_the_beginning_and_what_was_taken_back_comes_again() {
        let ramp: Vec<i16> = (0..250).collect();
        let mut player = player(&ramp);
        player.move_to(1.0, Duration::ZERO);
        player.next_frame();
        assert_eq!(player.next_frame().samples()[89..92], [249, 0, 1]);
        player.rewind(90);
        assert_eq!(player.next_frame().samples()[0], 230);
        player.rewind(250 * 7 + 160);
        assert_eq!(player.next_frame().samples()[0], 230);
        player.restart();
        assert_eq!(player.next_frame().samples()[3], 3);
    }

    #[test]
    fn an_empty_loop_is_silence() {
        let mut player = player(&[]);
        player.move_to(1.0, Duration::ZERO);
        player.rewind(5);
        assert_eq!(player.next_frame(), Frame::silence(RATE));
    }
}
