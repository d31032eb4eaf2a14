//! What each target does with bytes that coverage leads to: they are read as a carrier's messages are, and
//! a stream that begins so is written to. Nothing may panic, and nothing may take longer than its length.

use bytes::BytesMut;
use offhook_transport::audio_socket::wire::{HEADER_BYTES, header, read};
use offhook_transport::media_stream::wire::{CarrierMessage, Dialect, Question};

/// Reads a text as a message of `D`'s carrier.
pub fn message<D: Dialect>(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(CarrierMessage::Start(start)) = D::read(text) {
        let stream = D::to_stream(&start);
        let mut written = BytesMut::new();
        stream.note_heard(1);
        stream.write_opened(&mut written);
        stream.write_media(&[0x7f; 320], &mut written);
        stream.write_mark("1.2", &mut written);
        stream.write_clear(&mut written);
        stream.write_forget(&mut written);
        stream.write_answer(Question::Ping, &mut written);
        stream.write_farewell(&mut written);
        assert!(!written.is_empty(), "a stream is written to");
    }
}

/// Reads packets of `AudioSocket`, one after the other, as they lie in the bytes.
pub fn packets(bytes: &[u8]) {
    let mut rest = bytes;
    while let Some((head, after)) = rest.split_first_chunk::<HEADER_BYTES>() {
        let (kind, length) = header(*head);
        let length = length.min(after.len());
        let _ = read(kind, &after[..length]);
        rest = &after[length..];
    }
}
