//! What 20 ms of a call cost on the way through `media`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use offhook_media::{
    Bed, Codec, Decoder, Encoder, Frame, FrameResampler, LoopPlayer, Mixer, Packet, Playout,
    PlayoutSegment, SampleRate, SoundLoop, Stretcher,
};

/// Something like a voice: five harmonics of 140 Hz.
fn voice(rate: SampleRate) -> Frame {
    let step = 140.0 * std::f32::consts::TAU / rate.hz() as f32;
    let sample = |index: usize| {
        let harmonics = (1..=5).map(|factor| (index as f32 * step * factor as f32).sin());
        (harmonics.sum::<f32>() * 3_000.0) as i16
    };
    let samples: Vec<i16> = (0..rate.frame_samples()).map(sample).collect();
    Frame::padded(rate, &samples)
}

fn resampling(criterion: &mut Criterion) {
    let pairs = [
        (SampleRate::HZ_8000, SampleRate::HZ_16000),
        (SampleRate::HZ_16000, SampleRate::HZ_8000),
        (SampleRate::HZ_24000, SampleRate::HZ_16000),
        (SampleRate::HZ_24000, SampleRate::HZ_8000),
        (SampleRate::HZ_48000, SampleRate::HZ_16000),
        (SampleRate::HZ_44100, SampleRate::HZ_16000),
    ];
    for (from, to) in pairs {
        let frame = voice(from);
        let mut resampler = FrameResampler::new(from, to);
        criterion.bench_function(&format!("resample {from} to {to}"), |bencher| {
            bencher.iter(|| resampler.process(black_box(&frame)));
        });
    }
}

fn codecs(criterion: &mut Criterion) {
    let cases = [
        (Codec::MuLaw, SampleRate::HZ_8000),
        (Codec::ALaw, SampleRate::HZ_8000),
        (Codec::L16BigEndian, SampleRate::HZ_16000),
        (Codec::Opus, SampleRate::HZ_8000),
        (Codec::Opus, SampleRate::HZ_16000),
        (Codec::Opus, SampleRate::HZ_48000),
    ];
    for (codec, rate) in cases {
        let frame = voice(rate);
        let (Ok(mut encoder), Ok(mut decoder)) =
            (Encoder::new(codec, rate), Decoder::new(codec, rate))
        else {
            continue;
        };
        let mut packet = Packet::empty();
        criterion.bench_function(&format!("encode {codec} {rate}"), |bencher| {
            bencher.iter(|| encoder.encode(black_box(&frame), &mut packet));
        });
        let mut out = Vec::with_capacity(rate.frame_samples());
        criterion.bench_function(&format!("decode {codec} {rate}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                decoder.decode(black_box(packet.payload()), &mut out)
            });
        });
    }
}

/// A sentence of 2 s pushed and sent, per frame of it.
fn playout(criterion: &mut Criterion) {
    let rate = SampleRate::HZ_16000;
    let text = "I have a table for four on Friday at half past seven.";
    criterion.bench_function("playout push and 100 frames", |bencher| {
        bencher.iter_batched(
            || PlayoutSegment {
                samples: vec![2_000; rate.frame_samples() * 100],
                text: text.to_owned(),
                text_start: 0,
                words: Vec::new(),
            },
            |segment| {
                let mut playout = Playout::new(rate);
                let _ = playout.push(1, segment);
                while let Some(sent) = playout.next_frame() {
                    playout.acknowledge(black_box(sent).mark);
                }
                playout.clear(0)
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

/// One frame of a call with everything on: a reply, an aside, the sound of a tool and a bed.
fn mixing(criterion: &mut Criterion) {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let frame = voice(rate);
        let mut mixer = Mixer::new(rate);
        let player = || {
            let mut player = LoopPlayer::new(SoundLoop::of_bed(Bed::Office, rate));
            player.move_to(0.126, Duration::from_millis(200));
            player
        };
        let (mut bed, mut tool) = (player(), player());
        criterion.bench_function(&format!("mix four lanes {rate}"), |bencher| {
            bencher.iter(|| {
                mixer.add(black_box(frame.samples()));
                mixer.add(black_box(frame.samples()));
                mixer.add(bed.next_frame().samples());
                mixer.add(tool.next_frame().samples());
                mixer.take()
            });
        });
    }
}

/// 20 ms of speech stretched.
fn stretching(criterion: &mut Criterion) {
    for rate in [
        SampleRate::HZ_8000,
        SampleRate::HZ_16000,
        SampleRate::HZ_24000,
    ] {
        for speed in [0.5, 1.25, 2.0] {
            let frame = voice(rate);
            let mut stretcher = Stretcher::new(rate, speed);
            let mut out = Vec::with_capacity(rate.frame_samples() * 8);
            criterion.bench_function(&format!("stretch at {speed} {rate}"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    stretcher.process(black_box(frame.samples()), &mut out);
                    out.len()
                });
            });
        }
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = quick(); targets = resampling, codecs, playout, mixing, stretching }
criterion_main!(benches);
