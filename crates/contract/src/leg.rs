//! A leg: one party's audio connection, as two bounded lanes each way. A transport holds the far
//! end, the session the near one.

use std::time::Duration;

use offhook_media::{Frame, SampleRate};
use offhook_turn_taking::TurnId;
use tokio::sync::mpsc;

/// Frames that a leg queues each way (200 ms).
pub const LEG_QUEUE_FRAMES: usize = 10;

/// Control messages that a leg queues each way; they never wait behind audio.
const CONTROL_QUEUE: usize = 64;

/// The session's end of a leg.
#[derive(Debug)]
pub struct Leg {
    /// What kind of wire it is.
    pub description: LegDescription,
    /// Caller audio. The session keeps at most [`LEG_QUEUE_FRAMES`]: where more wait, it drops
    /// the oldest and counts them.
    pub audio_in: mpsc::Receiver<Frame>,
    /// Everything else that comes from the far end.
    pub events: mpsc::Receiver<LegEvent>,
    /// Agent audio; full means wait, never drop.
    pub audio_out: mpsc::Sender<OutboundFrame>,
    /// Orders and notices; overtakes audio.
    pub control: mpsc::Sender<LegControl>,
}

/// The transport's end of a leg.
#[derive(Debug)]
pub struct LegFarEnd {
    /// Caller audio. On a full queue the transport awaits briefly or drops; the session trims.
    pub audio_in: mpsc::Sender<Frame>,
    /// Everything else that comes from the far end. Closing it means that the leg is gone.
    pub events: mpsc::Sender<LegEvent>,
    /// Agent audio, to be sent as it comes: the session has paced it already.
    pub audio_out: mpsc::Receiver<OutboundFrame>,
    /// Orders and notices.
    pub control: mpsc::Receiver<LegControl>,
}

/// What kind of wire a leg is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegDescription {
    /// Name of the transport, such as `file` or `websocket`.
    pub transport: String,
    /// Rate of the frames both ways.
    pub rate: SampleRate,
    /// How far ahead of playout audio is sent. What was sent ahead can be taken back by
    /// [`LegControl::Clear`].
    pub lead: Duration,
}

/// A frame of the agent's audio.
#[derive(Debug, Clone, Copy)]
pub struct OutboundFrame {
    /// The cut it belongs to: the leg drops frames whose generation is older than that of the
    /// newest [`LegControl::Clear`].
    pub generation: u32,
    /// The reply that it speaks.
    pub turn: TurnId,
    /// The audio.
    pub frame: Frame,
}

/// What comes from the far end beside audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegEvent {
    /// A key was pressed.
    Dtmf(char),
    /// A typed message.
    Message(String),
    /// The client reports activity.
    Activity,
    /// The far end hung up.
    HungUp,
}

/// What the session orders or tells beside audio.
#[derive(Debug, Clone, PartialEq)]
pub enum LegControl {
    /// Drop all audio of generations older than this, on the wire too (a carrier's `clear`).
    Clear {
        /// The generation of the frames to come.
        generation: u32,
    },
    /// Something that a client may show. A transport without a place for it drops it.
    Notice(LegNotice),
    /// End the call after what was sent has been heard.
    HangUp,
}

/// What a client may show of the running call.
#[derive(Debug, Clone, PartialEq)]
pub enum LegNotice {
    /// Words of the call.
    Transcript {
        /// Whose.
        speaker: Speaker,
        /// The text so far.
        text: String,
        /// Whether it is settled: for the agent, heard.
        is_final: bool,
    },
    /// The agent was cut short or held.
    Interrupted,
    /// The agent begins to be heard.
    AgentStartedSpeaking,
    /// The agent was heard to the end.
    AgentStoppedSpeaking,
    /// The caller's turn is over.
    CallerTurnEnded,
}

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
}

/// Makes a leg and its far end.
#[must_use]
pub fn leg(description: LegDescription) -> (Leg, LegFarEnd) {
    let (caller_audio, audio_in) = mpsc::channel(LEG_QUEUE_FRAMES * 2);
    let (event_sender, events) = mpsc::channel(CONTROL_QUEUE);
    let (audio_out, agent_audio) = mpsc::channel(LEG_QUEUE_FRAMES);
    let (control, control_receiver) = mpsc::channel(CONTROL_QUEUE);
    (
        Leg {
            description,
            audio_in,
            events,
            audio_out,
            control,
        },
        LegFarEnd {
            audio_in: caller_audio,
            events: event_sender,
            audio_out: agent_audio,
            control: control_receiver,
        },
    )
}
