//! Encoded audio, without any header of its wire.

/// The longest payload: 20 ms of 16-bit PCM at 48 kHz. Opus needs at most 1,275 bytes for 20 ms
/// (RFC 6716, section 3.2.1).
pub const PACKET_BYTES_MAX: usize = 1_920;

/// The payload of one packet. The bytes lie inside the value, so that it moves without touching
/// the allocator.
#[derive(Clone, Copy)]
pub struct Packet {
    bytes: [u8; PACKET_BYTES_MAX],
    length: usize,
}

/// A payload that is not one packet's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payload of {length} bytes is longer than the {PACKET_BYTES_MAX} of a packet")]
pub struct PacketTooLong {
    /// Bytes that were given.
    pub length: usize,
}

impl Packet {
    /// A packet without payload.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            bytes: [0; PACKET_BYTES_MAX],
            length: 0,
        }
    }

    /// A packet with a copy of `payload`.
    ///
    /// # Errors
    /// [`PacketTooLong`] where it has more than [`PACKET_BYTES_MAX`] bytes.
    pub fn new(payload: &[u8]) -> Result<Self, PacketTooLong> {
        let mut packet = Self::empty();
        let room = packet.bytes.get_mut(..payload.len()).ok_or(PacketTooLong {
            length: payload.len(),
        })?;
        room.copy_from_slice(payload);
        packet.length = payload.len();
        Ok(packet)
    }

    /// The encoded audio.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Room for `length` bytes, or for all where there are not as many.
    pub(super) fn resize(&mut self, length: usize) -> &mut [u8] {
        self.length = length.min(PACKET_BYTES_MAX);
        &mut self.bytes[..self.length]
    }
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Packet({} bytes)", self.length)
    }
}

impl PartialEq for Packet {
    fn eq(&self, other: &Self) -> bool {
        self.payload() == other.payload()
    }
}

impl Eq for Packet {}
