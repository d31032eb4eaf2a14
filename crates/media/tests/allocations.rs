//! Proof that no 20 ms of a call touch the allocator on the way through this crate.

#![expect(
    unsafe_code,
    reason = "a global allocator that counts can only be written with it"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use offhook_media::{
    Bed, Codec, Decoder, Encoder, Frame, FrameResampler, Framer, Gain, JitterBuffer, JitterItem,
    Level, LoopPlayer, Mixer, Pacer, Packet, Playout, PlayoutSegment, Resampler, SampleRate,
    SoundLoop, Stretcher,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks for.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn tone(rate: SampleRate) -> Frame {
    let samples: Vec<i16> = (0..rate.frame_samples())
        .map(|index| ((index as f32 * 0.3).sin() * 9_000.0) as i16)
        .collect();
    Frame::padded(rate, &samples)
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))),
        1
    );
}

#[test]
fn resampling_a_frame_allocates_nothing() {
    for from in SampleRate::ALL {
        for to in SampleRate::ALL {
            let frame = tone(from);
            let mut frames = FrameResampler::new(from, to);
            let mut stream = Resampler::new(from, to);
            let mut out = Vec::with_capacity(stream.output_samples_max(frame.samples().len()));
            let count = allocations(|| {
                for _ in 0..200 {
                    std::hint::black_box(frames.process(&frame));
                    out.clear();
                    stream.process(frame.samples(), &mut out);
                }
                out.clear();
                stream.flush(&mut out);
                frames.reset();
            });
            assert_eq!(count, 0, "{from} to {to}");
        }
    }
}

#[test]
fn coding_a_frame_allocates_nothing() {
    let codecs = [
        Codec::MuLaw,
        Codec::ALaw,
        Codec::G722,
        Codec::L16LittleEndian,
        Codec::L16BigEndian,
        Codec::Opus,
    ];
    for codec in codecs {
        let rate = match codec {
            Codec::G722 => SampleRate::HZ_16000,
            _ => SampleRate::HZ_8000,
        };
        let mut encoder = Encoder::new(codec, rate).unwrap();
        let mut decoder = Decoder::new(codec, rate).unwrap();
        let mut packet = Packet::empty();
        let mut out = Vec::with_capacity(1_000);
        let frame = tone(rate);
        let count = allocations(|| {
            for _ in 0..200 {
                out.clear();
                encoder.encode(&frame, &mut packet).unwrap();
                decoder.decode(packet.payload(), &mut out).unwrap();
                decoder.conceal(&mut out);
            }
        });
        assert_eq!(count, 0, "{codec}");
    }
}

#[test]
fn sending_a_frame_allocates_nothing() {
    let rate = SampleRate::HZ_16000;
    let mut playout = Playout::new(rate);
    let text = "some words of a reply".to_owned();
    let samples = vec![4_000; rate.hz() as usize * 5];
    playout
        .push(
            1,
            PlayoutSegment {
                samples,
                text,
                text_start: 0,
                words: Vec::new(),
            },
        )
        .unwrap();
    let mut pacer = Pacer::new(Duration::from_millis(100));
    let mut gain = Gain::new(1.5);
    let count = allocations(|| {
        pacer.start(Duration::ZERO);
        for millisecond in 0..5_000 {
            let now = Duration::from_millis(millisecond);
            while pacer.due(now) && playout.has_frame() {
                let mut sent = playout.next_frame().unwrap();
                gain.apply(&mut sent.frame);
                std::hint::black_box(Level::of(sent.frame.samples()));
                pacer.sent(now);
                playout.acknowledge(sent.mark);
                playout.set_heard(playout.position_after(pacer.heard(now)));
            }
        }
    });
    assert_eq!(count, 0);
    assert_eq!(playout.buffered(), Duration::ZERO);
}

#[test]
fn receiving_a_frame_allocates_nothing() {
    let mut jitter = JitterBuffer::new(3);
    let mut framer = Framer::new(SampleRate::HZ_8000);
    let packet = Packet::new(&[0xff; 160]).unwrap();
    let count = allocations(|| {
        for sequence in 0..500 {
            jitter.insert(sequence, packet);
            if let JitterItem::Packet(packet) = jitter.pop() {
                std::hint::black_box(packet.payload());
            }
            framer.push(&[1; 130]);
            std::hint::black_box(framer.next_frame());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn stretching_allocates_nothing_once_it_runs() {
    for rate in SampleRate::ALL {
        for speed in [0.5, 0.8, 1.3, 2.0] {
            let frame = tone(rate);
            let mut stretcher = Stretcher::new(rate, speed);
            let mut out = Vec::with_capacity(rate.frame_samples() * 8);
            let count = allocations(|| {
                for _ in 0..120 {
                    out.clear();
                    stretcher.process(frame.samples(), &mut out);
                }
                out.clear();
                stretcher.flush(&mut out);
            });
            assert_eq!(count, 0, "{rate} at {speed}");
        }
    }
}

#[test]
fn mixing_a_frame_allocates_nothing() {
    let frame = tone(SampleRate::HZ_48000);
    let mut mixer = Mixer::new(SampleRate::HZ_48000);
    let count = allocations(|| {
        for lanes in 0..400 {
            for _ in 0..lanes % 5 {
                mixer.add(frame.samples());
            }
            std::hint::black_box(mixer.take());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_bed_allocates_nothing_while_it_plays() {
    let mut player = LoopPlayer::new(SoundLoop::of_bed(Bed::Office, SampleRate::HZ_8000));
    let count = allocations(|| {
        for frame in 0..2_000_u16 {
            let level = f32::from(frame / 10 % 2);
            player.move_to(level, Duration::from_millis(80));
            std::hint::black_box(player.next_frame());
            player.rewind(40);
        }
    });
    assert_eq!(count, 0);
}
