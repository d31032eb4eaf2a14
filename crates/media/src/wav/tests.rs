//! WAV files: good, odd, and broken in every way.

use std::error::Error;
use std::io::Cursor;

use super::*;

/// A file with a format chunk of these fields and this audio.
struct File {
    tag: u16,
    channels: u16,
    rate_hz: u32,
    bits: u16,
    declared: Option<u32>,
    audio: Vec<u8>,
}

impl Default for File {
    fn default() -> Self {
        let audio = [1_i16, -2, 3, -4]
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        Self {
            tag: 1,
            channels: 1,
            rate_hz: 16_000,
            bits: 16,
            declared: None,
            audio,
        }
    }
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        let block = self.channels * (self.bits / 8);
        let declared = self.declared.unwrap_or(self.audio.len() as u32);
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.rate_hz.to_le_bytes());
        bytes.extend((self.rate_hz.wrapping_mul(u32::from(block))).to_le_bytes());
        bytes.extend(block.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(declared.to_le_bytes());
        bytes.extend(&self.audio);
        bytes
    }

    fn read(&self) -> Result<Wav, WavError> {
        parse(&self.bytes())
    }
}

fn parse(bytes: &[u8]) -> Result<Wav, WavError> {
    WavReader::new(Cursor::new(bytes))?.read_all()
}

fn problem(bytes: &[u8]) -> String {
    parse(bytes).unwrap_err().to_string()
}

#[test]
fn every_sample_format_becomes_sixteen_bits() {
    let read = |tag, bits, audio: &[u8]| {
        let file = File {
            tag,
            bits,
            audio: audio.to_vec(),
            ..File::default()
        };
        file.read().unwrap().channels.remove(0)
    };
    assert_eq!(read(1, 8, &[0, 128, 255]), [-32_768, 0, 32_512]);
    assert_eq!(read(1, 16, &[0x34, 0x12]), [0x1234]);
    assert_eq!(
        read(1, 24, &[0x7f, 0x34, 0x12, 0xff, 0xff, 0x7f]),
        [0x1234, 0x7fff]
    );
    assert_eq!(read(1, 32, &[0, 0x80, 0x34, 0x12]), [0x1235]);
    let floats: Vec<u8> = [0.5_f32, -2.0, f32::NAN]
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    assert_eq!(read(3, 32, &floats), [16_384, -32_768, 0]);
    assert_eq!(read(3, 64, &(-0.25_f64).to_le_bytes()), [-8_192]);
    assert_eq!(read(6, 8, &[0xaa]), [32_256]);
    assert_eq!(read(7, 8, &[0x00]), [-32_124]);
}

