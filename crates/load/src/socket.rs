//! The client's end of a WebSocket (RFC 6455), as cheap as it can be: what is sent was encoded
//! before, under a mask of zeros, and what comes is read where it lies. Only what a carrier needs of
//! the protocol: whole messages, pings, closing. An `AudioSocket`, of packets over TCP, is the same to
//! a caller.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::LoadError;

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What comes.
pub(crate) enum Received<T> {
    /// A message, as whoever asked for it reads it.
    Message(T),
    /// The socket was closed, with that code; 1006 where it broke.
    Closed(u16),
}

/// Kinds of an `AudioSocket`'s packets: the end of the call, and samples at 8 kHz.
const HANG_UP: u8 = 0x00;
const SAMPLES: u8 = 0x10;

/// One connection.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Whether it is no WebSocket.
    is_of_packets: bool,
    inbox: Vec<u8>,
    taken: usize,
}

/// A text message as it goes over the wire.
pub(crate) fn encoded(text: &str) -> Vec<u8> {
    frame(TEXT, text.as_bytes())
}

/// A binary message as it goes over the wire.
pub(crate) fn binary(bytes: &[u8]) -> Vec<u8> {
    frame(BINARY, bytes)
}

/// A packet of an `AudioSocket`: its kind, and how long it is.
pub(crate) fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16).to_be_bytes();
    [&[kind, length[0], length[1]], payload].concat()
}

/// Such a packet: its kind, and where its payload is.
fn parsed_packet(bytes: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
    let [kind, high, low] = *bytes.first_chunk()?;
    let to = 3 + usize::from(u16::from_be_bytes([high, low]));
    (to <= bytes.len()).then_some((kind, 3..to))
}

/// Where the text of an encoded message begins.
pub(crate) const fn head_bytes(text_bytes: usize) -> usize {
    match text_bytes {
        0..=125 => 6,
        126..=65_535 => 8,
        _ => 14,
    }
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    bytes.push(FINAL | opcode);
    match payload.len() {
        length @ 0..=125 => bytes.push(MASKED | length as u8),
        length @ 126..=65_535 => {
            bytes.push(MASKED | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(MASKED | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// A message of a server: its opcode, where its payload is and where it ends.
fn parsed(bytes: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
    let (opcode, length) = (*bytes.first()? & 0x0f, *bytes.get(1)? & 0x7f);
    let (from, length): (usize, usize) = match length {
        126 => {
            let length = bytes.get(2..4)?.first_chunk()?;
            (4, usize::from(u16::from_be_bytes(*length)))
        }
        127 => {
            let length = bytes.get(2..10)?.first_chunk()?;
            (10, usize::try_from(u64::from_be_bytes(*length)).ok()?)
        }
        length => (2, usize::from(length)),
    };
    let to = from.checked_add(length)?;
    (to <= bytes.len()).then_some((opcode, from..to))
}

impl Socket {
    /// Connects to an `AudioSocket`.
    pub(crate) async fn connect_packets(address: SocketAddr) -> Result<Self, LoadError> {
        Self::open(address, true, format!("calling {address}")).await
    }

    async fn open(
        address: SocketAddr,
        is_of_packets: bool,
        problem: String,
    ) -> Result<Self, LoadError> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(LoadError::system(problem.clone()))?;
        stream
            .set_nodelay(true)
            .map_err(LoadError::system(problem))?;
        Ok(Self {
            stream,
            is_of_packets,
            inbox: Vec::with_capacity(4_096),
            taken: 0,
        })
    }

    /// Connects to a WebSocket, and asks for a subprotocol.
    pub(crate) async fn connect(
        address: SocketAddr,
        path: &str,
        protocol: Option<&str>,
    ) -> Result<Self, LoadError> {
        let problem = || format!("calling {address}{path}");
        let mut socket = Self::open(address, false, problem()).await?;
        let protocol = protocol.map(|it| format!("sec-websocket-protocol: {it}\r\n"));
        let protocol = protocol.unwrap_or_default();
        // The key is not looked at: the other end is ours.
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n{protocol}\r\n"
        );
        socket
            .send(request.as_bytes())
            .await
            .map_err(LoadError::system(problem()))?;
        socket
            .upgraded()
            .await
            .map_err(|answer| LoadError::Refused {
                status: 0,
                body: answer,
            })?;
        Ok(socket)
    }

    async fn upgraded(&mut self) -> Result<(), String> {
        loop {
            let end = self.inbox.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(end) = end {
                self.taken = end + 4;
                let head = String::from_utf8_lossy(&self.inbox[..end]).into_owned();
                let is_right = head.starts_with("HTTP/1.1 101");
                return if is_right { Ok(()) } else { Err(head) };
            }
            match self.stream.read_buf(&mut self.inbox).await {
                Ok(1..) => {}
                _ => return Err("the connection ended".to_owned()),
            }
        }
    }

    /// Sends bytes that are whole messages already.
    pub(crate) async fn send(&mut self, messages: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(messages).await
    }

    /// The next message, read with whether it is text. Dropping the future loses nothing.
    pub(crate) async fn next<T>(&mut self, read: impl Fn(&[u8], bool) -> T) -> Received<T> {
        loop {
            let left = &self.inbox[self.taken..];
            let found = match self.is_of_packets {
                true => parsed_packet(left),
                false => parsed(left),
            };
            let Some((opcode, payload)) = found else {
                self.inbox.drain(..self.taken);
                self.taken = 0;
                match self.stream.read_buf(&mut self.inbox).await {
                    Ok(1..) => continue,
                    _ => return Received::Closed(1_006),
                }
            };
            let begin = self.taken;
            let payload = begin + payload.start..begin + payload.end;
            self.taken = payload.end;
            match opcode {
                SAMPLES => return Received::Message(read(&self.inbox[payload], false)),
                HANG_UP if self.is_of_packets => return Received::Closed(1_000),
                _ if self.is_of_packets => {}
                TEXT | BINARY => {
                    return Received::Message(read(&self.inbox[payload], opcode == TEXT));
                }
                CLOSE => {
                    let code = self.inbox[payload].first_chunk().copied();
                    return Received::Closed(code.map_or(1_005, u16::from_be_bytes));
                }
                PING => {
                    let pong = frame(PONG, &self.inbox[payload]);
                    // A socket that takes no more is about to end.
                    self.stream.write_all(&pong).await.ok();
                }
                _ => {}
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        let goodbye = match self.is_of_packets {
            true => packet(HANG_UP, &[]),
            false => frame(CLOSE, &1_000_u16.to_be_bytes()),
        };
        self.stream.write_all(&goodbye).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_framed() {
        let bytes = packet(SAMPLES, &[7; 320]);
        assert_eq!(bytes[..4], [0x10, 1, 64, 7]);
        assert_eq!(parsed_packet(&bytes), Some((SAMPLES, 3..323)));
        assert_eq!(parsed_packet(&bytes[..322]), None);
    }

    #[test]
    fn messages_of_every_length_are_framed() {
        for length in [0, 125, 126, 65_535, 65_536] {
            let text = "x".repeat(length);
            let bytes = encoded(&text);
            assert_eq!(bytes.len() - length, head_bytes(length), "{length}");
            // A server's message has no mask.
            let mut unmasked = bytes.clone();
            unmasked[1] &= 0x7f;
            unmasked.drain(head_bytes(length) - 4..head_bytes(length));
            let (opcode, payload) = parsed(&unmasked).unwrap();
            assert_eq!((opcode, payload.len()), (TEXT, length));
            assert!(parsed(&unmasked[..unmasked.len() - 1]).is_none());
        }
    }
}
