//! What passes over an `AudioSocket`, as pure code: packets of a kind, a length and a payload
//! (Asterisk's `res_audiosocket.h`).

use offhook_media::SampleRate;

/// A kind (1 byte) and a length (2 bytes, the higher first).
pub const HEADER_BYTES: usize = 3;

const HANG_UP: u8 = 0x00;
const ID: u8 = 0x01;
const DTMF: u8 = 0x03;
const FAULT: u8 = 0xff;
/// Kinds of audio by their rate; all are 16-bit PCM, the lower byte first.
const AUDIO: [(u8, SampleRate); 7] = [
    (0x10, SampleRate::HZ_8000),
    (0x11, SampleRate::HZ_12000),
    (0x12, SampleRate::HZ_16000),
    (0x13, SampleRate::HZ_24000),
    (0x14, SampleRate::HZ_32000),
    (0x15, SampleRate::HZ_44100),
    (0x16, SampleRate::HZ_48000),
];

/// A packet of the telephone system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketPacket<'p> {
    /// The call is over.
    HangUp,
    /// Which call this is: a UUID. It comes once and first.
    Id([u8; 16]),
    /// A key was pressed.
    Dtmf(char),
    /// Audio of the caller, of any whole number of samples, at this rate.
    Audio(SampleRate, &'p [u8]),
    /// Something went wrong at the other end.
    Fault,
    /// A packet of a kind that is not known here, or of which a call has no use.
    Unused,
}

/// A packet that is not of the shape of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packet of kind {kind:#04x} does not have {bytes} bytes like this")]
pub struct PacketProblem {
    kind: u8,
    bytes: usize,
}

/// The kind of a packet and the length of its payload in bytes.
#[must_use]
pub const fn header(bytes: [u8; HEADER_BYTES]) -> (u8, usize) {
    (bytes[0], u16::from_be_bytes([bytes[1], bytes[2]]) as usize)
}

/// Reads a packet.
///
/// # Errors
/// [`PacketProblem`] where the payload does not fit the kind.
pub fn read(kind: u8, payload: &[u8]) -> Result<SocketPacket<'_>, PacketProblem> {
    let bytes = payload.len();
    let wrong = PacketProblem { kind, bytes };
    match kind {
        HANG_UP => Ok(SocketPacket::HangUp),
        ID => payload.try_into().map(SocketPacket::Id).map_err(|_| wrong),
        DTMF => match payload {
            [key @ (b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b'a'..=b'd')] => {
                Ok(SocketPacket::Dtmf(key.to_ascii_uppercase().into()))
            }
            _ => Err(wrong),
        },
        FAULT => Ok(SocketPacket::Fault),
        kind => match AUDIO.iter().find(|(of, _)| *of == kind) {
            Some((_, rate)) if bytes.is_multiple_of(2) => Ok(SocketPacket::Audio(*rate, payload)),
            Some(_) => Err(wrong),
            None => Ok(SocketPacket::Unused),
        },
    }
}

/// Adds a packet of audio at a rate. Rates that the wire does not know, and more bytes than a packet
/// holds, add nothing.
pub fn write_audio(rate: SampleRate, audio: &[u8], packet: &mut Vec<u8>) {
    let kind = AUDIO.iter().find(|(_, of)| *of == rate);
    if let (Some((kind, _)), Ok(length)) = (kind, u16::try_from(audio.len())) {
        packet.push(*kind);
        packet.extend_from_slice(&length.to_be_bytes());
        packet.extend_from_slice(audio);
    }
}

/// The packet that ends a call.
#[must_use]
pub const fn hang_up() -> [u8; HEADER_BYTES] {
    [HANG_UP, 0, 0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packets_are_read_by_their_kind() {
        assert_eq!(header([0x10, 0x01, 0x40]), (0x10, 320));
        assert_eq!(read(0x00, &[]), Ok(SocketPacket::HangUp));
        assert_eq!(read(0x01, &[7; 16]), Ok(SocketPacket::Id([7; 16])));
        assert_eq!(read(0x03, b"#"), Ok(SocketPacket::Dtmf('#')));
        assert_eq!(read(0xff, &[1]), Ok(SocketPacket::Fault));
        assert_eq!(read(0x42, b"new"), Ok(SocketPacket::Unused));
        for (kind, rate) in AUDIO {
            let packet = SocketPacket::Audio(rate, &[1, 2]);
            assert_eq!(read(kind, &[1, 2]), Ok(packet));
        }
        for (kind, payload) in [
            (0x01, &[7; 15][..]),
            (0x03, b""),
            (0x03, b"12"),
            (0x10, b"odd"),
        ] {
            assert!(read(kind, payload).is_err(), "{kind}");
        }
    }

    #[test]
    fn ours_are_as_asterisk_reads_them() {
        let mut packet = Vec::new();
        write_audio(SampleRate::HZ_8000, &[1, 2, 3, 4], &mut packet);
        assert_eq!(packet, [0x10, 0, 4, 1, 2, 3, 4]);
        packet.clear();
        write_audio(SampleRate::HZ_22050, &[1, 2], &mut packet);
        write_audio(SampleRate::HZ_8000, &vec![0; 70_000], &mut packet);
        assert!(packet.is_empty());
        assert_eq!(hang_up(), [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn no_packet_breaks_the_reader(kind: u8, payload in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = read(kind, &payload);
        }
    }
}
