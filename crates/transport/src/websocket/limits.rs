//! What one socket may use of the server.

use std::time::Duration;

/// Limits of one session's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketLimits {
    /// Longest message, either kind. Longer ones close the socket with 1009.
    pub message_bytes_max: usize,
    /// How long the client may take to begin, by `start` or by audio.
    pub start_timeout: Duration,
    /// How long the client may send neither audio nor an event.
    pub idle_timeout: Duration,
    /// How often the client is pinged.
    pub ping_interval: Duration,
    /// How long a message may wait to be sent, and how long a ping may go unanswered, before the
    /// client counts as stuck.
    pub stall_max: Duration,
    /// How much audio a client may send faster than it can be spoken.
    pub audio_ahead_max: Duration,
    /// Messages that make no sense before the socket is closed with 1008.
    pub mistakes_max: u32,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: 64 * 1024,
            start_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(5),
            stall_max: Duration::from_secs(10),
            audio_ahead_max: Duration::from_secs(1),
            mistakes_max: 20,
        }
    }
}
