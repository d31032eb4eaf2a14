//! The server's end of an `AudioSocket`: from the first byte to the end of the call.

use std::time::Duration;

use offhook_contract::{LegControl, LegEvent, LegFarEnd};
use offhook_media::{Codec, CodecError, Decoder, Encoder, FRAME_DURATION, Packet, SampleRate};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use super::wire::{HEADER_BYTES, SocketPacket, hang_up, header, read, write_audio};
use crate::inlet::Inlet;
use crate::media_stream::{OpenedStream, StreamRefusal};
use crate::websocket::SocketLimits;

/// How long after the call is named its first audio is waited for, which has the rate.
const FIRST_AUDIO_MAX: Duration = Duration::from_millis(500);
/// The rate of a line on which nothing was heard.
const RATE: SampleRate = SampleRate::HZ_8000;
/// Some packets of audio.
const READ_BUFFER_BYTES: usize = 4_096;

/// How a call begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioSocketStart {
    /// The call's UUID, in lower case with hyphens.
    pub uuid: String,
    /// The rate of the audio both ways.
    pub rate: SampleRate,
}

/// Why the socket ends.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error("the caller hung up")]
    HungUp,
    #[error("the connection broke")]
    PeerGone,
    #[error("the session broke")]
    SessionGone,
    #[error("the agent hung up")]
    AgentHungUp,
    #[error("nothing came, or was read, for {0:?}")]
    Silent(Duration),
    #[error(transparent)]
    Refused(StreamRefusal),
}

/// Runs a connection until its call is over, and closes it. `open` is called once, when the call is
/// named; it starts the session and gives its far end. Whoever hangs up, the other side hears of it
/// at once.
pub async fn serve_audio_socket<S, Open, Opening>(socket: S, limits: SocketLimits, open: Open)
where
    S: AsyncRead + AsyncWrite + Send,
    Open: FnOnce(AudioSocketStart) -> Opening + Send,
    Opening: Future<Output = Result<OpenedStream, StreamRefusal>> + Send,
{
    let (source, mut sink) = tokio::io::split(socket);
    let mut packets = Packets {
        source: BufReader::with_capacity(READ_BUFFER_BYTES, source),
        header: [0; HEADER_BYTES],
        header_bytes: 0,
        payload: Vec::new(),
        payload_bytes: 0,
        limits,
        mistakes: 0,
    };
    let ending = match call(&mut packets, &mut sink, limits, open).await {
        Ok(ending) | Err(ending) => ending,
    };
    tracing::debug!(mistakes = packets.mistakes, %ending, "an audio socket ends");
    // Whoever is gone cannot be told so.
    let farewell = async {
        sink.write_all(&hang_up()).await?;
        sink.shutdown().await
    };
    timeout(Duration::from_secs(1), farewell).await.ok();
}

async fn call<R, W, Open, Opening>(
    packets: &mut Packets<R>,
    sink: &mut W,
    limits: SocketLimits,
    open: Open,
) -> Result<Ending, Ending>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    Open: FnOnce(AudioSocketStart) -> Opening,
    Opening: Future<Output = Result<OpenedStream, StreamRefusal>>,
{
    let deadline = Instant::now() + limits.start_timeout;
    let uuid = packets.id(deadline).await?;
    let mut first = Vec::new();
    let rate = packets.first_audio(&mut first).await?;
    let opening = open(AudioSocketStart { uuid, rate });
    // While the call waits for its place, the caller may hang up.
    let opened = {
        let mut opening = std::pin::pin!(opening);
        loop {
            tokio::select! {
                biased;
                opened = &mut opening => break opened.map_err(Ending::Refused)?,
                heard = packets.next(Instant::now() + limits.idle_timeout) => {
                    if let (_, SocketPacket::HangUp | SocketPacket::Fault) = heard? {
                        return Ok(Ending::HungUp);
                    }
                }
            }
        }
    };
    let OpenedStream { call_id, far_end } = opened;
    let events = far_end.events.clone();
    let running = Running::new(rate, limits, far_end).map_err(|_| Ending::SessionGone)?;
    let ending = running.run(packets, sink, &first).await;
    tracing::debug!(call_id, "an audio socket's call ends");
    // A full lane makes no difference: dropping the leg says the same.
    events.try_send(LegEvent::HungUp).ok();
    Ok(ending)
}

