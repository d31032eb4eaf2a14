//! What the caller's microphone picks up: the episode's sound, the room, the noise of the line
//! and, where the telephone is loud, the agent; and the ear from which that comes.

use std::collections::VecDeque;

use offhook_contract::OutboundFrame;
use offhook_media::{Codec, Decoder, Encoder, Frame, Packet, SampleRate};

use crate::corpus::Call;
use crate::random::Random;
use crate::sound::{at_rate, pcm};

/// A loudspeaker of a telephone and its way back to the microphone let less through above this.
const ECHO_LOW_PASS_SHARE: f32 = 0.6;

/// The microphone of one call.
pub(crate) struct Microphone {
    rate: SampleRate,
    line_noise: f32,
    noise: Random,
    bed: Vec<f32>,
    bed_at: usize,
    ear: VecDeque<OutboundFrame>,
    generation: u32,
    echo: Option<EchoPath>,
    wire: Option<Wire>,
}

struct EchoPath {
    /// What was played and has not come back yet.
    delayed: VecDeque<f32>,
    factor: f32,
    held: f32,
}

/// µ-law there, which takes its share of every sound.
struct Wire {
    encoder: Encoder,
    decoder: Decoder,
    packet: Packet,
    decoded: Vec<i16>,
}

impl Microphone {
    pub(crate) fn new(call: &Call, rate: SampleRate) -> anyhow::Result<Self> {
        let echo = call.echo.map(|echo| EchoPath {
            delayed: vec![0.0; rate.hz() as usize * echo.delay_ms as usize / 1_000].into(),
            factor: echo.factor,
            held: 0.0,
        });
        let wire = if rate == SampleRate::HZ_8000 {
            Some(Wire {
                encoder: Encoder::new(Codec::MuLaw, rate)?,
                decoder: Decoder::new(Codec::MuLaw, rate)?,
                packet: Packet::empty(),
                decoded: Vec::with_capacity(rate.frame_samples()),
            })
        } else {
            None
        };
        Ok(Self {
            rate,
            line_noise: call.line_noise,
            noise: Random::new(call.noise_seed),
            bed: at_rate(&call.bed, rate)?,
            bed_at: 0,
            ear: VecDeque::new(),
            generation: 0,
            echo,
            wire,
        })
    }

    /// The agent's next frame, which will be heard after those before it.
    pub(crate) fn play(&mut self, frame: OutboundFrame) {
        if frame.generation >= self.generation {
            self.ear.push_back(frame);
        }
    }

    /// What was sent ahead is not to be heard.
    pub(crate) fn clear(&mut self, generation: u32) {
        self.generation = self.generation.max(generation);
        let newest = self.generation;
        self.ear.retain(|frame| frame.generation >= newest);
    }

    /// The next 20 ms, in which `sound` is made near the microphone.
    pub(crate) fn record(&mut self, sound: &[f32]) -> Frame {
        let count = self.rate.frame_samples();
        let played = self.ear.pop_front();
        let mut mixed: Vec<f32> = sound.to_vec();
        mixed.resize(count, 0.0);
        // Uniform noise between −a and a has an RMS of a / √3.
        let line_noise = self.line_noise * 3_f32.sqrt();
        for (index, sample) in mixed.iter_mut().enumerate() {
            *sample += line_noise * self.noise.noise();
            if let Some(bed) = self.bed.get(self.bed_at) {
                *sample += bed;
                self.bed_at = (self.bed_at + 1) % self.bed.len();
            }
            if let Some(echo) = &mut self.echo {
                let heard = played.map_or(0.0, |it| f32::from(it.frame.samples()[index]));
                *sample += echo.next(heard / 32_768.0);
            }
        }
        let mut samples = pcm(&mixed);
        if let Some(wire) = &mut self.wire {
            samples = wire.carry(&Frame::padded(self.rate, &samples));
        }
        Frame::padded(self.rate, &samples)
    }
}

impl EchoPath {
    fn next(&mut self, heard: f32) -> f32 {
        self.delayed.push_back(heard);
        let late = self.delayed.pop_front().unwrap_or_default();
        self.held += ECHO_LOW_PASS_SHARE * (late - self.held);
        self.held * self.factor
    }
}

impl Wire {
    /// The frame as the other end decodes it; as it was where that fails, which it cannot.
    fn carry(&mut self, frame: &Frame) -> Vec<i16> {
        self.decoded.clear();
        let is_coded = self.encoder.encode(frame, &mut self.packet).is_ok();
        if is_coded
            && self
                .decoder
                .decode(self.packet.payload(), &mut self.decoded)
                .is_ok()
        {
            return self.decoded.clone();
        }
        frame.samples().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use offhook_contract::TurnId;

    use super::*;
    use crate::corpus::Echo;
    use crate::section::Section;
    use crate::sound::{floats, rms};

    fn call(echo: Option<Echo>, bed: Vec<f32>) -> Call {
        Call {
            section: Section::Echo,
            number: 0,
            room: String::new(),
            snr_db: None,
            line_noise: 0.0,
            bed,
            echo,
            episodes: Vec::new(),
            noise_seed: 1,
        }
    }

    fn loud(generation: u32) -> OutboundFrame {
        OutboundFrame {
            generation,
            turn: TurnId(1),
            frame: Frame::padded(SampleRate::HZ_16000, &[8_000; 320]),
        }
    }

    #[test]
    fn the_agent_comes_back_late_and_soft_and_what_was_cleared_never_does() {
        let echo = Some(Echo {
            delay_ms: 40,
            factor: 0.1,
        });
        let mut microphone =
            Microphone::new(&call(echo, Vec::new()), SampleRate::HZ_16000).unwrap();
        microphone.play(loud(0));
        microphone.play(loud(0));
        microphone.clear(1);
        microphone.play(loud(0));
        microphone.play(loud(1));
        let levels: Vec<f32> = (0..4)
            .map(|_| rms(&floats(microphone.record(&[]).samples())))
            .collect();
        assert!(levels[0] == 0.0 && levels[1] == 0.0, "{levels:?}");
        assert!((levels[2] - 0.0244).abs() < 0.002, "{levels:?}");
        assert!(levels[3] < 0.002, "{levels:?}");
    }

    #[test]
    fn the_room_goes_on_for_ever_and_the_sound_is_on_top() {
        let mut microphone =
            Microphone::new(&call(None, vec![0.1; 500]), SampleRate::HZ_16000).unwrap();
        for _ in 0..10 {
            assert!((rms(&floats(microphone.record(&[]).samples())) - 0.1).abs() < 0.001);
        }
        assert!((rms(&floats(microphone.record(&[0.2; 320]).samples())) - 0.3).abs() < 0.001);
    }

    #[test]
    fn a_narrow_line_is_coded() {
        let mut microphone = Microphone::new(&call(None, Vec::new()), SampleRate::HZ_8000).unwrap();
        let sound: Vec<f32> = (0..160).map(|at| (at as f32 * 0.3).sin() * 0.3).collect();
        let heard = floats(microphone.record(&sound).samples());
        let error: Vec<f32> = sound.iter().zip(&heard).map(|(a, b)| a - b).collect();
        assert!(rms(&error) > 1e-5 && rms(&error) < 0.01);
    }
}