#[test]
fn the_extensible_form_is_read_as_the_library_writes_it() {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in [256_000, -256_000, 512, -512] {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    let wav = parse(bytes.get_ref()).unwrap();
    assert_eq!(
        (wav.rate_hz, &wav.channels),
        (44_100, &vec![vec![1_000, 2], vec![-1_000, -2]])
    );
    assert_eq!(wav.mono(), [0, 0]);
    assert_eq!(wav.duration(), Duration::from_nanos(45_351));
}

#[test]
fn channels_are_mixed_without_clipping_and_brought_to_a_rate() {
    let wav = Wav {
        rate_hz: 48_000,
        channels: vec![vec![30_000; 480], vec![32_000; 480]],
    };
    assert_eq!(wav.mono(), [31_000; 480]);
    assert_eq!(wav.mono_at(SampleRate::HZ_8000).unwrap().len(), 80);
    assert_eq!(
        Wav {
            rate_hz: 8_000,
            channels: Vec::new()
        }
        .mono(),
        Vec::<i16>::new()
    );
}

#[test]
fn a_file_can_be_read_piece_by_piece() {
    let file = File {
        channels: 2,
        ..File::default()
    };
    let mut reader = WavReader::new(Cursor::new(file.bytes())).unwrap();
    assert_eq!(
        reader.spec(),
        WavSpec {
            rate_hz: 16_000,
            channels: 2,
            frames: 2
        }
    );
    let mut out = Vec::new();
    assert_eq!(reader.read(1, &mut out).unwrap(), 1);
    assert_eq!(reader.read(10, &mut out).unwrap(), 1);
    assert_eq!(reader.read(10, &mut out).unwrap(), 0);
    assert_eq!(out, [1, -2, 3, -4]);
}

#[test]
fn a_length_left_open_by_a_pipe_is_taken_from_the_file() {
    for declared in [u32::MAX, 0x7fff_ffff - 36] {
        let file = File {
            declared: Some(declared),
            ..File::default()
        };
        assert_eq!(file.read().unwrap().channels, [[1, -2, 3, -4]]);
    }
}

#[test]
fn what_is_not_a_wav_file_is_named() {
    assert_eq!(problem(b""), "the file is empty (0 bytes)");
    assert!(problem(b"ID3\x04\0\0mp3 and more").contains("not a WAV file: it begins with \"ID3"));
    assert!(problem(b"OggS").contains("\"OggS\""));
    assert!(problem(b"RIFF\0\0\0\0AVI LIST").contains("not a WAV file"));
    assert!(problem(b"RF64\xff\xff\xff\xffWAVE").contains("RF64"));
    let mp3 = File {
        tag: 0x55,
        ..File::default()
    };
    let message = mp3.read().unwrap_err().to_string();
    assert!(
        message.contains("0x0055 (MP3, 16 bits) is not supported; use PCM"),
        "{message}"
    );
    let odd = File {
        tag: 3,
        bits: 16,
        ..File::default()
    };
    assert!(
        odd.read()
            .unwrap_err()
            .to_string()
            .contains("float, 16 bits")
    );
}

#[test]
fn every_cut_of_a_header_is_an_error_and_none_a_panic() {
    let bytes = File::default().bytes();
    let audio_at = bytes.len() - 8;
    for length in 1..bytes.len() {
        let message = problem(&bytes[..length]);
        let is_expected = if length < 4 {
            message.contains("not a WAV file")
        } else if length < audio_at {
            message.contains(&format!("cut off at byte {length}"))
        } else {
            message.contains("promises 8 bytes of audio but only")
        };
        assert!(is_expected, "{length}: {message}");
    }
}

#[test]
fn absurd_headers_are_refused() {
    let message = |file: File| file.read().unwrap_err().to_string();
    let silent = File {
        audio: Vec::new(),
        ..File::default()
    };
    assert_eq!(message(silent), "there is no audio in it (zero length)");
    assert!(
        message(File {
            rate_hz: 0,
            ..File::default()
        })
        .contains("sample rate 0 Hz")
    );
    assert!(
        message(File {
            rate_hz: 4_000_000,
            ..File::default()
        })
        .contains("4000000 Hz")
    );
    assert!(
        message(File {
            channels: 0,
            ..File::default()
        })
        .contains("0 channels")
    );
    assert!(
        message(File {
            channels: 33,
            ..File::default()
        })
        .contains("33 channels")
    );
    assert!(
        message(File {
            bits: 0,
            ..File::default()
        })
        .contains("contradicts itself")
    );
    let cut = File {
        declared: Some(1_000),
        ..File::default()
    };
    assert!(message(cut).contains("promises 1000 bytes of audio but only 8"));
    let mut long = File {
        rate_hz: 1_000,
        bits: 8,
        ..File::default()
    };
    long.audio = vec![128; 14_401_000];
    assert!(message(long).contains("14401 s"));
}

#[test]
fn random_bytes_after_a_signature_never_panic() {
    let mut seed = 9_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    for round in 0..3_000 {
        let mut bytes = File::default().bytes();
        for _ in 0..=round % 5 {
            let at = usize::from(random()) % bytes.len();
            bytes[at] = random();
        }
        let _ = parse(&bytes);
    }
}

#[test]
fn errors_name_the_file_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read_wav(&folder.path().join("none.wav")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot open ") && missing.source().is_some());
    let path = folder.path().join("text.wav");
    std::fs::write(&path, "hello").unwrap();
    let content = read_wav(&path).unwrap_err();
    assert!(content.to_string().contains("text.wav"));
    assert!(
        content
            .source()
            .unwrap()
            .to_string()
            .contains("not a WAV file")
    );
    let unwritable = StereoWav::create(&folder.path().join("no/x.wav"), SampleRate::HZ_8000);
    assert!(unwritable.unwrap_err().to_string().contains("no/x.wav"));
}

#[test]
fn a_call_is_written_with_the_caller_left_and_the_agent_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut file = StereoWav::create(&path, SampleRate::HZ_8000).unwrap();
    file.write(&[1, 2, 3], &[9]).unwrap();
    file.write(&[], &[8, 7]).unwrap();
    assert_eq!(file.frames(), 5);
    file.finish().unwrap();
    let wav = read_wav(&path).unwrap();
    assert_eq!(wav.channels, [[1, 2, 3, 0, 0], [9, 0, 0, 8, 7]]);
}

#[test]
fn a_file_that_is_dropped_or_still_being_written_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut file = StereoWav::create(&path, SampleRate::HZ_8000).unwrap();
    file.write(&[5; 80_001], &[]).unwrap();
    assert_eq!(read_wav(&path).unwrap().channels[0].len(), 80_001);
    file.write(&[5; 99], &[]).unwrap();
    drop(file);
    assert_eq!(read_wav(&path).unwrap().channels[1], [0; 80_100]);
    write_wav(&path, 11_025, &[1, 2]).unwrap();
    let mono = read_wav(&path).unwrap();
    assert_eq!((mono.rate_hz, mono.channels), (11_025, vec![vec![1, 2]]));
}