/// Reads packets; giving up in the middle of one loses nothing.
struct Packets<R> {
    source: BufReader<R>,
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    payload: Vec<u8>,
    payload_bytes: usize,
    limits: SocketLimits,
    mistakes: u32,
}

impl<R: AsyncRead + Unpin> Packets<R> {
    /// The next packet that makes sense, with its payload's length.
    async fn next(&mut self, deadline: Instant) -> Result<(usize, SocketPacket<'_>), Ending> {
        loop {
            let began = Instant::now();
            let filled = timeout_at(deadline, self.fill()).await;
            let late = |_| Ending::Silent(deadline - began);
            filled.map_err(late)?.map_err(|_| Ending::PeerGone)?;
            let (kind, length) = header(self.header);
            (self.header_bytes, self.payload_bytes) = (0, 0);
            if read(kind, &self.payload[..length]).is_ok() {
                break;
            }
            self.mistake()?;
        }
        let (kind, length) = header(self.header);
        let packet = read(kind, &self.payload[..length]);
        Ok((length, packet.unwrap_or(SocketPacket::Unused)))
    }

    /// Reads until a packet is whole.
    async fn fill(&mut self) -> std::io::Result<()> {
        while self.header_bytes < HEADER_BYTES {
            let room = &mut self.header[self.header_bytes..];
            self.header_bytes += some(self.source.read(room).await?)?;
        }
        let (_, length) = header(self.header);
        if self.payload.len() < length {
            self.payload.resize(length, 0);
        }
        while self.payload_bytes < length {
            let room = &mut self.payload[self.payload_bytes..length];
            self.payload_bytes += some(self.source.read(room).await?)?;
        }
        Ok(())
    }

    /// The call's UUID, which comes before anything else.
    async fn id(&mut self, deadline: Instant) -> Result<String, Ending> {
        match self.next(deadline).await? {
            (_, SocketPacket::Id(id)) => Ok(hyphenated(id)),
            (_, SocketPacket::HangUp) => Err(Ending::HungUp),
            _ => {
                let problem = "the connection does not begin with the UUID of a call";
                Err(Ending::Refused(StreamRefusal::Rejected(problem.to_owned())))
            }
        }
    }

    /// The first audio, and its rate; whoever is silent gets the rate of telephony.
    async fn first_audio(&mut self, first: &mut Vec<u8>) -> Result<SampleRate, Ending> {
        let deadline = Instant::now() + FIRST_AUDIO_MAX;
        loop {
            match self.next(deadline).await {
                Ok((_, SocketPacket::Audio(rate, audio))) => {
                    first.extend_from_slice(audio);
                    return Ok(rate);
                }
                Ok((_, SocketPacket::HangUp | SocketPacket::Fault)) => return Err(Ending::HungUp),
                Ok(_) => {}
                Err(Ending::Silent(_)) => return Ok(RATE),
                Err(other) => return Err(other),
            }
        }
    }

    /// Counts what makes no sense; nobody reads an answer at the other end, so there is none.
    fn mistake(&mut self) -> Result<(), Ending> {
        self.mistakes += 1;
        if self.mistakes > self.limits.mistakes_max {
            let problem = "too many packets made no sense".to_owned();
            return Err(Ending::Refused(StreamRefusal::Rejected(problem)));
        }
        Ok(())
    }
}

/// Nothing read is the end.
fn some(bytes: usize) -> std::io::Result<usize> {
    match bytes {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        bytes => Ok(bytes),
    }
}

fn hyphenated(id: [u8; 16]) -> String {
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let ends = [0, 8, 12, 16, 20, 32];
    let parts: Vec<&str> = ends.windows(2).map(|it| &digits[it[0]..it[1]]).collect();
    parts.join("-")
}

