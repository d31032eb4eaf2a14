//! A conversation that waits for its place: its client is told so and hears a hold tone, and leaves
//! the line the moment it goes away.

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::time::Duration;

use axum::extract::ws::Message;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{SinkExt as _, StreamExt as _};
use offhook_contract::TurnId;
use offhook_media::{Frame, LoopPlayer, SampleRate, SoundLoop, resample_all};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, timeout};

use super::audio::ChunkWriter;
use super::event_ids::EventIds;
use super::server::{Ending, Sink, Stream};
use super::{
    AudioFormat, ClientFrame, ConversationRefusal, OpenedConversation, QueueStatus, ServerFrame,
    parse_client_frame,
};
use crate::websocket::SocketLimits;

/// The close code of a client that waited in vain.
pub(super) const TIMED_OUT: u16 = 4300;
/// Messages of a waiting client that are taken up once its conversation has begun; later ones are
/// dropped, and its audio is.
const SAID_MAX: usize = 16;
/// The reply whose audio the hold tone is for the counting of events: none of a session's.
const HOLD: TurnId = TurnId(u32::MAX);
/// How often something of the hold audio is sent.
const CHUNK: Duration = Duration::from_secs(1);
/// Frames of a chunk, and those of them that sound.
const CHUNK_FRAMES: usize = 50;
const TONE_FRAMES: usize = 15;
/// The tone sounds in one of so many chunks.
const CHUNKS_PER_TONE: u64 = 4;
/// How long a sound takes to come up.
const FADE: Duration = Duration::from_millis(200);
const TONE_HERTZ: f64 = 440.0;
const TONE_LEVEL: f64 = 1_200.0;

/// A conversation that has no place yet.
pub struct WaitingConversation {
    /// Names the conversation to its client.
    pub conversation_id: String,
    /// How the agent's audio will go; the hold tone goes so too.
    pub output: AudioFormat,
    /// How the caller's audio will come.
    pub input: AudioFormat,
    /// The events that the client wants, by their types.
    pub events: BTreeSet<String>,
    /// What the client hears meanwhile; `None`: a soft tone now and then.
    pub hold: Option<SoundLoop>,
    /// Gives the conversation once it has its place. It is dropped where the client goes away. A
    /// refusal with the code 4300 tells the client that it waited in vain.
    pub admission: BoxFuture<'static, Result<OpenedConversation, ConversationRefusal>>,
}

impl std::fmt::Debug for WaitingConversation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WaitingConversation")
            .field("conversation_id", &self.conversation_id)
            .finish_non_exhaustive()
    }
}

/// What came of waiting.
pub(super) struct Admitted {
    pub(super) opened: OpenedConversation,
    /// What the client has said meanwhile, but for audio.
    pub(super) said: Vec<ClientFrame>,
    pub(super) ids: EventIds,
}

impl Admitted {
    pub(super) fn at_once(opened: OpenedConversation, first: Option<ClientFrame>) -> Self {
        Self {
            opened,
            said: first.into_iter().collect(),
            ids: EventIds::default(),
        }
    }
}

/// Holds the line until the conversation has its place.
pub(super) async fn wait(
    sink: &mut Sink,
    stream: &mut Stream,
    limits: SocketLimits,
    waiting: WaitingConversation,
    first: Option<ClientFrame>,
) -> Result<Admitted, Ending> {
    let WaitingConversation {
        conversation_id,
        output,
        input,
        events,
        hold,
        mut admission,
    } = waiting;
    let begun = ServerFrame::Begun {
        conversation_id,
        output,
        input,
    };
    send(sink, limits, begun).await?;
    tell(sink, limits, QueueStatus::Waiting).await?;
    let mut said = Vec::new();
    keep(&mut said, first);
    let mut ids = EventIds::default();
    let mut tone = HoldTone::new(output, hold);
    let mut chunks = interval(CHUNK);
    chunks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let every = limits.ping_interval;
    let mut pings = interval_at(Instant::now() + every, every);
    loop {
        tokio::select! {
            biased;
            admitted = &mut admission => match admitted {
                Ok(opened) => {
                    tell(sink, limits, QueueStatus::Admitted).await?;
                    return Ok(Admitted { opened, said, ids });
                }
                Err(refusal) => {
                    if refusal.code == TIMED_OUT {
                        tell(sink, limits, QueueStatus::TimedOut).await?;
                    }
                    return Err(Ending::Refused(refusal));
                }
            },
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let frame = parse_client_frame(text.as_str());
                    let frame = frame.map_err(|problem| Ending::fault(problem.0))?;
                    keep(&mut said, Some(frame));
                }
                Some(Ok(Message::Binary(_))) => return Err(Ending::fault("messages are text")),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Err(Ending::Gone),
                Some(Err(problem)) => return Err(Ending::broken(problem, limits)),
            },
            _ = chunks.tick(), if events.contains("audio") => {
                if let Some(base64) = tone.as_mut().and_then(HoldTone::next) {
                    let event_id = ids.audio(HOLD);
                    send(sink, limits, ServerFrame::Audio { event_id, base64 }).await?;
                }
            }
            // Whatever is on the way keeps lines that are used.
            _ = pings.tick() => put(sink, limits, Message::Ping(Bytes::new())).await?,
        }
    }
}

