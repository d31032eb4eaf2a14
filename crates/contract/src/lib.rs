//! What a leg, speech recognition, a chat model, a voice and a turn detector must be.
//!
//! Traits, events, errors and ids, and a `scripted` double of each for tests. No network client,
//! no vendor's name.

mod chat;
mod diction;
mod error;
mod leg;
pub mod scripted;
mod speech_to_text;
mod text_to_speech;
mod turn_detector;

pub use chat::{
    ChatCall, ChatEvent, ChatMessage, ChatModel, ChatOptions, ChatReply, ChatRequest, Role,
    ThinkingEffort, ThinkingOptions, ToolCall, ToolCallId, ToolUse,
};
pub use diction::{Diction, PhonemeAlphabet, Pronunciation, SaidAs};
pub use error::ProviderError;
pub use leg::{
    LEG_QUEUE_FRAMES, Leg, LegControl, LegDescription, LegEvent, LegFarEnd, LegNotice,
    OutboundFrame, Speaker, leg,
};
pub use offhook_turn_taking::{TurnId, UtteranceId};
pub use speech_to_text::{SpeechToText, SttEvent, SttInput, SttRequest, SttStream};
pub use text_to_speech::{
    SpeechAudio, SpeechEvent, SpeechRequest, SpeechStream, SpokenText, TextSpan, TextToSpeech,
    VoiceCapabilities, VoiceManner, WordTime,
};
pub use turn_detector::{DetectorEvent, DetectorRequest, DetectorStream, TurnDetector};

/// Events of recognition, of a detector and of a reply that may wait for the session.
pub const EVENT_QUEUE: usize = 64;
