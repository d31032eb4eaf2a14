//! An utterance as the form that a server takes it in: a WAV file and some fields.

use offhook_media::SampleRate;
use serde_json::{Map, Value};

/// Parts the fields. It holds characters that no field of ours does, and no sound is likely to.
const BOUNDARY: &str = "offhook-7b1f2c64d9e84a05";

/// The value of the header `Content-Type`.
pub(super) fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// The body of a request: fields with a value, then the sound.
pub(super) fn form(
    fields: &[(&str, &str)],
    extra: &Map<String, Value>,
    samples: &[i16],
    rate: SampleRate,
) -> Vec<u8> {
    let mut body = Vec::with_capacity(samples.len() * 2 + 1_024);
    let mut add = |name: &str, value: &str| {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    };
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        add(name, value);
    }
    for (name, value) in extra {
        match value {
            Value::String(text) => add(name, text),
            other => add(name, &other.to_string()),
        }
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"speech.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    add_wav(&mut body, samples, rate);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn add_wav(body: &mut Vec<u8>, samples: &[i16], rate: SampleRate) {
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    let hz = rate.hz();
    body.extend_from_slice(b"RIFF");
    body.extend_from_slice(&(36 + bytes).to_le_bytes());
    body.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    body.extend_from_slice(&hz.to_le_bytes());
    body.extend_from_slice(&(hz * 2).to_le_bytes());
    body.extend_from_slice(b"\x02\0\x10\0data");
    body.extend_from_slice(&bytes.to_le_bytes());
    body.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use offhook_media::WavReader;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_form_holds_the_fields_and_a_file_that_can_be_read() {
        let mut extra = Map::new();
        extra.insert("temperature".into(), json!(0.2));
        extra.insert("prompt".into(), json!("Offhook"));
        let fields = [("model", "whisper-1"), ("language", "")];
        let rate = SampleRate::HZ_16000;
        let body = form(&fields, &extra, &[1, -2, 3], rate);
        let text = String::from_utf8_lossy(&body);
        for field in ["name=\"model\"\r\n\r\nwhisper-1\r\n", "0.2", "Offhook"] {
            assert!(text.contains(field), "{text}");
        }
        assert!(!text.contains("language"), "{text}");
        let start = body.windows(4).position(|it| it == b"RIFF").unwrap();
        let wav = WavReader::new(Cursor::new(&body[start..])).unwrap();
        let wav = wav.read_all().unwrap();
        assert_eq!(wav.mono(), [1, -2, 3]);
        assert_eq!(wav.mono_at(rate).unwrap(), [1, -2, 3]);
    }
}