/// Nobody hears the audio of a caller who waits.
fn keep(said: &mut Vec<ClientFrame>, frame: Option<ClientFrame>) {
    let is_kept = frame.as_ref().is_some_and(|frame| {
        matches!(
            frame,
            ClientFrame::UserMessage(_) | ClientFrame::Context { .. }
        )
    });
    if is_kept && said.len() < SAID_MAX {
        said.extend(frame);
    }
}

async fn tell(sink: &mut Sink, limits: SocketLimits, status: QueueStatus) -> Result<(), Ending> {
    send(sink, limits, ServerFrame::Queue { status }).await
}

async fn send(sink: &mut Sink, limits: SocketLimits, frame: ServerFrame) -> Result<(), Ending> {
    put(sink, limits, Message::text(frame.to_json())).await
}

async fn put(sink: &mut Sink, limits: SocketLimits, message: Message) -> Result<(), Ending> {
    match timeout(limits.stall_max, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ending::Gone),
        Err(_) => Err(Ending::Silent(limits.stall_max)),
    }
}

/// A sound that goes on, or a soft tone every four seconds.
struct HoldTone {
    writer: ChunkWriter,
    rate: SampleRate,
    chunks: u64,
    sound: Option<LoopPlayer>,
}

impl HoldTone {
    fn new(format: AudioFormat, sound: Option<SoundLoop>) -> Option<Self> {
        let rate = format.rate();
        let sound = sound.and_then(|sound| {
            let samples = resample_all(sound.samples(), sound.rate().hz(), rate).ok()?;
            let mut player = LoopPlayer::new(SoundLoop::new(rate, &samples));
            player.move_to(1.0, FADE);
            (!samples.is_empty()).then_some(player)
        });
        Some(Self {
            sound,
            writer: ChunkWriter::new(format)?,
            rate,
            chunks: 0,
        })
    }

    /// The next second.
    fn next(&mut self) -> Option<String> {
        if let Some(player) = &mut self.sound {
            let frames = (0..CHUNK_FRAMES).map(|_| player.next_frame());
            return self.writer.write_all(frames);
        }
        let sounds = self.chunks.is_multiple_of(CHUNKS_PER_TONE);
        self.chunks += 1;
        let rate = self.rate;
        let frames = (0..CHUNK_FRAMES).map(|index| {
            if sounds && index < TONE_FRAMES {
                tone_frame(rate, index)
            } else {
                Frame::silence(rate)
            }
        });
        self.writer.write_all(frames)
    }
}

fn tone_frame(rate: SampleRate, index: usize) -> Frame {
    let mut frame = Frame::silence(rate);
    let samples = frame.samples_mut();
    let length = samples.len();
    for (place, sample) in samples.iter_mut().enumerate() {
        let at = (index * length + place) as f64;
        let share = at / (TONE_FRAMES * length) as f64;
        let swell = (share * TAU / 2.0).sin();
        let phase = at / f64::from(rate.hz()) * TONE_HERTZ * TAU;
        *sample = (phase.sin() * swell * TONE_LEVEL) as i16;
    }
    frame
}
