//! Lines that are spoken whole or not at all, fillers and backchannels: each becomes sound in one
//! go, in a task of its own. Dropping the task's handle ends it.

use std::sync::Arc;
use std::time::Duration;

use offhook_contract::{
    ChatEvent, ChatModel, ChatRequest, ProviderError, SpeechAudio, SpeechEvent, SpeechRequest,
    SpeechStream, TextToSpeech,
};
use offhook_media::SoundLoop;
use offhook_turn_taking::TurnId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::pieces::pieces_of;

/// Longest line that is spoken whole.
const CLIP_MAX: Duration = Duration::from_secs(20);
/// How long the chat model has to write a filler; then a listed one is spoken.
const WRITTEN_WITHIN: Duration = Duration::from_millis(1_200);
/// Longest written filler, in characters; a longer one is no filler.
const WRITTEN_CHARS_MAX: usize = 200;

/// A line and its sound.
#[derive(Debug)]
pub(crate) struct Spoken {
    /// What is said.
    pub(crate) text: String,
    /// All of its speech, in order.
    pub(crate) audio: Vec<SpeechAudio>,
}

/// What became of a line that was to be spoken.
#[derive(Debug)]
pub(crate) enum ClipEvent {
    /// A filler of a reply.
    Filler(TurnId, Result<Spoken, ProviderError>),
    /// The agent's backchannel of that number.
    Backchannel(usize, Result<Spoken, ProviderError>),
    /// What is heard on hold.
    HoldSound(SoundLoop),
}

/// Where a filler's text comes from.
pub(crate) enum FillerSource {
    /// It is configured.
    Line(String),
    /// The chat model is asked, apart from the reply that it is writing.
    Written {
        /// The model.
        model: Arc<dyn ChatModel>,
        /// What it is asked.
        request: ChatRequest,
        /// What is said where it does not answer in time, or not well.
        fallback: String,
    },
}

/// A task that makes clips. Dropping it cancels it.
#[derive(Debug)]
pub(crate) struct ClipTask(JoinHandle<()>);

impl Drop for ClipTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ClipTask {
    /// Makes a filler of reply `turn`.
    pub(crate) fn filler(
        turn: TurnId,
        source: FillerSource,
        voice: Arc<dyn TextToSpeech>,
        speech: SpeechRequest,
        events: mpsc::Sender<ClipEvent>,
    ) -> Self {
        Self(tokio::spawn(async move {
            let text = match source {
                FillerSource::Line(text) => text,
                FillerSource::Written {
                    model,
                    request,
                    fallback,
                } => written(model, request).await.unwrap_or(fallback),
            };
            let made = speak(&text, &voice, speech).await;
            let made = made.map(|audio| Spoken { text, audio });
            // A closed channel means that the session is gone: nobody is left to tell.
            let _ = events.send(ClipEvent::Filler(turn, made)).await;
        }))
    }

    /// Makes the agent's backchannels, one after the other.
    pub(crate) fn backchannels(
        texts: Vec<String>,
        voice: Arc<dyn TextToSpeech>,
        speech: SpeechRequest,
        events: mpsc::Sender<ClipEvent>,
    ) -> Self {
        Self(tokio::spawn(async move {
            for (index, text) in texts.into_iter().enumerate() {
                let made = speak(&text, &voice, speech.clone()).await;
                let made = made.map(|audio| Spoken { text, audio });
                let event = ClipEvent::Backchannel(index, made);
                if events.send(event).await.is_err() {
                    return;
                }
            }
        }))
    }
}

/// What the model writes, if it does so in time and to the point.
async fn written(model: Arc<dyn ChatModel>, request: ChatRequest) -> Option<String> {
    let write = async {
        let call = model.open(request.messages.clone()).await.ok()?;
        let mut reply = call.reply(request);
        let mut text = String::new();
        loop {
            match reply.recv().await {
                Some(ChatEvent::Text(more)) => text.push_str(&more),
                Some(ChatEvent::Finished { is_cut: false, .. }) => return Some(text),
                Some(ChatEvent::Finished { .. } | ChatEvent::Failed(_)) | None => return None,
            }
        }
    };
    let text = timeout(WRITTEN_WITHIN, write).await.ok().flatten()?;
    let text = text.trim();
    let is_filler = !text.is_empty() && text.chars().count() <= WRITTEN_CHARS_MAX;
    is_filler.then(|| text.to_owned())
}

/// Speaks `text`.
///
/// # Errors
/// [`ProviderError`] where the voice fails, or goes on and on.
async fn speak(
    text: &str,
    voice: &Arc<dyn TextToSpeech>,
    speech: SpeechRequest,
) -> Result<Vec<SpeechAudio>, ProviderError> {
    let SpeechStream {
        text: sender,
        mut events,
    } = voice.open(speech).await?;
    for piece in pieces_of(text) {
        // A voice that no longer listens says why on its event channel.
        let _ = sender.send(piece).await;
    }
    drop(sender);
    let mut clip = Vec::new();
    let mut length = Duration::ZERO;
    while let Some(event) = events.recv().await {
        match event {
            SpeechEvent::Audio(audio) => {
                length += audio.rate.duration_of(audio.samples.len() as u64);
                clip.push(audio);
            }
            SpeechEvent::Failed(problem) => return Err(problem),
        }
        if length > CLIP_MAX {
            return Err(malformed("a short line became a long speech"));
        }
    }
    if clip.is_empty() {
        return Err(malformed("it spoke nothing of a line"));
    }
    Ok(clip)
}

fn malformed(problem: &str) -> ProviderError {
    ProviderError::Malformed {
        provider: "voice".into(),
        problem: problem.into(),
    }
}
