//! Lines with echo and rooms with noise, for tests: what a caller's telephone picks up beside the
//! caller. Made here, so that it is the same on every machine.

use std::time::Duration;

use offhook_contract::{DetectorEvent, DetectorRequest, EVENT_QUEUE, TurnDetector};
use offhook_media::{
    Codec, Decoder, EchoCancellation, EchoGuard, Encoder, Frame, Packet, SampleRate,
};

use super::LocalEars;

/// Numbers of no pattern, the same every time.
pub(super) struct Dice(pub(super) u32);

impl Dice {
    /// From −1 to 1.
    pub(super) fn roll(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as f32 / 32_768.0 - 1.0
    }

    pub(super) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (self.roll() + 1.0) / 2.0 * (to - from)
    }
}

/// Speech at a level: the root mean square of the louder fifth of its frames, in dBFS.
pub(super) fn at_level(samples: &[i16], level_db: f32) -> Vec<f32> {
    let mut levels: Vec<f32> = samples.chunks(320).map(rms).collect();
    levels.sort_by(f32::total_cmp);
    let now = levels[levels.len() * 8 / 10].max(1.0);
    let gain = 32_768.0 * 10_f32.powf(level_db / 20.0) / now;
    samples
        .iter()
        .map(|sample| f32::from(*sample) * gain)
        .collect()
}

fn rms(samples: &[i16]) -> f32 {
    let sum: f32 = samples
        .iter()
        .map(|sample| f32::from(*sample).powi(2))
        .sum();
    (sum / samples.len() as f32).sqrt()
}

/// The same from the other end of a room: fewer high tones, and a tail of 0.3 s.
pub(super) fn across_the_room(samples: &[f32], rate: SampleRate) -> Vec<f32> {
    let hz = rate.hz() as f32;
    let mut dice = Dice(11);
    let taps: Vec<(usize, f32)> = (1..40)
        .map(|count| {
            let late = dice.between(0.004, 0.3);
            (
                (late * hz) as usize,
                dice.roll() * 0.6 * (-late * 10.0).exp() * (1.0 - count as f32 / 80.0),
            )
        })
        .collect();
    let mut low = 0.0;
    let dull: Vec<f32> = samples
        .iter()
        .map(|sample| {
            low += 0.5 * (sample - low);
            low
        })
        .collect();
    (0..dull.len())
        .map(|at| {
            let tail = taps
                .iter()
                .filter_map(|(late, share)| Some(dull[at.checked_sub(*late)?] * share));
            dull[at] + tail.sum::<f32>()
        })
        .collect()
}

/// A telephone line: quiet hiss, and on a narrow one the codec's coarseness.
pub(super) fn line(sound: &[f32], rate: SampleRate) -> Vec<Frame> {
    let mut dice = Dice(5);
    let narrow = SampleRate::HZ_8000;
    let mut encoder = Encoder::new(Codec::MuLaw, narrow).unwrap();
    let mut decoder = Decoder::new(Codec::MuLaw, narrow).unwrap();
    let (mut packet, mut decoded) = (Packet::empty(), Vec::new());
    sound
        .chunks_exact(rate.frame_samples())
        .map(|chunk| {
            let samples: Vec<i16> = chunk
                .iter()
                .map(|sample| (sample + dice.roll() * 25.0) as i16)
                .collect();
            let frame = Frame::padded(rate, &samples);
            if rate != narrow {
                return frame;
            }
            decoded.clear();
            encoder.encode(&frame, &mut packet).unwrap();
            decoder.decode(packet.payload(), &mut decoded).unwrap();
            Frame::padded(rate, &decoded)
        })
        .collect()
}

/// What a loudspeaker sends back of `played`: late, weaker by `loss_db`, with reflections.
pub(super) fn loudspeaker(
    played: &[f32],
    rate: SampleRate,
    late_ms: usize,
    loss_db: f32,
) -> Vec<f32> {
    let gain = 10_f32.powf(-loss_db / 20.0);
    let taps = [(0, 0.8), (2, -0.4), (7, 0.3), (19, -0.25), (43, 0.15)].map(|(more_ms, share)| {
        (
            (late_ms + more_ms) * rate.hz() as usize / 1_000,
            share * gain,
        )
    });
    (0..played.len())
        .map(|at| {
            let parts = taps
                .iter()
                .filter_map(|(late, share)| Some(played[at.checked_sub(*late)?] * share));
            parts.sum()
        })
        .collect()
}

pub(super) fn added(one: &[f32], other: &[f32]) -> Vec<f32> {
    one.iter()
        .zip(other)
        .map(|(one, other)| one + other)
        .collect()
}

/// The caller's frames without the echo of what was played.
pub(super) fn guarded(played: &[f32], caller: &[Frame], rate: SampleRate) -> Vec<Frame> {
    let mut guard = EchoGuard::new(rate, EchoCancellation::Auto);
    let played = played.chunks_exact(rate.frame_samples()).map(|chunk| {
        let samples: Vec<i16> = chunk.iter().map(|sample| *sample as i16).collect();
        Frame::padded(rate, &samples)
    });
    played
        .zip(caller)
        .map(|(played, caller)| guard.process(&played, caller))
        .collect()
}

/// From when to when the detector heard the caller speak, and when it knew that it began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heard {
    pub(super) from: Duration,
    pub(super) known: Duration,
    pub(super) to: Duration,
}

/// What the detector hears in `frames`, which come no faster than it listens.
pub(super) async fn detected(
    ears: &LocalEars,
    request: DetectorRequest,
    frames: &[Frame],
) -> Vec<Heard> {
    let mut stream = ears.turn_detector.open(request).await.unwrap();
    let mut heard: Vec<Heard> = Vec::new();
    let mut note = |event: DetectorEvent| match event {
        DetectorEvent::SpeechStarted { onset, at } => heard.push(Heard {
            from: onset,
            known: at,
            to: Duration::MAX,
        }),
        DetectorEvent::SpeechStopped { end, .. } => {
            heard.last_mut().unwrap().to = end;
        }
        DetectorEvent::Failed(problem) => unreachable!("{problem}"),
        DetectorEvent::Quiet { .. }
        | DetectorEvent::WentOn { .. }
        | DetectorEvent::EndOfTurn { .. }
        | DetectorEvent::Voice { .. } => {}
    };
    for frame in frames {
        stream.audio.send(*frame).await.unwrap();
        while stream.audio.capacity() + 4 < EVENT_QUEUE {
            match tokio::time::timeout(Duration::from_millis(1), stream.events.recv()).await {
                Ok(Some(event)) => note(event),
                Ok(None) => unreachable!("detection ended"),
                Err(_) => {}
            }
        }
        while let Ok(event) = stream.events.try_recv() {
            note(event);
        }
    }
    drop(stream.audio);
    while let Some(event) = stream.events.recv().await {
        note(event);
    }
    heard
}
