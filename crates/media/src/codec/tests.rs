//! Codecs against known values, and against nonsense.

use super::*;
use crate::{Frame, Level};

const ALL: [Codec; 6] = [
    Codec::MuLaw,
    Codec::ALaw,
    Codec::G722,
    Codec::L16LittleEndian,
    Codec::L16BigEndian,
    Codec::Opus,
];

fn tone(rate: SampleRate, frames: usize) -> Vec<Frame> {
    let step = 440.0 * std::f64::consts::TAU / f64::from(rate.hz());
    let samples: Vec<i16> = (0..rate.frame_samples() * frames)
        .map(|index| ((index as f64 * step).sin() * 8_000.0) as i16)
        .collect();
    samples
        .chunks(rate.frame_samples())
        .map(|chunk| Frame::new(rate, chunk).unwrap())
        .collect()
}

fn through(codec: Codec, rate: SampleRate, frames: &[Frame]) -> Vec<i16> {
    let mut encoder = Encoder::new(codec, rate).unwrap();
    let mut decoder = Decoder::new(codec, rate).unwrap();
    let (mut packet, mut out) = (Packet::empty(), Vec::new());
    for frame in frames {
        encoder.encode(frame, &mut packet).unwrap();
        if let Some(bytes) = codec.frame_bytes(rate) {
            assert_eq!(packet.payload().len(), bytes);
        }
        let count = decoder.decode(packet.payload(), &mut out).unwrap();
        assert_eq!(count, rate.frame_samples());
    }
    out
}

#[test]
fn a_tone_survives_every_codec_at_every_rate_that_it_knows() {
    for codec in ALL {
        let rates: Vec<SampleRate> = SampleRate::ALL
            .into_iter()
            .filter(|rate| codec.supports(*rate))
            .collect();
        assert!(!rates.is_empty());
        for rate in rates {
            let frames = tone(rate, 25);
            let out = through(codec, rate, &frames);
            let level = Level::of(&out[out.len() / 2..]).rms_dbfs;
            let before = Level::of(frames[10].samples()).rms_dbfs;
            assert!(
                (level - before).abs() < 1.0,
                "{codec} at {rate}: {before} became {level}"
            );
        }
    }
}

#[test]
fn pcm_is_exact_in_both_byte_orders() {
    let rate = SampleRate::HZ_48000;
    let frames = tone(rate, 2);
    let expected: Vec<i16> = frames
        .iter()
        .flat_map(|frame| frame.samples().to_vec())
        .collect();
    assert_eq!(through(Codec::L16LittleEndian, rate, &frames), expected);
    assert_eq!(through(Codec::L16BigEndian, rate, &frames), expected);
    let mut out = Vec::new();
    let decoder = |codec| Decoder::new(codec, rate).unwrap();
    decoder(Codec::L16LittleEndian)
        .decode(&[1, 2], &mut out)
        .unwrap();
    decoder(Codec::L16BigEndian)
        .decode(&[1, 2], &mut out)
        .unwrap();
    assert_eq!(out, [0x0201, 0x0102]);
}

#[test]
fn rates_that_a_codec_does_not_know_are_refused_with_those_it_does() {
    let message = |codec, rate| Encoder::new(codec, rate).unwrap_err().to_string();
    let opus = message(Codec::Opus, SampleRate::HZ_44100);
    assert!(
        opus.contains("Opus does not run at 44100 Hz; use 8000"),
        "{opus}"
    );
    assert!(message(Codec::ALaw, SampleRate::HZ_16000).ends_with("use 8000 Hz"));
    assert!(message(Codec::G722, SampleRate::HZ_8000).ends_with("use 16000 Hz"));
    assert!(Decoder::new(Codec::MuLaw, SampleRate::HZ_16000).is_err());
}

#[test]
fn a_frame_of_another_rate_is_refused() {
    let mut encoder = Encoder::new(Codec::MuLaw, SampleRate::HZ_8000).unwrap();
    let mut packet = Packet::new(&[1, 2, 3]).unwrap();
    let problem = encoder
        .encode(&Frame::silence(SampleRate::HZ_16000), &mut packet)
        .unwrap_err();
    assert!(
        problem
            .to_string()
            .contains("takes frames at 8000 Hz, got one at 16000 Hz")
    );
    assert!(packet.payload().is_empty());
}

#[test]
fn bytes_that_are_no_packet_are_refused_and_add_nothing() {
    let mut out = vec![7];
    let mut pcm = Decoder::new(Codec::L16LittleEndian, SampleRate::HZ_8000).unwrap();
    let problem = pcm.decode(&[0; 321], &mut out).unwrap_err();
    assert!(problem.to_string().contains("321 bytes"), "{problem}");
    let mut opus = Decoder::new(Codec::Opus, SampleRate::HZ_16000).unwrap();
    let problem = opus.decode(&[0xff, 0xff, 0xff], &mut out).unwrap_err();
    assert!(
        problem.to_string().contains("not an Opus packet"),
        "{problem}"
    );
    assert_eq!(opus.decode(&[], &mut out).unwrap(), 0);
    assert_eq!(out, [7]);
    let problem = Packet::new(&[0; 1_921]).unwrap_err();
    assert_eq!(problem, PacketTooLong { length: 1_921 });
}

#[test]
fn random_bytes_never_break_a_decoder() {
    let mut seed = 1_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let mut opus = Decoder::new(Codec::Opus, SampleRate::HZ_48000).unwrap();
    let mut g722 = Decoder::new(Codec::G722, SampleRate::HZ_16000).unwrap();
    let mut out = Vec::new();
    for length in 0..2_000 {
        let bytes: Vec<u8> = (0..length % 200).map(|_| random()).collect();
        out.clear();
        if let Ok(count) = opus.decode(&bytes, &mut out) {
            assert_eq!(count, out.len());
        }
        assert!(out.len() <= 5_760);
        out.clear();
        assert_eq!(g722.decode(&bytes, &mut out).unwrap(), bytes.len() * 2);
    }
}

#[test]
fn lost_packets_are_filled_with_speech_that_fades_away() {
    for (codec, rate) in [
        (Codec::MuLaw, SampleRate::HZ_8000),
        (Codec::G722, SampleRate::HZ_16000),
        (Codec::Opus, SampleRate::HZ_8000),
    ] {
        let mut encoder = Encoder::new(codec, rate).unwrap();
        let mut decoder = Decoder::new(codec, rate).unwrap();
        let (mut packet, mut out) = (Packet::empty(), Vec::new());
        for frame in tone(rate, 20) {
            encoder.encode(&frame, &mut packet).unwrap();
            decoder.decode(packet.payload(), &mut out).unwrap();
        }
        let (played, frame) = (out.len(), rate.frame_samples());
        for _ in 0..20 {
            decoder.conceal(&mut out);
        }
        assert_eq!(out.len() - played, 20 * frame);
        let level = |from: usize, to: usize| Level::of(&out[from..to]).rms_dbfs;
        assert!(
            level(played, played + frame) > level(played - frame, played) - 6.0,
            "{codec}"
        );
        assert!(level(played + 18 * frame, out.len()) < -45.0, "{codec}");
        let is_smooth = |pair: &[i16]| pair[0].abs_diff(pair[1]) < 4_500;
        assert!(out[played - 10..].windows(2).all(is_smooth), "{codec}");
    }
}

#[test]
fn codecs_and_packets_can_move_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<Encoder>();
    is_send::<Decoder>();
    is_send::<crate::Resampler>();
    is_send::<crate::FrameResampler>();
    is_send::<crate::Playout>();
}
