//! What the dialects write in the same way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut as _, BytesMut};

/// Adds `before`, the audio in base64, and what closes the message.
pub(super) fn write_audio(before: &str, audio: &[u8], message: &mut BytesMut) {
    message.put_slice(before.as_bytes());
    let begin = message.len();
    message.resize(begin + audio.len().div_ceil(3) * 4, 0);
    // The room is exactly what the encoding takes.
    let written = STANDARD.encode_slice(audio, &mut message[begin..]);
    message.truncate(begin + written.unwrap_or(0));
    message.put_slice(br#""}}"#);
}

/// Adds texts.
pub(super) fn write_all<const N: usize>(parts: [&str; N], message: &mut BytesMut) {
    for part in parts {
        message.put_slice(part.as_bytes());
    }
}