/// A call that is up.
struct Running {
    limits: SocketLimits,
    rate: SampleRate,
    far_end: LegFarEnd,
    decoder: Decoder,
    encoder: Encoder,
    inlet: Inlet,
    samples: Vec<i16>,
    coded: Packet,
    written: Vec<u8>,
    generation: u32,
}

impl Running {
    fn new(rate: SampleRate, limits: SocketLimits, far_end: LegFarEnd) -> Result<Self, CodecError> {
        Ok(Self {
            limits,
            rate,
            decoder: Decoder::new(Codec::L16LittleEndian, rate)?,
            encoder: Encoder::new(Codec::L16LittleEndian, rate)?,
            inlet: Inlet::new(rate, limits, far_end.audio_in.clone()),
            far_end,
            samples: Vec::new(),
            coded: Packet::empty(),
            written: Vec::new(),
            generation: 0,
        })
    }

    async fn run<R, W>(mut self, packets: &mut Packets<R>, sink: &mut W, first: &[u8]) -> Ending
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.hear(first);
        // An absolute schedule: what a stall held up follows at once.
        let mut ticks = interval(FRAME_DURATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut silent_at = Instant::now() + self.limits.idle_timeout;
        let mut is_ending = false;
        loop {
            tokio::select! {
                biased;
                control = self.far_end.control.recv(), if !is_ending => match control {
                    Some(LegControl::HangUp) => is_ending = true,
                    Some(LegControl::Clear { generation }) => {
                        self.generation = self.generation.max(generation);
                    }
                    // A telephone shows nothing to anybody.
                    Some(LegControl::Notice(_)) => {}
                    None => return Ending::SessionGone,
                },
                packet = packets.next(silent_at) => {
                    silent_at = Instant::now() + self.limits.idle_timeout;
                    match packet {
                        Err(ending) => return ending,
                        Ok((_, SocketPacket::HangUp | SocketPacket::Fault)) => {
                            return Ending::HungUp;
                        }
                        Ok((_, SocketPacket::Dtmf(key))) => {
                            // A session that takes no events any more is about to end.
                            self.far_end.events.try_send(LegEvent::Dtmf(key)).ok();
                        }
                        Ok((_, SocketPacket::Audio(rate, audio))) if rate == self.rate => {
                            self.hear(audio);
                        }
                        // The rate of a call does not change, and its name comes once.
                        Ok((_, SocketPacket::Audio(..) | SocketPacket::Id(_))) => {
                            if let Err(ending) = packets.mistake() {
                                return ending;
                            }
                        }
                        Ok((_, SocketPacket::Unused)) => {}
                    }
                }
                _ = ticks.tick() => {
                    self.inlet.feed();
                    match self.speak(sink).await {
                        Ok(true) => {}
                        Ok(false) if is_ending => return Ending::AgentHungUp,
                        Ok(false) => {}
                        Err(ending) => return ending,
                    }
                }
            }
        }
    }

    fn hear(&mut self, audio: &[u8]) {
        self.samples.clear();
        if self.decoder.decode(audio, &mut self.samples).is_ok() {
            self.inlet.push(&self.samples);
        }
    }

    /// Sends the frame whose turn it is; gives whether there was one.
    async fn speak<W: AsyncWrite + Unpin>(&mut self, sink: &mut W) -> Result<bool, Ending> {
        let frame = loop {
            match self.far_end.audio_out.try_recv() {
                Ok(frame) if frame.generation < self.generation => {}
                Ok(frame) => break frame,
                Err(_) => return Ok(false),
            }
        };
        // A leg brings no frames of another rate than its own.
        if self.encoder.encode(&frame.frame, &mut self.coded).is_err() {
            return Ok(true);
        }
        self.written.clear();
        write_audio(self.rate, self.coded.payload(), &mut self.written);
        let stall_max = self.limits.stall_max;
        match timeout(stall_max, sink.write_all(&self.written)).await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(_)) => Err(Ending::PeerGone),
            Err(_) => Err(Ending::Silent(stall_max)),
        }
    }
}
